"""A half-hour log: end-stamped cumulative registers, rising in time, oldest dropped first."""

from __future__ import annotations

from array import array
from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right
from typing import Any, Final
from zlib import compress, decompress

from meterhouse.model import HALF_HOURS_A_DAY, HalfHour, Instant, Quality

__all__ = ["THIRTEEN_MONTHS", "HalfHourLog"]

THIRTEEN_MONTHS: Final = 397 * HALF_HOURS_A_DAY
"""SMETS2: a consumer can read thirteen months of half hours."""

_QUALITIES: Final = tuple(map(Quality, range(256)))


class HalfHourLog:
    """Rows by their end. Holds `capacity` rows at least and a tenth more at most.

    Compact: 17 bytes a row, so that thirteen months of a home are 330 kB.
    """

    __slots__ = ("_capacity", "_ends", "_qualities", "_registers")

    def __init__(self, capacity: int = THIRTEEN_MONTHS) -> None:
        self._capacity = capacity
        self._ends = array("q")
        self._registers = array("q")
        self._qualities = array("B")

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def newest(self) -> HalfHour | None:
        """The last row."""
        return self._row(len(self._ends) - 1) if self._ends else None

    def append(self, row: HalfHour) -> bool:
        """Keep a row; False, and nothing kept, unless it is later than the newest (so none is ever counted twice)."""
        if self._ends and row.end <= self._ends[-1]:
            return False
        self._ends.append(row.end)
        self._registers.append(row.register)
        self._qualities.append(int(row.quality) & 0xFF)
        if len(self._ends) > self._capacity + self._capacity // 10:
            spare = len(self._ends) - self._capacity
            del self._ends[:spare], self._registers[:spare], self._qualities[:spare]
        return True

    def drop_after(self, at: Instant) -> int:
        """Forget the rows that end after `at`; how many they were. For rows of a clock that was plainly wrong."""
        first = bisect_right(self._ends, at)
        dropped = len(self._ends) - first
        del self._ends[first:], self._registers[first:], self._qualities[first:]
        return dropped

    def between(self, first: Instant, last: Instant) -> list[HalfHour]:
        """Rows with first ≤ end ≤ last, oldest first."""
        return [self._row(at) for at in range(bisect_left(self._ends, first), bisect_right(self._ends, last))]

    def count(self) -> int:
        """How many rows."""
        return len(self._ends)

    def rows(self, start: Instant, end: Instant) -> list[tuple[int, int, int]]:
        """(end, status, register) with start ≤ end of the row ≤ end, oldest first: a profile's rows on the wire."""
        return self._slice(bisect_left(self._ends, start), bisect_right(self._ends, end))

    def entries(self, first: int, last: int) -> list[tuple[int, int, int]]:
        """The same by number, the oldest being 1, both ends included."""
        return self._slice(first - 1, last)

    def _slice(self, first: int, last: int) -> list[tuple[int, int, int]]:
        chosen = slice(first, last)
        return list(zip(self._ends[chosen], self._qualities[chosen], self._registers[chosen], strict=True))

    def _row(self, at: int) -> HalfHour:
        return HalfHour(Instant(self._ends[at]), self._registers[at], _QUALITIES[self._qualities[at]])

    def state(self) -> dict[str, Any]:
        """For a snapshot: the arrays in the machine's byte order, packed: thirteen months are some 60 kB."""
        return {
            "ends": _packed(self._ends),
            "registers": _packed(self._registers),
            "qualities": _packed(self._qualities),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take a snapshot's rows in place of those held."""
        self._ends = array("q", _unpacked(state["ends"]))
        self._registers = array("q", _unpacked(state["registers"]))
        self._qualities = array("B", _unpacked(state["qualities"]))


def _packed(numbers: array[int]) -> str:
    return b64encode(compress(numbers.tobytes(), 1)).decode("ascii")


def _unpacked(text: str) -> bytes:
    return decompress(b64decode(text))
