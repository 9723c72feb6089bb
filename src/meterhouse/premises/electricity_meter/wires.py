"""The wired M interface: connections that come and go, each with a DLMS server's answer to every frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meterhouse.model import Instant, MalformedError
from meterhouse.protocols import dlms

__all__ = ["Wires"]


@dataclass(slots=True)
class _Wire:
    """One connection."""

    decoder: dlms.wrapper.Decoder
    connection: dlms.ServerConnection


class Wires:
    """All connections of one meter.

    Args:
        server: the one that answers new connections.
        send: puts bytes on a port; empty bytes close its connection.
        tell: notes an event.
    """

    __slots__ = ("_send", "_server", "_tell", "_wires")

    def __init__(
        self, server: Callable[[], dlms.Server], send: Callable[[str, bytes], None], tell: Callable[..., None]
    ) -> None:
        self._server = server
        self._send = send
        self._tell = tell
        self._wires: dict[str, _Wire] = {}

    def hear(self, port: str, data: bytes, now: Instant) -> None:
        """Bytes on a wire; `b""`: it was unplugged."""
        if not data:
            self._wires.pop(port, None)
            return
        wire = self._wires.get(port)
        if wire is None:
            wire = self._wires[port] = _Wire(dlms.wrapper.Decoder(), self._server().connection())
        try:
            for frame in wire.decoder.feed(data):
                answer = wire.connection.receive(frame.source, frame.destination, frame.apdu, now)
                if answer is not None:
                    self._send(port, dlms.wrapper.encode(frame.destination, frame.source, answer))
        except MalformedError as error:
            self._tell(now, "wire.garbled", port=port, why=error.what)
            self._wires.pop(port, None)
            self._send(port, b"")
        for record in wire.connection.audit():
            self._tell(now, "access.refused", client=record.client, what=f"{record.kind} {record.what}", why=record.why)

    def end_all(self) -> None:
        """End every connection."""
        for port in self._wires:
            self._send(port, b"")
        self._wires.clear()
