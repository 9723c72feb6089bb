"""Ask a home which debt it shows, and let the supplier compare (S3-89)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from meterhouse.companion import objects
from meterhouse.model import Eui64, Instant
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.jobs import HUB, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry

__all__ = ["CheckDebt", "DebtPort"]


class DebtPort(Protocol):
    """Whoever knows what is owed."""

    def debt_shown(self, hub: Eui64, shown: int, now: Instant) -> None:
        """A home shows this debt, in 10⁻⁵ of the unit."""


@dataclass(frozen=True, slots=True)
class CheckDebt:
    """Read the debt that a hub shows. A hub without an account shows none, and is left alone."""

    port: DebtPort
    expires: Instant | None = None
    order: str = ""

    @property
    def label(self) -> str:
        """In words."""
        return "check debt shown"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """One association, one read."""
        client = clients.client(hub.identity)
        yield from via(HUB, client.associate())
        try:
            shown = yield from via(HUB, client.get(dlms.DATA, objects.GAS_DEBT_NOTE, 2))
        except dlms.AccessRefusedError:
            shown = None
        if shown is not None:
            self.port.debt_shown(hub.identity, shown.whole(), now)
        yield from via(HUB, client.release())
