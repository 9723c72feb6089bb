"""Half hours as they land: one row a meter and day, its 48 registers packed in a blob (design D8).

A stored half hour is never changed: the same value again is nothing new, another value is refused and kept aside as a
conflict for a person to look at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from meterhouse.model import (
    DAY,
    HALF_HOUR,
    HALF_HOURS_A_DAY,
    DayProfile,
    Eui64,
    Fuel,
    HalfHour,
    Instant,
    Quality,
    UsageError,
    day_start,
    isoformat,
)
from meterhouse.store.prepared import Prepared
from meterhouse.store.schema import meter_day_conflicts, meter_days
from meterhouse.store.transaction import Transaction

__all__ = ["OPENING", "Conflict", "Landing", "SqlIntervals"]

_LAYOUT: Final = struct.Struct(f"<q{HALF_HOURS_A_DAY}q{HALF_HOURS_A_DAY}H")
"""Opening register, registers, qualities."""

_ABSENT: Final = -1
"""In place of a register that is not known."""

OPENING: Final = -1
"""The slot number of the opening register in a conflict."""

_PAGE: Final = 1_000

_D: Final = meter_days.c
_OF_METER: Final = _D.meter == bindparam("of_meter")
_DAY: Final = Prepared(select(meter_days).where(_OF_METER, _D.day == bindparam("of_day")))
_NEW_DAY: Final = Prepared(insert(meter_days), ("meter", "day", "fuel", "half_hours", "rows"))
_MORE: Final = Prepared(
    update(meter_days)
    .where(_OF_METER, _D.day == bindparam("of_day"))
    .values(fuel=bindparam("its_fuel"), half_hours=bindparam("present"), rows=bindparam("packed"))
)
_WHOLE: Final = Prepared(
    select(_D.day).where(
        _OF_METER, _D.day >= bindparam("first"), _D.day < bindparam("until"), _D.half_hours == bindparam("whole")
    )
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A half hour that was told again with another value; the first one stays.

    Attributes:
        slot: 0 to 47, or OPENING.
    """

    slot: int
    kept: int
    refused: int


@dataclass(frozen=True, slots=True)
class Landing:
    """What became of a day that was put.

    Attributes:
        added: half hours that were not there before.
        conflicts: those that were refused.
    """

    added: int
    conflicts: tuple[Conflict, ...]


@dataclass(slots=True)
class _Day:
    opening: int
    registers: list[int]
    qualities: list[int]

    @classmethod
    def empty(cls) -> _Day:
        return cls(_ABSENT, [_ABSENT] * HALF_HOURS_A_DAY, [int(Quality.MISSING)] * HALF_HOURS_A_DAY)

    @classmethod
    def unpacked(cls, blob: bytes) -> _Day:
        values = _LAYOUT.unpack(blob)
        middle = 1 + HALF_HOURS_A_DAY
        return cls(values[0], list(values[1:middle]), list(values[middle:]))

    def packed(self) -> bytes:
        return _LAYOUT.pack(self.opening, *self.registers, *self.qualities)

    def present(self) -> int:
        return HALF_HOURS_A_DAY - self.registers.count(_ABSENT)

    def take(self, profile: DayProfile) -> Landing:
        """Add what is new in `profile`."""
        added = 0
        conflicts: list[Conflict] = []
        if profile.opening is not None:
            if self.opening == _ABSENT:
                self.opening = profile.opening
            elif self.opening != profile.opening:
                conflicts.append(Conflict(OPENING, self.opening, profile.opening))
        for row in profile.rows:
            slot = _slot(profile.day, row)
            if self.registers[slot] == _ABSENT:
                self.registers[slot], self.qualities[slot] = row.register, int(row.quality)
                added += 1
            elif self.registers[slot] != row.register:
                conflicts.append(Conflict(slot, self.registers[slot], row.register))
        return Landing(added, tuple(conflicts))

    def profile(self, meter: Eui64, fuel: Fuel, day: Instant) -> DayProfile:
        rows = tuple(
            HalfHour(Instant(day + (slot + 1) * HALF_HOUR), register, Quality(self.qualities[slot]))
            for slot, register in enumerate(self.registers)
            if register != _ABSENT
        )
        return DayProfile(meter, fuel, day, None if self.opening == _ABSENT else self.opening, rows)


