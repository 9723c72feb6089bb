"""A gas bill: all of a period's volume at the period's average calorific value, beside what the home reckoned itself.

The home knows a calorific value when it comes, each day or each month; the bill knows those of the whole period. So
they differ unless the volume is flat. The bill says by how much (S3-48).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from meterhouse.model import DAY, Instant, UsageError
from meterhouse.rules.calorific import CV_HIGHEST, CV_LOWEST, average_cv, billed_wh

__all__ = ["GasBill", "GasDay", "gas_bill"]


@dataclass(frozen=True, slots=True)
class GasDay:
    """One UTC day: what flowed, in litres, and the calorific value determined for it, kJ/m³."""

    day: Instant
    litres: int
    cv: int


@dataclass(frozen=True, slots=True)
class GasBill:
    """A period's energy.

    Attributes:
        first, days: which.
        cv: the average that the bill uses, kJ/m³: the mean of the days' values, cut to whole 0.1 MJ/m³.
        billed_wh: all of the volume at that.
        premises_wh: what the home reckoned.
    """

    first: Instant
    days: int
    litres: int
    cv: int
    billed_wh: int
    premises_wh: int

    @property
    def difference_wh(self) -> int:
        """What the home reckoned above the bill; below it: negative."""
        return self.premises_wh - self.billed_wh

    @property
    def difference_ppm(self) -> int:
        """The same in millionths of the bill, towards zero; 0 where nothing was billed."""
        if self.billed_wh == 0:
            return 0
        share = abs(self.difference_wh) * 1_000_000 // self.billed_wh
        return share if self.difference_wh >= 0 else -share


def gas_bill(days: Sequence[GasDay], premises_wh: int) -> GasBill:
    """The bill of consecutive days.

    Args:
        days: oldest first, without a gap.
        premises_wh: what the home's account reckoned for them.

    Raises:
        UsageError: no day, a gap, volume below zero, or a value that no gas of the network has.
    """
    if not days:
        raise UsageError("a bill of no days", remedy="Name the first and the last day.")
    for one, other in pairwise(days):
        if other.day != one.day + DAY:
            raise UsageError(f"a bill's days follow one another; {other.day} does not follow {one.day}")
    for one in days:
        if one.litres < 0 or not CV_LOWEST <= one.cv <= CV_HIGHEST:
            raise UsageError(
                f"a day of {one.litres} l at {one.cv} kJ/m³ cannot be",
                why=f"Calorific values of the network are {CV_LOWEST} to {CV_HIGHEST} kJ/m³.",
            )
    litres, values = [one.litres for one in days], [one.cv for one in days]
    average = average_cv(values)
    return GasBill(days[0].day, len(days), sum(litres), average, billed_wh(litres, values), premises_wh)
