"""Where a prepay account stands, as the head end reaches it: which device, which way, which objects.

Gas is always in the hub. Electricity is in the hub or in the meter behind it (C-01); the objects are the same.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeVar

from meterhouse.companion import objects
from meterhouse.companion.account_objects import ACCOUNT_OBJECTS, AccountObjects
from meterhouse.model import Eui64, Fuel
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.ports import HubEntry

__all__ = ["GAS_ACCOUNT", "HUB", "METER", "AccountAddress", "Route", "Talk", "via"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Route:
    """Which device of a site is meant: the hub itself, or one behind its gateway prefix."""

    device: bytes | None = None


HUB: Final = Route()
METER: Final = Route(objects.METER_ADDRESS)

Talk = Generator[tuple[Route, bytes], bytes, T]


def via(route: Route, procedure: dlms.Procedure[T]) -> Talk[T]:
    """A DLMS procedure with the route in front of each APDU."""
    try:
        apdu = next(procedure)
        while True:
            apdu = procedure.send((yield route, apdu))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # a generator's return value is untyped in StopIteration


@dataclass(frozen=True, slots=True)
class AccountAddress:
    """One account at a site.

    Attributes:
        meter: the electricity meter that holds it; None where the hub does.
    """

    fuel: Fuel = Fuel.GAS
    meter: Eui64 | None = None

    @property
    def route(self) -> Route:
        """Which way."""
        return HUB if self.meter is None else METER

    @property
    def holder(self) -> str:
        """Which device, in words."""
        return "the hub" if self.meter is None else "the meter"

    @property
    def at(self) -> AccountObjects:
        """By which objects."""
        return ACCOUNT_OBJECTS[self.fuel]

    def device(self, hub: HubEntry) -> Eui64:
        """With whom the head end associates."""
        return hub.identity if self.meter is None else self.meter


GAS_ACCOUNT: Final = AccountAddress()
