"""Worlds by the thousand: from each seed a small random street and its bad weather, invariants, the shortest failure.

A failing seed is shrunk: faults are taken away, then days, as long as the same invariant still breaks; what is left is
printed as a command that plays it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from time import process_time
from typing import Final

from meterhouse.app.demand import synthetic_demand
from meterhouse.app.desk import PaymentMode
from meterhouse.app.street import Customer, GasSite, HomePlan, StreetPlan
from meterhouse.links import Dice
from meterhouse.model import DAY, UNIT, Instant, parse_instant
from meterhouse.simulation.faults import Fault, FaultKind, apply_faults, draw_faults
from meterhouse.simulation.street_world import StreetReport, StreetWorld
from meterhouse.simulation.trace import Trace

__all__ = ["FINE_DAYS", "FuzzFinding", "FuzzReport", "FuzzSettings", "faults_of_seed", "fuzz", "play", "street_of_seed"]

_START: Final = parse_instant("2026-01-05T00:00:00Z")
FINE_DAYS: Final = 4
"""Without faults at the end of each world; what was held up must have arrived by then."""
_TWICE: Final = 20
"""Every so many seeds a world is run twice, and its hashes compared."""


@dataclass(frozen=True, slots=True)
class FuzzSettings:
    """What is tried.

    Attributes:
        first: seed; `seeds` of them from there on.
        jobs: processes.
    """

    first: int
    seeds: int
    days: int
    kinds: tuple[FaultKind, ...]
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class FuzzFinding:
    """A broken seed, shrunk.

    Attributes:
        keep: numbers of the faults that are needed, of those that the seed draws.
    """

    seed: int
    days: int
    keep: tuple[int, ...]
    faults: tuple[str, ...]
    number: int
    invariant: str
    what: str

    def command(self) -> str:
        """Plays it again."""
        keep = ",".join(map(str, self.keep)) or "none"
        return f"meterhouse world fuzz --seed {self.seed} --seeds 1 --days {self.days} --keep {keep} --trace trace.txt"


@dataclass(frozen=True, slots=True)
class FuzzReport:
    """All seeds.

    Attributes:
        hash: over the trace hashes of all seeds in order: equal for equal settings.
        unequal: seeds whose two runs differed: must be empty.
        home_days_a_core_second: by processor time of all processes, second runs not counted.
    """

    seeds: int
    days: int
    home_days: int
    faults: int
    hash: str
    run_twice: int
    unequal: tuple[int, ...]
    findings: tuple[FuzzFinding, ...]
    home_days_a_core_second: int


def street_of_seed(seed: int) -> StreetPlan:
    """Three homes: prepay with a keypad or a network customer, prepay on a weak link, credit; prices by chance."""
    dice = Dice.of(seed, "street")
    homes = (
        HomePlan("01", PaymentMode.CREDIT, _gas(dice, 0), debt=dice.below(50) * UNIT, customer=_customer(dice)),
        HomePlan("02", PaymentMode.CREDIT, _gas(dice, dice.below(400)), customer=_customer(dice)),
        HomePlan("03", PaymentMode.CREDIT, GasSite(PaymentMode.CREDIT, 7_370, 0, 39_500)),
    )
    return StreetPlan(f"seed {seed}", _START, "GBP", homes)


def _gas(dice: Dice, loss_permille: int) -> GasSite:
    return GasSite(
        mode=PaymentMode.PREPAY,
        price=3_000 + dice.below(20_000),
        standing_charge=dice.below(60_000),
        cv=37_500 + dice.below(5_500),
        opening_balance=dice.below(4 * UNIT),
        no_comms_half_hours=48 + dice.below(100),
        loss_permille=loss_permille,
    )


def _customer(dice: Dice) -> Customer:
    return Customer(
        pay_below=dice.below(3 * UNIT) - UNIT,
        pay=(1 + dice.below(20)) * UNIT,
        keypad=dice.hit(400),
        presses_after_min=dice.below(300),
    )


def faults_of_seed(seed: int, settings: FuzzSettings) -> tuple[Fault, ...]:
    """The bad weather of a seed."""
    homes = [home.home for home in street_of_seed(seed).homes]
    return draw_faults(Dice.of(seed, "faults"), settings.kinds, homes, settings.days)


def play(seed: int, days: int, faults: Sequence[Fault], trace: Trace | None = None) -> StreetReport:
    """One world, once: `days` of bad weather, then FINE_DAYS in which everything must come right."""
    end = Instant(_START + (days + FINE_DAYS) * DAY)
    street = StreetWorld(street_of_seed(seed), seed, synthetic_demand(seed), trace, judged_at=end)
    apply_faults(street, faults)
    return street.run(days + FINE_DAYS)


def fuzz(settings: FuzzSettings, progress: Callable[[int], None] = lambda _seeds: None) -> FuzzReport:
    """Try every seed; shrink the first break of each that breaks."""
    outcomes: list[_Outcome] = []
    for outcome in _outcomes(settings):
        outcomes.append(outcome)
        progress(len(outcomes))
    home_days = settings.seeds * (settings.days + FINE_DAYS) * len(street_of_seed(settings.first).homes)
    seconds = max(sum(outcome.seconds for outcome in outcomes), 0.001)
    return FuzzReport(
        seeds=settings.seeds,
        days=settings.days,
        home_days=home_days,
        faults=sum(outcome.faults for outcome in outcomes),
        hash=_joined([outcome.trace for outcome in outcomes]),
        run_twice=sum(outcome.twice for outcome in outcomes),
        unequal=tuple(outcome.seed for outcome in outcomes if not outcome.equal),
        findings=tuple(finding for outcome in outcomes if (finding := outcome.finding) is not None),
        home_days_a_core_second=int(home_days / seconds),
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    seed: int
    faults: int
    trace: str
    twice: bool
    equal: bool
    seconds: float
    finding: FuzzFinding | None


def _outcomes(settings: FuzzSettings) -> Iterator[_Outcome]:
    seeds = range(settings.first, settings.first + settings.seeds)
    if settings.jobs == 1:
        for seed in seeds:
            yield _one(seed, settings)
        return
    with ProcessPoolExecutor(settings.jobs) as pool:
        yield from pool.map(_one, seeds, [settings] * len(seeds), chunksize=4)


def _one(seed: int, settings: FuzzSettings) -> _Outcome:
    faults = faults_of_seed(seed, settings)
    before = process_time()
    try:
        report = play(seed, settings.days, faults)
    except Exception as error:  # noqa: BLE001 -- a machine that raises is a finding like any other, and the worst
        return _raised(seed, settings.days, faults, error, process_time() - before)
    seconds = process_time() - before
    twice = seed % _TWICE == 0
    equal = not twice or play(seed, settings.days, faults).trace == report.trace
    finding = _shrunk(seed, settings.days, faults, report) if report.violations else None
    return _Outcome(seed, len(faults), report.trace, twice, equal, seconds, finding)


def _raised(seed: int, days: int, faults: Sequence[Fault], error: Exception, seconds: float) -> _Outcome:
    words = tuple(fault.words() for fault in faults)
    what = f"{type(error).__name__}: {error} {' '.join(getattr(error, '__notes__', ()))}"
    finding = FuzzFinding(seed, days, tuple(range(len(faults))), words, 0, "nothing raises", what)
    return _Outcome(seed, len(faults), "raised", twice=False, equal=True, seconds=seconds, finding=finding)


def _shrunk(seed: int, days: int, faults: Sequence[Fault], report: StreetReport) -> FuzzFinding:
    """Fewer faults, then fewer days, while the same invariant breaks."""
    broken = report.violations[0]

    def breaks(kept: Sequence[int], so_many: int) -> StreetReport | None:
        again = play(seed, so_many, [faults[number] for number in kept])
        return again if any(one.invariant == broken.invariant for one in again.violations) else None

    kept = _fewer(list(range(len(faults))), lambda numbers: breaks(numbers, days) is not None)
    least = days
    while least > 1 and breaks(kept, least - 1) is not None:
        least -= 1
    final = breaks(kept, least) or report
    first = next(one for one in final.violations if one.invariant == broken.invariant)
    words = tuple(faults[number].words() for number in kept)
    return FuzzFinding(seed, least, tuple(kept), words, first.number, first.invariant, first.what)


def _fewer(numbers: list[int], breaks: Callable[[list[int]], bool]) -> list[int]:
    """Delta debugging: drop halves, quarters, … single ones, as long as it still breaks."""
    size = max(len(numbers) // 2, 1)
    while numbers:
        dropped = False
        for start in range(0, len(numbers), size):
            rest = numbers[:start] + numbers[start + size :]
            if breaks(rest):
                numbers, dropped = rest, True
                break
        if not dropped:
            if size == 1:
                break
            size = max(size // 2, 1)
        size = min(size, max(len(numbers), 1))
    return numbers


def _joined(hashes: Sequence[str]) -> str:
    return sha256("\n".join(hashes).encode("ascii")).hexdigest()
