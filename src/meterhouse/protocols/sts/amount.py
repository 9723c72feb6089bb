"""The 16-bit amount field and its signed currency form (IEC 62055-41 §6.3.6): a tiny decimal float, in integers.

`t = 10^e · m + Σ 2¹⁴ · 10^(n-1) (n = 1..e)` with a 14-bit mantissa m. Amounts between two representable steps are
rounded in the customer's favour: credit up, a negative amount towards zero.
"""

from __future__ import annotations

from typing import Final

from meterhouse.model import UsageError

__all__ = [
    "LARGEST_AMOUNT",
    "decode_amount",
    "decode_currency",
    "encode_amount",
    "encode_currency",
    "representable_currency",
]

_MANTISSA_BITS: Final = 14
_MANTISSA: Final = (1 << _MANTISSA_BITS) - 1


def _offsets(count: int) -> tuple[int, ...]:
    offsets = [0]
    for exponent in range(count - 1):
        offsets.append(offsets[-1] + (10**exponent << _MANTISSA_BITS))
    return tuple(offsets)


_OFFSETS: Final = _offsets(32)
_STEPS: Final[tuple[int, ...]] = tuple(10**exponent for exponent in range(32))
_FIELD_EXPONENTS: Final = 4
_CURRENCY_EXPONENTS: Final = 32

LARGEST_AMOUNT: Final = _OFFSETS[3] + 1000 * _MANTISSA
"""18 201 624 units."""


def _split(units: int, exponents: int, *, up: bool) -> tuple[int, int]:
    """The smallest exponent, and its mantissa, that hold `units`."""
    for exponent in range(exponents):
        step = _STEPS[exponent]
        above = units - _OFFSETS[exponent]
        mantissa = -(-above // step) if up else above // step
        if mantissa <= _MANTISSA:
            return exponent, mantissa
    raise UsageError(f"amount {units} is more than a token can carry", why="IEC 62055-41 §6.3.6.")


def encode_amount(units: int) -> int:
    """The field of an amount, rounded up to the next one that can be told.

    Args:
        units: 0 to LARGEST_AMOUNT, in tenths of the main unit (or W for a power limit).

    Raises:
        UsageError: negative, or too large.
    """
    if units < 0:
        raise UsageError(f"amount {units} is negative", why="Only currency tokens carry a sign.")
    exponent, mantissa = _split(units, _FIELD_EXPONENTS, up=True)
    return exponent << _MANTISSA_BITS | mantissa


def decode_amount(field: int) -> int:
    """The units of a 16-bit field; every field has a value."""
    exponent = field >> _MANTISSA_BITS & 3
    return _OFFSETS[exponent] + _STEPS[exponent] * (field & _MANTISSA)


def encode_currency(money5: int) -> tuple[int, int]:
    """The sign-and-exponent nibble and the 16-bit field of an amount of money.

    Args:
        money5: in 10⁻⁵ of the currency unit; may be negative.

    Raises:
        UsageError: larger than 32 exponents can carry.
    """
    exponent, mantissa = _split(abs(money5), _CURRENCY_EXPONENTS, up=money5 > 0)
    sign = 8 if money5 < 0 else 0
    return sign | exponent >> 2, (exponent & 3) << _MANTISSA_BITS | mantissa


def decode_currency(sign_exponent: int, field: int) -> int:
    """The money, in 10⁻⁵ of the currency unit, of a sign-and-exponent nibble and a 16-bit field."""
    exponent = (sign_exponent & 7) << 2 | field >> _MANTISSA_BITS & 3
    units = _OFFSETS[exponent] + _STEPS[exponent] * (field & _MANTISSA)
    return -units if sign_exponent & 8 else units


def representable_currency(money5: int) -> int:
    """What a token for `money5` credits, in 10⁻⁵ of the unit: itself or the next in the customer's favour.

    Exact below 0.16384; the step is 0.0001 up to 1.80, 0.001 up to 18.18, 0.01 up to 182.02, and so on.

    Raises:
        UsageError: as `encode_currency`.
    """
    return decode_currency(*encode_currency(money5))
