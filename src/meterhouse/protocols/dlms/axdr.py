"""A-XDR: COSEM data to bytes and back (IEC 61334-6, IEC 62056-5-3 §8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 -- it is an exception class
from typing import Any, Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.compact import MAX_EMPTY, CompactArray, DescriptionReader, TypeDescription
from meterhouse.protocols.dlms.data import CosemData
from meterhouse.protocols.dlms.errors import ApduError

__all__ = ["MAX_DEPTH", "MAX_LENGTH_OCTETS", "Encoded", "decode", "decode_at", "encode", "encode_length", "length_at"]

MAX_DEPTH: Final = 16
"""Arrays and structures inside each other beyond this are refused. The number of elements is bounded by the bytes."""
MAX_LENGTH_OCTETS: Final = 4
"""A length or count of more bytes than this is refused."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """COSEM data that is A-XDR already; lets a store hand out a big buffer without building objects for it.

    Attributes:
        octets: exactly one data value; that it is well-formed is the maker's promise.
    """

    octets: bytes

    def decode(self) -> CosemData:
        """The data inside."""
        return decode(self.octets)


_FIXED: Final[dict[int, Struct]] = {
    5: Struct(">i"),
    6: Struct(">I"),
    13: Struct(">B"),
    15: Struct(">b"),
    16: Struct(">h"),
    17: Struct(">B"),
    18: Struct(">H"),
    20: Struct(">q"),
    21: Struct(">Q"),
    22: Struct(">B"),
    23: Struct(">f"),
    24: Struct(">d"),
    28: Struct(">b"),
    29: Struct(">h"),
    30: Struct(">i"),
    31: Struct(">B"),
    32: Struct(">H"),
    33: Struct(">I"),
}
_READ: Final = {tag: (shape.unpack_from, shape.size) for tag, shape in _FIXED.items()}
_WRITE: Final = {tag: Struct(">B" + shape.format[1:]).pack for tag, shape in _FIXED.items()}
_OCTETS_OF: Final = {25: 12, 26: 5, 27: 4}


def encode_length(length: int) -> bytes:
    """A length or count: one byte below 128, else 0x80 + size and the size's bytes."""
    if length < 0x80:
        return bytes((length,))
    size = (length.bit_length() + 7) // 8
    return bytes((0x80 | size,)) + length.to_bytes(size, "big")


def length_at(octets: bytes, at: int) -> tuple[int, int]:
    """The length that starts at offset `at`, and the offset after it.

    Raises:
        ApduError: cut off, indefinite, or more than 4 bytes long.
    """
    if at >= len(octets):
        raise ApduError(f"length is missing at offset {at}")
    first = octets[at]
    at += 1
    if first < 0x80:
        return first, at
    size = first & 0x7F
    if not 1 <= size <= MAX_LENGTH_OCTETS or at + size > len(octets):
        raise ApduError(f"length at offset {at - 1} is not 1 to {MAX_LENGTH_OCTETS} whole bytes")
    return int.from_bytes(octets[at : at + size], "big"), at + size


def decode(octets: bytes) -> CosemData:
    """The one value that fills `octets`.

    Raises:
        ApduError: not exactly one well-formed value.
    """
    data, end = decode_at(octets, 0)
    if end != len(octets):
        raise ApduError(f"data has {len(octets) - end} bytes after its end")
    return data


def decode_at(octets: bytes, at: int) -> tuple[CosemData, int]:
    """The value that starts at offset `at`, and the offset after it.

    Raises:
        ApduError: cut off, an unknown type, text that is not of its alphabet, or nested deeper than `MAX_DEPTH`.
    """
    try:
        return _decode(octets, at, MAX_DEPTH)
    except (IndexError, StructError) as error:
        raise ApduError("data is cut off") from error
    except UnicodeDecodeError as error:
        raise ApduError("string has bytes outside its alphabet") from error


def _decode(octets: bytes, at: int, depth: int) -> tuple[CosemData, int]:
    tag = octets[at]
    if tag in {1, 2}:
        return _decode_items(octets, at + 1, tag, depth - 1)
    if tag == 19:
        return _decode_compact(octets, at + 1, depth - 1)
    return _decode_simple(octets, at + 1, tag)


def _decode_simple(octets: bytes, at: int, tag: int) -> tuple[CosemData, int]:
    """A value that is no array or structure, and whose tag has been read."""
    fixed = _READ.get(tag)
    if fixed is not None:
        unpack, size = fixed
        return CosemData(tag, unpack(octets, at)[0]), at + size
    if tag in {9, 10, 12}:
        length, at = length_at(octets, at)
        return CosemData(tag, _text(tag, _slice(octets, at, length))), at + length
    if tag in _OCTETS_OF:
        length = _OCTETS_OF[tag]
        return CosemData(tag, _slice(octets, at, length)), at + length
    if tag in {0, 255}:
        return CosemData(tag, None), at
    if tag == 3:
        return CosemData(tag, octets[at] != 0), at + 1
    if tag == 4:
        return _decode_bits(octets, at)
    raise ApduError(f"type tag {tag} is unknown")


