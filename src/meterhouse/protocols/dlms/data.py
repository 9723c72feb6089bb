"""COSEM data: a type tag and a value, and the short words that make them (IEC 62056-6-2 §4.1.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from meterhouse.protocols.dlms.errors import ApduError

__all__ = [
    "CosemData",
    "Tag",
    "array",
    "bit_string",
    "boolean",
    "double_long",
    "double_long_unsigned",
    "enum",
    "integer",
    "long",
    "long64",
    "long64_unsigned",
    "long_unsigned",
    "null",
    "octet_string",
    "structure",
    "unsigned",
    "utf8_string",
    "visible_string",
]


class Tag(IntEnum):
    """The type tags of COSEM data, all of them."""

    NULL = 0
    ARRAY = 1
    STRUCTURE = 2
    BOOLEAN = 3
    BIT_STRING = 4
    DOUBLE_LONG = 5
    DOUBLE_LONG_UNSIGNED = 6
    OCTET_STRING = 9
    VISIBLE_STRING = 10
    UTF8_STRING = 12
    BCD = 13
    INTEGER = 15
    LONG = 16
    UNSIGNED = 17
    LONG_UNSIGNED = 18
    COMPACT_ARRAY = 19
    LONG64 = 20
    LONG64_UNSIGNED = 21
    ENUM = 22
    FLOAT32 = 23
    FLOAT64 = 24
    DATE_TIME = 25
    DATE = 26
    TIME = 27
    DELTA_INTEGER = 28
    DELTA_LONG = 29
    DELTA_DOUBLE_LONG = 30
    DELTA_UNSIGNED = 31
    DELTA_LONG_UNSIGNED = 32
    DELTA_DOUBLE_LONG_UNSIGNED = 33
    DONT_CARE = 255


_INTEGERS = frozenset({5, 6, 13, 15, 16, 17, 18, 20, 21, 22})
_OCTETS = frozenset({9, 25, 26, 27})


@dataclass(frozen=True, slots=True)
class CosemData:
    """One value of COSEM data.

    Attributes:
        tag: see `Tag`.
        value: a tuple of `CosemData` for array and structure; a `CompactArray` for compact-array; bytes for
            octet-string, date-time, date and time; str for visible-string and utf8-string; str of 0 and 1 for
            bit-string; bool; int (a delta type's is the difference from the value before it); float; None for null
            and don't-care.
    """

    tag: int
    value: Any

    def native(self) -> Any:
        """Plain Python: arrays as lists, structures as tuples, the rest as `value`. The tags are lost."""
        if self.tag == Tag.COMPACT_ARRAY:
            return [item.native() for item in self.value.items]
        if self.tag == Tag.ARRAY:
            return [item.native() for item in self.value]
        if self.tag == Tag.STRUCTURE:
            return tuple(item.native() for item in self.value)
        return self.value

    def whole(self) -> int:
        """The number of any integer type, bcd or enum.

        Raises:
            ApduError: it is of another type; a delta type too, for it is no number by itself.
        """
        if self.tag not in _INTEGERS:
            raise self._unmatched("an integer")
        return int(self.value)

    def octets(self) -> bytes:
        """The bytes of an octet-string, date-time, date or time.

        Raises:
            ApduError: it is of another type.
        """
        if self.tag not in _OCTETS:
            raise self._unmatched("an octet-string")
        return bytes(self.value)

    def items(self, count: int | None = None) -> tuple[CosemData, ...]:
        """The elements of an array, compact array or structure, exactly `count` of them where that is given.

        Raises:
            ApduError: it is of another type, or has another number of elements.
        """
        if self.tag not in {Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY}:
            raise self._unmatched("an array or structure")
        found: tuple[CosemData, ...] = self.value.items if self.tag == Tag.COMPACT_ARRAY else self.value
        if count is not None and len(found) != count:
            raise ApduError(f"structure has {len(found)} elements, not {count}")
        return found

    def _unmatched(self, wanted: str) -> ApduError:
        return ApduError(f"type {self.tag} stands where {wanted} should")


null = CosemData(Tag.NULL, None)


def array(items: Iterable[CosemData]) -> CosemData:
    """Elements of one type; that they are is the caller's promise."""
    return CosemData(Tag.ARRAY, tuple(items))


def structure(*items: CosemData) -> CosemData:
    """Elements of any types."""
    return CosemData(Tag.STRUCTURE, items)


def boolean(value: bool) -> CosemData:  # noqa: FBT001 -- one word, one value, like its siblings
    """True or false."""
    return CosemData(Tag.BOOLEAN, value)


def bit_string(bits: str) -> CosemData:
    """Bits written as 0 and 1, first bit first."""
    return CosemData(Tag.BIT_STRING, bits)


def octet_string(octets: bytes) -> CosemData:
    """Bytes."""
    return CosemData(Tag.OCTET_STRING, octets)


def visible_string(text: str) -> CosemData:
    """ASCII text."""
    return CosemData(Tag.VISIBLE_STRING, text)


def utf8_string(text: str) -> CosemData:
    """Unicode text."""
    return CosemData(Tag.UTF8_STRING, text)


def integer(value: int) -> CosemData:
    """Signed, 8 bits."""
    return CosemData(Tag.INTEGER, value)


def long(value: int) -> CosemData:
    """Signed, 16 bits."""
    return CosemData(Tag.LONG, value)


def double_long(value: int) -> CosemData:
    """Signed, 32 bits."""
    return CosemData(Tag.DOUBLE_LONG, value)


def long64(value: int) -> CosemData:
    """Signed, 64 bits."""
    return CosemData(Tag.LONG64, value)


def unsigned(value: int) -> CosemData:
    """Unsigned, 8 bits."""
    return CosemData(Tag.UNSIGNED, value)


def long_unsigned(value: int) -> CosemData:
    """Unsigned, 16 bits."""
    return CosemData(Tag.LONG_UNSIGNED, value)


def double_long_unsigned(value: int) -> CosemData:
    """Unsigned, 32 bits."""
    return CosemData(Tag.DOUBLE_LONG_UNSIGNED, value)


def long64_unsigned(value: int) -> CosemData:
    """Unsigned, 64 bits."""
    return CosemData(Tag.LONG64_UNSIGNED, value)


def enum(value: int) -> CosemData:
    """A choice, 0 to 255."""
    return CosemData(Tag.ENUM, value)
