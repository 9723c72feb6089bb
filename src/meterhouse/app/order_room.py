"""The room where people raise, approve and cancel orders about supplies: what the console knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from meterhouse.app.brake_view import BrakeView, brake_view
from meterhouse.app.live_street import LiveStreet
from meterhouse.app.order_files import OrderView
from meterhouse.app.sealed_street import SealedStreet
from meterhouse.model import Fuel, NotFoundError
from meterhouse.supplier.headend import Finding
from meterhouse.supplier.trust import ARM_SUPPLY, CUT_SUPPLY, OrderRequest, WorkOrder, supply_content

__all__ = ["OrderFile", "OrderRoom", "OrderWish", "StreetOrderRoom"]


@dataclass(frozen=True, slots=True)
class OrderWish:
    """What somebody wants done to a supply.

    Attributes:
        home: its id.
        fuel: which supply.
        arm: to be armed again; otherwise to be cut.
        reason: why, in words for the customer.
        evidence: where the proof is.
    """

    home: str
    fuel: Fuel
    arm: bool
    reason: str
    evidence: str


@dataclass(frozen=True, slots=True)
class OrderFile:
    """All about one order: its history, and who is at fault where it went wrong on its way."""

    view: OrderView
    finding: Finding


class OrderRoom(Protocol):
    """Acts and views. A person's passphrase goes to the signing daemon and is kept nowhere.

    Every method raises only `MeterhouseError`s.
    """

    async def orders(self, count: int, before: str = "") -> tuple[WorkOrder, ...]:
        """At most so many orders, newest first; those raised before one of this number, where one is given."""

    async def order(self, number: str) -> OrderFile:
        """One order."""

    async def brakes(self) -> tuple[BrakeView, ...]:
        """The brakes of desk, signing daemon, carrier and confirm service."""

    async def raise_order(self, wish: OrderWish, person: str, passphrase: str) -> WorkOrder:
        """Raise an order."""

    async def approve(self, number: str, person: str, passphrase: str) -> WorkOrder:
        """Approve somebody else's."""

    async def cancel(self, number: str, person: str, passphrase: str) -> WorkOrder:
        """Cancel one."""

    async def release(self, brake: str, person: str, passphrase: str) -> bool:
        """One officer's word to release a tripped brake; True once it is open."""


class StreetOrderRoom:
    """`OrderRoom` of a street that runs in this process."""

    def __init__(self, street: LiveStreet, sealed: SealedStreet) -> None:
        self._street = street
        self._sealed = sealed

    async def orders(self, count: int, before: str = "") -> tuple[WorkOrder, ...]:
        """See `OrderRoom`."""
        return self._sealed.works.page(count, before)

    async def order(self, number: str) -> OrderFile:
        """See `OrderRoom`."""
        view = self._sealed.works.show(number)
        now = self._street.driver.now
        return OrderFile(view, self._sealed.flow.judge(number, self._street.books.database, now))

    async def brakes(self) -> tuple[BrakeView, ...]:
        """See `OrderRoom`."""
        now = self._street.driver.now
        places = (brake_view(place.brake, now) for place in self._sealed.places.values())
        return (*self._sealed.works.brakes(now), *places)

    async def raise_order(self, wish: OrderWish, person: str, passphrase: str) -> WorkOrder:
        """See `OrderRoom`."""
        site = self._street.site(wish.home)
        device = next((identity for identity, fuel in site.fuels if fuel is wish.fuel), None)
        if device is None:
            raise NotFoundError(f"home {wish.home} has no {wish.fuel}", remedy="Choose another home or fuel.")
        code = (ARM_SUPPLY if wish.arm else CUT_SUPPLY)[wish.fuel]
        content = supply_content(wish.fuel, arm=wish.arm)
        request = OrderRequest(device, wish.home, code, content, wish.reason, wish.evidence)
        order = self._sealed.works.raise_order(request, person, passphrase, self._street.driver.now)
        self._sealed.look(self._street.driver.now)
        return order

    async def approve(self, number: str, person: str, passphrase: str) -> WorkOrder:
        """See `OrderRoom`."""
        order = self._sealed.works.approve(number, person, passphrase, self._street.driver.now)
        self._sealed.look(self._street.driver.now)
        return order

    async def cancel(self, number: str, person: str, passphrase: str) -> WorkOrder:
        """See `OrderRoom`."""
        order = self._sealed.works.cancel(number, person, passphrase, self._street.driver.now)
        self._sealed.look(self._street.driver.now)
        return order

    async def release(self, brake: str, person: str, passphrase: str) -> bool:
        """See `OrderRoom`."""
        if brake in self._sealed.places:
            return self._sealed.release(brake, person, passphrase)
        return self._sealed.works.release_brake(brake, person, passphrase, self._street.driver.now)
