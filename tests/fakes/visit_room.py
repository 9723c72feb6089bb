"""Visits to a street in memory, kept in a database in memory: the console's room over the real service."""

from __future__ import annotations

from collections.abc import Callable

from meterhouse.app.visits import VisitAct, Visits, VisitView
from meterhouse.model import Eui64, Fuel, Instant
from meterhouse.store import Database, HomeRecord, SqlRegistry
from meterhouse.supplier.office import Isolation


class MemoryVisits:
    """`VisitRoom` over the real service and an empty database."""

    def __init__(self, homes: list[str], now: Callable[[], Instant]) -> None:
        self.database = Database("sqlite://")
        self.now = now

        def build(tx):
            for number, home in enumerate(homes, 1):
                SqlRegistry(tx).add_home(HomeRecord(home, Eui64(number.to_bytes(8, "big"))))

        self.database.run(build)
        self._visits = Visits(self.database)

    async def visits(self, home: str) -> tuple[VisitView, ...]:
        return tuple(reversed(self._visits.list(home)))

    async def plan(self, home: str, fuel: Fuel, purpose: str, who: str) -> VisitView:
        return self._visits.plan(home, fuel, purpose, who, self.now())

    async def isolate(self, number: str, who: str, isolation: Isolation, switch: str = "") -> VisitView:
        return self._visits.isolate(number, who, isolation, self.now(), switch)

    async def act(self, number: str, act: VisitAct, who: str, why: str = "", switch: str = "") -> VisitView:
        return self._visits.act(number, act, who, self.now(), why, switch)
