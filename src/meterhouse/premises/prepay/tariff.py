"""What energy costs: up to four rates by time and four blocks by use, and what of it no account believes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from meterhouse.model import UNIT, Fuel, Instant
from meterhouse.rules import BLOCKS, RATES, SLOTS

__all__ = ["COMING_LIMIT", "UNUSED_BLOCK", "ComingTariff", "EnergyTariff"]

UNUSED_BLOCK: Final = 2**53
"""Wh: a threshold that no home reaches."""
COMING_LIMIT: Final = 250
"""Tariffs, or calorific values, to come: one or two as a rule, one a day while a meter is not heard for months."""

_LARGEST_PRICE: Final = 5 * UNIT
_LARGEST_STANDING_CHARGE: Final = 20 * UNIT
_CV_RANGE: Final = range(30_000, 50_001)


@dataclass(frozen=True, slots=True)
class EnergyTariff:
    """Money in 10⁻⁵ of the unit. The block period begins anew when a tariff comes into force.

    Attributes:
        prices: sixteen, per kWh: rate × 4 + block.
        rates: ninety-six, 0 to 3: the rate of each half hour (UTC) of a working day, then of a weekend day.
        thresholds_wh: three, never falling: the use at which each further block begins.
        standing_charge: per UTC day.
        cv: calorific value, kJ/m³; 0 for electricity.
    """

    prices: tuple[int, ...]
    rates: tuple[int, ...]
    thresholds_wh: tuple[int, ...]
    standing_charge: int
    cv: int = 0

    @classmethod
    def flat(cls, price: int, standing_charge: int, cv: int = 0) -> EnergyTariff:
        """One price for every kWh."""
        prices, rates = (price,) * (RATES * BLOCKS), (0,) * (2 * SLOTS)
        return cls(prices, rates, (UNUSED_BLOCK,) * (BLOCKS - 1), standing_charge, cv)

    @property
    def price(self) -> int:
        """Of the first rate and block; of all, where the tariff is flat."""
        return self.prices[0]

    def refusal(self, fuel: Fuel = Fuel.GAS) -> str:
        """Why no account of a fuel should take it; empty for a sensible one (S0-71)."""
        if len(self.prices) != RATES * BLOCKS or len(self.rates) != 2 * SLOTS or len(self.thresholds_wh) != BLOCKS - 1:
            return "a tariff has 16 prices, 96 half hours and 3 thresholds"
        for price in self.prices:
            if not 0 <= price <= _LARGEST_PRICE:
                return f"price {price} is not 0 to {_LARGEST_PRICE}"
        if any(not 0 <= rate < RATES for rate in self.rates):
            return f"a rate is not 0 to {RATES - 1}"
        if not 0 < self.thresholds_wh[0] <= self.thresholds_wh[-1] <= UNUSED_BLOCK or any(
            lower > upper for lower, upper in pairwise(self.thresholds_wh)
        ):
            return f"thresholds {self.thresholds_wh} do not rise from above 0 to {UNUSED_BLOCK}"
        if not 0 <= self.standing_charge <= _LARGEST_STANDING_CHARGE:
            return f"standing charge {self.standing_charge} is not 0 to {_LARGEST_STANDING_CHARGE}"
        if fuel is Fuel.ELECTRICITY:
            return f"calorific value {self.cv} of electricity is not 0" if self.cv else ""
        if self.cv not in _CV_RANGE:
            return f"calorific value {self.cv} is not {_CV_RANGE.start} to {_CV_RANGE.stop - 1} kJ/m³"
        return ""

    def fields(self) -> dict[str, object]:
        """For an event: whole numbers, and rows of them in text."""
        return {
            "price_money5": self.price,
            "standing_charge_money5": self.standing_charge,
            "cv_kj_m3": self.cv,
            "prices_money5": " ".join(map(str, self.prices)),
            "rates": "".join(map(str, self.rates)),
            "thresholds_wh": " ".join(map(str, self.thresholds_wh)),
        }

    def state(self) -> list[Any]:
        """For a snapshot."""
        return [list(self.prices), list(self.rates), list(self.thresholds_wh), self.standing_charge, self.cv]

    @classmethod
    def restored(cls, state: Sequence[Any]) -> EnergyTariff:
        """From a snapshot."""
        prices, rates, thresholds, standing_charge, cv = state
        return cls(tuple(prices), tuple(rates), tuple(thresholds), standing_charge, cv)


@dataclass(frozen=True, slots=True)
class ComingTariff:
    """A tariff that is set and not yet in force."""

    begins: Instant
    tariff: EnergyTariff
