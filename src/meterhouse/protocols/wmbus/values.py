"""How the value of a record is written: integers, BCD, and data of variable length (EN 13757-3 §6.3)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.wmbus.errors import TelegramError

__all__ = ["Coding", "Value", "decode_bcd", "decode_value", "encode_value"]

Value = int | str | bytes | None
"""None: no data, or marked invalid by the meter."""


class Coding(IntEnum):
    """Data field of the DIF, bits 3 to 0."""

    NONE = 0x0
    INT8 = 0x1
    INT16 = 0x2
    INT24 = 0x3
    INT32 = 0x4
    REAL32 = 0x5
    INT48 = 0x6
    INT64 = 0x7
    SELECTION = 0x8
    """A request to read what the header names; no data."""
    BCD2 = 0x9
    BCD4 = 0xA
    BCD6 = 0xB
    BCD8 = 0xC
    VARIABLE = 0xD
    BCD12 = 0xE


_INTEGER: Final = {0x1: 1, 0x2: 2, 0x3: 3, 0x4: 4, 0x6: 6, 0x7: 8}
_BCD: Final = {0x9: 1, 0xA: 2, 0xB: 3, 0xC: 4, 0xE: 6}
_WIDTH: Final = {0x0: 0, 0x8: 0, 0x5: 4} | _INTEGER | _BCD
_MAX_TEXT: Final = 0xBF
_MAX_BINARY: Final = 15
_LONG_BINARY: Final = {0xF0: 16, 0xF1: 20, 0xF2: 24, 0xF3: 28, 0xF4: 32, 0xF5: 48, 0xF6: 64}
"""Length bytes of binary data longer than 15 bytes (EN 13757-3 Table 5)."""


def encode_value(coding: Coding, value: Value) -> bytes:
    """The value on the wire.

    Raises:
        UsageError: the value is of the wrong kind or too large for the coding.
    """
    if coding in _BCD:
        if not isinstance(value, int):
            raise UsageError(f"a BCD value is an integer, not {value!r}")
        return _encode_bcd(value, _BCD[coding])
    if coding in _INTEGER:
        if not isinstance(value, int):
            raise UsageError(f"a binary value is an integer, not {value!r}")
        try:
            return value.to_bytes(_INTEGER[coding], "little", signed=value < 0)
        except OverflowError:
            raise UsageError(f"{value} does not fit into {_INTEGER[coding]} bytes") from None
    if coding == Coding.VARIABLE:
        return _encode_variable(value)
    if coding == Coding.REAL32:
        if not isinstance(value, bytes) or len(value) != 4:
            raise UsageError("a 32-bit real is given as its four bytes")
        return value
    if value is not None:
        raise UsageError(f"a record of coding {coding.name} holds no value, not {value!r}")
    return b""


def decode_value(coding: Coding, octets: bytes, position: int) -> tuple[Value, int]:
    """The value at `position`, and where the next record starts. Binary integers are signed (type B).

    Raises:
        TelegramError: the value is cut short, or its length byte is reserved.
    """
    if coding == Coding.VARIABLE:
        return _decode_variable(octets, position)
    end = position + _WIDTH[coding]
    data = octets[position:end]
    if end > len(octets):
        raise TelegramError(f"a value of {_WIDTH[coding]} bytes is cut short after {len(data)}")
    if coding in _BCD:
        return decode_bcd(data), end
    if coding in _INTEGER:
        return int.from_bytes(data, "little", signed=True), end
    return (data or None), end


def _encode_bcd(value: int, width: int) -> bytes:
    digits = f"{value:0{2 * width}d}" if value >= 0 else f"f{-value:0{2 * width - 1}d}"
    if len(digits) != 2 * width:
        raise UsageError(f"{value} does not fit into {2 * width} digits")
    return bytes.fromhex(digits)[::-1]


def decode_bcd(data: bytes) -> int | None:
    """Negative where the highest digit is F, None where another digit is above 9 (EN 13757-3, type A)."""
    digits = data[::-1].hex()
    if digits.isdecimal():
        return int(digits)
    rest = digits[1:]
    return -int(rest) if digits[:1] == "f" and rest.isdecimal() else None


def _encode_variable(value: Value) -> bytes:
    if isinstance(value, str):
        try:
            text = value.encode("latin-1")[::-1]
        except UnicodeEncodeError as error:
            raise UsageError(f"text '{value}' is not ISO 8859-1") from error
        if len(text) > _MAX_TEXT:
            raise UsageError(f"a text has at most {_MAX_TEXT} letters, not {len(text)}")
        return bytes((len(text),)) + text
    if isinstance(value, bytes) and len(value) <= _MAX_BINARY:
        return bytes((0xE0 + len(value),)) + value
    if isinstance(value, bytes) and len(value) in _LONG_BINARY.values():
        return bytes(length for length, width in _LONG_BINARY.items() if width == len(value)) + value
    raise UsageError(f"variable data is a text, or 0 to {_MAX_BINARY}, 16, 20 … 32, 48 or 64 bytes, not {value!r}")


def _decode_variable(octets: bytes, position: int) -> tuple[Value, int]:
    if position >= len(octets):
        raise TelegramError("variable data is cut short before its length")
    length, start = octets[position], position + 1
    if length <= _MAX_TEXT:
        width = length
    elif length in _LONG_BINARY:
        width = _LONG_BINARY[length]
    elif length <= 0xC9 or 0xD0 <= length <= 0xD9 or 0xE0 <= length <= 0xEF:
        width = length & 15
    else:
        raise TelegramError(f"length byte {length:02X} of variable data is reserved")
    end = start + width
    data = octets[start:end]
    if end > len(octets):
        raise TelegramError(f"variable data of {width} bytes is cut short after {len(data)}")
    if length <= _MAX_TEXT:
        return data[::-1].decode("latin-1"), end
    if length >= 0xE0:
        return data, end
    number = (decode_bcd(data) if data else 0) or 0
    return (-number if length >= 0xD0 else number), end
