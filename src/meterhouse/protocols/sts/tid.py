"""The token identifier: minutes since a base date, 24 bits (IEC 62055-41 §6.3.5)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from meterhouse.model import DAY, MINUTE, Instant, UsageError, isoformat

__all__ = ["LARGEST_TID", "BaseDate", "instant_of_tid", "is_reserved_tid", "next_tid", "tid_at"]

LARGEST_TID: Final = (1 << 24) - 1

_MINUTES_A_DAY: Final = DAY // MINUTE
_RESERVED_MINUTE: Final = 1
"""00:01 of every day is the SpecialReservedTokenIdentifier."""


class BaseDate(IntEnum):
    """From when the minutes are counted: midnight UTC on 1 January; bound into a DKGA04 key."""

    B1993 = 1993
    B2014 = 2014
    B2035 = 2035

    @property
    def instant(self) -> Instant:
        """Its first moment, TID 0."""
        return Instant(_STARTS[self])

    @property
    def code(self) -> str:
        """Its two digits in the DKGA04 data block: `93`, `14` or `35`."""
        return f"{self.value % 100:02d}"

    @property
    def following(self) -> BaseDate:
        """The base date of the next roll-over; the last one follows itself."""
        return {BaseDate.B1993: BaseDate.B2014}.get(self, BaseDate.B2035)


_STARTS: Final = {
    BaseDate.B1993: 725_846_400_000,
    BaseDate.B2014: 1_388_534_400_000,
    BaseDate.B2035: 2_051_222_400_000,
}


def is_reserved_tid(tid: int) -> bool:
    """Whether it falls on 00:01 of a day, kept for special tokens; an ordinary token takes the next minute."""
    return tid % _MINUTES_A_DAY == _RESERVED_MINUTE


def tid_at(instant: Instant, base_date: BaseDate) -> int:
    """The TID of an ordinary token made at `instant`: whole minutes, the reserved minute stepped over.

    Raises:
        UsageError: before the base date, or past the last of 2²⁴ minutes.
    """
    tid = (instant - base_date.instant) // MINUTE
    if tid < 0:
        raise UsageError(
            f"{isoformat(instant)} is before base date {base_date.value}", remedy="Use a vending key of an older base."
        )
    return _checked(tid + is_reserved_tid(tid), base_date)


def next_tid(instant: Instant, base_date: BaseDate, last: int | None) -> int:
    """The TID for the next token of a meter whose latest token had `last`: never the same twice (§6.3.5.2).

    Raises:
        UsageError: as `tid_at`.
    """
    tid = tid_at(instant, base_date)
    if last is not None and tid <= last:
        tid = last + 1 + is_reserved_tid(last + 1)
    return _checked(tid, base_date)


def _checked(tid: int, base_date: BaseDate) -> int:
    if tid > LARGEST_TID:
        end = isoformat(instant_of_tid(LARGEST_TID, base_date))
        raise UsageError(
            f"base date {base_date.value} has run out of minutes at {end}",
            why="A token identifier has 24 bits (IEC 62055-41 §6.3.5).",
            remedy=f"Change the meter's key to base date {base_date.following.value} with roll-over.",
        )
    return tid


def instant_of_tid(tid: int, base_date: BaseDate) -> Instant:
    """The first moment of the minute that `tid` names."""
    return Instant(base_date.instant + tid * MINUTE)
