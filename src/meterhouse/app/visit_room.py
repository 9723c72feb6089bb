"""The room where people plan visits and state their steps: what console and API know of it."""

from __future__ import annotations

from typing import Protocol

from meterhouse.app.live_street import LiveStreet
from meterhouse.app.visits import VisitAct, Visits, VisitView
from meterhouse.model import Fuel
from meterhouse.supplier.office import Isolation

__all__ = ["StreetVisitRoom", "VisitRoom"]


class VisitRoom(Protocol):
    """Acts and views; every method raises only `MeterhouseError`s."""

    async def visits(self, home: str) -> tuple[VisitView, ...]:
        """The visits to a home, newest first."""

    async def plan(self, home: str, fuel: Fuel, purpose: str, who: str) -> VisitView:
        """Plan one."""

    async def isolate(self, number: str, who: str, isolation: Isolation, switch: str = "") -> VisitView:
        """State that the supply is physically isolated; what the switch said is kept for the record only."""

    async def act(self, number: str, act: VisitAct, who: str, why: str = "", switch: str = "") -> VisitView:
        """State another step."""


class StreetVisitRoom:
    """`VisitRoom` of a street that runs in this process."""

    def __init__(self, street: LiveStreet) -> None:
        self._street = street
        self._visits = Visits(street.books.database)

    async def visits(self, home: str) -> tuple[VisitView, ...]:
        """See `VisitRoom`."""
        return tuple(reversed(self._visits.list(home)))

    async def plan(self, home: str, fuel: Fuel, purpose: str, who: str) -> VisitView:
        """See `VisitRoom`."""
        return self._visits.plan(home, fuel, purpose, who, self._street.driver.now)

    async def isolate(self, number: str, who: str, isolation: Isolation, switch: str = "") -> VisitView:
        """See `VisitRoom`."""
        return self._visits.isolate(number, who, isolation, self._street.driver.now, switch)

    async def act(self, number: str, act: VisitAct, who: str, why: str = "", switch: str = "") -> VisitView:
        """See `VisitRoom`."""
        return self._visits.act(number, act, who, self._street.driver.now, why, switch)
