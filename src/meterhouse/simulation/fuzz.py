"""Worlds by the thousand: from each seed a small random street and its bad weather, invariants, the shortest failure.

A failing seed is shrunk: faults are taken away, then days, as long as the same invariant still breaks; what is left is
printed as a command that plays it again.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from multiprocessing import active_children
from time import process_time
from typing import Final

from meterhouse.app.demand import synthetic_demand
from meterhouse.links import Dice
from meterhouse.model import DAY, Instant
from meterhouse.simulation.faults import Fault, FaultKind, apply_faults, draw_faults
from meterhouse.simulation.fuzz_street import FUZZ_START, Prepaid, street_of_seed
from meterhouse.simulation.invariants import Violation
from meterhouse.simulation.shrinking import fewer_days, fewer_faults
from meterhouse.simulation.street_world import StreetReport, StreetWorld
from meterhouse.simulation.trace import Trace

__all__ = ["FINE_DAYS", "FuzzFinding", "FuzzReport", "FuzzSettings", "faults_of_seed", "fuzz", "play"]

FINE_DAYS: Final = 4
"""Without faults at the end of each world; what was held up must have arrived by then."""
_TWICE: Final = 20
"""Every so many seeds a world is run twice, and its hashes compared."""
_ENOUGH: Final = 20
"""Findings after which no more seeds are tried: the first few tell what is wrong."""


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
    prepaid: Prepaid = Prepaid.GAS


@dataclass(frozen=True, slots=True)
class FuzzFinding:
    """A broken seed, shrunk.

    Attributes:
        days: of bad weather that the seed's faults were drawn for.
        until: days of it that are needed.
        keep: numbers of the faults that are needed, of those that the seed draws.
    """

    seed: int
    days: int
    kinds: tuple[FaultKind, ...]
    until: int
    keep: tuple[int, ...]
    faults: tuple[str, ...]
    number: int
    invariant: str
    what: str
    prepaid: Prepaid = Prepaid.GAS

    def command(self) -> str:
        """Plays it again."""
        kinds = "all" if self.kinds == tuple(FaultKind) else ",".join(self.kinds)
        keep = ",".join(map(str, self.keep)) or "none"
        prepaid = "" if self.prepaid is Prepaid.GAS else f" --prepaid {self.prepaid}"
        return (
            f"meterhouse world fuzz --first-seed {self.seed} --seeds 1 --days {self.days} --faults {kinds}{prepaid}"
            f" --keep {keep} --until {self.until} --trace trace.txt"
        )


@dataclass(frozen=True, slots=True)
class FuzzReport:
    """All seeds that were tried.

    Attributes:
        seeds: how many, from `first` on without a gap; fewer than asked for where it ended early.
        hash: over the trace hashes of all seeds in order: equal for equal settings.
        run_twice: worlds that were run a second time.
        unequal: seeds whose two runs differed: must be empty.
        home_days_a_core_second: by processor time of all processes, second runs not counted.
    """

    first: int
    seeds: int
    days: int
    homes: int
    home_days: int
    faults: int
    hash: str
    run_twice: int
    unequal: tuple[int, ...]
    findings: tuple[FuzzFinding, ...]
    home_days_a_core_second: int
    interrupted: bool = False

    @property
    def next_seed(self) -> int:
        """Where to go on."""
        return self.first + self.seeds


def faults_of_seed(seed: int, settings: FuzzSettings) -> tuple[Fault, ...]:
    """The bad weather of a seed."""
    homes = [home.home for home in street_of_seed(seed, settings.prepaid).homes]
    return draw_faults(Dice.of(seed, "faults"), settings.kinds, homes, settings.days)


def play(
    seed: int, days: int, faults: Sequence[Fault], trace: Trace | None = None, prepaid: Prepaid = Prepaid.GAS
) -> StreetReport:
    """One world, once: `days` of bad weather, then FINE_DAYS in which everything must come right."""
    return _world(seed, days, faults, prepaid, trace).run(days + FINE_DAYS)


def _world(seed: int, days: int, faults: Sequence[Fault], prepaid: Prepaid, trace: Trace | None = None) -> StreetWorld:
    end = Instant(FUZZ_START + (days + FINE_DAYS) * DAY)
    street = StreetWorld(street_of_seed(seed, prepaid), seed, synthetic_demand(seed), trace, judged_at=end)
    apply_faults(street, faults, until_min=days * 24 * 60)
    return street


def fuzz(settings: FuzzSettings, progress: Callable[[int, int], None] = lambda _seeds, _findings: None) -> FuzzReport:
    """Try every seed, in as many processes as the settings say; shrink the first break of each that breaks.

    Ctrl-C ends it with what is done so far. After twenty findings no more seeds are begun.

    Args:
        settings: what is tried.
        progress: told, in the order of seeds, how many are done and how many of them broke.
    """
    outcomes: list[_Outcome] = []
    broken = 0
    interrupted = False
    running = _outcomes(settings)
    try:
        for outcome in running:
            outcomes.append(outcome)
            broken += outcome.finding is not None
            progress(len(outcomes), broken)
            if broken >= _ENOUGH:
                break
    except KeyboardInterrupt:
        interrupted = True
    finally:
        running.close()
    return replace(_report(settings, outcomes), interrupted=interrupted)


def _report(settings: FuzzSettings, outcomes: Sequence[_Outcome]) -> FuzzReport:
    homes = sum(outcome.homes for outcome in outcomes)
    home_days = (settings.days + FINE_DAYS) * homes
    seconds = max(sum(outcome.seconds for outcome in outcomes), 0.001)
    return FuzzReport(
        first=settings.first,
        seeds=len(outcomes),
        days=settings.days,
        homes=homes,
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
    homes: int
    faults: int
    trace: str
    twice: bool
    equal: bool
    seconds: float
    finding: FuzzFinding | None


def _outcomes(settings: FuzzSettings) -> Generator[_Outcome, None, None]:
    """In the order of seeds, whoever ran them."""
    seeds = range(settings.first, settings.first + settings.seeds)
    if settings.jobs == 1:
        yield from map(partial(_one, settings), seeds)
        return
    before = set(active_children())
    pool = ProcessPoolExecutor(settings.jobs, initializer=_deaf_to_ctrl_c)
    whole = False
    try:
        yield from pool.map(partial(_one, settings), seeds)
        whole = True
    finally:
        if not whole:  # nobody waits for worlds that nobody will hear of
            for child in set(active_children()) - before:
                child.terminate()
        pool.shutdown(cancel_futures=True)


def _deaf_to_ctrl_c() -> None:
    """A terminal tells the whole group; only the one that reports is to hear it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _one(settings: FuzzSettings, seed: int) -> _Outcome:
    faults = faults_of_seed(seed, settings)
    homes = len(street_of_seed(seed, settings.prepaid).homes)
    before = process_time()
    try:
        report = play(seed, settings.days, faults, prepaid=settings.prepaid)
    except Exception as error:  # noqa: BLE001 -- a machine that raises is a finding like any other, and the worst
        seconds = process_time() - before
        raised = _shrunk(seed, settings, faults, _sentence(error))
        return _Outcome(seed, homes, len(faults), "raised", False, True, seconds, raised)
    seconds = process_time() - before
    twice = seed % _TWICE == 0
    again = play(seed, settings.days, faults, prepaid=settings.prepaid) if twice else report
    equal = again.trace == report.trace
    finding = _shrunk(seed, settings, faults, report.violations[0]) if report.violations else None
    return _Outcome(seed, homes, len(faults), report.trace, twice, equal, seconds, finding)


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error} {' '.join(getattr(error, '__notes__', ()))}"


