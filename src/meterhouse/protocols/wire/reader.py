"""A reader that walks once over some bytes and never past their end."""

from __future__ import annotations

from typing import ClassVar

from meterhouse.model import MalformedError

__all__ = ["Reader"]


class Reader:
    """Walks over `octets`; every step that would pass the end raises `error`.

    A protocol subclasses it with its own `error`, so its decoders raise exactly that class.

    Attributes:
        position: how many bytes have been read.
    """

    __slots__ = ("octets", "position")

    error: ClassVar[type[MalformedError]] = MalformedError

    def __init__(self, octets: bytes, position: int = 0) -> None:
        self.octets = octets
        self.position = position

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return len(self.octets) - self.position

    def take(self, count: int, what: str = "field") -> bytes:
        """The next `count` bytes."""
        start = self.position
        end = start + count
        if end > len(self.octets):
            raise self.error(f"{what} needs {count} bytes at offset {start}, {len(self.octets) - start} are left")
        self.position = end
        return self.octets[start:end]

    def rest(self) -> bytes:
        """All bytes that are left."""
        start, self.position = self.position, len(self.octets)
        return self.octets[start:]

    def u8(self, what: str = "octet") -> int:
        """One byte."""
        if self.position >= len(self.octets):
            raise self.error(f"{what} is missing at offset {self.position}")
        value = self.octets[self.position]
        self.position += 1
        return value

    def big(self, size: int, what: str = "integer") -> int:
        """An unsigned integer of `size` bytes, most significant first."""
        return int.from_bytes(self.take(size, what), "big")

    def little(self, size: int, what: str = "integer") -> int:
        """An unsigned integer of `size` bytes, least significant first."""
        return int.from_bytes(self.take(size, what), "little")

    def finish(self, what: str = "message") -> None:
        """Insist that nothing is left."""
        if self.position != len(self.octets):
            raise self.error(f"{what} has {self.remaining} bytes after its end")