def _decode_items(octets: bytes, at: int, tag: int, depth: int) -> tuple[CosemData, int]:
    if depth < 0:
        raise ApduError(f"data is nested deeper than {MAX_DEPTH}")
    count, at = length_at(octets, at)
    if count > len(octets) - at:
        raise ApduError(f"{count} elements cannot be in {len(octets) - at} bytes")
    items = []
    for _ in range(count):
        item, at = _decode(octets, at, depth)
        items.append(item)
    return CosemData(tag, tuple(items)), at


def _decode_compact(octets: bytes, at: int, depth: int) -> tuple[CosemData, int]:
    if depth < 0:
        raise ApduError(f"data is nested deeper than {MAX_DEPTH}")
    reader = DescriptionReader(octets, at)
    description = reader.read()
    length, at = length_at(octets, reader.at)
    contents = _Contents(_slice(octets, at, length))
    items = []
    while contents.at < length:
        before = contents.at
        items.append(contents.take(description))
        if contents.at == before:
            raise ApduError("a compact array's items take no room, and there is room left")
    return CosemData(19, CompactArray(description, tuple(items))), at + length


class _Contents:
    """Values without their tags, one after the other."""

    __slots__ = ("_left", "_octets", "at")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._left = 2 * len(octets) + MAX_EMPTY
        self.at = 0

    def take(self, description: TypeDescription) -> CosemData:
        self._left -= 1
        if self._left < 0:
            raise ApduError("a compact array has more values than its contents allow")
        tag = description.tag
        if tag == 1:
            return CosemData(1, tuple(self.take(description.elements[0]) for _ in range(description.count)))
        if tag == 2:
            return CosemData(2, tuple(self.take(element) for element in description.elements))
        data, self.at = _decode_simple(self._octets, self.at, tag)
        return data


def _decode_bits(octets: bytes, at: int) -> tuple[CosemData, int]:
    count, at = length_at(octets, at)
    size = (count + 7) // 8
    packed = _slice(octets, at, size)
    bits = f"{int.from_bytes(packed, 'big'):0{size * 8}b}"[:count] if count else ""
    return CosemData(4, bits), at + size


def _slice(octets: bytes, at: int, length: int) -> bytes:
    if length > len(octets) - at:
        raise ApduError(f"{length} bytes are announced at offset {at}, {len(octets) - at} are there")
    return octets[at : at + length]


def _text(tag: int, raw: bytes) -> bytes | str:
    if tag == 9:
        return raw
    return raw.decode("ascii" if tag == 10 else "utf-8")


def encode(data: CosemData | Encoded) -> bytes:
    """A-XDR of `data`.

    Raises:
        UsageError: a value that its type cannot hold.
    """
    if isinstance(data, Encoded):
        return data.octets
    parts: list[bytes] = []
    try:
        _encode(data, parts.append)
    except (StructError, UnicodeEncodeError, TypeError, ValueError, OverflowError) as error:
        raise UsageError("a value does not fit its COSEM type", why=str(error)) from error
    return b"".join(parts)


def _encode(data: CosemData, put: Callable[[bytes], None]) -> None:
    tag, value = data.tag, data.value
    write = _WRITE.get(tag)
    if write is not None:
        put(write(tag, value))
    elif tag in {1, 2}:
        put(bytes((tag,)) + encode_length(len(value)))
        for item in value:
            _encode(item, put)
    elif tag == 19:
        contents: list[bytes] = []
        for item in value.items:
            _encode_bare(item, value.description, contents.append)
        bare = b"".join(contents)
        if value.items and not bare:
            raise UsageError("a compact array's items take no room", why="Nobody could tell how many there are.")
        put(b"\x13" + bytes(value.description.encode()) + encode_length(len(bare)) + bare)
    else:
        put(_encode_other(tag, value))


def _encode_bare(data: CosemData, description: TypeDescription, put: Callable[[bytes], None]) -> None:
    if data.tag != description.tag:
        raise UsageError(f"type {data.tag} stands where a compact array's description says {description.tag}")
    if data.tag not in {1, 2}:
        parts: list[bytes] = []
        _encode(data, parts.append)
        put(parts[0][1:])
        return
    elements = description.elements * (description.count if data.tag == 1 else 1)
    if len(elements) != len(data.value):
        raise UsageError(f"{len(data.value)} elements stand where a compact array's description says {len(elements)}")
    for item, element in zip(data.value, elements, strict=True):
        _encode_bare(item, element, put)


def _encode_other(tag: int, value: Any) -> bytes:
    if tag == 9:
        return b"\x09" + encode_length(len(value)) + bytes(value)
    if tag in {10, 12}:
        raw = bytes(value.encode("ascii" if tag == 10 else "utf-8"))
        return bytes((tag,)) + encode_length(len(raw)) + raw
    if tag in _OCTETS_OF:
        if len(value) != _OCTETS_OF[tag]:
            raise UsageError(f"type {tag} has {_OCTETS_OF[tag]} bytes, not {len(value)}")
        return bytes((tag,)) + bytes(value)
    if tag in {0, 255}:
        return bytes((tag,))
    if tag == 3:
        return b"\x03\x01" if value else b"\x03\x00"
    if tag == 4:
        size = (len(value) + 7) // 8
        packed = int(value.ljust(size * 8, "0"), 2).to_bytes(size, "big") if value else b""
        return b"\x04" + encode_length(len(value)) + packed
    raise UsageError(f"type tag {tag} cannot be encoded")
