"""Class 0: credit in units (subclass 0 to 3) and in money (4 to 7) (IEC 62055-41 §6.2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.sts.amount import decode_amount, decode_currency, encode_amount, encode_currency
from meterhouse.protocols.sts.container import Block, Token
from meterhouse.protocols.sts.identity import KeyType
from meterhouse.protocols.sts.keys import DecoderKey
from meterhouse.protocols.sts.sealing import identified_payload, seal

__all__ = ["Credit", "CreditSubclass", "CurrencyCredit", "encode_credit", "encode_currency_credit", "read_credit"]

_THOUSANDTHS_A_UNIT: Final = 100
"""The field counts tenths of the main unit; the house counts Wh, litres and thousandths of a minute."""


class CreditSubclass(IntEnum):
    """What is credited."""

    ELECTRICITY = 0
    WATER = 1
    GAS = 2
    TIME = 3
    ELECTRICITY_CURRENCY = 4
    WATER_CURRENCY = 5
    GAS_CURRENCY = 6
    TIME_CURRENCY = 7

    @property
    def is_currency(self) -> bool:
        """Whether the amount is money."""
        return self >= CreditSubclass.ELECTRICITY_CURRENCY


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit in units.

    Attributes:
        subclass: 0 to 3.
        tid: minutes since the key's base date.
        amount: Wh, litres, or thousandths of a minute; a whole number of hundreds.
        rnd: 0 to 15.
    """

    subclass: CreditSubclass
    tid: int
    amount: int
    rnd: int


@dataclass(frozen=True, slots=True)
class CurrencyCredit:
    """A credit in money.

    Attributes:
        subclass: 4 to 7.
        tid: minutes since the key's base date.
        amount_money5: in 10⁻⁵ of the currency unit, as the field tells it; may be negative.
    """

    subclass: CreditSubclass
    tid: int
    amount_money5: int


def _check_key(key: DecoderKey) -> None:
    if key.key_type not in (KeyType.DUTK, KeyType.DCTK):
        raise UsageError(
            f"credit cannot be made under a {key.key_type.name}",
            why="Initialisation and default keys are for key changes only (IEC 62055-41 §6.5.2).",
            remedy="Change the meter's key to a unique key first.",
        )


def encode_credit(key: DecoderKey, subclass: CreditSubclass, *, tid: int, amount: int, rnd: int) -> Token:
    """A credit token in units, rounded up to what the field can tell.

    Args:
        key: a DUTK or DCTK.
        subclass: ELECTRICITY, WATER, GAS or TIME.
        tid: from `next_tid`; never the same twice for a meter.
        amount: Wh, litres or thousandths of a minute; 0 to 1 820 162 400. 0 is a commissioning token.
        rnd: 4 bits of the caller's entropy.

    Raises:
        UsageError: any of these is out of range, or the key has expired by `tid`.
    """
    _check_key(key)
    if subclass.is_currency:
        raise UsageError(f"{subclass.name} is credit in money", remedy="Use encode_currency_credit.")
    field = encode_amount(-(-amount // _THOUSANDTHS_A_UNIT))
    return seal(key, 0, subclass, identified_payload(key, rnd, tid, field))


def encode_currency_credit(key: DecoderKey, subclass: CreditSubclass, *, tid: int, amount_money5: int) -> Token:
    """A credit token in money; it has no random number, whose place the sign and exponent take.

    The value credited is `representable_currency(amount_money5)`, never less than was paid.

    Args:
        key: a DUTK or DCTK.
        subclass: one of the four currency subclasses.
        tid: from `next_tid`.
        amount_money5: in 10⁻⁵ of the currency unit; a negative one is rounded towards zero.

    Raises:
        UsageError: any of these is out of range, or the key has expired by `tid`.
    """
    _check_key(key)
    if not subclass.is_currency:
        raise UsageError(f"{subclass.name} is credit in units", remedy="Use encode_credit.")
    nibble, field = encode_currency(amount_money5)
    return seal(key, 0, subclass, identified_payload(key, nibble, tid, field))


def read_credit(block: Block) -> Credit | CurrencyCredit | None:
    """The credit in a block of class 0; None for the subclasses 8 to 15, which mean nothing."""
    if block.subclass > CreditSubclass.TIME_CURRENCY:
        return None
    subclass = CreditSubclass(block.subclass)
    nibble, tid, field = block.payload >> 40, block.payload >> 16 & 0xFFFFFF, block.payload & 0xFFFF
    if subclass.is_currency:
        return CurrencyCredit(subclass, tid, decode_currency(nibble, field))
    return Credit(subclass, tid, decode_amount(field) * _THOUSANDTHS_A_UNIT, nibble)
