"""From the times in a file to instants: UTC, a fixed offset, or a zone whose clocks change."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from meterhouse.model import MINUTE, Instant, UsageError
from meterhouse.store.profiles.findings import FindingLog, Problem

__all__ = ["WallTimes", "zone_of"]

_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?")
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  wall times have no zone; that is their point
_LARGEST_OFFSET_HOURS: Final = 14


def zone_of(text: str) -> tzinfo:
    """The zone of `UTC`, `+10:00`, or an IANA name.

    Raises:
        UsageError: none of these.
    """
    if text.upper() in ("UTC", "GMT", "Z"):
        return UTC
    fixed = _OFFSET.fullmatch(text)
    if fixed and int(fixed[2]) <= _LARGEST_OFFSET_HOURS:
        minutes = int(fixed[2]) * 60 + int(fixed[3] or 0)
        return timezone(timedelta(minutes=-minutes if fixed[1] == "-" else minutes))
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"'{text}' is not a time zone", remedy="Write it like UTC, +10:00 or Europe/London."
        ) from error


class WallTimes:
    """Turns wall times (ms as if they were UTC) of one home after another into instants.

    Where clocks go back, a local time comes twice: the first row that tells it is taken as the first pass, a second one
    as the second; both are reported. Where they go forward, some never come: such rows are left out and reported.
    """

    __slots__ = ("_column", "_fixed", "_log", "_seen", "_zone")

    def __init__(self, zone: tzinfo, column: str, log: FindingLog) -> None:
        self._zone = zone
        self._column = column
        self._log = log
        offset = None if isinstance(zone, ZoneInfo) else zone.utcoffset(None)
        self._fixed = None if offset is None else offset // timedelta(milliseconds=1)
        self._seen: set[tuple[str, int]] = set()

    def instant(self, wall: int, row: int, home: str) -> Instant | None:
        """The instant of a wall time; None for one that never came."""
        if self._fixed is not None:
            return Instant(wall - self._fixed)
        naive = _EPOCH + timedelta(milliseconds=wall)
        first, second = (_offset(naive.replace(tzinfo=self._zone, fold=fold)) for fold in (0, 1))
        if first == second:
            return Instant(wall - first)
        if first < second:
            self._log.add(row, self._column, naive, Problem.LOCAL_TIME_NEVER, "the row was left out")
            return None
        again = (home, wall) in self._seen
        self._seen.add((home, wall))
        which = "second" if again else "first"
        done = f"taken as the {which} of the two, by the order of the rows"
        self._log.add(row, self._column, naive, Problem.LOCAL_TIME_TWICE, done)
        return Instant(wall - (second if again else first))


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset() or timedelta()
    return offset // timedelta(minutes=1) * MINUTE
