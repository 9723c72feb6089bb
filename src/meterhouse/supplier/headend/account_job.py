"""Read what another hub would have to know to take a hub's place, and keep it against the day when the hub breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from meterhouse.companion import objects
from meterhouse.model import Eui64, Instant
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.account_address import HUB, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry

__all__ = ["AccountPort", "ReadAccount"]


class AccountPort(Protocol):
    """Whoever keeps the records."""

    def account_read(self, hub: Eui64, record: bytes, now: Instant) -> None:
        """A hub's record, as the hub wrote it."""


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """Read the record of a hub. A hub without gas, or older than the record, has none, and is left alone."""

    port: AccountPort
    expires: Instant | None = None
    order: str = ""

    @property
    def label(self) -> str:
        """In words."""
        return "read gas account"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """One association, one read."""
        client = clients.client(hub.identity)
        yield from via(HUB, client.associate())
        try:
            record = yield from via(HUB, client.get(dlms.DATA, objects.GAS_ACCOUNT_RECORD, 2))
        except dlms.AccessRefusedError:
            record = None
        if record is not None:
            self.port.account_read(hub.identity, record.octets(), now)
        yield from via(HUB, client.release())
