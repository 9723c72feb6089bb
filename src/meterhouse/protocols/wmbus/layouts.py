"""Records in bulk: a text of records that always stand in the same places is read and written in one step.

A meter sends the same records telegram after telegram; only their values change. A `Layout` keeps all that stays (the
octets of headers and fillers, every one of which is compared) and where the values are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final, overload

from meterhouse.protocols.wmbus.records import Record, RecordHeader, read_records
from meterhouse.protocols.wmbus.values import Coding, Value, decode_bcd

__all__ = ["Layout", "Records", "decode_records", "encode_records"]

_FIELDS: Final = {
    Coding.INT8: "b",
    Coding.INT16: "h",
    Coding.INT32: "i",
    Coding.INT64: "q",
    Coding.BCD2: "B",
    Coding.BCD4: "H",
    Coding.BCD8: "I",
}
"""Codings that `struct` knows; BCD is read as the integer whose hexadecimal digits are the decimal ones."""

_LONGEST_TEXT: Final = 255
_LAYOUTS_A_LENGTH: Final = 4
"""Layouts remembered for texts of one length, which a frame limits to 255 bytes: there are never many in all."""


class Layout:
    """Headers of records in their places.

    Args:
        headers: of all records, in order; each of a coding in `Layout.CODINGS`.
        between: the octets before, between and after the values of a text that is to be read: one more than headers; by
            default the headers' shortest form, which is always what is written.

    Attributes:
        headers: as given.
        encoded: each header in its shortest form, as `RecordHeader.encoded`.
    """

    __slots__ = ("_bcd", "_between", "_pack", "_size", "_unpack", "encoded", "headers")

    CODINGS: Final = frozenset(_FIELDS)

    def __init__(self, headers: Iterable[RecordHeader], between: Iterable[bytes] | None = None) -> None:
        self.headers = tuple(headers)
        self.encoded = tuple(header.encoded for header in self.headers)
        self._between = (*self.encoded, b"") if between is None else tuple(between)
        fields = [_FIELDS[header.coding] for header in self.headers]
        spaces = [f"{len(octets)}s" for octets in self._between]
        reader = struct.Struct("<" + "".join(chain.from_iterable(zip(spaces, [*fields, ""], strict=True))))
        self._size, self._unpack = reader.size, reader.unpack
        # Unsigned: what a negative number becomes in each coding is for `encode_value` to say.
        self._pack = struct.Struct(
            "<" + "".join(f"{len(octets)}s{field.upper()}" for octets, field in zip(self.encoded, fields, strict=True))
        ).pack
        self._bcd = tuple(2 * place + 1 for place, field in enumerate(fields) if field.isupper())

    def encode(self, values: Sequence[Value]) -> bytes:
        """The records of this layout with these values, one for each header.

        Raises:
            UsageError: a value has no place in its coding.
        """
        row: list[Any] = [*chain.from_iterable(zip(self.encoded, values, strict=True))]
        try:
            for place in self._bcd:
                row[place] = int(f"{row[place]:d}", 16)
            return self._pack(*row)
        except (struct.error, TypeError, ValueError):
            return b"".join([Record(*pair).encode() for pair in zip(self.headers, values, strict=True)])

    def decode(self, octets: bytes) -> list[Value] | None:
        """The values, where all that is no value is exactly as this layout has it; None otherwise."""
        if len(octets) != self._size:
            return None
        row = self._unpack(octets)
        if row[::2] != self._between:
            return None
        values = list(row[1::2])
        for place in self._bcd:
            digits = f"{row[place]:x}"
            values[place // 2] = int(digits) if digits.isdecimal() else self._odd_bcd(place // 2, row[place])
        return values

    def _odd_bcd(self, place: int, field: int) -> int | None:
        width = {"B": 1, "H": 2, "I": 4}[_FIELDS[self.headers[place].coding]]
        return decode_bcd(field.to_bytes(width, "little"))


class Records(Sequence[Record]):
    """Records of one layout; equal to any sequence of equal records.

    Attributes:
        layout: their headers.
        values: one for each header.
    """

    __slots__ = ("layout", "values")

    def __init__(self, layout: Layout, values: Sequence[Value]) -> None:
        self.layout = layout
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, place: int) -> Record: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Record, ...]: ...

    def __getitem__(self, place: int | slice) -> Record | tuple[Record, ...]:
        if isinstance(place, slice):
            return tuple(map(Record, self.layout.headers[place], self.values[place]))
        return Record(self.layout.headers[place], self.values[place])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Records | tuple):
            return tuple(self) == tuple(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def encode_records(records: Iterable[Record]) -> bytes:
    """All records, one after another.

    Raises:
        UsageError: a value has no place in its coding.
    """
    if type(records) is Records:
        return records.layout.encode(records.values)
    return b"".join([record.encode() for record in records])


_known: Final[dict[int, list[Layout]]] = {}
"""By length of the text: layouts seen lately. They save time and decide nothing: each octet is compared each time."""


def decode_records(octets: bytes) -> tuple[Sequence[Record], bytes]:
    """All records, and the manufacturer's own data after DIF 0F or 1F (empty where there is none).

    Raises:
        TelegramError: a record is cut short, its header is too long, or its DIF is reserved.
    """
    for layout in _known.get(len(octets), ()):
        values = layout.decode(octets)
        if values is not None:
            return Records(layout, values), b""
    records, spans, rest = read_records(octets)
    if records and not rest and len(octets) <= _LONGEST_TEXT:
        _remember([record.header for record in records], spans, octets)
    return tuple(records), rest


def _remember(headers: list[RecordHeader], spans: list[tuple[int, int]], octets: bytes) -> None:
    if not all(header.coding in Layout.CODINGS for header in headers):
        return
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(octets)]
    layout = Layout(headers, [octets[end:start] for end, start in zip(ends, starts, strict=True)])
    _known[len(octets)] = [layout, *_known.get(len(octets), ())][:_LAYOUTS_A_LENGTH]
