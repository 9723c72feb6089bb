"""Station addresses: three manufacturer letters, eight digits, version, device type (EN 13757-7, M- and A-field)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.wmbus.errors import TelegramError

__all__ = ["ADDRESS_LENGTH", "Address", "letters_of", "manufacturer_field"]

ADDRESS_LENGTH: Final = 8

_IDENTIFICATIONS: Final = 100_000_000


def manufacturer_field(letters: str) -> int:
    """The 15-bit M-field of three capital letters, 5 bits each.

    Raises:
        UsageError: not three letters A to Z.
    """
    if len(letters) != 3 or not all("A" <= letter <= "Z" for letter in letters):
        raise UsageError(f"manufacturer '{letters}' is not three letters A to Z")
    first, second, third = (ord(letter) - 64 for letter in letters)
    return first << 10 | second << 5 | third


def letters_of(manufacturer: int) -> str:
    """The three letters of an M-field; its top bit, which marks an address that is not unique, is left out.

    Raises:
        TelegramError: five bits that are no letter.
    """
    codes = (manufacturer >> 10 & 31, manufacturer >> 5 & 31, manufacturer & 31)
    if not all(1 <= code <= 26 for code in codes):
        raise TelegramError(f"M-field {manufacturer:04X} holds no three letters")
    return "".join(chr(64 + code) for code in codes)


@dataclass(frozen=True, slots=True)
class Address:
    """One station on the air.

    Attributes:
        manufacturer: three letters A to Z, such as ELS.
        identification: 0 to 99 999 999, printed as eight digits.
        version: 0 to 255.
        device_type: 0 to 255; see `DeviceType`.
        link: M-field and A-field as they stand in the link layer.
        transport: the same eight bytes in the order of a long transport header.
        identification_field: four BCD bytes, lowest digits first.
    """

    manufacturer: str
    identification: int
    version: int
    device_type: int
    link: bytes = field(init=False, repr=False, compare=False)
    transport: bytes = field(init=False, repr=False, compare=False)
    identification_field: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what has no place in eight bytes, and keep those bytes."""
        if not 0 <= self.identification < _IDENTIFICATIONS:
            raise UsageError(f"identification {self.identification} is not 0 to 99999999")
        for name, value in (("version", self.version), ("device type", self.device_type)):
            if not 0 <= value <= 255:
                raise UsageError(f"{name} {value} is not 0 to 255")
        maker = manufacturer_field(self.manufacturer).to_bytes(2, "little")
        digits = bytes.fromhex(f"{self.identification:08d}")[::-1]
        tail = bytes((self.version, self.device_type))
        object.__setattr__(self, "link", maker + digits + tail)
        object.__setattr__(self, "transport", digits + maker + tail)
        object.__setattr__(self, "identification_field", digits)

    @classmethod
    def from_link(cls, octets: bytes) -> Address:
        """From M-field and A-field.

        Raises:
            TelegramError: not 8 bytes, letters or digits out of range.
        """
        return _decode(octets)

    @classmethod
    def from_transport(cls, octets: bytes) -> Address:
        """From a long transport header, which puts the identification first.

        Raises:
            TelegramError: not 8 bytes, letters or digits out of range.
        """
        return _decode(octets[4:6] + octets[:4] + octets[6:])

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.identification:08d} v{self.version} type {self.device_type:02X}"


@lru_cache(maxsize=4096)
def _decode(link: bytes) -> Address:
    if len(link) != ADDRESS_LENGTH:
        raise TelegramError(f"an address has {ADDRESS_LENGTH} bytes, not {len(link)}")
    digits = link[5:1:-1].hex()
    if not digits.isdecimal():
        raise TelegramError(f"identification {digits} is not eight digits")
    letters = letters_of(link[0] | (link[1] & 0x7F) << 8)
    return Address(letters, int(digits), link[6], link[7])
