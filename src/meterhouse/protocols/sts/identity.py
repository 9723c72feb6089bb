"""Who a meter is to STS: its 18-digit MeterPAN, its key type and its supply group (IEC 62055-41 §6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from meterhouse.model import UsageError

__all__ = ["KeyType", "MeterPan", "luhn_digit"]

_PAN_DIGITS: Final = 18
_WIDE_IIN: Final = "0000"
"""An IIN of 4 digits, followed by a DRN of 13 with a 4-digit manufacturer code."""
_NARROW_IIN_DIGITS: Final = 6


class KeyType(IntEnum):
    """What a decoder key is for (§6.5.2.2). Credit is only ever sold under DUTK and DCTK."""

    DITK = 0
    """Initialisation: as it left the factory."""
    DDTK = 1
    """Default: key changes only."""
    DUTK = 2
    """Unique to one meter."""
    DCTK = 3
    """Common to a supply group."""


def luhn_digit(digits: str) -> int:
    """The Luhn check digit (ISO/IEC 7812-1) that belongs after `digits`, which are ASCII 0 to 9."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return -total % 10


@dataclass(frozen=True, slots=True, order=True)
class MeterPan:
    """A MeterPAN: IIN, DRN and check digit, both check digits right (§6.1.2).

    Attributes:
        digits: 18 ASCII digits.
    """

    digits: str

    def __post_init__(self) -> None:
        """Refuse a wrong length, a letter, or a wrong check digit of the PAN or the DRN."""
        pan = self.digits
        if len(pan) != _PAN_DIGITS or not (pan.isascii() and pan.isdigit()):
            raise UsageError(
                f"meter PAN '{pan}' is not {_PAN_DIGITS} digits",
                why="It is the issuer (6 or 4 digits), the decoder number (11 or 13) and a check digit.",
                remedy="Copy it from the meter's face or its card.",
            )
        for what, number in (("meter PAN", pan), ("decoder number", self.drn)):
            if luhn_digit(number[:-1]) != int(number[-1]):
                raise UsageError(
                    f"{what} {number} has a wrong check digit",
                    why=f"Its last digit should be {luhn_digit(number[:-1])} (Luhn), so some digit is mistyped.",
                    remedy="Read it again from the meter's face.",
                )

    @classmethod
    def parse(cls, text: str) -> MeterPan:
        """From text as typed; spaces and dashes are dropped.

        Raises:
            UsageError: not 18 digits, or a check digit is wrong.
        """
        return cls(text.replace(" ", "").replace("-", ""))

    @classmethod
    def of_drn(cls, drn: str, iin: str = "600727") -> MeterPan:
        """The PAN of a decoder reference number: 11 digits under a 6-digit IIN, 13 under IIN 0000.

        Raises:
            UsageError: not digits, not that many, or the DRN's own check digit is wrong.
        """
        body = iin + drn
        if not (body.isascii() and body.isdigit()):
            raise UsageError(f"decoder number '{drn}' is not digits", remedy="Copy it from the meter's face.")
        return cls(f"{body}{luhn_digit(body)}")

    @classmethod
    def of_serial(cls, manufacturer: int, serial: int) -> MeterPan:
        """The PAN under IIN 600727 of a 2-digit manufacturer's 8-digit serial number, both check digits reckoned.

        Raises:
            UsageError: the manufacturer is not 0 to 99, or the serial number not 0 to 99 999 999.
        """
        if not (0 <= manufacturer <= 99 and 0 <= serial <= 99_999_999):
            raise UsageError(f"manufacturer {manufacturer} and serial {serial} do not fit 2 and 8 digits")
        body = f"{manufacturer:02d}{serial:08d}"
        return cls.of_drn(f"{body}{luhn_digit(body)}")

    @property
    def iin(self) -> str:
        """Issuer identification: `600727` (or another of 6 digits), or `0000`."""
        return self.digits[:4] if self.digits.startswith(_WIDE_IIN) else self.digits[:_NARROW_IIN_DIGITS]

    @property
    def drn(self) -> str:
        """Decoder reference number (also IAIN): 11 digits, or 13 under IIN 0000; its own last digit is a check."""
        return self.digits[len(self.iin) : -1]

    @property
    def manufacturer(self) -> str:
        """The first 2 digits of the DRN, or its first 4 under IIN 0000."""
        return self.drn[: 4 if self.iin == _WIDE_IIN else 2]

    def __str__(self) -> str:
        return self.digits
