"""Gas rating and cut-off volume against exact fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.rules import (
    DENOMINATOR,
    NO_LIMIT_LITRES,
    charge_day,
    charge_volume,
    credit,
    cutoff_volume_l,
    energy_wh,
    register_after,
)
from meterhouse.rules.gas_account import CONVERSION_FACTOR, litres_to


@dataclass(slots=True)
class Account:
    balance: int = 0
    residue: int = 0
    price: int = 7_365
    cv: int = 39_500
    standing_charge: int = 29_110


def exact_cost(litres: int, cv: int, price: int) -> Fraction:
    """The published formula, m³ × 1.02264 × CV / 3.6 × price, as a fraction of 10⁻⁵ of the unit."""
    return Fraction(litres, 1000) * Fraction(102264, 100000) * Fraction(cv, 1000) / Fraction(36, 10) * price


def test_published_conversions():
    # 100 m³ at 39.4 is 1119.2 kWh; 1 m³ at 37.5 and 43.0 is 10.6525 and 12.2149 kWh
    assert energy_wh(100_000, 39_400) == 1_119_222
    assert energy_wh(1_000, 37_500) == 10_652
    assert energy_wh(1_000, 43_000) == 12_214


@pytest.mark.requirement("S0-119")
@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(37_500, 43_000), st.integers(0, 50_000)), max_size=60))
def test_a_long_account_costs_the_exact_sum_rounded_down_once(half_hours):
    account = Account(balance=0)
    for litres, cv, price in half_hours:
        account.cv, account.price = cv, price
        charge_volume(account, litres)
    total = sum((exact_cost(*half_hour) for half_hour in half_hours), Fraction(0))
    assert account.balance == -(total.numerator // total.denominator)


@given(wanted_wh=st.integers(1, 50_000_000), cv=st.integers(37_500, 43_000))
def test_a_block_changes_over_at_the_first_litre_whose_energy_reaches_it(wanted_wh, cv):
    litres = litres_to(wanted_wh, cv)
    litre = exact_cost(1, cv, 1_000)  # at 1000 a kWh a litre costs its Wh
    assert litres * litre >= wanted_wh > (litres - 1) * litre


@pytest.mark.requirement("S0-107")
@given(
    balance=st.integers(1, 30_000_000),
    price=st.integers(100, 100_000),
    cv=st.integers(37_500, 43_000),
    register=st.integers(0, 90_000_000),
)
def test_the_cutoff_is_the_first_litre_at_which_the_balance_is_used_up(balance, price, cv, register):
    account = Account(balance=balance, price=price, cv=cv)
    cutoff = cutoff_volume_l(account, register)
    litre = exact_cost(1, cv, price)
    if cutoff < NO_LIMIT_LITRES:
        assert (cutoff - register) * litre >= balance
        assert (cutoff - register - 1) * litre < balance
        charge_volume(account, cutoff - register)
        assert account.balance <= 0


@pytest.mark.requirement("S0-107")
@given(litres=st.integers(1, 200_000), price=st.integers(1_000, 100_000), cv=st.integers(37_500, 43_000))
def test_the_cutoff_counts_what_was_left_over_and_moves_at_the_very_unit(litres, price, cv):
    """Money and left-over are laid so that exactly `litres` are bought, and one unit more or less either side of it."""
    litre = CONVERSION_FACTOR * cv * price
    money = -(-litres * litre // DENOMINATOR)
    exact = money * DENOMINATOR - litres * litre
    if 0 < exact < DENOMINATOR - 1:
        bought = [register_after(money, exact + more, cv, price, 500) - 500 for more in (-1, 0, 1)]
        assert bought == [litres + 1, litres, litres]
        spent = [register_after(money, exact + more, cv, price, 500) - 500 for more in (litre - 1, litre)]
        assert spent == [litres, litres - 1]


def test_without_money_nothing_is_bought_whatever_is_left_over_and_whatever_gas_costs():
    assert register_after(0, DENOMINATOR - 1, 39_500, 7, 100) == 100
    assert register_after(0, 0, 39_500, 0, 100) == 100
    assert register_after(-1, 0, 39_500, 0, NO_LIMIT_LITRES + 5) == NO_LIMIT_LITRES
    assert register_after(1, 0, 39_500, 0, 100) == NO_LIMIT_LITRES
    assert register_after(10**12, 0, 39_500, 1, 100) == NO_LIMIT_LITRES


def test_without_balance_the_cutoff_is_here_and_with_a_free_price_it_never_comes():
    assert cutoff_volume_l(Account(balance=0), 1234) == 1234
    assert cutoff_volume_l(Account(balance=-5), 1234) == 1234
    assert cutoff_volume_l(Account(balance=5, price=0), 1234) == NO_LIMIT_LITRES


def test_credit_and_standing_charge_move_the_balance_by_their_own_amount():
    account = Account(balance=100)
    assert credit(account, 1_600_000) == 1_600_100
    assert charge_day(account) == 29_110
    assert account.balance == 1_570_990
