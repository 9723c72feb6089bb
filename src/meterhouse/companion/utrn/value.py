"""What a code is worth: 13 bits of pence or of whole pounds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from meterhouse.model import UNIT, UsageError

__all__ = ["LARGEST_MONEY5", "UtrnValue", "ValueClass"]

_LARGEST: Final = (1 << 13) - 1


class ValueClass(IntEnum):
    """The unit of a value; 2 and 3 mean nothing."""

    HUNDREDTHS = 0
    WHOLE = 1

    @property
    def money5(self) -> int:
        """One of it, in 10⁻⁵ of the currency unit."""
        return UNIT // 100 if self is ValueClass.HUNDREDTHS else UNIT


LARGEST_MONEY5: Final = _LARGEST * UNIT
"""8 191.00."""


@dataclass(frozen=True, slots=True)
class UtrnValue:
    """A value as a code carries it; 0 is that of a commissioning code.

    Attributes:
        value_class: pence or pounds.
        count: how many, 0 to 8191.
    """

    value_class: ValueClass
    count: int

    def __post_init__(self) -> None:
        """Refuse what 13 bits cannot tell."""
        if not 0 <= self.count <= _LARGEST:
            raise UsageError(f"value {self.count} is not 0 to {_LARGEST}", why="A UTRN has 13 bits for it.")

    @classmethod
    def of(cls, money5: int) -> UtrnValue:
        """The next value at or above an amount: to the penny up to 81.91, above it to the pound, up to 8 191.

        Args:
            money5: in 10⁻⁵ of the currency unit.

        Raises:
            UsageError: negative, or above LARGEST_MONEY5.
        """
        pence = -(-money5 // ValueClass.HUNDREDTHS.money5)
        if pence <= _LARGEST:
            return cls(ValueClass.HUNDREDTHS, pence)
        return cls(ValueClass.WHOLE, -(-money5 // ValueClass.WHOLE.money5))

    @property
    def money5(self) -> int:
        """In 10⁻⁵ of the currency unit."""
        return self.count * self.value_class.money5
