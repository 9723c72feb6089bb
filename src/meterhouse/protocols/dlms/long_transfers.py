"""What is under way in blocks: octets that arrive, and octets that leave (IEC 62056-5-3 §9.3.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Arriving", "Leaving"]

T = TypeVar("T")


@dataclass(slots=True)
class Leaving:
    """An answer that is handed out block by block.

    Attributes:
        invoke: invoke-id-and-priority of the request.
        octets: the whole.
        number: of the block that was handed out last; 0 before the first.
    """

    invoke: int
    octets: bytes
    number: int = 0
    _at: int = 0

    def next(self, room: int) -> tuple[bytes, bool]:
        """The next block, of at most `room` bytes, and whether it is the last."""
        raw = self.octets[self._at : self._at + room]
        self._at += len(raw)
        self.number += 1
        return raw, self._at == len(self.octets)


@dataclass(slots=True)
class Arriving(Generic[T]):
    """A value that is put together out of blocks.

    Attributes:
        invoke: invoke-id-and-priority of the first block.
        targets: what it is meant for.
        listed: whether it is a list of values.
        octets: what has come.
        number: of the block that came last; 0 before the first.
    """

    invoke: int
    targets: tuple[T, ...]
    listed: bool
    octets: bytearray = field(default_factory=bytearray)
    number: int = 0

    def add(self, number: int, raw: bytes) -> None:
        """One more block."""
        self.octets += raw
        self.number = number
