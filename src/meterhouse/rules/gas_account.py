"""The account of gas: what a litre weighs, by conversion factor and calorific value, in the account of either fuel.

One half hour costs `litres × CF × CV / 3.6 × price`; see `energy_account` for the account itself.
"""

from __future__ import annotations

from typing import Final, Protocol

from meterhouse.rules.energy_account import EnergyAccountRecord, amount_to, charge, energy_of, reach

__all__ = [
    "CONVERSION_FACTOR",
    "CONVERSION_FACTOR_SCALE",
    "CV_SCALE",
    "NO_LIMIT_LITRES",
    "GasAccountRecord",
    "charge_volume",
    "cutoff_volume_l",
    "energy_wh",
    "litres_to",
    "register_after",
]

_COMMON: Final = 24
"""Divides both 102 264 and `DENOMINATOR`; without it the products below would not fit 64 bits in a compiled run."""

CONVERSION_FACTOR: Final = 102_264 // _COMMON
"""Volume conversion to standard temperature and pressure, 1.02264 (GB metric meters), in 24 × 10⁻⁵."""

CONVERSION_FACTOR_SCALE: Final = 100_000

CV_SCALE: Final = 1_000
"""Calorific values are in kJ/m³, that is 10⁻³ MJ/m³: 39.5 MJ/m³ is 39 500."""

NO_LIMIT_LITRES: Final = 99_999_999
"""A cut-off that the register never reaches: the largest its eight BCD digits can say."""


class GasAccountRecord(EnergyAccountRecord, Protocol):
    """An account of gas."""

    cv: int
    """Calorific value, kJ/m³ (10⁻³ MJ/m³)."""


def energy_wh(litres: int, cv: int) -> int:
    """Energy of a volume, Wh rounded down: litres × 1.02264 × CV / 3.6 (Gas (Calculation of Thermal Energy) Regs)."""
    return energy_of(litres, CONVERSION_FACTOR * cv)


def litres_to(wanted_wh: int, cv: int) -> int:
    """The fewest litres whose energy is `wanted_wh` (> 0) or more: where a block of a tariff changes over."""
    return amount_to(wanted_wh, CONVERSION_FACTOR * cv)


def charge_volume(account: GasAccountRecord, litres: int) -> int:
    """Take the cost of `litres` (≥ 0) from the balance; returns what was taken, 10⁻⁵ of the unit."""
    return charge(account, litres, CONVERSION_FACTOR * account.cv)


def cutoff_volume_l(account: GasAccountRecord, register_l: int) -> int:
    """The register at which the balance is used up (S0-107), never beyond NO_LIMIT_LITRES; see `register_after`.

    Args:
        account: read only.
        register_l: the register up to which the account has been charged.
    """
    return register_after(account.balance, account.residue, account.cv, account.price, register_l)


def register_after(money: int, residue: int, cv: int, price: int, register_l: int) -> int:
    """The register at which `money` is used up, litres; see `reach`."""
    return reach(money, residue, CONVERSION_FACTOR * cv, price, register_l, NO_LIMIT_LITRES)
