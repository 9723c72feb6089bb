"""The 66-bit container: 20 digits outside, two class bits and a 64-bit block inside (IEC 62055-41 §6.3, §6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.sts.results import ResultCode, TokenError

__all__ = ["Block", "Token", "crc", "crc_currency", "join", "split"]

_DIGITS: Final = 20
_LARGEST: Final = (1 << 66) - 1
_PAYLOAD: Final = (1 << 44) - 1
_CLASS_PLACE: Final = 27
_CLASS_GAP: Final = 3 << _CLASS_PLACE
_BLOCK: Final = (1 << 64) - 1


def _crc_step(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_CRC: Final = tuple([_crc_step(octet) for octet in range(256)])


def _crc16(octets: bytes) -> int:
    value = 0xFFFF
    for octet in octets:
        value = value >> 8 ^ _CRC[(value ^ octet) & 0xFF]
    return (value & 0xFF) << 8 | value >> 8


def crc(fifty_bits: int) -> int:
    """The check of class, subclass and payload (§6.3.7): CRC-16/MODBUS over 7 octets, its octets swapped."""
    return _crc16(fifty_bits.to_bytes(7, "big"))


def crc_currency(fifty_bits: int) -> int:
    """The check of a currency token (§6.3.22): the same with a further octet 01, so that it fails as plain credit."""
    return _crc16(fifty_bits.to_bytes(7, "big") + b"\x01")


@dataclass(frozen=True, slots=True, order=True)
class Token:
    """Twenty decimal digits as a person types them.

    Attributes:
        digits: 20 ASCII digits, at most 73786976294838206463 (66 bits).
    """

    digits: str

    def __post_init__(self) -> None:
        """Refuse what cannot be a token whatever the key."""
        text = self.digits
        if len(text) != _DIGITS or not (text.isascii() and text.isdigit()):
            raise UsageError(
                f"a token has {_DIGITS} digits; this has {len(text)} characters",
                remedy="Type all 20 digits from the receipt.",
            )
        if int(text) > _LARGEST:
            raise UsageError(
                f"token {text} is larger than any token",
                why="It would need more than 66 bits.",
                remedy="Check each digit.",
            )

    @classmethod
    def parse(cls, text: str) -> Token:
        """From text as typed; spaces and dashes are dropped.

        Raises:
            UsageError: not 20 digits, or more than 66 bits.
        """
        return cls("".join(text.split()).replace("-", ""))

    @classmethod
    def of(cls, bits: int) -> Token:
        """From the 66-bit number."""
        return cls(f"{bits:020d}")

    @property
    def bits(self) -> int:
        """The 66-bit number."""
        return int(self.digits)

    @property
    def token_class(self) -> int:
        """0 credit, 1 test or display, 2 management, 3 reserved; readable without a key."""
        return self.bits >> _CLASS_PLACE & 3

    def grouped(self) -> str:
        """In fours, as on a receipt: `1234 5678 9012 3456 7890`."""
        return " ".join(self.digits[place : place + 4] for place in range(0, _DIGITS, 4))

    def __str__(self) -> str:
        return self.digits


@dataclass(frozen=True, slots=True)
class Block:
    """The plain 64 bits: subclass, 44 bits of payload; the CRC is reckoned, not kept.

    Attributes:
        token_class: 0 to 2.
        subclass: 0 to 15.
        payload: 44 bits.
    """

    token_class: int
    subclass: int
    payload: int

    def bits(self) -> int:
        """Subclass, payload, CRC (the currency form for class 0 subclass 4 to 7)."""
        body = self.subclass << 44 | self.payload
        return body << 16 | self._check(body)

    def _check(self, body: int) -> int:
        currency = self.token_class == 0 and 4 <= self.subclass < 8
        return (crc_currency if currency else crc)(self.token_class << 48 | body)

    @classmethod
    def read(cls, token_class: int, bits: int) -> Block:
        """From 64 plain bits.

        Raises:
            TokenError: the CRC is wrong: another meter's token, another key, or a mistyped digit.
        """
        body = bits >> 16
        block = cls(token_class, body >> 44, body & _PAYLOAD)
        if block._check(body) != bits & 0xFFFF:
            raise TokenError(ResultCode.CRC_ERROR)
        return block


def join(token_class: int, block: int) -> Token:
    """Class bits into a block of 64 (§6.4.2): they take bits 28 and 27, whose old values go to the top."""
    moved = block >> _CLASS_PLACE & 3
    return Token.of(moved << 64 | block & ~_CLASS_GAP | token_class << _CLASS_PLACE)


def split(token: Token) -> tuple[int, int]:
    """The class and the 64-bit block of a token."""
    bits = token.bits
    return bits >> _CLASS_PLACE & 3, bits & _BLOCK & ~_CLASS_GAP | bits >> 64 << _CLASS_PLACE
