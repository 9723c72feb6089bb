"""A tree of what bytes mean, and the walker that grows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from meterhouse.protocols.dlms.axdr import length_at
from meterhouse.protocols.dlms.requests import ApduReader

__all__ = ["Node", "Walker"]


@dataclass(slots=True)
class Node:
    """Some bytes and what they are.

    Attributes:
        name: the standard's word.
        start: offset of the first byte, in the bytes that were given (or, below an opened APDU, in what was inside).
        octets: the bytes.
        value: what they say, in words; may be empty.
        clause: where that is written.
        children: the parts, in order.
    """

    name: str
    start: int
    octets: bytes
    value: str = ""
    clause: str = ""
    children: list[Node] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """For JSON."""
        fields: dict[str, Any] = {"name": self.name, "offset": self.start, "hex": self.octets.hex()}
        fields |= {name: text for name, text in (("value", self.value), ("clause", self.clause)) if text}
        if self.children:
            fields["parts"] = [child.record() for child in self.children]
        return fields


class Walker(ApduReader):
    """A reader that notes every byte that it reads.

    Args:
        octets: the bytes.
        base: the offset of the first of them in what was given.
    """

    __slots__ = ("base", "nodes")

    def __init__(self, octets: bytes, base: int = 0) -> None:
        super().__init__(octets)
        self.base = base
        self.nodes: list[Node] = []

    def note(self, size: int, name: str, value: str = "", clause: str = "") -> bytes:
        """Read `size` bytes as one leaf."""
        start = self.position
        octets = self.take(size, name)
        self.nodes.append(Node(name, self.base + start, octets, value, clause))
        return octets

    def number(self, size: int, name: str, names: dict[int, str] | None = None, clause: str = "") -> int:
        """Read an unsigned number; its word, where `names` has one, is the value."""
        value = int.from_bytes(self.note(size, name, clause=clause), "big")
        word = (names or {}).get(value, "" if names is None else "unknown")
        self.nodes[-1].value = f"{value} {word}".strip()
        return value

    def length(self, name: str = "length") -> int:
        """Read an A-XDR length."""
        start = self.position
        value, self.position = length_at(self.octets, start)
        self.nodes.append(Node(name, self.base + start, self.octets[start : self.position], str(value)))
        return value

    @contextmanager
    def group(self, name: str, clause: str = "") -> Iterator[Node]:
        """What is read inside becomes the children of one node; kept also where it breaks off."""
        node = Node(name, self.base + self.position, b"", clause=clause)
        start, outer, self.nodes = self.position, self.nodes, []
        outer.append(node)
        try:
            yield node
        finally:
            node.octets = self.octets[start : self.position]
            node.children = self.nodes + node.children
            self.nodes = outer
