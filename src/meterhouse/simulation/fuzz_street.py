"""A seed's street: one to three homes of all the kinds that the system serves, with everything about them by chance."""

from __future__ import annotations

from typing import Final

from meterhouse.app.desk import PaymentMode
from meterhouse.app.street import Customer, ElectricitySite, GasSite, HomePlan, StreetPlan
from meterhouse.links import Dice
from meterhouse.model import UNIT, parse_instant

__all__ = ["FUZZ_START", "street_of_seed"]

FUZZ_START: Final = parse_instant("2026-01-05T00:00:00Z")

_PREPAY, _WEAK, _MAINS, _CREDIT, _ALL_ELECTRIC = range(5)
_VARIETIES: Final = (_PREPAY,) * 4 + (_WEAK,) * 3 + (_MAINS, _CREDIT, _ALL_ELECTRIC)


def street_of_seed(seed: int) -> StreetPlan:
    """Its homes: prepay, prepay on a weak link, prepay with a mains meter, gas on credit, no gas at all."""
    dice = Dice.of(seed, "street")
    homes = tuple(_home(f"{number:02d}", dice) for number in range(1, 2 + dice.below(3)))
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
