"""Date-time, date and time with everything that they can leave open (IEC 62056-6-2 §4.1.6.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import IntFlag
from struct import Struct
from typing import Final

from meterhouse.model import Instant, UsageError
from meterhouse.protocols.dlms.data import CosemData, Tag
from meterhouse.protocols.dlms.datetimes import decode_date_time
from meterhouse.protocols.dlms.errors import ApduError

__all__ = ["ClockStatus", "CosemDateTime"]

_LAYOUT: Final = Struct(">HBBBBBBBhB")
_OPEN: Final = 0xFF
_OPEN_YEAR: Final = 0xFFFF
_OPEN_DEVIATION: Final = -0x8000
_DATE_TIME: Final = 12
_DATE: Final = 5
_TIME: Final = 4
_NO_DATE: Final = bytes.fromhex("ffffffffff")
_NO_TIME: Final = bytes.fromhex("ffffffff")
_NO_ZONE: Final = bytes.fromhex("8000ff")
_LIMITS: Final = (("month", 1, 12), ("day", 1, 31), ("weekday", 1, 7), ("hour", 0, 23), ("minute", 0, 59))
_SPECIAL: Final = {
    ("month", 0xFD): "the month in which daylight saving ends",
    ("month", 0xFE): "the month in which daylight saving begins",
    ("day", 0xFD): "the second last day of the month",
    ("day", 0xFE): "the last day of the month",
}


class ClockStatus(IntFlag):
    """The clock status byte."""

    INVALID = 0x01
    DOUBTFUL = 0x02
    DIFFERENT_BASE = 0x04
    INVALID_STATUS = 0x08
    DAYLIGHT_SAVING = 0x80


@dataclass(frozen=True, slots=True)
class CosemDateTime:
    """A moment, or a pattern of moments: None stands for every field that is not specified. Nothing is ever guessed.

    Attributes:
        year: 0 to 65534.
        month: 1 to 12; 0xFD the one in which daylight saving ends, 0xFE begins.
        day: 1 to 31; 0xFD the second last, 0xFE the last of the month.
        weekday: 1 Monday to 7 Sunday.
        hour: 0 to 23.
        minute: 0 to 59.
        second: 0 to 59.
        hundredths: 0 to 99.
        deviation: minutes from local time to UTC, -840 to 840; UTC = local time + deviation.
        status: clock status byte, see `ClockStatus`.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    hundredths: int | None = None
    deviation: int | None = None
    status: int | None = None

    def __post_init__(self) -> None:
        """Refuse a field out of its range."""
        limits = (*_LIMITS, ("second", 0, 59), ("hundredths", 0, 99), ("deviation", -840, 840), ("status", 0, 254))
        for name, least, most in (("year", 0, 0xFFFE), *limits):
            value = getattr(self, name)
            if value is not None and not least <= value <= most and (name, value) not in _SPECIAL:
                raise UsageError(f"{name} {value} is not {least} to {most}")

    @classmethod
    def decode(cls, octets: bytes) -> CosemDateTime:
        """From a date-time's 12, a date's 5 or a time's 4 bytes.

        Raises:
            ApduError: another length, or a field out of its range.
        """
        if len(octets) == _DATE:
            octets += _NO_TIME + _NO_ZONE
        elif len(octets) == _TIME:
            octets = _NO_DATE + octets + _NO_ZONE
        if len(octets) != _DATE_TIME:
            raise ApduError(f"a date-time, date or time has 12, 5 or 4 bytes, not {len(octets)}")
        year, *fields, deviation, status = _LAYOUT.unpack(octets)
        known = [None if value == _OPEN else value for value in (*fields, status)]
        month, day, weekday, hour, minute, second, hundredths, clock_status = known
        start = None if year == _OPEN_YEAR else year
        zone = None if deviation == _OPEN_DEVIATION else deviation
        try:
            return cls(start, month, day, weekday, hour, minute, second, hundredths, zone, clock_status)
        except UsageError as error:
            raise ApduError(f"date-time {octets.hex()}: {error}") from error

    @classmethod
    def of(cls, data: CosemData) -> CosemDateTime:
        """From an octet-string, date-time, date or time.

        Raises:
            ApduError: another type, or see `decode`.
        """
        return cls.decode(data.octets())

    def encode(self) -> bytes:
        """The 12 bytes of a date-time."""
        small = (self.month, self.day, self.weekday, self.hour, self.minute, self.second, self.hundredths)
        return _LAYOUT.pack(
            _OPEN_YEAR if self.year is None else self.year,
            *(_OPEN if value is None else value for value in small),
            _OPEN_DEVIATION if self.deviation is None else self.deviation,
            _OPEN if self.status is None else self.status,
        )

    def data(self) -> CosemData:
        """As an octet-string of 12 bytes."""
        return CosemData(Tag.OCTET_STRING, self.encode())

    @property
    def open_fields(self) -> tuple[str, ...]:
        """The names of the fields that an instant needs and that are not specified, or stand for several days."""
        needed = ("year", "month", "day", "hour", "minute", "second", "deviation")
        return tuple(name for name in needed if getattr(self, name) is None or (name, getattr(self, name)) in _SPECIAL)

    def instant(self, deviation: int | None = None) -> Instant:
        """The instant, where the moment is whole; hundredths that are not specified count as 0.

        Args:
            deviation: what to take, in minutes, where the moment itself does not say; the caller's knowledge of the
                meter's place, or of a make that sends a wrong one. It takes the place of a deviation that is there.

        Raises:
            ApduError: a field is open, or there is no such date.
        """
        known = self.deviation if deviation is None else deviation
        missing = [name for name in self.open_fields if name != "deviation" or known is None]
        if missing:
            raise ApduError(f"date-time {self} is not whole: {', '.join(missing)} not specified")
        return decode_date_time(replace(self, deviation=known).encode())

    def conflict(self) -> str | None:
        """What is wrong with the parts together: a date that does not exist, or another weekday; None if nothing."""
        if self.year is None or self.month is None or self.day is None or self.month > 12 or self.day > 31:
            return None
        try:
            weekday = date(self.year, self.month, self.day).isoweekday()
        except ValueError:
            return "there is no such date"
        if self.weekday is not None and self.weekday != weekday:
            return f"weekday {self.weekday} does not fit the date, which is a {weekday}"
        return None

    def __str__(self) -> str:
        def part(value: int | None, width: int = 2) -> str:
            return "*" * width if value is None else f"{value:0{width}d}"

        specials = [_SPECIAL[key] for key in (("month", self.month), ("day", self.day)) if key in _SPECIAL]
        text = f"{part(self.year, 4)}-{part(self.month)}-{part(self.day)} "
        text += f"{part(self.hour)}:{part(self.minute)}:{part(self.second)}.{part(self.hundredths)}"
        if self.weekday is not None:
            text += f" weekday {self.weekday}"
        text += " deviation not specified" if self.deviation is None else f" deviation {self.deviation:+d} min"
        if self.status:
            text += f" status {self.status:02X}"
        return "; ".join([text, *specials])
