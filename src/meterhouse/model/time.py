"""Instants and durations: integer milliseconds, UTC.

An `Instant` is milliseconds since 1970-01-01T00:00:00Z. Half hours are UTC half hours and are stamped with their END
(SMETS2 half-hour profile log; IEC 62056-6-2 profile generic captures at the end of a period). Local time exists only
at the edge.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NewType

from meterhouse.model.errors import UsageError

__all__ = [
    "DAY",
    "HALF_HOUR",
    "HALF_HOURS_A_DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Duration",
    "Instant",
    "day_start",
    "half_hour_end",
    "half_hour_start",
    "instant_of",
    "isoformat",
    "parse_instant",
]

Instant = NewType("Instant", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

Duration = int
"""Milliseconds."""

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
HALF_HOUR: Final = 30 * MINUTE
DAY: Final = 24 * HOUR
HALF_HOURS_A_DAY: Final = 48

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def half_hour_start(at: Instant) -> Instant:
    """The latest half-hour boundary at or before `at`."""
    return Instant(at - at % HALF_HOUR)


def half_hour_end(at: Instant) -> Instant:
    """The first half-hour boundary strictly after `at`."""
    return Instant(at - at % HALF_HOUR + HALF_HOUR)


def day_start(at: Instant) -> Instant:
    """The latest UTC midnight at or before `at`."""
    return Instant(at - at % DAY)


def instant_of(moment: datetime) -> Instant:
    """The instant of an aware `datetime`, rounded down to the millisecond.

    Raises:
        UsageError: `moment` has no time zone; nothing is guessed.
    """
    if moment.tzinfo is None:
        raise UsageError(f"time {moment.isoformat()} has no zone", remedy="Give it in UTC, with Z at its end.")
    return Instant((moment - _EPOCH) // timedelta(milliseconds=1))


def parse_instant(text: str) -> Instant:
    """The instant of an ISO 8601 text with a zone, such as `2026-11-21T05:30:00Z`; a bare date is UTC midnight.

    Raises:
        UsageError: not ISO 8601, or a time of day without a zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"time '{text}' is not ISO 8601", remedy="Write it like 2026-11-21T05:30:00Z.") from error
    if moment.tzinfo is None and len(text) == len("2026-11-21"):
        moment = moment.replace(tzinfo=UTC)
    return instant_of(moment)


def isoformat(at: Instant) -> str:
    """ISO 8601 in UTC, to the second where there are no milliseconds: `2026-11-21T05:30:00Z`."""
    day, rest = divmod(at, DAY)
    seconds, part = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    text = f"{_date(day)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}"
    return f"{text}.{part:03}Z" if part else f"{text}Z"


@lru_cache(maxsize=64)
def _date(day: int) -> str:
    """ISO 8601 of a day counted from 1970; most that is written happened on one of a few days."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()