class SqlIntervals:
    """The landed meter days within one transaction."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put_day(self, profile: DayProfile, now: Instant) -> Landing:
        """Add the half hours of a day that are not there yet; putting the same again changes nothing.

        Args:
            profile: whole or in part.
            now: noted beside a conflict.

        Raises:
            UsageError: a half hour is off the grid or outside its day, or the meter's fuel differs from before.
        """
        _check_day(profile.day)
        row = self._row(profile.meter, profile.day)
        if row is not None and row.fuel != profile.fuel.value:
            raise UsageError(f"meter {profile.meter} measures {row.fuel}, not {profile.fuel.value}")
        day = _Day.empty() if row is None else _Day.unpacked(row.rows)
        opening = day.opening
        landing = day.take(profile)
        if landing.added or day.opening != opening:
            self._write(profile, day, new=row is None)
        for conflict in landing.conflicts:
            self._note(profile, conflict, now)
        return landing

    def get_day(self, meter: Eui64, day: Instant) -> DayProfile | None:
        """What is known of a day; an opening register that was not told is the last one of the day before."""
        row = self._row(meter, day)
        if row is None:
            return None
        profile = _profile(row)
        if profile.opening is not None:
            return profile
        before = self._row(meter, Instant(day - DAY))
        last = _ABSENT if before is None else _Day.unpacked(before.rows).registers[-1]
        return profile if last == _ABSENT else replace(profile, opening=last)

    def days_missing(self, meter: Eui64, first: Instant, end: Instant) -> tuple[Instant, ...]:
        """The days from `first` until before `end` of which not all 48 half hours are here."""
        _check_day(first)
        wanted = {"of_meter": meter.octets.hex(), "first": first, "until": end, "whole": HALF_HOURS_A_DAY}
        have = {row.day for row in self._transaction.quick(_WHOLE, wanted)}
        return tuple(Instant(day) for day in range(first, end, DAY) if day not in have)

    def last_half_hour(self, meter: Eui64) -> Instant | None:
        """The end of the newest half hour that is here."""
        newest = select(meter_days).where(_D.meter == meter.octets.hex()).order_by(_D.day.desc()).limit(1)
        row = self._transaction.first(newest)
        rows = _profile(row).rows if row is not None else ()
        return rows[-1].end if rows else None

    def days(self, first: Instant, end: Instant) -> tuple[Instant, ...]:
        """The days from `first` until before `end` of which anything is here."""
        found = select(_D.day).where(_D.day >= first, _D.day < end).distinct().order_by(_D.day)
        return tuple(Instant(row.day) for row in self._transaction.rows(found))

    def export(self, first: Instant, end: Instant, fuel: Fuel | None = None) -> Iterator[DayProfile]:
        """Every meter day from `first` until before `end`, by day, fuel and meter; read in pages."""
        for day in self.days(first, end):
            for one in (fuel,) if fuel else Fuel:
                yield from self._of_day(day, one)

    def conflicts(self, meter: Eui64, day: Instant) -> tuple[Conflict, ...]:
        """What was refused for a meter day, oldest first."""
        table = meter_day_conflicts.c
        found = select(table.slot, table.kept, table.refused).where(table.meter == meter.octets.hex(), table.day == day)
        return tuple(
            Conflict(row.slot, row.kept, row.refused) for row in self._transaction.rows(found.order_by(table.id))
        )

    def _of_day(self, day: Instant, fuel: Fuel) -> Iterator[DayProfile]:
        after = ""
        page = select(meter_days).where(_D.day == day, _D.fuel == fuel.value).order_by(_D.meter).limit(_PAGE)
        while rows := self._transaction.rows(page.where(_D.meter > after)):
            after = rows[-1].meter
            yield from map(_profile, rows)

    def _row(self, meter: Eui64, day: Instant) -> Any:
        """The row of a meter's day; None where there is none."""
        rows = self._transaction.quick(_DAY, {"of_meter": meter.octets.hex(), "of_day": day})
        return rows[0] if rows else None

    def _write(self, profile: DayProfile, day: _Day, *, new: bool) -> None:
        meter, fuel, present, packed = profile.meter.octets.hex(), profile.fuel.value, day.present(), day.packed()
        if new:
            row = {"meter": meter, "day": profile.day, "fuel": fuel, "half_hours": present, "rows": packed}
            self._transaction.quick(_NEW_DAY, row)
        else:
            key = {"of_meter": meter, "of_day": profile.day}
            self._transaction.quick(_MORE, {**key, "its_fuel": fuel, "present": present, "packed": packed})

    def _note(self, profile: DayProfile, conflict: Conflict, now: Instant) -> None:
        dialect = self._transaction.connection.dialect.name
        add = postgresql.insert if dialect == "postgresql" else sqlite.insert
        values = {
            "meter": profile.meter.octets.hex(),
            "day": profile.day,
            "slot": conflict.slot,
            "kept": conflict.kept,
            "refused": conflict.refused,
            "at": now,
        }
        self._transaction.execute(add(meter_day_conflicts).values(**values).on_conflict_do_nothing())


def _profile(row: Row[Any]) -> DayProfile:
    return _Day.unpacked(row.rows).profile(Eui64(bytes.fromhex(row.meter)), Fuel(row.fuel), Instant(row.day))


def _check_day(day: Instant) -> None:
    if day_start(day) != day:
        raise UsageError(f"{isoformat(day)} is not the start of a UTC day")


def _slot(day: Instant, row: HalfHour) -> int:
    slot, off = divmod(row.end - day, HALF_HOUR)
    if off or not 1 <= slot <= HALF_HOURS_A_DAY:
        raise UsageError(f"half hour {isoformat(row.end)} does not belong to the day of {isoformat(day)}")
    if row.register < 0:
        raise UsageError(f"register {row.register} at {isoformat(row.end)} is below zero")
    return slot - 1
