"""Money: an integer number of 10⁻⁵ of the currency unit, with its currency.

10⁻⁵ is both SMETS's 1/1000 penny and the base unit of STS currency tokens (IEC 62055-41 §6.3.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from meterhouse.model.errors import UsageError

__all__ = ["UNIT", "Money"]

UNIT: Final = 100_000
"""How many of our smallest steps make one currency unit."""

_LARGEST: Final = 10**15


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of one currency. Never mixes currencies; never rounds by itself.

    Attributes:
        amount: in 10⁻⁵ of the currency unit; may be negative.
        currency: ISO 4217 letters, such as GBP.
    """

    amount: int
    currency: str = "GBP"

    @classmethod
    def parse(cls, text: str, currency: str = "GBP") -> Money:
        """The money of a decimal text such as `20.00`.

        Raises:
            UsageError: not a decimal number, more than five decimals, or absurdly large.
        """
        try:
            number = Decimal(text)
            absurd = number.copy_abs() > _LARGEST // UNIT
        except InvalidOperation as error:
            raise UsageError(f"amount '{text}' is not a number", remedy="Write it like 20.00.") from error
        if absurd:  # before any arithmetic: 1e999999 is a short text and a very long integer
            raise UsageError(f"amount {text} is beyond 10 000 000 000")
        whole = int(number * UNIT)
        if Decimal(whole) / UNIT != number:
            raise UsageError(f"amount {text} has more than five decimals")
        return cls(whole, currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise UsageError(f"cannot reckon {self.currency} with {other.currency}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount <= other.amount

    def decimal(self) -> str:
        """At least two decimals, and only as many more as are needed: `16.00`, `0.07345`."""
        sign = "-" if self.amount < 0 else ""
        whole, part = divmod(abs(self.amount), UNIT)
        digits = f"{part:05d}".rstrip("0").ljust(2, "0")
        return f"{sign}{whole}.{digits}"

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"
