"""What a server offers: objects that are a declaration plus a store, and the logical devices that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from meterhouse.model import Instant, UsageError
from meterhouse.protocols.dlms.axdr import Encoded
from meterhouse.protocols.dlms.data import CosemData
from meterhouse.protocols.dlms.interfaces import InterfaceClass
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.selection import Selection

__all__ = ["ASSOCIATION_OBIS", "Invoke", "LogicalDevice", "Read", "Rights", "ServerObject", "Write"]

Read = Callable[[Selection | None, Instant], CosemData | Encoded]
Write = Callable[[CosemData, Instant], None]
Invoke = Callable[[CosemData, Instant], CosemData | None]

ASSOCIATION_OBIS = Obis(bytes((0, 0, 40, 0, 0, 255)))
"""The current association; the server provides it by itself."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What one client may do with one object. Nothing, unless said.

    Attributes:
        readable: attribute indices.
        writable: attribute indices.
        methods: method indices.
    """

    readable: frozenset[int] = frozenset()
    writable: frozenset[int] = frozenset()
    methods: frozenset[int] = frozenset()

    @classmethod
    def of(cls, readable: Iterable[int] = (), writable: Iterable[int] = (), methods: Iterable[int] = ()) -> Rights:
        """From any iterables of indices."""
        return cls(frozenset(readable), frozenset(writable), frozenset(methods))


@dataclass(frozen=True, slots=True)
class ServerObject:
    """One COSEM object: its class, its name, and the callables of its store.

    A callable refuses by raising `AccessRefusedError` with the result for the wire; an `ApduError` from taking data
    apart counts as type-unmatched, any other `MeterhouseError` as other-reason. Any other exception is a mistake in
    the store and comes out of `receive`. Attribute 1 (logical_name) answers by itself. An attribute or method
    without callable is denied whatever the rights say.

    Attributes:
        interface: the class.
        obis: the logical name.
        read: by attribute index.
        write: by attribute index; data of a type that the class does not allow never arrives.
        invoke: by method index; a method without parameter is given null data.
    """

    interface: InterfaceClass
    obis: Obis
    read: Mapping[int, Read] = field(default_factory=dict)
    write: Mapping[int, Write] = field(default_factory=dict)
    invoke: Mapping[int, Invoke] = field(default_factory=dict)

    def full_rights(self, *, write: bool = False, invoke: bool = False) -> Rights:
        """Reading all that it can, and writing and invoking all that it can where asked for."""
        return Rights.of([1, *self.read], self.write if write else (), self.invoke if invoke else ())


class LogicalDevice:
    """A named set of objects behind one server SAP.

    Args:
        name: the logical device name, up to 16 ASCII characters.
        objects: each logical name once; the association object is not among them.

    Attributes:
        objects: by logical name.
    """

    __slots__ = ("name", "objects")

    def __init__(self, name: str, objects: Iterable[ServerObject]) -> None:
        if not name.isascii() or not 0 < len(name) <= 16:
            raise UsageError(f"logical device name '{name}' is not 1 to 16 ASCII characters")
        self.name = name
        table: dict[Obis, ServerObject] = {}
        for item in objects:
            if item.obis in table or item.obis == ASSOCIATION_OBIS:
                raise UsageError(f"object {item.obis} is declared twice")
            table[item.obis] = item
        self.objects: Mapping[Obis, ServerObject] = MappingProxyType(table)
