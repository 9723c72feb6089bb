"""The code: 64 bits with a counter, a value and a MAC, moved into a range of their own, and a check digit.

::

    lead 000 (3) · subclass 0000 (4) · counter mod 1024 (10) · value class (2) · value (13) · MAC (32)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.companion.utrn.check_digit import check_digit, check_digit_is_right
from meterhouse.companion.utrn.key import UtrnKey
from meterhouse.companion.utrn.refusal import UtrnError, UtrnRefusal
from meterhouse.companion.utrn.value import UtrnValue, ValueClass
from meterhouse.model import UsageError

__all__ = ["LARGEST_COUNTER", "Utrn", "in_utrn_range", "make_utrn"]

LARGEST_COUNTER: Final = (1 << 32) - 1
"""The counter of codes is the upper half of the originator's 64 bits."""

_DIGITS: Final = 20
_BASE: Final = 97 * 10**17 - (1 << 61)
_FREE_BITS: Final = 57
"""64 without the lead and the subclass, both of which are nought."""
_KNOWN_CLASSES: Final = frozenset(ValueClass)


@dataclass(frozen=True, slots=True)
class Utrn:
    """What a code says; its MAC is not checked here.

    Attributes:
        truncated: its counter, modulo 1024.
        value: what it is worth.
        mac: 4 octets.
    """

    truncated: int
    value: UtrnValue
    mac: bytes

    @classmethod
    def parse(cls, text: str) -> Utrn:
        """From text as typed; spaces and dashes are dropped.

        Raises:
            UtrnError: not 20 digits, a wrong check digit, another range, or a value class that means nothing.
        """
        digits = "".join(text.split()).replace("-", "")
        if len(digits) != _DIGITS or not (digits.isascii() and digits.isdigit()):
            raise UtrnError(UtrnRefusal.INCOMPLETE)
        if not check_digit_is_right(digits):
            raise UtrnError(UtrnRefusal.MISTYPED)
        bits = int(digits[:-1]) - _BASE
        if not 0 <= bits < 1 << _FREE_BITS:
            raise UtrnError(UtrnRefusal.NOT_FOR_THIS_DEVICE)
        if (bits >> 45 & 3) not in _KNOWN_CLASSES:
            raise UtrnError(UtrnRefusal.NOT_FOR_THIS_DEVICE)
        value = UtrnValue(ValueClass(bits >> 45 & 3), bits >> 32 & 0x1FFF)
        return cls(bits >> 47, value, (bits & 0xFFFFFFFF).to_bytes(4, "big"))

    @property
    def upper(self) -> bytes:
        """The upper half of the 64 bits, which the MAC covers."""
        return (self.truncated << 15 | self.value.value_class << 13 | self.value.count).to_bytes(4, "big")

    @property
    def digits(self) -> str:
        """Twenty digits."""
        body = f"{int.from_bytes(self.upper + self.mac, 'big') + _BASE:019d}"
        return f"{body}{check_digit(body)}"


def in_utrn_range(text: str) -> bool:
    """Whether text as typed is a number of this scheme's, and so of no STS token: up to 73786976294838206463."""
    digits = "".join(text.split()).replace("-", "")
    return len(digits) == _DIGITS and digits.isascii() and digits.isdigit() and int(digits[:-1]) >= _BASE


def make_utrn(key: UtrnKey, counter: int, value: UtrnValue) -> Utrn:
    """The code of a value.

    Args:
        key: of the supplier and the device.
        counter: 0 to LARGEST_COUNTER; never the same twice for a device, and best the one after the last.
        value: what it is worth.

    Raises:
        UsageError: the counter is out of range.
    """
    if not 0 <= counter <= LARGEST_COUNTER:
        raise UsageError(f"code counter {counter} is not 0 to {LARGEST_COUNTER}")
    plain = Utrn(counter & 0x3FF, value, bytes(4))
    return Utrn(plain.truncated, value, key.mac(counter, plain.upper))
