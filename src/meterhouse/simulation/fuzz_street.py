"""A seed's street: one to three homes of all the kinds that the system serves, with everything about them by chance."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final

from meterhouse.app.desk import PaymentMode
from meterhouse.app.street import AccountPlace, Customer, ElectricitySite, GasSite, HomePlan, StreetPlan
from meterhouse.links import Dice
from meterhouse.model import UNIT, UsageError, parse_instant
from meterhouse.premises.prepay import CreditLimits

__all__ = ["FUZZ_START", "Prepaid", "prepaid_of", "street_of_seed"]

FUZZ_START: Final = parse_instant("2026-01-05T00:00:00Z")

_PREPAY, _WEAK, _MAINS, _CREDIT, _ALL_ELECTRIC = range(5)
_VARIETIES: Final = (_PREPAY,) * 4 + (_WEAK,) * 3 + (_MAINS, _CREDIT, _ALL_ELECTRIC)


class Prepaid(StrEnum):
    """Which fuels of a seed's homes may be prepaid."""

    GAS = "gas"
    BOTH = "both"
    """Electricity of two homes in three as well, its account in meter or hub; gas is drawn as without."""


def prepaid_of(word: str) -> Prepaid:
    """Of a word on the command line.

    Raises:
        UsageError: another word.
    """
    if word not in tuple(Prepaid):
        raise UsageError(f"--prepaid '{word}' is not gas or both")
    return Prepaid(word)


def street_of_seed(seed: int, prepaid: Prepaid = Prepaid.GAS) -> StreetPlan:
    """Its homes: prepay, prepay on a weak link, prepay with a mains meter, gas on credit, no gas at all."""
    dice = Dice.of(seed, "street")
    homes = tuple(_home(f"{number:02d}", dice) for number in range(1, 2 + dice.below(3)))
    if prepaid is Prepaid.BOTH:
        homes = tuple(_with_electricity(home, Dice.of(seed, "electricity", home.home)) for home in homes)
    return StreetPlan(f"seed {seed}", FUZZ_START, "GBP", homes)


def _home(home: str, dice: Dice) -> HomePlan:
    variety = _VARIETIES[dice.below(len(_VARIETIES))]
    gas, customer, debt = _gas(variety, dice), _customer(dice), dice.below(50) * UNIT
    if variety == _ALL_ELECTRIC:
        return HomePlan(home, ElectricitySite(), None)
    if variety == _CREDIT:
        return HomePlan(home, ElectricitySite(), gas)
    share = 50 * dice.below(15)
    owed = debt if dice.hit(500) else 0
    return HomePlan(home, ElectricitySite(), gas, debt=owed, share_permille=share, customer=customer)


def _gas(variety: int, dice: Dice) -> GasSite:
    return GasSite(
        mode=PaymentMode.CREDIT if variety == _CREDIT else PaymentMode.PREPAY,
        price=3_000 + dice.below(20_000),
        standing_charge=dice.below(60_000),
        cv=37_500 + dice.below(5_500),
        opening_balance=dice.below(4 * UNIT),
        no_comms_half_hours=48 + dice.below(100),
        loss_permille=dice.below(400) if variety == _WEAK else 0,
        mains=variety == _MAINS,
        drift_ppm=dice.below(41) - 20,
    )


def _customer(dice: Dice) -> Customer:
    return Customer(
        pay_below=dice.below(3 * UNIT) - UNIT,
        pay=(1 + dice.below(20)) * UNIT,
        keypad=dice.hit(400),
        presses_after_min=dice.below(300),
    )


def _with_electricity(home: HomePlan, dice: Dice) -> HomePlan:
    if dice.below(3) == 0:
        return home
    electricity = ElectricitySite(
        mode=PaymentMode.PREPAY,
        account=AccountPlace.HUB if dice.hit(500) else AccountPlace.METER,
        price=5_000 + dice.below(40_000),
        standing_charge=dice.below(60_000),
        opening_balance=dice.below(4 * UNIT),
        no_comms_half_hours=48 + dice.below(100),
        limits=CreditLimits(dice.below(3 * UNIT) if dice.hit(500) else 0, dice.below(UNIT)),
        exact_blocks=dice.hit(300),
    )
    return replace(home, electricity=electricity, customer=_customer(dice))
