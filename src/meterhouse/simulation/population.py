"""A population: millions of gas prepayment homes, each a record, stepped by the compiled rule-book.

What a world shows of twelve homes in every byte, a population shows of a million in every balance. Demand, lost
contacts and hands are drawn per home and half hour from an integer hash of the seed, so a run is the same on every
machine, in any number of pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from meterhouse.model import UsageError
from meterhouse.rules import BLOCKS, NO_LIMIT_LITRES, RATES, SLOTS, gas_half_hour
from meterhouse.simulation.compiled_rules import compiled

__all__ = ["GAS_HOME", "PopulationDay", "PopulationPlan", "new_population", "run_day"]

GAS_HOME: Final = np.dtype(
    [
        *((name, np.int64) for name in ("volume_l", "cutoff_l", "valve_open", "comms_ok", "countdown")),
        *((name, np.int64) for name in ("full_countdown", "pending", "balance", "residue", "cv", "standing_charge")),
        *((name, np.int64) for name in ("emergency", "emergency_limit", "emergency_threshold", "low_threshold")),
        ("used_wh", np.int64),
        ("prices", np.int64, (RATES * BLOCKS,)),
        ("rates", np.int8, (2 * SLOTS,)),
        ("thresholds_wh", np.int64, (BLOCKS - 1,)),
        ("friendly", np.int64, (7,)),
    ],
    align=True,
)
"""One home: `rules.GasHomeRecord`."""

_UNUSED: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class PopulationPlan:
    """What the homes have in common, and how they differ by chance. Money in 10⁻⁵ of the unit.

    Attributes:
        price, standing_charge, cv: of a flat tariff.
        lost_permille: how many half hours in a thousand have no contact.
        hand_permille: how often somebody presses a button, in thousandths of half hours.
        mean_l: mean demand of a half hour, litres; each home and half hour draws 0 to twice as much.
    """

    homes: int
    seed: int
    price: int = 7_370
    standing_charge: int = 29_110
    cv: int = 39_500
    opening_balance: int = 1_000_000
    full_countdown: int = 144
    lost_permille: int = 20
    hand_permille: int = 5
    mean_l: int = 60


@dataclass(frozen=True, slots=True)
class PopulationDay:
    """Sums over a day: how many valves closed and opened, half hours without contact, and litres used."""

    closed: int
    opened: int
    missed: int
    litres: int


def new_population(plan: PopulationPlan) -> np.ndarray[Any, Any]:
    """The homes of a plan, on supply, with the opening balance.

    Raises:
        UsageError: no homes, or more than a hundred million.
    """
    if not 1 <= plan.homes <= 100_000_000:
        raise UsageError(f"a population of {plan.homes} homes is not 1 to 100 000 000")
    homes = np.zeros(plan.homes, GAS_HOME)
    homes["cutoff_l"] = NO_LIMIT_LITRES
    homes["valve_open"] = homes["comms_ok"] = 1
    homes["countdown"] = homes["full_countdown"] = plan.full_countdown
    homes["balance"] = plan.opening_balance
    homes["cv"], homes["standing_charge"] = plan.cv, plan.standing_charge
    homes["prices"] = plan.price
    homes["thresholds_wh"] = _UNUSED
    return homes


def run_day(homes: np.ndarray[Any, Any], plan: PopulationPlan, day: int, first_home: int = 0) -> PopulationDay:
    """Step every home through one UTC day (`day` counts from 1970-01-01, a Thursday).

    Args:
        homes: changed in place; a slice of a population may be run alone.
        plan: seeds demand and chance.
        day: which day.
        first_home: number of the first home of the slice.
    """
    sums = np.zeros(4, np.int64)
    _day_kernel()(
        homes,
        np.uint64(plan.seed),
        day,
        first_home,
        plan.lost_permille,
        plan.hand_permille,
        plan.mean_l,
        sums,
    )
    return PopulationDay(*(int(value) for value in sums))


@cache
def _day_kernel() -> Any:
    from numba import int64, njit, uint64  # noqa: PLC0415 -- an extra; `compiled` says what to do where it is absent

    step = compiled(gas_half_hour)

    @njit(error_model="numpy")
    def mixed(value: Any) -> Any:
        """SplitMix64's finaliser."""
        value = uint64(value + uint64(0x9E3779B97F4A7C15))
        value = uint64((value ^ (value >> uint64(30))) * uint64(0xBF58476D1CE4E5B9))
        value = uint64((value ^ (value >> uint64(27))) * uint64(0x94D049BB133111EB))
        return value ^ (value >> uint64(31))

    @njit(error_model="numpy", forceinline=True)
    def chance(drawn: Any, permille: int) -> bool:
        """Whether twenty bits fall below a share."""
        return bool(int64(drawn & uint64(0xFFFFF)) * 1000 >> 20 < permille)

    @njit(error_model="numpy")
    def kernel(homes: Any, seed: Any, day: int, first: int, lost: int, hands: int, mean_l: int, sums: Any) -> None:
        weekday = (day + 3) % 7
        closed = opened = missed = litres = 0
        for place in range(homes.shape[0]):
            home = homes[place]
            own = mixed(seed ^ mixed(uint64(first + place)))
            before = home.volume_l
            for slot in range(48):
                drawn = mixed(own ^ uint64(day * 48 + slot))
                # Signed on purpose: of an unsigned and a signed integer numba makes a float.
                wanted = int64(drawn & uint64(0xFFFFF)) * (2 * mean_l + 1) >> 20
                contact = not chance(drawn >> uint64(20), lost)
                code = step(home, wanted, slot, weekday, contact, chance(drawn >> uint64(40), hands))
                closed += code & 1
                opened += (code >> 1) & 1
                missed += (code >> 2) & 1
            litres += home.volume_l - before
        sums[0], sums[1], sums[2], sums[3] = closed, opened, missed, litres

    return kernel
