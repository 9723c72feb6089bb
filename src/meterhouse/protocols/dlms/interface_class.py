"""What an interface class is: attributes with names, types and usual access, and methods (IEC 62056-6-2 §4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.data import Tag

__all__ = ["Attribute", "InterfaceClass", "declare"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a class.

    Attributes:
        index: from 1.
        name: the standard's name.
        tags: the types it may have; empty: any.
        access: what a meter usually grants: `r`, `rw` or nothing; a suggestion, never a right.
    """

    index: int
    name: str
    tags: frozenset[int]
    access: str


@dataclass(frozen=True, slots=True)
class InterfaceClass:
    """One interface class.

    Attributes:
        class_id: 1 to 65535.
        version: 0 to 255.
        name: the standard's name.
        attributes: in order, index 1 (logical_name) first.
        methods: names in order; the first is method 1.
    """

    class_id: int
    version: int
    name: str
    attributes: tuple[Attribute, ...]
    methods: tuple[str, ...] = ()

    def attribute(self, name: str) -> int:
        """The index of the attribute called `name`.

        Raises:
            UsageError: there is none.
        """
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute.index
        raise UsageError(f"class {self.name} has no attribute '{name}'")

    def method(self, name: str) -> int:
        """The index of the method called `name`.

        Raises:
            UsageError: there is none.
        """
        if name not in self.methods:
            raise UsageError(f"class {self.name} has no method '{name}'")
        return self.methods.index(name) + 1

    def holds(self, index: int, tag: int) -> bool:
        """Whether attribute `index` exists and may have type `tag`."""
        if not 1 <= index <= len(self.attributes):
            return False
        tags = self.attributes[index - 1].tags
        return not tags or tag in tags


_TYPES: Final[dict[str, frozenset[int]]] = {
    "any": frozenset(),
    "a": frozenset({Tag.ARRAY}),
    "s": frozenset({Tag.STRUCTURE}),
    "b": frozenset({Tag.BOOLEAN}),
    "bits": frozenset({Tag.BIT_STRING}),
    "os": frozenset({Tag.OCTET_STRING}),
    "dt": frozenset({Tag.OCTET_STRING, Tag.DATE_TIME}),
    "i": frozenset({Tag.INTEGER}),
    "l": frozenset({Tag.LONG}),
    "dl": frozenset({Tag.DOUBLE_LONG}),
    "u": frozenset({Tag.UNSIGNED}),
    "lu": frozenset({Tag.LONG_UNSIGNED}),
    "dlu": frozenset({Tag.DOUBLE_LONG_UNSIGNED}),
    "e": frozenset({Tag.ENUM}),
    "name": frozenset({Tag.STRUCTURE, Tag.OCTET_STRING}),
    "vs": frozenset({Tag.VISIBLE_STRING}),
    "table": frozenset({Tag.ARRAY, Tag.COMPACT_ARRAY}),
}


def declare(class_id: int, version: int, name: str, attributes: str, methods: str = "") -> InterfaceClass:
    """A class out of words: attributes are `name:type` or `name:type:access`, access `r` where left out."""
    table = [Attribute(1, "logical_name", _TYPES["os"], "r")]
    for index, word in enumerate(attributes.split(), 2):
        called, kind, *access = word.split(":")
        table.append(Attribute(index, called, _TYPES[kind], access[0] if access else "r"))
    return InterfaceClass(class_id, version, name, tuple(table), tuple(methods.split()))
