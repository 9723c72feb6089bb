"""A street whose orders are sealed, in virtual time, on a real data folder and trust office; killed at will, and resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.sealed_street import STREET
from meterhouse.app.books import Books
from meterhouse.app.keys import SECRET_LENGTH, StreetKeys
from meterhouse.app.live_street import LiveStreet, StreetOptions
from meterhouse.app.memory_wires import join_street
from meterhouse.app.site import SUPPLY_GROUP
from meterhouse.app.street import parse_street
from meterhouse.app.street_office import open_office
from meterhouse.links import NullModem
from meterhouse.model import Duration, Event, Fuel, Instant
from meterhouse.simulation.world import World
from meterhouse.store import Database
from meterhouse.supplier.trust import ARM_SUPPLY, CUT_SUPPLY, OrderRequest, WorkOrder, supply_content
from meterhouse.supplier.vending import KeyName, MemoryKeyStore, StsService

__all__ = ["SealedWorld", "sealed_world"]

PLAN = parse_street(STREET)
KEYS = StreetKeys(bytes(range(SECRET_LENGTH)))
_KEPT_AT_ONCE = ("token.accepted", "counter.reserved", "state.due", "switch.", "valve.")


class _Clock:
    """The world's time, for the office."""

    exact = True

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> Instant:
        return self._world.now


class SealedWorld:
    """The street, as a test drives it."""

    def __init__(self, world: World, street: LiveStreet, links: dict[str, NullModem]) -> None:
        self.world, self.street, self.street_links = world, street, links
        self.events: list[Event] = []
        assert street.sealed is not None
        self.sealed, self.works = street.sealed, street.sealed.works
        world.on_event(self.events.append)
        world.on_event(lambda event: world.at(event.at, lambda _now: street.checkpoint()), _KEPT_AT_ONCE)

    def run(self, length: Duration) -> None:
        self.world.run(Instant(self.world.now + length))

    def until(self, right: Callable[[], bool], limit: Duration, step: Duration = 20) -> bool:
        end = self.world.now + limit
        while not right():
            if self.world.now >= end:
                return False
            self.run(step)
        return True

    def is_on(self, home: str = "01") -> bool:
        return self.street.sites[home].electricity.switch.closed

    def request(self, *, arm: bool = False, home: str = "01") -> OrderRequest:
        device = self.street.sites[home].names.electricity
        code = (ARM_SUPPLY if arm else CUT_SUPPLY)[Fuel.ELECTRICITY]
        content = supply_content(Fuel.ELECTRICITY, arm=arm)
        return OrderRequest(device, home, code, content, "unpaid for ninety days", "case 4711 of 2026")

    def raised(self, **about: object) -> WorkOrder:
        now = self.world.now
        order = self.works.raise_order(self.request(**about), "Operator", "Operator's words", now)  # type: ignore[arg-type]
        self.sealed.look(now)
        return order

    def approve(self, order: WorkOrder) -> WorkOrder:
        done = self.works.approve(order.number, "Approver", "Approver's words", self.world.now)
        self.sealed.look(self.world.now)
        return done

    def cancel(self, order: WorkOrder) -> WorkOrder:
        done = self.works.cancel(order.number, "Operator", "Operator's words", self.world.now)
        self.sealed.look(self.world.now)
        return done

    def order(self, number: str) -> WorkOrder:
        return self.works.show(number).order

    def opened(self) -> int:
        return sum(event.kind == "switch.opened" for event in self.events)


@contextmanager
def sealed_world(folder: Path, trust: Path, seed: int = 1) -> Iterator[SealedWorld]:
    """The street of a folder: new, or as it was when it was killed. Leaving it keeps nothing."""
    with Database(f"sqlite:///{folder / 'meterhouse.db'}") as database:
        services = StsService(MemoryKeyStore({KeyName(SUPPLY_GROUP, 1): KEYS.vending(SUPPLY_GROUP)}))
        books = Books(database, services, bytes)
        resumed = books.resumed_at()
        world = World(seed, PLAN.start if resumed is None else resumed)
        books.resume(world.now)
        with open_office(trust, KEYS, database, _Clock(world)) as (office, _daemon):
            options = StreetOptions(steps=2)
            demand = lambda _home, _number: lambda _end: (150, 60)  # noqa: E731
            street = LiveStreet(PLAN, KEYS, books, world, demand, world.entropy, world.now, options, office=office)
            yield SealedWorld(world, street, join_street(world, street))
