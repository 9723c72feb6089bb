"""The gas account at the premises: volume to money, money to cut-off volume.

One half hour costs `litres × CF × CV / 3.6 × price`, in integers throughout: the account carries what a charge left
over as `residue`, in units of 1/DENOMINATOR of the money step, so that many small half hours cost exactly what one
large one would (S0-119: equal to a reference ledger to the rounding unit). A charge is rounded down, in the consumer's
favour, and the rest is carried, never lost.
"""

from __future__ import annotations

from typing import Final, Protocol

__all__ = [
    "CONVERSION_FACTOR",
    "CONVERSION_FACTOR_SCALE",
    "CV_SCALE",
    "DENOMINATOR",
    "NO_LIMIT_LITRES",
    "GasAccountRecord",
    "charge_day",
    "charge_volume",
    "credit",
    "cutoff_volume_l",
    "energy_wh",
    "litres_to",
    "register_after",
]

_COMMON: Final = 24
"""Divides both 102 264 and the denominator; without it the products below would not fit 64 bits in a compiled run."""

CONVERSION_FACTOR: Final = 102_264 // _COMMON
"""Volume conversion to standard temperature and pressure, 1.02264 (GB metric meters), in 24 × 10⁻⁵."""

CONVERSION_FACTOR_SCALE: Final = 100_000

CV_SCALE: Final = 1_000
"""Calorific values are in kJ/m³, that is 10⁻³ MJ/m³: 39.5 MJ/m³ is 39 500."""

DENOMINATOR: Final = 3_600 * CONVERSION_FACTOR_SCALE * CV_SCALE // _COMMON
"""litres × CF × CV × (money5 per kWh) / DENOMINATOR = money5: 3.6 MJ per kWh and 1 000 litres per m³.

Largest products: 20 m³ × 4 261 × 50 000 × 500 000 and 1 000.00 × DENOMINATOR, both below 2⁶³."""

NO_LIMIT_LITRES: Final = 99_999_999
"""A cut-off that the register never reaches: the largest its eight BCD digits can say."""


class GasAccountRecord(Protocol):
    """The fields that the rules read and write: a slotted dataclass in a hub, a NumPy record in a population."""

    balance: int
    """Money, 10⁻⁵ of the currency unit; may be negative."""
    residue: int
    """0 ≤ residue < DENOMINATOR: consumption not yet charged because it is less than one money step."""
    price: int
    """Money per kWh, ≥ 0."""
    cv: int
    """Calorific value, kJ/m³ (10⁻³ MJ/m³)."""
    standing_charge: int
    """Money per UTC day, ≥ 0."""


def energy_wh(litres: int, cv: int) -> int:
    """Energy of a volume, Wh rounded down: litres × 1.02264 × CV / 3.6 (Gas (Calculation of Thermal Energy) Regs)."""
    return litres * CONVERSION_FACTOR * cv // (DENOMINATOR // 1_000)


def litres_to(wanted_wh: int, cv: int) -> int:
    """The fewest litres whose energy is `wanted_wh` (> 0) or more: where a block of a tariff changes over."""
    return -(-wanted_wh * (DENOMINATOR // 1_000) // (CONVERSION_FACTOR * cv))


def charge_volume(account: GasAccountRecord, litres: int) -> int:
    """Take the cost of `litres` (≥ 0) from the balance; returns what was taken, 10⁻⁵ of the unit."""
    due = account.residue + litres * CONVERSION_FACTOR * account.cv * account.price
    cost = due // DENOMINATOR
    account.residue = due - cost * DENOMINATOR
    account.balance -= cost
    return cost


def charge_day(account: GasAccountRecord) -> int:
    """Take one day's standing charge; returns what was taken."""
    account.balance -= account.standing_charge
    return account.standing_charge


def credit(account: GasAccountRecord, amount: int) -> int:
    """Add `amount` (> 0) to the balance; returns the new balance."""
    account.balance += amount
    return account.balance


def cutoff_volume_l(account: GasAccountRecord, register_l: int) -> int:
    """The register at which the balance is used up (S0-107), never beyond NO_LIMIT_LITRES; see `register_after`.

    Args:
        account: read only.
        register_l: the register up to which the account has been charged.
    """
    return register_after(account.balance, account.residue, account.cv, account.price, register_l)


def register_after(money: int, residue: int, cv: int, price: int, register_l: int) -> int:
    """The register at which `money` is used up, starting from `register_l` with `residue` not yet charged.

    Rounded up to a whole litre: the smallest register for which the charge reaches the money, so that with an unchanged
    price the valve closes exactly when nothing above zero is left. Without money it is the register itself: closed at
    once. With a free price there is no limit.
    """
    if money <= 0:
        return min(register_l, NO_LIMIT_LITRES)
    litre = CONVERSION_FACTOR * cv * price
    if litre <= 0:
        return NO_LIMIT_LITRES
    left = money * DENOMINATOR - residue
    return min(register_l + (left + litre - 1) // litre, NO_LIMIT_LITRES)
