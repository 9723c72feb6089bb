"""Set a home's gas tariff: one write to the hub, and nothing to the gas meter but its next cut-off (S0-33)."""

from __future__ import annotations

from dataclasses import dataclass

from meterhouse.companion import objects
from meterhouse.model import Instant, RefusedError
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.jobs import HUB, Talk, via
from meterhouse.supplier.headend.ports import Clients, HubEntry, OrderBook

__all__ = ["SetGasTariff"]


@dataclass(frozen=True, slots=True)
class SetGasTariff:
    """Price a kWh and standing charge a day in 10⁻⁵ of the unit, calorific value in kJ/m³; from the next half hour."""

    order: str
    price: int
    standing_charge: int
    cv: int
    book: OrderBook
    expires: Instant | None = None

    @property
    def label(self) -> str:
        """In words."""
        return "set gas tariff"

    def talk(self, hub: HubEntry, clients: Clients, now: Instant) -> Talk[None]:
        """A hub that finds the tariff senseless refuses it, and that is the order's end."""
        client = clients.client(hub.identity)
        yield from via(HUB, client.associate())
        value = dlms.structure(
            *(dlms.double_long_unsigned(part) for part in (self.price, self.standing_charge, self.cv))
        )
        try:
            yield from via(HUB, client.set(dlms.DATA, objects.GAS_TARIFF, 2, value))
        except RefusedError as error:
            self.book.stage(self.order, "refused", now, error.sentence())
        else:
            self.book.stage(self.order, "accepted", now)
        yield from via(HUB, client.release())
