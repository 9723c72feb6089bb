"""Dates and times in records: CP16 (type G), CP32 (type F) and CP48 (type I) of EN 13757-3 Annex A.

The wire does not name a zone. These functions read the fields as UTC; who knows of a meter that keeps local time
converts at his own edge.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from meterhouse.model import MINUTE, SECOND, Instant, UsageError, instant_of
from meterhouse.protocols.wmbus.errors import TelegramError

__all__ = ["decode_date", "decode_moment", "decode_second", "encode_date", "encode_moment"]

_EPOCH_YEAR: Final = 2000
_INVALID: Final = 0x80
_MINUTES_TO_2200: Final = 120_968_640


def _year(low: int, high: int) -> int:
    return (low >> 5 & 7) | (high >> 4 & 15) << 3


def encode_date(day: date) -> int:
    """The 16-bit field of a date in 2000 to 2099.

    Raises:
        UsageError: another century: type G has two digits for the year.
    """
    short = day.year - _EPOCH_YEAR
    if not 0 <= short <= 99:
        raise UsageError(f"date {day.isoformat()} is not in 2000 to 2099")
    return day.day | (short & 7) << 5 | day.month << 8 | (short >> 3) << 12


def decode_date(field: int) -> date | None:
    """The date of a 16-bit field; None where the field says that it is not valid (all ones, or no day).

    Raises:
        TelegramError: a day or month that no calendar has.
    """
    low, high = field & 0xFF, field >> 8 & 0xFF
    if field & 0xFFFF == 0xFFFF or not low & 31:
        return None
    try:
        return date(_EPOCH_YEAR + _year(low, high), high & 15, low & 31)
    except ValueError as error:
        raise TelegramError(f"date field {field & 0xFFFF:04X} is no date") from error


@lru_cache(maxsize=256)
def _day_fields(day: int) -> int:
    """Upper 16 bits and the century bits for one UTC day, counted from 1970."""
    moment = datetime.fromtimestamp(day * 86_400, UTC)
    century, short = divmod(moment.year - 1900, 100)
    return century << 13 | (moment.day | (short & 7) << 5) << 16 | (moment.month | (short >> 3) << 4) << 24


def encode_moment(at: Instant) -> int:
    """The 32-bit field of an instant, UTC, rounded down to the minute.

    Raises:
        UsageError: before 1970 or after 2199.
    """
    minutes = at // MINUTE
    if not 0 <= minutes < _MINUTES_TO_2200:
        raise UsageError(f"instant {at} is not in 1970 to 2199")
    day, minute_of_day = divmod(minutes, 1440)
    hour, minute = divmod(minute_of_day, 60)
    return _day_fields(day) | hour << 8 | minute


@lru_cache(maxsize=256)
def _midnight(day_fields: int, century: int) -> Instant:
    low, high = day_fields & 0xFF, day_fields >> 8 & 0xFF
    short = _year(low, high)
    # Meters made before the century bits were defined leave them at zero (EN 13757-3 Annex A, note).
    base = _EPOCH_YEAR if century == 0 and short <= 80 else 1900 + 100 * century
    try:
        return instant_of(datetime(base + short, high & 15, low & 31, tzinfo=UTC))
    except ValueError as error:
        raise TelegramError(f"date field {day_fields:04X} is no date") from error


def decode_moment(field: int) -> Instant | None:
    """The instant of a 32-bit field, read as UTC; None where its invalid bit is set.

    Raises:
        TelegramError: a minute, hour, day or month out of range.
    """
    if field & _INVALID:
        return None
    minute, hour = field & 63, field >> 8 & 31
    if minute > 59 or hour > 23:
        raise TelegramError(f"time field {field & 0xFFFFFFFF:08X} is no time of day")
    return Instant(_midnight(field >> 16 & 0xFFFF, field >> 13 & 3) + (hour * 60 + minute) * MINUTE)


def decode_second(field: int) -> Instant | None:
    """The instant of a 48-bit field, to the second, read as UTC; None where it is marked invalid or has no date.

    Raises:
        TelegramError: a second, minute, hour, day or month out of range.
    """
    second, rest = field & 63, field >> 8 & 0xFFFFFFFF
    if rest & _INVALID or not rest >> 16 & 31:
        return None
    if second > 59:
        raise TelegramError(f"time field {field & 0xFFFFFFFFFFFF:012X} is no time of day")
    at = decode_moment(rest & ~0x6000)  # CP48 has no century bits
    return None if at is None else Instant(at + second * SECOND)
