"""COSEM date-time: 12 octets to an instant and back (IEC 62056-6-2 §4.1.6.1)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Final

from meterhouse.model import DAY, HOUR, MINUTE, SECOND, Instant, UsageError
from meterhouse.protocols.dlms.data import CosemData, Tag
from meterhouse.protocols.dlms.errors import ApduError

__all__ = ["LENGTH", "date_time", "decode_date_time", "encode_date_time", "instant_from"]

LENGTH: Final = 12
_LAYOUT: Final = Struct(">4sxBBBBhB")
_TAIL: Final = Struct(">5sBBBBhB")
_UNSPECIFIED_HUNDREDTHS: Final = 0xFF
_LARGEST_DEVIATION: Final = 840
"""Minutes. The standard's range is -720 to 840, but clocks east of UTC+12 exist, so both signs go as far."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=4096)
def _date_octets(day: int) -> bytes:
    try:
        moment = _EPOCH + timedelta(days=day)
    except OverflowError as error:
        raise UsageError(f"day {day} is outside the years 1 to 9999") from error
    return moment.year.to_bytes(2, "big") + bytes((moment.month, moment.day, moment.isoweekday()))


@lru_cache(maxsize=4096)
def _day_start(octets: bytes) -> int:
    try:
        ordinal = date(int.from_bytes(octets[:2], "big"), octets[2], octets[3]).toordinal()
    except ValueError as error:
        raise ApduError(f"date-time has no whole date: {octets.hex()}") from error
    return (ordinal - _EPOCH_ORDINAL) * DAY


def encode_date_time(at: Instant) -> bytes:
    """12 octets: UTC (deviation 0), clock status 0, rounded down to a hundredth of a second."""
    day, rest = divmod(at, DAY)
    hour, rest = divmod(rest, HOUR)
    minute, rest = divmod(rest, MINUTE)
    second, rest = divmod(rest, SECOND)
    return _TAIL.pack(_date_octets(day), hour, minute, second, rest // 10, 0, 0)


def decode_date_time(octets: bytes) -> Instant:
    """The instant of 12 octets, with their deviation (UTC = local time + deviation, minutes) respected.

    Unspecified hundredths are 0. The day of week and the clock status (such as "doubtful") are not looked at.

    Raises:
        ApduError: not 12 octets; any of year, month, day, hour, minute, second or deviation unspecified, repeating
            (such as "last day of month") or out of range. Nothing is guessed.
    """
    if len(octets) != LENGTH:
        raise ApduError(f"a date-time has {LENGTH} bytes, not {len(octets)}")
    day, hour, minute, second, hundredths, deviation, _status = _LAYOUT.unpack(octets)
    if hundredths == _UNSPECIFIED_HUNDREDTHS:
        hundredths = 0
    if hour > 23 or minute > 59 or second > 59 or hundredths > 99:
        raise ApduError(f"date-time has no whole time of day: {octets.hex()}")
    if not -_LARGEST_DEVIATION <= deviation <= _LARGEST_DEVIATION:
        raise ApduError(f"date-time has no deviation from UTC: {octets.hex()}")
    within = ((hour * 60 + minute + deviation) * 60 + second) * SECOND + hundredths * 10
    return Instant(_day_start(day) + within)


def date_time(at: Instant) -> CosemData:
    """`at` as an octet-string of 12 bytes, the usual type of clock attributes and captured times."""
    return CosemData(Tag.OCTET_STRING, encode_date_time(at))


def instant_from(data: CosemData) -> Instant:
    """The instant of an octet-string of 12 bytes or of a date-time.

    Raises:
        ApduError: another type, or see `decode_date_time`.
    """
    return decode_date_time(data.octets())
