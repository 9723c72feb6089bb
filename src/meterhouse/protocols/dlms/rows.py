"""A profile's answer to plain rows, fast: clock, status, register (IEC 62056-6-2 §4.3.6)."""

from __future__ import annotations

from struct import Struct
from typing import Final

from meterhouse.model import Instant
from meterhouse.protocols.dlms.axdr import decode, encode, length_at
from meterhouse.protocols.dlms.data import CosemData
from meterhouse.protocols.dlms.datetimes import LENGTH, decode_date_time
from meterhouse.protocols.dlms.errors import ApduError

__all__ = ["Row", "profile_rows"]

Row = tuple[Instant, int, int]
"""Time, status, register."""

_HEAD: Final = b"\x02\x03\x09\x0c"
_STATUS_AT: Final = len(_HEAD) + LENGTH
_SIZES: Final = {0x11: "B", 0x16: "B", 0x12: "H", 0x06: "I", 0x15: "Q"}
"""Struct letters of the unsigned types that a status or a register may have."""
_SHAPES: Final = {
    bytes((status, register)): Struct(f">4s12sc{letter}c{other}")
    for status, letter in _SIZES.items()
    for register, other in _SIZES.items()
}


def profile_rows(data: bytes | CosemData) -> list[Row]:
    """The rows of a buffer with three columns: octet-string time, unsigned status, unsigned register.

    Every tag and length of every row is checked.

    Args:
        data: the buffer's A-XDR (fast), or the decoded array.

    Raises:
        ApduError: another shape, or a time that is not whole. A null time (which
            stands for "one period after the row before") is refused too: nothing is guessed.
    """
    octets = data if isinstance(data, bytes) else encode(data)
    if octets[:1] != b"\x01":
        raise ApduError("a profile buffer is an array")
    count, at = length_at(octets, 1)
    if count == 0 and at == len(octets):
        return []
    shape, kinds = _shape(octets, at)
    if shape is None or len(octets) - at != count * shape.size:
        return _slow(octets)
    first, second = kinds
    rows: list[Row] = []
    for head, time, one, status, two, register in shape.iter_unpack(memoryview(octets)[at:]):
        if head != _HEAD or one != first or two != second:
            return _slow(octets)
        rows.append((decode_date_time(time), status, register))
    return rows


def _shape(octets: bytes, at: int) -> tuple[Struct | None, tuple[bytes, bytes]]:
    status = octets[at + _STATUS_AT : at + _STATUS_AT + 1]
    width = Struct(_SIZES[status[0]]).size if status and status[0] in _SIZES else 0
    register_at = at + _STATUS_AT + 1 + width
    register = octets[register_at : register_at + 1]
    return _SHAPES.get(status + register), (status, register)


def _slow(octets: bytes) -> list[Row]:
    """For rows whose types differ; also finds out what is wrong with those that are malformed."""
    rows: list[Row] = []
    for item in decode(octets).items():
        time, status, register = item.items(3)
        rows.append((decode_date_time(time.octets()), status.whole(), register.whole()))
    return rows
