"""Profile generic on the server's side: a long buffer that is never read whole to answer for a day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 -- it is an exception class
from typing import Final, Protocol

from meterhouse.model import Instant, UsageError
from meterhouse.protocols.dlms.axdr import Encoded, encode_length
from meterhouse.protocols.dlms.data import CosemData, Tag, array, double_long_unsigned, enum
from meterhouse.protocols.dlms.datetimes import encode_date_time
from meterhouse.protocols.dlms.errors import AccessRefusedError, DataAccessResult
from meterhouse.protocols.dlms.interfaces import PROFILE_GENERIC
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.objects import ServerObject
from meterhouse.protocols.dlms.selection import CaptureObject, Entries, Range, Selection

__all__ = ["Column", "ProfileSource", "profile_generic"]

_FIFO: Final = 1
_WIDTHS: Final = {
    Tag.UNSIGNED: "B",
    Tag.ENUM: "B",
    Tag.LONG_UNSIGNED: "H",
    Tag.DOUBLE_LONG_UNSIGNED: "I",
    Tag.LONG64_UNSIGNED: "Q",
    Tag.INTEGER: "b",
    Tag.LONG: "h",
    Tag.DOUBLE_LONG: "i",
    Tag.LONG64: "q",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a profile.

    Attributes:
        captures: what it holds.
        tag: its type: OCTET_STRING for a time (the source gives an `Instant`), or any integer type.
    """

    captures: CaptureObject
    tag: Tag


class ProfileSource(Protocol):
    """Where the rows are. Rows are sequences with one int per column, oldest row first; times rise."""

    def count(self) -> int:
        """How many rows there are now."""

    def rows(self, start: Instant, end: Instant) -> Iterable[Sequence[int]]:
        """Rows with `start` ≤ time ≤ `end`."""

    def entries(self, first: int, last: int) -> Iterable[Sequence[int]]:
        """Rows by place, from 1, both included; 1 ≤ first ≤ last ≤ count."""


def _cell(column: Column) -> Callable[[int], bytes]:
    if column.tag is Tag.OCTET_STRING:
        return lambda value: b"\x09\x0c" + encode_date_time(Instant(value))
    if column.tag not in _WIDTHS:
        raise UsageError(f"a column cannot have type {column.tag.name}")
    pack, tag = Struct(f">B{_WIDTHS[column.tag]}").pack, int(column.tag)
    return lambda value: pack(tag, value)


class _Buffer:
    """Answers attribute 2."""

    __slots__ = ("_cells", "_columns", "_source", "_time")

    def __init__(self, columns: Sequence[Column], source: ProfileSource) -> None:
        self._columns = columns
        self._source = source
        self._cells = [_cell(column) for column in columns]
        times = [column.captures for column in columns if column.tag is Tag.OCTET_STRING]
        if not times:
            raise UsageError("a profile needs a column of times")
        self._time = times[0]

    def read(self, selection: Selection | None, _now: Instant) -> Encoded:
        places: Sequence[int] = range(len(self._columns))
        if isinstance(selection, Range):
            if selection.by != self._time:
                raise AccessRefusedError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, "restriction by another column")
            places = self._places(selection.columns)
            rows = self._source.rows(selection.start, selection.end) if selection.start <= selection.end else ()
            return self._encoded(rows, places)
        count = self._source.count()
        first, last = 1, count
        if isinstance(selection, Entries):
            first, last = max(selection.first, 1), min(selection.last or count, count)
            end = selection.last_column or len(self._columns)
            places = places[max(selection.first_column, 1) - 1 : end]
        return self._encoded(self._source.entries(first, last) if first <= last else (), places)

    def _places(self, wanted: Sequence[CaptureObject]) -> Sequence[int]:
        if not wanted:
            return range(len(self._columns))
        known = [column.captures for column in self._columns]
        if any(column not in known for column in wanted):
            raise AccessRefusedError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, "a column that is not captured")
        return [place for place, column in enumerate(known) if column in wanted]

    def _encoded(self, rows: Iterable[Sequence[int]], places: Sequence[int]) -> Encoded:
        head = b"\x02" + encode_length(len(places))
        cells = [(place, self._cells[place]) for place in places]
        try:
            made = [head + b"".join([cell(row[place]) for place, cell in cells]) for row in rows]
        except StructError as error:
            raise UsageError("a row does not fit its columns", why=str(error)) from error
        return Encoded(b"\x01" + encode_length(len(made)) + b"".join(made))


def profile_generic(
    obis: Obis, columns: Sequence[Column], source: ProfileSource, *, period: int, capacity: int
) -> ServerObject:
    """Class 7, first-in first-out, read whole, by range of its time column, or by entry; columns can be selected.

    Args:
        obis: logical name; 1-0:99.1.0.255 for the load profile.
        columns: at least one of them of times; the first such is the one that a range restricts.
        source: the rows.
        period: capture period, seconds.
        capacity: rows kept at most.
    """
    buffer = _Buffer(columns, source)
    captures: CosemData = array(column.captures.encode() for column in columns)
    sort_object = next(column.captures for column in columns if column.tag is Tag.OCTET_STRING).encode()
    return ServerObject(
        PROFILE_GENERIC,
        obis,
        read={
            2: buffer.read,
            3: lambda _selection, _now: captures,
            4: lambda _selection, _now: double_long_unsigned(period),
            5: lambda _selection, _now: enum(_FIFO),
            6: lambda _selection, _now: sort_object,
            7: lambda _selection, _now: double_long_unsigned(source.count()),
            8: lambda _selection, _now: double_long_unsigned(capacity),
        },
    )
