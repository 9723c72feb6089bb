"""What a home uses, half hour by half hour: replayed from a measured profile, or made up from a seed.

Nothing here is random: the same seed and half hour give the same use for ever, in any order of asking, on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from meterhouse.model import HALF_HOUR, HALF_HOURS_A_DAY, Instant, UsageError

__all__ = ["Household", "MeasuredHousehold", "SyntheticHousehold", "Use", "divide"]


@dataclass(frozen=True, slots=True)
class Use:
    """What was used in one half hour, or one part of it.

    Attributes:
        electricity_wh: Wh, 0 or more.
        gas_l: litres at meter conditions, 0 or more.
    """

    electricity_wh: int
    gas_l: int


class Household(Protocol):
    """The load behind the meters of a home."""

    def use(self, half_hour_end: Instant) -> Use:
        """What the UTC half hour with this END uses."""

    def steps(self, half_hour_end: Instant, count: int) -> tuple[Use, ...]:
        """The same half hour in `count` equal steps, whose uses sum to it exactly."""


def divide(total: int, count: int) -> tuple[int, ...]:
    """`total` in `count` whole parts, as even as can be, that sum to it exactly."""
    return tuple(total * (part + 1) // count - total * part // count for part in range(count))


def _steps(use: Use, count: int) -> tuple[Use, ...]:
    if count < 1:
        raise UsageError(f"a half hour cannot be cut in {count} steps", remedy="Ask for one or more.")
    return tuple(map(Use, divide(use.electricity_wh, count), divide(use.gas_l, count)))


class MeasuredHousehold:
    """Replays measured half hours, over and over.

    Args:
        start: END of the half hour that the first amount is for. Earlier half hours are the end of a round before.
        electricity_wh: Wh; at least one.
        gas_l: litres; empty for a home without gas. A round of it may have another length.
        offset: how many half hours into the profile this home is at `start`, so that homes may share one.

    Raises:
        UsageError: no electricity, a negative amount, or `start` off the half hour.
    """

    __slots__ = ("_electricity", "_first", "_gas")

    def __init__(
        self, start: Instant, electricity_wh: Sequence[int], gas_l: Sequence[int] = (), *, offset: int = 0
    ) -> None:
        if not electricity_wh:
            raise UsageError("a measured household needs at least one half hour of electricity")
        if min(electricity_wh) < 0 or min(gas_l, default=0) < 0:
            raise UsageError("a measured household has a negative amount", remedy="Leave export out.")
        self._electricity = tuple(electricity_wh)
        self._gas = tuple(gas_l) or (0,)
        self._first = _index(start) - offset

    def use(self, half_hour_end: Instant) -> Use:
        """What the UTC half hour with this END uses."""
        place = _index(half_hour_end) - self._first
        return Use(self._electricity[place % len(self._electricity)], self._gas[place % len(self._gas)])

    def steps(self, half_hour_end: Instant, count: int) -> tuple[Use, ...]:
        """The same half hour in `count` equal steps."""
        return _steps(self.use(half_hour_end), count)


def _index(half_hour_end: Instant) -> int:
    if half_hour_end % HALF_HOUR:
        raise UsageError(f"{half_hour_end} is not the end of a UTC half hour")
    return half_hour_end // HALF_HOUR


# Shapes of a British day in UTC, by half hour from midnight. Relative weights; their sums are used, not their sizes.
# fmt: off
_ACTIVITY: Final = (
    6, 4, 3, 2, 2, 2, 2, 2, 2, 2, 4, 8, 18, 34, 48, 52, 44, 34, 28, 26, 26, 26, 28, 32,
    38, 36, 30, 28, 26, 28, 34, 46, 60, 78, 94, 100, 98, 90, 84, 80, 74, 66, 58, 48, 36, 26, 16, 10,
)
_HEATING: Final = (
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 40, 90, 100, 90, 70, 50, 30, 18, 14, 12, 12, 12, 12,
    14, 14, 14, 16, 20, 28, 44, 64, 84, 92, 92, 88, 84, 78, 70, 60, 48, 34, 18, 6, 0, 0, 0, 0,
)
_HOT_WATER: Final = (
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 10, 60, 100, 90, 50, 24, 12, 6, 4, 4, 4, 6, 12,
    16, 8, 4, 4, 4, 6, 10, 20, 40, 70, 80, 60, 40, 36, 40, 44, 40, 30, 16, 8, 2, 0, 0, 0,
)
# fmt: on
_ACTIVITY_SUM: Final = sum(_ACTIVITY)
_HEATING_SUM: Final = sum(_HEATING)
_HOT_WATER_SUM: Final = sum(_HOT_WATER)

_AWAY_BY_DAY: Final = range(17, 33)
"""Half hours in which a home out at work does little."""

_HEATING_BY_MONTH: Final = (176, 168, 142, 96, 46, 12, 2, 2, 18, 74, 128, 168)
"""How cold each twelfth of the year is; the sum is a whole year's heating."""
_HEATING_DIVISOR: Final = sum(_HEATING_BY_MONTH) * 3_044
"""Hundredths of a day's coldness that would burn the year's heating: 30.44 days in a twelfth of the year."""

