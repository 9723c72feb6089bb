"""The prepay account of either fuel: register to money, money to the register where it ends.

A unit of the register (a litre, a watt-hour) has a weight: so many parts of 1/DENOMINATOR of a kWh. Everything is in
integers: the account carries what a charge left over as `residue`, in units of 1/DENOMINATOR of the money step, so that
many small half hours cost exactly what one large one would (S0-119: equal to a reference ledger to the rounding unit).
A charge is rounded down, in the consumer's favour, and the rest is carried, never lost.
"""

from __future__ import annotations

from typing import Final, Protocol

__all__ = [
    "DENOMINATOR",
    "NO_LIMIT_WH",
    "WATT_HOUR",
    "EnergyAccountRecord",
    "amount_to",
    "charge",
    "charge_day",
    "credit",
    "energy_of",
    "reach",
]

DENOMINATOR: Final = 3_600 * 100_000 * 1_000 // 24
"""amount × weight × (money5 per kWh) / DENOMINATOR = money5. Its factors are those of gas: 3.6 MJ per kWh and 1 000
litres per m³, conversion factors in 10⁻⁵ and calorific values in 10⁻³ MJ/m³, all over 24 (`gas_account`).

Largest products: 20 m³ × 4 261 × 50 000 × 500 000 and 1 000.00 × DENOMINATOR, both below 2⁶³."""

WATT_HOUR: Final = DENOMINATOR // 1_000
"""The weight of one Wh: electricity is charged by the same rule as gas."""

NO_LIMIT_WH: Final = 99_999_999_999
"""A cut-off that an electricity register never reaches: the largest value before it rolls over."""


class EnergyAccountRecord(Protocol):
    """The fields that the rules read and write: a slotted dataclass in a device, a NumPy record in a population."""

    balance: int
    """Money, 10⁻⁵ of the currency unit; may be negative."""
    residue: int
    """0 ≤ residue < DENOMINATOR: consumption not yet charged because it is less than one money step."""
    price: int
    """Money per kWh, ≥ 0."""
    standing_charge: int
    """Money per UTC day, ≥ 0."""


def energy_of(amount: int, weight: int) -> int:
    """Energy of an amount of the register, Wh rounded down."""
    return amount * weight // WATT_HOUR


def amount_to(wanted_wh: int, weight: int) -> int:
    """The fewest units of the register whose energy is `wanted_wh` (> 0) or more."""
    return -(-wanted_wh * WATT_HOUR // weight)


def charge(account: EnergyAccountRecord, amount: int, weight: int) -> int:
    """Take the cost of `amount` (≥ 0) from the balance; returns what was taken, 10⁻⁵ of the unit."""
    due = account.residue + amount * weight * account.price
    cost = due // DENOMINATOR
    account.residue = due - cost * DENOMINATOR
    account.balance -= cost
    return cost


def charge_day(account: EnergyAccountRecord) -> int:
    """Take one day's standing charge; returns what was taken."""
    account.balance -= account.standing_charge
    return account.standing_charge


def credit(account: EnergyAccountRecord, amount: int) -> int:
    """Add `amount` (> 0) to the balance; returns the new balance."""
    account.balance += amount
    return account.balance


def reach(money: int, residue: int, weight: int, price: int, register: int, furthest: int) -> int:
    """The register at which `money` is used up, starting from `register` with `residue` not yet charged (S0-107).

    Rounded up to a whole unit: the smallest register for which the charge reaches the money, so that with an unchanged
    price the supply closes exactly when nothing above zero is left. Without money it is the register itself: closed at
    once. With a free price there is no limit: `furthest`, beyond which no answer goes.
    """
    if money <= 0:
        return min(register, furthest)
    unit = weight * price
    if unit <= 0:
        return furthest
    left = money * DENOMINATOR - residue
    return min(register + (left + unit - 1) // unit, furthest)
