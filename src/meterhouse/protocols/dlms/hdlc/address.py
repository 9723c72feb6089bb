"""HDLC addresses: seven bits a byte, the lowest bit of the last byte set (IEC 62056-46 §6.4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.errors import ApduError

__all__ = ["ALL_STATIONS", "LONGEST", "Address", "decode_address", "length_at"]

LONGEST: Final = 4
ALL_STATIONS: Final = 0x7F
"""In addresses of 1 or 2 bytes; in those of 4 it is 3FFF."""
_ALL_STATIONS_LONG: Final = 0x3FFF
_SIZES: Final = frozenset({1, 2, 4})


@dataclass(frozen=True, slots=True)
class Address:
    """A station: a client in one byte, a server in one, two or four.

    Attributes:
        upper: a client's SAP, or the logical device of a server (1 management).
        lower: the physical device on a multidrop line; None in an address of one byte, which has none.
        size: bytes on the line, 1, 2 or 4; 0 takes the shortest that holds both parts.
    """

    upper: int
    lower: int | None = None
    size: int = 0

    def __post_init__(self) -> None:
        """Choose the size where none is given; refuse parts that do not fit."""
        if not self.size:
            size = 1 if self.lower is None else 2 if max(self.upper, self.lower) < 0x80 else 4
            object.__setattr__(self, "size", size)
        limit = 0x4000 if self.size == 4 else 0x80
        fits = 0 <= self.upper < limit and (self.lower is None or 0 <= self.lower < limit)
        if self.size not in _SIZES or not fits or (self.size == 1) != (self.lower is None):
            raise UsageError(
                f"HDLC address {self.upper}/{self.lower} does not fit {self.size} bytes",
                why="One byte holds 0 to 127 and no lower part; two hold 0 to 127 twice; four hold 0 to 16383 twice.",
            )

    @property
    def broadcast(self) -> bool:
        """Whether it means every logical or every physical device."""
        everybody = _ALL_STATIONS_LONG if self.size == 4 else ALL_STATIONS
        return everybody in {self.upper, self.lower}

    def encode(self) -> bytes:
        """The bytes on the line."""
        upper, lower = self.upper, self.lower or 0
        if self.size == 1:
            return bytes((upper << 1 | 1,))
        if self.size == 2:
            return bytes((upper << 1, lower << 1 | 1))
        return bytes((upper >> 7 << 1, (upper & 0x7F) << 1, lower >> 7 << 1, (lower & 0x7F) << 1 | 1))

    def __str__(self) -> str:
        return str(self.upper) if self.lower is None else f"{self.upper}/{self.lower}"


def length_at(octets: bytes | bytearray, start: int) -> int | None:
    """How long the address at `start` is; 0: of no allowed length; None: its end is not there yet."""
    for length in range(1, LONGEST + 1):
        if start + length > len(octets):
            return None
        if octets[start + length - 1] & 1:
            return length if length in _SIZES else 0
    return 0


def decode_address(octets: bytes | bytearray) -> Address:
    """The address that `octets` is.

    Raises:
        ApduError: not exactly one address of 1, 2 or 4 bytes.
    """
    size = len(octets)
    if not size or length_at(octets, 0) != size:
        raise ApduError(f"not an HDLC address: {bytes(octets).hex()}")
    parts = [octet >> 1 for octet in octets]
    if size == 1:
        return Address(parts[0])
    if size == 2:
        return Address(parts[0], parts[1])
    return Address(parts[0] << 7 | parts[1], parts[2] << 7 | parts[3], 4)
