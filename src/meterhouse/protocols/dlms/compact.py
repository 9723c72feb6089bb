"""Compact arrays: one description of the type, then bare contents (IEC 62056-6-2 §4.1.5, IEC 62056-5-3 §8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.data import CosemData, Tag
from meterhouse.protocols.dlms.errors import ApduError

__all__ = [
    "MAX_DESCRIPTION",
    "MAX_DESCRIPTION_DEPTH",
    "MAX_EMPTY",
    "CompactArray",
    "DescriptionReader",
    "TypeDescription",
]

MAX_DESCRIPTION_DEPTH: Final = 16
"""Arrays and structures inside each other in a description; deeper ones are refused."""
MAX_DESCRIPTION: Final = 1024
"""Type descriptions inside one description."""
MAX_EMPTY: Final = 256
"""Values beyond two a byte of contents. Null data and arrays take no room of their own: bytes alone bound nothing."""


@dataclass(frozen=True, slots=True)
class TypeDescription:
    """What one value in the contents is.

    Attributes:
        tag: any but compact-array.
        elements: of a structure, in order; of an array, the one description of its elements; else empty.
        count: number of elements of an array, 0 to 65535; else 0.
    """

    tag: int
    elements: tuple[TypeDescription, ...] = ()
    count: int = 0

    def __post_init__(self) -> None:
        """Refuse a description that cannot be written."""
        if self.tag not in set(Tag) or self.tag == Tag.COMPACT_ARRAY:
            raise UsageError(f"type {self.tag} cannot stand in a compact array")
        if self.tag == Tag.ARRAY and (len(self.elements) != 1 or not 0 <= self.count <= 0xFFFF):
            raise UsageError("an array's description has one element type and a count of 0 to 65535")
        if self.tag not in {Tag.ARRAY, Tag.STRUCTURE} and self.elements:
            raise UsageError(f"type {self.tag} has no elements")

    @classmethod
    def of(cls, data: CosemData) -> TypeDescription:
        """The description that `data` would need.

        Raises:
            UsageError: an array whose elements differ, or a compact array inside.
        """
        if data.tag == Tag.STRUCTURE:
            return cls(data.tag, tuple(cls.of(item) for item in data.value))
        if data.tag == Tag.ARRAY:
            kinds = {cls.of(item) for item in data.value} or {cls(Tag.NULL)}
            if len(kinds) != 1:
                raise UsageError("the elements of an array in a compact array differ in type")
            return cls(data.tag, tuple(kinds), len(data.value))
        return cls(data.tag)

    def encode(self) -> Iterator[int]:
        """The description's bytes."""
        yield self.tag
        if self.tag == Tag.ARRAY:
            yield from self.count.to_bytes(2, "big")
        elif self.tag == Tag.STRUCTURE:
            if len(self.elements) > 0x7F:
                raise UsageError("a structure in a compact array has at most 127 elements")
            yield len(self.elements)
        for element in self.elements:
            yield from element.encode()


@dataclass(frozen=True, slots=True)
class CompactArray:
    """The value of compact-array data.

    Attributes:
        description: of every item.
        items: the values, each of that description.
    """

    description: TypeDescription
    items: tuple[CosemData, ...]

    @classmethod
    def of(cls, *items: CosemData) -> CosemData:
        """Compact-array data of items of one shape.

        Raises:
            UsageError: none, or items that differ in shape.
        """
        kinds = {TypeDescription.of(item) for item in items}
        if len(kinds) != 1:
            raise UsageError(f"a compact array's items have one shape, not {len(kinds)}")
        return CosemData(Tag.COMPACT_ARRAY, cls(kinds.pop(), items))


class DescriptionReader:
    """Reads one description, within the limits.

    Args:
        octets: the whole data.
        at: where the description starts.

    Attributes:
        at: the offset after what was read.
    """

    __slots__ = ("_left", "_octets", "at")

    def __init__(self, octets: bytes, at: int) -> None:
        self._octets = octets
        self._left = MAX_DESCRIPTION
        self.at = at

    def read(self, depth: int = MAX_DESCRIPTION_DEPTH) -> TypeDescription:
        """The description.

        Raises:
            ApduError: cut off, too deep, too long, or of an unknown type.
        """
        self._left -= 1
        if depth < 0 or self._left < 0:
            raise ApduError("the description of a compact array is too deep or too long")
        tag = self._octet()
        if tag == Tag.ARRAY:
            count = self._octet() << 8 | self._octet()
            return TypeDescription(tag, (self.read(depth - 1),), count)
        if tag == Tag.STRUCTURE:
            count = self._octet()
            if count > 0x7F:
                raise ApduError(f"a structure of {count} types in a compact array")
            return TypeDescription(tag, tuple(self.read(depth - 1) for _ in range(count)))
        if tag not in _TAGS:
            raise ApduError(f"type {tag} cannot stand in a compact array")
        return TypeDescription(tag)

    def _octet(self) -> int:
        if self.at >= len(self._octets):
            raise ApduError("the description of a compact array is cut off")
        self.at += 1
        return self._octets[self.at - 1]


_TAGS: Final = frozenset(Tag) - {Tag.COMPACT_ARRAY}
