"""Data records: DIF, VIF and value (EN 13757-3 §6).

A value is an integer (BCD and binary alike), a text, or bytes. There are no floats: a 32-bit real stays its four bytes.
Dates and times stay the integer of their field; `moments` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.wmbus.errors import TelegramError
from meterhouse.protocols.wmbus.values import Coding, Value, decode_value, encode_value
from meterhouse.protocols.wmbus.vif import Meaning, meaning_of

__all__ = ["MAX_EXTENSIONS", "MAX_RECORDS", "Function", "Record", "RecordHeader", "read_headers", "read_records"]

MAX_EXTENSIONS: Final = 10
"""DIFEs, and VIFEs, of one record (EN 13757-3 §6.3)."""

MAX_RECORDS: Final = 250
"""A frame of 255 bytes cannot hold more; a caller's longer buffer is refused."""

_EXTENDED: Final = 0x80
_FILLER: Final = 0x2F
_MANUFACTURER_DATA: Final = frozenset({0x0F, 0x1F})
_SPECIAL: Final = 0x0F
_TEXT_UNIT: Final = 0x7C


class Function(IntEnum):
    """What kind of value it is (DIF bits 5 and 4)."""

    INSTANTANEOUS = 0
    MAXIMUM = 1
    MINIMUM = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """All of a record but its value.

    Attributes:
        coding: how the value is written.
        vif: the VIF chain as on the wire.
        function: instantaneous, maximum, minimum, or value during an error.
        storage: storage number, 0 for the present value.
        tariff: tariff register, 0 for the total.
        subunit: which unit of the device.
        encoded: DIF, DIFEs and VIF chain, as short as they can be written.
        text_unit: the plain-text unit that follows VIF 7C or FC, as on the wire; empty otherwise.
    """

    coding: Coding
    vif: bytes
    function: Function = Function.INSTANTANEOUS
    storage: int = 0
    tariff: int = 0
    subunit: int = 0
    text_unit: bytes = b""
    encoded: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Write the header once, and refuse what has no place in it."""
        if self.storage < 0 or self.tariff < 0 or self.subunit < 0:
            raise UsageError("storage, tariff and subunit are not negative")
        if not 1 <= len(self.vif) <= 1 + MAX_EXTENSIONS:
            raise UsageError(f"a VIF chain has 1 to {1 + MAX_EXTENSIONS} bytes, not {len(self.vif)}")
        difs = [self.coding | self.function << 4 | (self.storage & 1) << 6]
        storage, tariff, subunit = self.storage >> 1, self.tariff, self.subunit
        while storage or tariff or subunit:
            difs[-1] |= _EXTENDED
            difs.append((storage & 15) | (tariff & 3) << 4 | (subunit & 1) << 6)
            storage, tariff, subunit = storage >> 4, tariff >> 2, subunit >> 1
        if len(difs) > 1 + MAX_EXTENSIONS:
            raise UsageError("storage, tariff or subunit is too large for ten DIFEs")
        chain = self.vif[:1] + self.text_unit + self.vif[1:]
        object.__setattr__(self, "encoded", bytes(difs) + chain)

    @property
    def meaning(self) -> Meaning | None:
        """What the value means; None where the table has no row for the VIF chain."""
        return meaning_of(self.vif)


@dataclass(frozen=True, slots=True)
class Record:
    """One value with its header.

    Attributes:
        header: what the value is.
        value: None where the meter marks it as invalid (BCD digits above 9) or the record has no data.
    """

    header: RecordHeader
    value: Value = None

    def encode(self) -> bytes:
        """The record on the wire.

        Raises:
            UsageError: the value has no place in its coding.
        """
        return self.header.encoded + encode_value(self.header.coding, self.value)


@lru_cache(maxsize=2048)
def _header(difs: bytes, vif: bytes, text_unit: bytes) -> RecordHeader:
    first = difs[0]
    storage, tariff, subunit = first >> 6 & 1, 0, 0
    for place, dife in enumerate(difs[1:]):
        storage |= (dife & 15) << (1 + 4 * place)
        tariff |= (dife >> 4 & 3) << (2 * place)
        subunit |= (dife >> 6 & 1) << place
    return RecordHeader(Coding(first & 15), vif, Function(first >> 4 & 3), storage, tariff, subunit, text_unit)


def _chain_end(octets: bytes, start: int) -> int:
    """Where a chain of bytes with extension bits ends."""
    position = start
    try:
        while octets[position] & _EXTENDED:
            position += 1
    except IndexError:
        raise TelegramError(f"a record is cut short in its header at byte {start}") from None
    if position - start > MAX_EXTENSIONS:
        raise TelegramError(f"a record header has more than {MAX_EXTENSIONS} extensions")
    return position + 1


def _read_header(octets: bytes, start: int) -> tuple[RecordHeader, int]:
    if octets[start] & 15 == _SPECIAL:
        raise TelegramError(f"DIF {octets[start]:02X} at byte {start} starts no record")
    dif_end = _chain_end(octets, start)
    text_unit = b""
    if dif_end < len(octets) and octets[dif_end] & 0x7F == _TEXT_UNIT:
        return _read_text_header(octets, start, dif_end)
    end = _chain_end(octets, dif_end)
    return _header(octets[start:dif_end], octets[dif_end:end], text_unit), end


def _read_text_header(octets: bytes, start: int, vif_at: int) -> tuple[RecordHeader, int]:
    if vif_at + 1 >= len(octets):
        raise TelegramError("a plain-text unit is cut short")
    text_end = vif_at + 2 + octets[vif_at + 1]
    if text_end > len(octets):
        raise TelegramError("a plain-text unit is cut short")
    end = _chain_end(octets, text_end) if octets[vif_at] & _EXTENDED else text_end
    vif = octets[vif_at : vif_at + 1] + octets[text_end:end]
    if len(vif) > 1 + MAX_EXTENSIONS:
        raise TelegramError(f"a record header has more than {MAX_EXTENSIONS} extensions")
    return _header(octets[start:vif_at], vif, octets[vif_at + 1 : text_end]), end


def read_headers(octets: bytes) -> tuple[RecordHeader, ...]:
    """Record headers that follow one another without their values.

    Raises:
        TelegramError: one is cut short or too long, or its DIF is reserved.
    """
    headers, position = [], 0
    while position < len(octets):
        if octets[position] in _MANUFACTURER_DATA:
            break
        header, position = _read_header(octets, position)
        headers.append(header)
    return tuple(headers)


def read_records(octets: bytes) -> tuple[list[Record], list[tuple[int, int]], bytes]:
    """All records one by one, where the value of each begins and ends, and the manufacturer's own data after them.

    Raises:
        TelegramError: a record is cut short, its header is too long, or its DIF is reserved.
    """
    records: list[Record] = []
    spans: list[tuple[int, int]] = []
    position, end = 0, len(octets)
    while position < end:
        dif = octets[position]
        if dif == _FILLER:
            position += 1
            continue
        if dif in _MANUFACTURER_DATA:
            return records, spans, octets[position:]
        if len(records) == MAX_RECORDS:
            raise TelegramError(f"more than {MAX_RECORDS} records")
        header, start = _read_header(octets, position)
        value, position = decode_value(header.coding, octets, start)
        records.append(Record(header, value))
        spans.append((start, position))
    return records, spans, b""
