"""A DLMS server behind an HDLC line."""

from __future__ import annotations

from meterhouse.model import Instant
from meterhouse.protocols.dlms.access import AuditRecord
from meterhouse.protocols.dlms.hdlc.happenings import Connected, Disconnected, Happening, Received
from meterhouse.protocols.dlms.hdlc.server import HdlcServerLink, HdlcServerSettings
from meterhouse.protocols.dlms.server import Server, ServerConnection

__all__ = ["HdlcHost"]


class HdlcHost:
    """Joins a line to a server: each HDLC connection gets a connection of the server, and takes it along when it ends.

    Args:
        server: the DLMS server.
        settings: of the line.

    Attributes:
        link: the line.
    """

    __slots__ = ("_audit", "_connections", "_server", "link")

    def __init__(self, server: Server, settings: HdlcServerSettings) -> None:
        self.link = HdlcServerLink(settings)
        self._server = server
        self._connections: dict[tuple[int, int], ServerConnection] = {}
        self._audit: list[AuditRecord] = []

    def receive(self, data: bytes, now: Instant) -> bytes:
        """Bytes from the line (empty: it is down), and what is to leave in answer."""
        return self._follow(self.link.receive(data, now), now)

    def elapse(self, now: Instant) -> bytes:
        """Do what is due at `deadline`, and what is to leave then."""
        return self._follow(self.link.elapse(now), now)

    def deadline(self) -> Instant | None:
        """When `elapse` is next wanted."""
        return self.link.deadline()

    def audit(self) -> list[AuditRecord]:
        """Hand out, and forget, the server's refusals since the last call."""
        records, self._audit = self._audit, []
        return records

    def _follow(self, happened: list[Happening], now: Instant) -> bytes:
        for one in happened:
            pair = one.client, one.server
            if isinstance(one, Connected):
                self._connections[pair] = self._server.connection()
            elif isinstance(one, Disconnected):
                self._connections.pop(pair, None)
            elif isinstance(one, Received):
                self._answer(one, pair, now)
        return self.link.outgoing()

    def _answer(self, one: Received, pair: tuple[int, int], now: Instant) -> None:
        connection = self._connections.get(pair)
        if connection is None:
            return
        answer = connection.receive(one.client, one.server, one.apdu, now)
        self._audit += connection.audit()
        if answer is not None and not one.unnumbered:
            self.link.send(*pair, answer)
