"""Readings: what a meter said, when, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from meterhouse.model.identity import Eui64, Fuel
from meterhouse.model.time import HALF_HOUR, HALF_HOURS_A_DAY, Instant

__all__ = ["DayProfile", "HalfHour", "Quality"]


class Quality(IntFlag):
    """AMR profile status of a half hour; 0 is a plain measured value (bits as in DSMR P2/IEC 62056-6-2 practice)."""

    MEASURED = 0
    CRITICAL_ERROR = 1
    CLOCK_INVALID = 2
    NOT_VALID = 4
    DAYLIGHT_SAVING = 8
    CLOCK_ADJUSTED = 32
    POWER_DOWN = 128
    MISSING = 1 << 8
    """Ours, never on the wire: the meter has no row for this half hour."""


@dataclass(frozen=True, slots=True)
class HalfHour:
    """One row of a load profile.

    Attributes:
        end: the end of the half hour, UTC.
        register: cumulative register at `end`: Wh for electricity, litres for gas.
        quality: 0 where plainly measured.
    """

    end: Instant
    register: int
    quality: Quality = Quality.MEASURED


@dataclass(frozen=True, slots=True)
class DayProfile:
    """The half hours of one meter and one UTC day.

    Attributes:
        meter: the meter's identity.
        fuel: decides the unit of the registers: Wh or litres.
        day: UTC midnight at which the day starts.
        opening: register at `day` (the end of the last half hour of the day before); None where it is not known.
        rows: up to 48 half hours with `day < end ≤ day + 24 h`, rising, none twice.
    """

    meter: Eui64
    fuel: Fuel
    day: Instant
    opening: int | None
    rows: tuple[HalfHour, ...]

    @property
    def complete(self) -> bool:
        """Whether all 48 half hours are here."""
        return len(self.rows) == HALF_HOURS_A_DAY

    def intervals(self) -> tuple[int | None, ...]:
        """48 interval amounts (Wh or litres); None where a register on either side is missing."""
        registers: dict[int, int] = {row.end: row.register for row in self.rows}
        if self.opening is not None:
            registers[self.day] = self.opening
        amounts: list[int | None] = []
        for slot in range(HALF_HOURS_A_DAY):
            before = registers.get(self.day + slot * HALF_HOUR)
            after = registers.get(self.day + (slot + 1) * HALF_HOUR)
            amounts.append(None if before is None or after is None else after - before)
        return tuple(amounts)
