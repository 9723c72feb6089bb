"""Calorific values: which one holds at the premises, and which one the bill uses.

A bill for a period uses the mean of the daily values of its days, any part below 0.1 MJ/m³ left out (Gas (Calculation
of Thermal Energy) Regulations 1996, reg. 3 and 4). What the premises reckon with may be newer or older than that, so
bill and premises differ unless the volume is flat; the difference is reported, never hidden (S3-21, S3-48).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from meterhouse.rules.gas_account import energy_wh

__all__ = [
    "CV_HIGHEST",
    "CV_LOWEST",
    "CvPolicy",
    "average_cv",
    "billed_wh",
    "cv_at_premises",
    "premises_wh",
]

CV_LOWEST: Final = 37_500
CV_HIGHEST: Final = 43_000
"""kJ/m³: the range of the network, 10.65 to 12.21 kWh/m³ with the conversion factor.

The often printed pair of 37.7 and 10.65 is a misprint: 10.65 belongs to 37.5.
"""

_STEP: Final = 100
"""0.1 MJ/m³."""


class CvPolicy(IntEnum):
    """How often the premises learn a calorific value."""

    DAILY = 0
    """Each day's own."""
    MONTHLY = 1
    """From the first of a month on, the average of the month before."""
    FIXED = 2
    """One value for ever."""


def average_cv(daily: Sequence[int]) -> int:
    """The charging value of a period: the mean of its daily values in kJ/m³, cut to whole 0.1 MJ/m³.

    Args:
        daily: at least one.
    """
    return sum(daily) // len(daily) // _STEP * _STEP


def cv_at_premises(policy: int, daily: Sequence[int], months: Sequence[int], day: int, fixed: int) -> int:
    """The value in force at the premises on a day.

    Args:
        policy: a `CvPolicy`.
        daily: kJ/m³ of each day, from the first on.
        months: for each day, the number of its month; days of a month stand together.
        day: which, from 0.
        fixed: for FIXED, and for MONTHLY until a whole month's average is known.
    """
    if policy == CvPolicy.DAILY:
        return daily[day]
    if policy == CvPolicy.FIXED:
        return fixed
    first = day
    while first > 0 and months[first - 1] == months[day]:
        first -= 1
    if first == 0:
        return fixed
    before = first - 1
    while before > 0 and months[before - 1] == months[first - 1]:
        before -= 1
    return average_cv(daily[before:first])


def premises_wh(policy: int, litres: Sequence[int], daily: Sequence[int], months: Sequence[int], fixed: int) -> int:
    """Energy of a period as the premises reckon it: each day's volume at the value in force that day, Wh."""
    return sum(
        energy_wh(volume, cv_at_premises(policy, daily, months, day, fixed)) for day, volume in enumerate(litres)
    )


def billed_wh(litres: Sequence[int], daily: Sequence[int]) -> int:
    """Energy of a period as the bill has it: all of its volume at its average value, Wh."""
    return energy_wh(sum(litres), average_cv(daily))
