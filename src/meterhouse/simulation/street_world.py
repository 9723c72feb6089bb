"""A street on virtual time: the machines of `meterhouse up`, a seed, and invariants that try to break them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import process_time
from typing import Any, Final

from meterhouse.app.books import Books
from meterhouse.app.customers import Customers
from meterhouse.app.keys import SECRET_LENGTH, StreetKeys
from meterhouse.app.live_street import LiveStreet, StreetOptions
from meterhouse.app.memory_wires import join_air, join_hub, join_street
from meterhouse.app.site import SUPPLY_GROUP
from meterhouse.app.street import HomePlan, StreetPlan
from meterhouse.links import NullModem
from meterhouse.model import DAY, HALF_HOUR, Event, Instant, Money
from meterhouse.premises.home_load import Demand
from meterhouse.simulation.electricity_invariants import ElectricityPastCutoff
from meterhouse.simulation.invariants import Violation
from meterhouse.simulation.street_invariants import street_invariants
from meterhouse.simulation.trace import Trace
from meterhouse.simulation.world import World
from meterhouse.store import Database
from meterhouse.supplier.vending import KeyName, MemoryKeyStore, StsService

__all__ = ["StreetReport", "StreetWorld"]

_STEPS: Final = 3
_TAIL: Final = 20


@dataclass(frozen=True, slots=True)
class StreetReport:
    """What a run was.

    Attributes:
        trace: SHA-256 over every delivery and event, in order; equal for equal seed and street.
        home_days_a_core_second: how fast the machines ran, by processor time of this process.
    """

    street: str
    seed: int
    days: int
    homes: int
    trace: str
    deliveries: int
    events: dict[str, int]
    paid: str
    to_debt: str
    tokens_accepted: int
    half_hours_stored: int
    orders_open: int
    violations: tuple[Violation, ...]
    home_days_a_core_second: int

    def document(self) -> dict[str, Any]:
        """For JSON; of a violation's trace only the last lines."""
        document = asdict(self)
        for violation in document["violations"]:
            violation["trace"] = violation["trace"][-_TAIL:]
        return document


class StreetWorld:
    """A street in a world.

    Args:
        plan: which homes.
        seed: of everything that is left to chance, keys too.
        demand: gives the demand of a home.
        trace: where the run is written.
        judged_at: where links fail for days: the instant from which readings must be whole again.
    """

    def __init__(
        self,
        plan: StreetPlan,
        seed: int,
        demand: Callable[[HomePlan, int], Demand],
        trace: Trace | None = None,
        judged_at: Instant | None = None,
    ) -> None:
        self.world = World(seed, plan.start, trace=trace)
        keys = StreetKeys(self.world.entropy("street secret")(SECRET_LENGTH))
        self.database = Database("sqlite://")
        vending_keys = MemoryKeyStore({KeyName(SUPPLY_GROUP, 1): keys.vending(SUPPLY_GROUP)})
        books = Books(self.database, StsService(vending_keys), self.world.entropy("counter"))
        options = StreetOptions(steps=_STEPS)
        self.street = LiveStreet(plan, keys, books, self.world, demand, self.world.entropy, plan.start, options)
        self.wires: dict[str, NullModem] = join_street(self.world, self.street)
        self._events: Counter[str] = Counter()
        self.world.on_event(self._count)
        self.world.every(Customers.LOOKS, Customers(self.street).look, Customers.LOOKS)
        for invariant in street_invariants(self.street, judged_at):
            self.world.watch(invariant)
        if any(home.electricity.prepaid_in is not None for home in plan.homes):
            self.world.watch(ElectricityPastCutoff(self.street), HALF_HOUR)

    def rejoin(self, home: str) -> None:
        """Lay the links of a home's hub again, after another hub took its place."""
        self.wires.update(join_hub(self.world, self.street, home))

    def rejoin_air(self, home: str) -> None:
        """Lay the gas link of a home again, after another meter took its place."""
        air = join_air(self.world, self.street.sites[home])
        if air is not None:
            self.wires[f"gas_radio/{home}"] = air

    def _count(self, event: Event) -> None:
        self._events[event.kind] += 1

    def run(self, days: int, progress: Callable[[int], None] = lambda _day: None) -> StreetReport:
        """Let days pass; `progress` is told of each that is over."""
        begun, before = self.world.now, process_time()
        for day in range(1, days + 1):
            self.world.run(Instant(begun + day * DAY))
            progress(day)
        spent = max(process_time() - before, 0.001)
        return self._report(days, int(days * len(self.street.sites) / spent))

    def _report(self, days: int, speed: int) -> StreetReport:
        books, plan = self.street.books, self.street.plan
        vends = [vend for vend, _ in books.vends(1_000_000)]
        return StreetReport(
            street=plan.name,
            seed=self.world.seed,
            days=days,
            homes=len(plan.homes),
            trace=self.world.trace.hash(),
            deliveries=self.world.trace.deliveries,
            events=dict(sorted(self._events.items())),
            paid=_total([vend.paid.amount for vend in vends], plan.currency),
            to_debt=_total([vend.to_debt.amount for vend in vends], plan.currency),
            tokens_accepted=self._events["token.accepted"],
            half_hours_stored=books.half_hours_stored(),
            orders_open=len(books.open_orders()),
            violations=self.world.violations,
            home_days_a_core_second=speed,
        )


def _total(amounts: list[int], currency: str) -> str:
    return str(Money(sum(amounts), currency))