_YEAR: Final = 3_652_425
"""Ten-thousandths of a day."""

_BASE_LOAD_WH: Final = 58
"""Refrigeration and standby, each half hour."""
_ACTIVITY_WH_A_DAY: Final = 5_300
_LIGHTING_WH_A_DAY: Final = 1_500
"""On the darkest day."""
_HEATING_L_A_YEAR: Final = 930_000
_HOT_WATER_L_A_DAY: Final = 520
_ELECTRIC_HEAT_WH_A_LITRE: Final = 4
"""A home without gas heats a smaller space, partly by heat pump: 4 Wh for what would be a litre of gas (11.2 Wh)."""

_MASK: Final = (1 << 64) - 1


def _mix(value: int) -> int:
    """SplitMix64's finaliser: 64 well-stirred bits."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return value ^ value >> 31


def _between(low: int, high: int, *words: int) -> int:
    """A number from `low` to `high`, the same for the same words."""
    state = 0
    for word in words:
        state = _mix(state ^ word & _MASK)
    return low + state % (high - low + 1)


def _coldness(day: int) -> int:
    """How cold a day since 1970 is, in hundredths of _HEATING_BY_MONTH's parts; the weather is everyone's."""
    twelfths = day * 10_000 % _YEAR * 12 * 100 // _YEAR
    # A month's figure stands for its middle, so between two middles it is drawn straight.
    month, part = divmod(twelfths + 1150, 100)
    before, after = _HEATING_BY_MONTH[month % 12], _HEATING_BY_MONTH[(month + 1) % 12]
    mean = before * (100 - part) + after * part
    return mean * _between(70, 130, 1, day) // 100


class SyntheticHousehold:
    """A made-up British home: about 3 MWh and 1100 m³ a year with gas, about 7 MWh without.

    Args:
        seed: any integer; another seed is another home under the same weather.
        gas: whether it heats and cooks with gas.
    """

    __slots__ = ("_at_work", "_electricity_scale", "_gas", "_gas_scale", "_seed")

    def __init__(self, seed: int, *, gas: bool = True) -> None:
        self._seed = seed
        self._gas = gas
        self._electricity_scale = _between(91, 109, seed, 2)
        self._gas_scale = _between(89, 111, seed, 3)
        self._at_work = _between(0, 2, seed, 4) > 0

    def use(self, half_hour_end: Instant) -> Use:
        """What the UTC half hour with this END uses."""
        index = _index(half_hour_end) - 1
        day, slot = divmod(index, HALF_HOURS_A_DAY)
        cold = _coldness(day)
        # A home is away a few days a year; the heating then only keeps the frost out.
        away = _between(0, 99, self._seed, 5, day) < 3
        heat = self._heat(day, slot, cold, away=away)
        electricity = self._electricity(index, day, slot, cold, away=away)
        if self._gas:
            return Use(electricity, heat)
        return Use(electricity + heat * _ELECTRIC_HEAT_WH_A_LITRE, 0)

    def steps(self, half_hour_end: Instant, count: int) -> tuple[Use, ...]:
        """The same half hour in `count` equal steps."""
        return _steps(self.use(half_hour_end), count)

    def _occupied(self, day: int, slot: int) -> bool:
        """Out at work on weekdays; 1970-01-01 was a Thursday."""
        return not (self._at_work and (day + 3) % 7 < 5 and slot in _AWAY_BY_DAY)

    def _heat(self, day: int, slot: int, cold: int, *, away: bool) -> int:
        """Litres of gas for heating and hot water."""
        heating = _HEATING_L_A_YEAR * cold // _HEATING_DIVISOR * _HEATING[slot] // _HEATING_SUM
        if away:
            return heating * self._gas_scale // 400
        water = _HOT_WATER_L_A_DAY * _HOT_WATER[slot] * _between(0, 200, self._seed, 6, day, slot)
        return (heating + water // (_HOT_WATER_SUM * 100)) * self._gas_scale // 100

    def _electricity(self, index: int, day: int, slot: int, cold: int, *, away: bool) -> int:
        """Wh for everything but heat."""
        if away:
            return _BASE_LOAD_WH * self._electricity_scale // 100
        active = _ACTIVITY_WH_A_DAY * _ACTIVITY[slot] * _between(20, 180, self._seed, 7, index) // 100
        if not self._occupied(day, slot):
            active //= 4
        lighting = _LIGHTING_WH_A_DAY * cold // 17_600 * _ACTIVITY[slot]
        return (_BASE_LOAD_WH + (active + lighting) // _ACTIVITY_SUM) * self._electricity_scale // 100
