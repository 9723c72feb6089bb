"""Ask a home which debt it shows, and let the supplier compare (S3-89)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from meterhouse.model import Eui64, Fuel, Instant
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.account_address import GAS_ACCOUNT, AccountAddress, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry

__all__ = ["CheckDebt", "DebtPort"]


class DebtPort(Protocol):
    """Whoever knows what is owed."""

    def debt_shown(self, hub: Eui64, fuel: Fuel, shown: int, now: Instant) -> None:
        """A home shows this debt for a fuel, in 10⁻⁵ of the unit."""


@dataclass(frozen=True, slots=True)
class CheckDebt:
    """Read the debt that an account shows. A home without it shows none, and is left alone."""

    port: DebtPort
    expires: Instant | None = None
    account: AccountAddress = GAS_ACCOUNT
    order: str = ""

    @property
    def label(self) -> str:
        """In words."""
        return "check debt shown"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """One association, one read."""
        client, route = clients.client(self.account.device(hub)), self.account.route
        yield from via(route, client.associate())
        try:
            shown = yield from via(route, client.get(dlms.DATA, self.account.at.debt_note, 2))
        except dlms.AccessRefusedError:
            shown = None
        if shown is not None:
            self.port.debt_shown(hub.identity, self.account.fuel, shown.whole(), now)
        yield from via(route, client.release())
