"""Serving the console in the event loop that already runs the street."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Callable, Collection, Generator
from typing import Final

import uvicorn

from meterhouse.app.desk import Desk
from meterhouse.app.order_room import OrderRoom
from meterhouse.app.sight import EVERYTHING, Sight
from meterhouse.app.visit_room import VisitRoom
from meterhouse.console.api.seen import SightOf
from meterhouse.console.application import build_app
from meterhouse.model import ConfigurationError
from meterhouse.store.api_keys import ApiScope

__all__ = ["LOOPBACK", "serve"]

LOOPBACK: Final = "127.0.0.1"
_GRACE_S: Final = 2
_LAST_PORT: Final = 65_535
_LOG: Final = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: Ctrl-C belongs to whoever started the street."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = asyncio.Event()
        """It answers, or it never will; `started` says which."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say when that is over."""
        try:
            await super().startup(sockets)
        finally:
            self.settled.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield


async def serve(
    desk: Desk,
    host: str = LOOPBACK,
    port: int = 8080,
    *,
    names: Collection[str] = (),
    started: Callable[[str], None] | None = None,
    scope_of: Callable[[str], ApiScope | None] | None = None,
    sight_of: SightOf | None = None,
    sight: Sight = EVERYTHING,
    room: OrderRoom | None = None,
    visits: VisitRoom | None = None,
) -> None:
    """Serve until the task is cancelled; then close every connection within two seconds and let the port go.

    The pages have no login: on any host but loopback, everyone who reaches the port may act for homes and counter.

    Args:
        desk: the street.
        host: an address of this machine.
        port: 0 picks a free one.
        names: further host names under which browsers reach the console; see `OriginGuard`.
        scope_of: what a caller of the API may do; see `build_app`.
        sight_of: what it sees; see `build_app`.
        sight: what whoever looks at the pages sees; see `build_app`.
        room: for orders about supplies; see `build_app`.
        visits: for work at homes; see `build_app`.
        started: called once with the console's address, when it answers.

    Raises:
        ConfigurationError: the address can't be used or the port is taken.
    """
    listener = _listen(host, port)
    try:
        server = _Server(
            uvicorn.Config(
                build_app(
                    desk, names=names, scope_of=scope_of, sight_of=sight_of, sight=sight, room=room, visits=visits
                ),
                lifespan="on",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=_GRACE_S,
                server_header=False,
            )
        )
        await _run(server, listener, started)
    finally:
        listener.close()


async def _run(server: _Server, listener: socket.socket, started: Callable[[str], None] | None) -> None:
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.settled.wait()
        if server.started and started is not None:
            started(_address(listener))
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await running
        raise
    if not server.started:
        raise ConfigurationError("The console could not start.", remedy="Its log says why.")


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= _LAST_PORT:  # else the system takes it modulo 65 536
        raise ConfigurationError(f"There is no port {port}.", remedy="Choose one from 1 to 65535, or 0 for a free one.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address, family=family, backlog=512)
    except OSError as error:
        raise ConfigurationError(
            f"The console can't listen on {host} port {port}.",
            why=f"The system says: {error.strerror or error}.",
            remedy="Stop what uses that port, or choose another one.",
        ) from error
    # Worth 40 ms an answer: connections inherit it, and asyncio sets it only on sockets made with a protocol number.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not ipaddress.ip_address(str(listener.getsockname()[0]).partition("%")[0]).is_loopback:
        _LOG.warning("the console has no login and listens on %s: everyone who reaches it may act", host)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
