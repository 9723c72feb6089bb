"""A reader for sealed messages: lengths in their shortest form, and one error."""

from __future__ import annotations

from typing import ClassVar

from meterhouse.companion.sealed.errors import SealedError
from meterhouse.model import MalformedError
from meterhouse.protocols.wire import Reader

__all__ = ["SealedReader", "length_octets"]


def length_octets(length: int) -> bytes:
    """A length below 65536: one byte below 128, else 81 and one byte or 82 and two (IEC 62056-5-3, A-XDR)."""
    if length < 0x80:
        return bytes((length,))
    return bytes((0x81, length)) if length < 0x100 else b"\x82" + length.to_bytes(2, "big")


class SealedReader(Reader):
    """Walks over a sealed message; raises `SealedError` and nothing else."""

    __slots__ = ()

    error: ClassVar[type[MalformedError]] = SealedError

    def length(self, what: str) -> int:
        """A length as `length_octets` writes it; a longer form of the same number is refused."""
        first = self.u8(what)
        if first < 0x80:
            return first
        if first not in {0x81, 0x82}:
            raise SealedError(f"{what} has a length of more than two bytes")
        value = self.big(first & 0x7F, what)
        if value < (0x80 if first == 0x81 else 0x100):
            raise SealedError(f"{what} has a length that is longer written than needed")
        return value

    def expect(self, octets: bytes, what: str) -> None:
        """Insist on exactly these bytes."""
        if not self.octets.startswith(octets, self.position):
            self.take(len(octets), what)
            raise SealedError(f"{what} is not {octets.hex()}")
        self.position += len(octets)
