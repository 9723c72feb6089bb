"""What a prepay account is opened with, and the account and token slot that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from meterhouse.companion.utrn import UtrnKey, UtrnLimits
from meterhouse.model import Fuel, HalfHour
from meterhouse.premises.prepay.account import CreditLimits, PrepayAccount
from meterhouse.premises.prepay.tariff import EnergyTariff
from meterhouse.premises.prepay.token_slot import TokenSlot
from meterhouse.premises.prepay.token_taker import EitherTaker, StsTaker, TokenTaker, UtrnTaker
from meterhouse.protocols import sts

__all__ = ["PrepaySetup", "open_account", "open_slot"]

_CREDITS: Final = {
    Fuel.ELECTRICITY: sts.CreditSubclass.ELECTRICITY_CURRENCY,
    Fuel.GAS: sts.CreditSubclass.GAS_CURRENCY,
}


@dataclass(frozen=True, slots=True)
class PrepaySetup:
    """What an account is opened with: money in 10⁻⁵ of the unit, and how tokens are proved.

    Attributes:
        token_key, pan: for STS tokens.
        utrn_key: shared with the supplier for GB codes, taken as well as STS tokens; None where there are none.
        utrn_limits: the most in one code; None for all that a code can carry.
        limits: of emergency credit and of the low-credit warning.
        friendly: seven numbers, Monday first: bit n is the half hour n (UTC) in which no supply closes.
        exact_blocks: whether a block changes over at the litre or Wh, in place of the half hour after it.
        basis: where the hub takes another's place: the reading up to which that one had charged.
    """

    opening_balance: int
    tariff: EnergyTariff
    token_key: sts.DecoderKey = field(repr=False)
    pan: sts.MeterPan
    utrn_key: UtrnKey | None = None
    utrn_limits: UtrnLimits | None = None
    limits: CreditLimits = field(default_factory=CreditLimits)
    friendly: tuple[int, ...] = (0,) * 7
    exact_blocks: bool = False
    basis: HalfHour | None = None


def open_account(setup: PrepaySetup, fuel: Fuel) -> PrepayAccount:
    """The account of a new device; where it takes another's place, charged up to that one's last reading."""
    account = PrepayAccount.open(setup.opening_balance, setup.tariff, setup.limits, fuel)
    account.friendly = list(setup.friendly)
    account.exact_blocks = setup.exact_blocks
    if setup.basis is not None:
        account.begin(setup.basis.register, setup.basis.end)
    return account


def open_slot(setup: PrepaySetup, account: PrepayAccount, tell: Callable[..., None]) -> TokenSlot:
    """The slot that takes the tokens of an account: of its own fuel and meter, and of no other."""
    return TokenSlot(_taker(setup, account.fuel), account, tell)


def _taker(setup: PrepaySetup, fuel: Fuel) -> TokenTaker:
    of_sts = StsTaker(sts.Decoder(setup.token_key, setup.pan, credits=[_CREDITS[fuel]]))
    if setup.utrn_key is None:
        return of_sts
    return EitherTaker(of_sts, UtrnTaker(setup.utrn_key, setup.utrn_limits))
