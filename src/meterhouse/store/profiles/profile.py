"""A measured profile: what homes used, in exact integers by UTC half hour, and the report of how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meterhouse.model import HALF_HOUR, Duration, Fuel, Instant, UsageError
from meterhouse.store.profiles.findings import Finding, FindingLog, Problem

__all__ = ["HomeProfile", "MeasuredProfile", "ProfileReport", "require_something"]


@dataclass(frozen=True, slots=True)
class HomeProfile:
    """What one home used. A half hour that the file does not tell is not in here.

    Attributes:
        home: its name in the file.
        interval: of the file, ms: 5 to 60 minutes.
        electricity_wh: Wh by the END of each UTC half hour, in rising order.
        gas_l: litres at meter conditions, likewise; empty where the file has no gas.
    """

    home: str
    interval: Duration
    electricity_wh: Mapping[Instant, int]
    gas_l: Mapping[Instant, int]

    def series(self, fuel: Fuel) -> tuple[Instant, tuple[int | None, ...]]:
        """The END of the first half hour, and all amounts from there to the last; None where nothing is told.

        An empty fuel gives `(0, ())`.
        """
        amounts = self.electricity_wh if fuel is Fuel.ELECTRICITY else self.gas_l
        if not amounts:
            return Instant(0), ()
        first, last = min(amounts), max(amounts)
        return first, tuple(amounts.get(Instant(end)) for end in range(first, last + HALF_HOUR, HALF_HOUR))


@dataclass(frozen=True, slots=True)
class MeasuredProfile:
    """The homes of one file, by name.

    Attributes:
        source: the file's name.
        homes: in the order of the file.
    """

    source: str
    homes: Mapping[str, HomeProfile]


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """A profile, and everything a person should know about how it was read.

    Attributes:
        profile: what was read.
        assumptions: each rule that was applied without having been asked for, in one sentence.
        findings: the first FINDINGS_KEPT things that were wrong, in the order they were met.
        counts: rows by problem, all of them.
        rows: data rows (NEM12: interval records) in the file.
    """

    profile: MeasuredProfile
    assumptions: tuple[str, ...]
    findings: tuple[Finding, ...]
    counts: Mapping[Problem, int]
    rows: int


def require_something(homes: Mapping[str, HomeProfile], source: str, log: FindingLog) -> None:
    """Refuse a file of which nothing is left.

    Raises:
        UsageError: no home has a single half hour; says the first thing that was wrong.
    """
    if not any(home.electricity_wh or home.gas_l for home in homes.values()):
        first = f"First: {log.findings[0].sentence()}" if log.findings else ""
        raise UsageError(
            f"{source} holds no half hour that can be used", why=first, remedy="See the rules for columns."
        )
