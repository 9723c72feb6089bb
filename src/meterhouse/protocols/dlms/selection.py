"""Selective access to a profile generic buffer: by range and by entry (IEC 62056-6-2 §4.3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from meterhouse.model import MINUTE, Instant
from meterhouse.protocols.dlms.axdr import Encoded, encode, encode_length
from meterhouse.protocols.dlms.data import (
    CosemData,
    Tag,
    double_long_unsigned,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from meterhouse.protocols.dlms.datetimes import LENGTH, encode_date_time, instant_from
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.obis import Obis

__all__ = [
    "BY_ENTRY",
    "BY_RANGE",
    "CLOCK",
    "CLOCK_OBIS",
    "CaptureObject",
    "Entries",
    "Range",
    "Selection",
    "decode_selection",
    "encode_selection",
]

BY_RANGE: Final = 1
BY_ENTRY: Final = 2
_TIME: Final = bytes((Tag.OCTET_STRING, LENGTH))
_UNSPECIFIED: Final = b"\x80\x00"


@dataclass(frozen=True, slots=True)
class CaptureObject:
    """Which attribute a column holds.

    Attributes:
        class_id: interface class.
        obis: logical name.
        attribute: attribute index.
        index: element of the attribute, from 1; 0 the whole attribute.
    """

    class_id: int
    obis: Obis
    attribute: int
    index: int = 0

    def encode(self) -> CosemData:
        """The structure of four that capture_objects and selective access use."""
        return structure(
            long_unsigned(self.class_id),
            octet_string(self.obis.octets),
            integer(self.attribute),
            long_unsigned(self.index),
        )

    @classmethod
    def decode(cls, data: CosemData) -> CaptureObject:
        """From that structure.

        Raises:
            ApduError: not such a structure.
        """
        class_id, name, attribute, index = data.items(4)
        octets = name.octets()
        if len(octets) != 6:
            raise ApduError(f"a logical name has 6 bytes, not {len(octets)}")
        return cls(class_id.whole(), Obis(octets), attribute.whole(), index.whole())


CLOCK_OBIS: Final = Obis(bytes((0, 0, 1, 0, 0, 255)))
CLOCK: Final = CaptureObject(8, CLOCK_OBIS, 2)
"""The time column of a profile."""


@dataclass(frozen=True, slots=True)
class Range:
    """Rows whose time lies in `start` to `end`, both included.

    Attributes:
        start: earliest time.
        end: latest time.
        columns: only these, in the profile's own order; empty: all.
        by: the restricting column; a server of this room takes its clock column only.
        deviation: minutes from local time to UTC (UTC = local + deviation): the times go out as local ones. For meters
            that look at the fields alone.
        says_deviation: whether the deviation is written, or left unspecified, for meters that stumble over it.
    """

    start: Instant
    end: Instant
    columns: tuple[CaptureObject, ...] = ()
    by: CaptureObject = CLOCK
    deviation: int = 0
    says_deviation: bool = True

    def moment(self, at: Instant) -> CosemData:
        """`at` as this range writes it."""
        return octet_string(self.written(at))

    def written(self, at: Instant) -> bytes:
        """The 12 bytes of `at` as this range writes it."""
        if not self.deviation and self.says_deviation:
            return encode_date_time(at)
        octets = encode_date_time(Instant(at - self.deviation * MINUTE))
        deviation = self.deviation.to_bytes(2, "big", signed=True) if self.says_deviation else _UNSPECIFIED
        return octets[:9] + deviation + octets[11:]


@dataclass(frozen=True, slots=True)
class Entries:
    """Rows by their place, from 1; 0 as the last means to the end.

    Attributes:
        first: first row.
        last: last row, or 0.
        first_column: first column, from 1.
        last_column: last column, or 0.
    """

    first: int
    last: int = 0
    first_column: int = 1
    last_column: int = 0


Selection = Range | Entries


@lru_cache(maxsize=256)
def _column(column: CaptureObject) -> bytes:
    return encode(column.encode())


_BY_CLOCK: Final = _column(CLOCK)


def _columns(columns: tuple[CaptureObject, ...]) -> bytes:
    return b"\x01" + encode_length(len(columns)) + b"".join(map(_column, columns)) if columns else b"\x01\x00"


def encode_selection(selection: Selection) -> tuple[int, Encoded]:
    """The access selector and its parameters."""
    if isinstance(selection, Range):
        start, end = _TIME + selection.written(selection.start), _TIME + selection.written(selection.end)
        by = _BY_CLOCK if selection.by is CLOCK else _column(selection.by)
        return BY_RANGE, Encoded(b"\x02\x04" + by + start + end + _columns(selection.columns))
    places = structure(
        double_long_unsigned(selection.first),
        double_long_unsigned(selection.last),
        long_unsigned(selection.first_column),
        long_unsigned(selection.last_column),
    )
    return BY_ENTRY, Encoded(encode(places))


def decode_selection(selector: int, parameters: CosemData | Encoded) -> Selection:
    """The selection that a request carries.

    Raises:
        ApduError: an unknown selector, parameters of another shape, or times that are not whole.
    """
    if isinstance(parameters, Encoded):
        parameters = parameters.decode()
    if selector == BY_RANGE:
        by, start, end, columns = parameters.items(4)
        wanted = tuple(CaptureObject.decode(column) for column in columns.items())
        return Range(instant_from(start), instant_from(end), wanted, CaptureObject.decode(by))
    if selector == BY_ENTRY:
        return Entries(*(item.whole() for item in parameters.items(4)))
    raise ApduError(f"access selector {selector} is unknown")
