"""Where a home's demand comes from: a measured file, or a made-up household of its own seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meterhouse.app.street import HomePlan
from meterhouse.model import DAY, HALF_HOUR, Fuel, Instant, UsageError, isoformat
from meterhouse.premises.home_load import Demand
from meterhouse.premises.household import MeasuredHousehold, SyntheticHousehold
from meterhouse.store.profiles import HomeProfile, MeasuredProfile, ProfileOptions, ProfileReport, read_profile

__all__ = ["MeasuredDemand", "measured_demand", "synthetic_demand"]

_TYPICAL_KWH: Final = 3_000
_TYPICAL_KWH_ALL_ELECTRIC: Final = 7_000
_TYPICAL_M3: Final = 1_100
"""What a synthetic household uses a year; a plan's own figures scale it."""


def synthetic_demand(seed: int) -> Callable[[HomePlan, int], Demand]:
    """Made-up households: the same seed makes the same street for ever."""

    def of(home: HomePlan, number: int) -> Demand:
        gas = home.gas is not None
        household = SyntheticHousehold(seed * 1_000_003 + number, gas=gas)
        typical = _TYPICAL_KWH if gas else _TYPICAL_KWH_ALL_ELECTRIC

        def demand(end: Instant) -> tuple[int, int]:
            use = household.use(end)
            return _scaled(use.electricity_wh, home.kwh_a_year, typical), _scaled(
                use.gas_l, home.m3_a_year, _TYPICAL_M3
            )

        return demand

    return of


def _scaled(amount: int, numerator: int, denominator: int) -> int:
    return (amount * numerator + denominator // 2) // denominator


@dataclass(frozen=True, slots=True)
class MeasuredDemand:
    """Homes of a measured file, laid from a street's start on and repeated when they end.

    Attributes:
        report: how the file was read; to be shown to a person.
        notes: what was done to lay it on the street, in sentences.
    """

    report: ProfileReport
    notes: tuple[str, ...]
    demands: Callable[[HomePlan, int], Demand]


def measured_demand(path: Path, options: ProfileOptions, start: Instant) -> MeasuredDemand:
    """Read a file and lay it on a street: its first whole UTC day is the day of `start`.

    The homes of the street take the homes of the file in turn. A half hour that the file does not tell uses nothing;
    how many those are is in the notes.

    Raises:
        UsageError: the file cannot be read, or has no whole day.
    """
    try:
        report = read_profile(path, options)
    except UsageError as error:
        if path.name in error.what:
            raise
        raise UsageError(f"{path}: {error.what}", why=error.why, remedy=error.remedy) from error
    profile = report.profile
    notes: list[str] = []
    homes = [_laid(home, profile, start, notes) for home in profile.homes.values()]

    def of(home: HomePlan, number: int) -> Demand:
        household = homes[(number - 1) % len(homes)]

        def demand(end: Instant) -> tuple[int, int]:
            use = household.use(end)
            return use.electricity_wh, use.gas_l if home.gas is not None else 0

        return demand

    return MeasuredDemand(report, tuple(notes), of)


def _laid(home: HomeProfile, profile: MeasuredProfile, start: Instant, notes: list[str]) -> MeasuredHousehold:
    if not home.electricity_wh:
        raise UsageError(
            f"{profile.source} tells no electricity of home {home.home}", remedy="Name its column by --kwh."
        )
    first = min(home.electricity_wh) - HALF_HOUR
    day = Instant(-(-first // DAY) * DAY)
    electricity = _from(home, Fuel.ELECTRICITY, day, notes)
    gas = _from(home, Fuel.GAS, day, notes) if home.gas_l else ()
    if not electricity:
        raise UsageError(f"{profile.source} has no whole UTC day of home {home.home}")
    whole = start - start % DAY
    notes.append(f"home {home.home}: {isoformat(day)} of the file is laid on {isoformat(Instant(whole))}")
    return MeasuredHousehold(Instant(whole + HALF_HOUR), electricity, gas)


def _from(home: HomeProfile, fuel: Fuel, day: Instant, notes: list[str]) -> Sequence[int]:
    """Amounts from the first half hour of `day` on; what the file does not tell is 0, and noted."""
    amounts = home.electricity_wh if fuel is Fuel.ELECTRICITY else home.gas_l
    last = max(amounts)
    laid = [amounts.get(Instant(end)) for end in range(day + HALF_HOUR, last + 1, HALF_HOUR)]
    untold = laid.count(None)
    if untold:
        notes.append(f"home {home.home} {fuel}: {untold} of {len(laid)} half hours are not told and use nothing")
    return [amount or 0 for amount in laid]