def _first_break(seed: int, days: int, faults: Sequence[Fault], prepaid: Prepaid) -> Violation | str | None:
    """The first violation of a world, or what a machine raised; the world is left at the end of that day."""
    street = _world(seed, days, faults, prepaid)
    try:
        for day in range(1, days + FINE_DAYS + 1):
            street.world.run(Instant(FUZZ_START + day * DAY))
            if street.world.violations:
                return street.world.violations[0]
    except Exception as error:  # noqa: BLE001 -- as above
        return _sentence(error)
    return None


def _kind(broken: Violation | str) -> tuple[int, str]:
    return (0, "nothing raises") if isinstance(broken, str) else (broken.number, broken.invariant)


def _shrunk(seed: int, settings: FuzzSettings, faults: Sequence[Fault], broken: Violation | str) -> FuzzFinding:
    def breaks(kept: Sequence[int], days: int) -> bool:
        found = _first_break(seed, days, [faults[number] for number in kept], settings.prepaid)
        return found is not None and _kind(found) == _kind(broken)

    kept = fewer_faults(len(faults), settings.days, breaks)
    until = fewer_days(kept, settings.days, breaks)
    first = _first_break(seed, until, [faults[number] for number in kept], settings.prepaid) or broken
    words = tuple(faults[number].words() for number in kept)
    number, invariant = _kind(first)
    what = first if isinstance(first, str) else first.what
    return FuzzFinding(
        seed, settings.days, settings.kinds, until, kept, words, number, invariant, what, settings.prepaid
    )


def _joined(hashes: Sequence[str]) -> str:
    return sha256("\n".join(hashes).encode("ascii")).hexdigest()
