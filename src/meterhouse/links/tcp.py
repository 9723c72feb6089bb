"""TCP in a machine's port: a connection that was accepted, or one that is dialled when there is something to send."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, Protocol, cast

from meterhouse.links.exchange import Node

__all__ = ["DIAL_TIMEOUT_S", "WRITE_LIMIT", "Accepted", "Connection", "Dialled", "Introduce", "Switchboard"]

WRITE_LIMIT: Final = 1 << 20
"""Bytes that may wait for a peer which does not read, or for a connection to come up; one more closes the link."""
DIAL_TIMEOUT_S: Final = 10.0
_CLOSE_PATIENCE_S: Final = 5.0
"""A close lets what was written go out, but not longer than this."""


Introduce = Callable[[str, bytes], bool]
"""Told the port and the peer's certificate (DER) of a connection that was accepted; False sends it away unheard."""


class Switchboard(Protocol):
    """What a wire needs of the pump."""

    connections: set[Connection]
    dialling: set[asyncio.Task[None]]

    def deliver(self, node: Node, port: str, data: bytes, label: str) -> None:
        """Bytes for a machine; empty: its link is down."""

    def report(self, node: Node, kind: str, **about: object) -> None:
        """Tell an event about a machine's link."""


class Connection(asyncio.Protocol):
    """One TCP connection: what asyncio calls, and nothing about machines."""

    __slots__ = ("_heard", "_lost", "_made", "_patience", "_paused", "_transport", "ended", "overflowed", "peer")

    def __init__(
        self,
        made: Callable[[Connection], None],
        heard: Callable[[bytes], None],
        lost: Callable[[Connection], None],
    ) -> None:
        self._made = made
        self._heard = heard
        self._lost = lost
        self._paused = False
        self._transport: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None
        self.ended = asyncio.get_running_loop().create_future()
        self.overflowed = False
        self.peer = "?"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self.peer = f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name)
        self._made(self)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._heard(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the end is the same whatever its cause
        """Called by asyncio, once, also after our own close."""
        if self._patience is not None:
            self._patience.cancel()
        self._transport = None
        if not self.ended.done():
            self.ended.set_result(None)
        self._lost(self)

    def certificate(self) -> bytes:
        """The certificate that the other end has proved its key for, DER; empty without TLS or where it showed none."""
        tls = None if self._transport is None else self._transport.get_extra_info("ssl_object")
        return (tls.getpeercert(binary_form=True) or b"") if tls is not None else b""

    def pause_writing(self) -> None:
        """Called by asyncio: the peer does not keep up."""
        self._paused = True

    def resume_writing(self) -> None:
        """Called by asyncio: the peer keeps up again."""
        self._paused = False

    def send(self, data: bytes) -> None:
        """Write, unless more than WRITE_LIMIT would wait for a peer that does not read: then the link is dropped."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._paused and transport.get_write_buffer_size() + len(data) > WRITE_LIMIT:
            self.overflowed = True
            transport.abort()
            return
        transport.write(data)

    def close(self) -> None:
        """Let what was written go out, then end."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.close()
            self._patience = asyncio.get_running_loop().call_later(_CLOSE_PATIENCE_S, transport.abort)

    def abort(self) -> None:
        """End at once."""
        if self._transport is not None:
            self._transport.abort()


class Accepted:
    """A port of a server-like machine: lives as long as one accepted connection.

    The machine learns of it by the first bytes; a caller that never speaks is never told.
    """

    __slots__ = ("_board", "_connection", "_introduce", "_label", "_node", "_port", "_silent")

    def __init__(self, board: Switchboard, node: Node, port: str, introduce: Introduce | None = None) -> None:
        self._board = board
        self._node = node
        self._port = port
        self._introduce = introduce
        self._label = ""
        self._silent = True
        self._connection = Connection(self._made, self._heard, self._lost)

    @property
    def connection(self) -> Connection:
        """The asyncio side of it."""
        return self._connection

    def send(self, data: bytes) -> None:
        """Bytes from the machine; empty bytes close."""
        if data:
            self._connection.send(data)
        else:
            self._silent = True
            self._connection.close()

    def unplug(self) -> None:
        """The machine is gone."""
        self._silent = True
        self._connection.close()

    def _made(self, connection: Connection) -> None:
        self._label = f"{connection.peer} -> {self._node.name}:{self._port}"
        self._board.connections.add(connection)
        if self._node.gone:
            connection.close()
        elif self._introduce is not None and not self._introduce(self._port, connection.certificate()):
            self._board.report(self._node, "link.stranger", port=self._port, peer=connection.peer)
            connection.abort()
        else:
            self._node.wires[self._port] = self
            # Whoever was introduced is told of the end, too, even if no byte came between.
            self._silent = self._introduce is None

    def _heard(self, data: bytes) -> None:
        if self._node.wires.get(self._port) is self:
            self._silent = False
            self._board.deliver(self._node, self._port, data, self._label)

    def _lost(self, connection: Connection) -> None:
        self._board.connections.discard(connection)
        self._node.wires.pop(self._port, None)
        if connection.overflowed:
            self._board.report(self._node, "link.overflow", port=self._port, peer=connection.peer)
        if not self._silent:
            self._board.deliver(self._node, self._port, b"", self._label)


class Dialled:
    """A port that is dialled on demand: at the first bytes that leave by it while no connection stands."""

    __slots__ = (
        "_address",
        "_board",
        "_connection",
        "_expects",
        "_label",
        "_node",
        "_port",
        "_queue",
        "_task",
        "_tls",
        "_waiting",
    )

    def __init__(
        self,
        board: Switchboard,
        node: Node,
        port: str,
        address: tuple[str, int],
        tls: ssl.SSLContext | None,
        expects: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._board = board
        self._node = node
        self._port = port
        self._address = address
        self._tls = tls
        self._expects = expects
        self._label = f"{address[0]}:{address[1]} -> {node.name}:{port}"
        self._connection: Connection | None = None
        self._queue: list[bytes] = []
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None

    def send(self, data: bytes) -> None:
        """Bytes from the machine: dials where nothing stands; empty bytes close what stands."""
        if self._connection is not None:
            if data:
                self._connection.send(data)
            else:
                self._connection.close()
                self._connection = None
        elif self._task is not None:
            self._wait(data)
        elif data:
            self._wait(data)
            self._task = asyncio.get_running_loop().create_task(self._dial())
            self._board.dialling.add(self._task)
            self._task.add_done_callback(self._board.dialling.discard)

    def unplug(self) -> None:
        """The machine is gone."""
        if self._task is not None:
            self._task.cancel()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _wait(self, data: bytes) -> None:
        self._queue.append(data)
        self._waiting += len(data)
        if self._waiting > WRITE_LIMIT and self._task is not None:
            # Told after the machine's own call has ended, as every arrival is.
            asyncio.get_running_loop().call_soon(self._fail, self._task, "link.overflow", "too much waits for it")

    async def _dial(self) -> None:
        task = asyncio.current_task()
        host, tcp_port = self._address
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                await loop.create_connection(
                    lambda: Connection(self._made, self._heard, self._lost), host, tcp_port, ssl=self._tls
                )
        except OSError as error:  # TimeoutError and ssl.SSLError are among them
            self._fail(task, "link.unreachable", error.strerror or str(error) or type(error).__name__)

    def _fail(self, task: asyncio.Task[None] | None, kind: str, why: str) -> None:
        if task is not self._task or task is None:
            return
        self._task = None
        if task is not asyncio.current_task():
            task.cancel()
        self._queue.clear()
        self._waiting = 0
        self._board.report(self._node, kind, port=self._port, peer=f"{self._address[0]}:{self._address[1]}", why=why)
        self._board.deliver(self._node, self._port, b"", self._label)

    def _made(self, connection: Connection) -> None:
        self._board.connections.add(connection)
        if self._expects is not None and not self._expects(connection.certificate()):
            connection.abort()
            self._fail(self._task, "link.impostor", "the other end is not who was expected")
            return
        self._task = None
        queue, self._queue, self._waiting = self._queue, [], 0
        if self._node.gone:
            connection.close()
            return
        self._connection = connection
        for data in queue:
            self.send(data)

    def _heard(self, data: bytes) -> None:
        if self._connection is not None:
            self._board.deliver(self._node, self._port, data, self._label)

    def _lost(self, connection: Connection) -> None:
        self._board.connections.discard(connection)
        if connection.overflowed:
            self._board.report(self._node, "link.overflow", port=self._port, peer=connection.peer)
        if self._connection is connection:
            self._connection = None
            self._board.deliver(self._node, self._port, b"", self._label)
