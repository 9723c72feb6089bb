"""Exact integers from the numbers of a file: no amount is lost or made by rounding."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from meterhouse.model import HALF_HOUR, HOUR, Duration, Instant

__all__ = ["halves_with_carry", "nano_of"]

_NANO: Final = 1_000_000_000

_UNIT: Final = 1_000_000
"""10⁻⁹ kWh in a Wh, 10⁻⁹ m³ in a litre."""

_LARGEST: Final = 10**12


def nano_of(value: object, scale: Fraction) -> int | None:
    """A cell as 10⁻⁹ kWh or m³, rounded to the nearest; None where it is no finite number below 10¹².

    `scale` is kWh or m³ in one of the cell's unit. A binary float is first brought to the nearest multiple of 10⁻⁹ of
    its own unit, so 0.1 is 0.1.
    """
    number = _number(value)
    if number is None or not -_LARGEST < number < _LARGEST:
        return None
    nano = round(number * _NANO)
    return (nano * scale.numerator + scale.denominator // 2) // scale.denominator


def _number(value: object) -> int | float | Decimal | None:
    if isinstance(value, str):
        try:
            number = Decimal(value.strip())
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    return value if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def halves_with_carry(amounts: Mapping[int, int], interval: Duration) -> dict[Instant, int]:
    """Wh or litres by the END of each half hour, from 10⁻⁹ kWh or m³ by the END of each half hour or hour.

    Each amount is rounded to the nearest unit after adding what the roundings before it left over, so any run of them
    sums to the true total within one unit. An hour is then split in two: the first half gets half, rounded down.
    """
    halves: dict[Instant, int] = {}
    left_over = 0
    for end in sorted(amounts):
        left_over += amounts[end]
        units = (left_over + _UNIT // 2) // _UNIT
        left_over -= units * _UNIT
        if interval == HOUR:
            halves[Instant(end - HALF_HOUR)] = units // 2
            units -= units // 2
        halves[Instant(end)] = units
    return halves
