"""The account of either fuel: electricity weighs so that a kWh costs its price, to the last unit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.rules import (
    DENOMINATOR,
    NO_LIMIT_WH,
    WATT_HOUR,
    amount_to,
    charge,
    charge_day,
    credit,
    energy_of,
    reach,
)


@dataclass(slots=True)
class Account:
    balance: int = 0
    residue: int = 0
    price: int = 28_340
    standing_charge: int = 53_350


def test_a_kwh_of_electricity_costs_its_price():
    account = Account(balance=100_000)
    assert charge(account, 1_000, WATT_HOUR) == 28_340
    assert (account.balance, account.residue) == (71_660, 0)


def test_a_watt_hour_is_a_watt_hour():
    assert [energy_of(wh, WATT_HOUR) for wh in (0, 1, 999, 20_000_000)] == [0, 1, 999, 20_000_000]
    assert [amount_to(wh, WATT_HOUR) for wh in (1, 999, 20_000_000)] == [1, 999, 20_000_000]


def test_what_is_left_over_is_carried_and_never_lost():
    """One Wh at 28.34 p a kWh is 28.34 units: three of them are 85, and 0.02 units are carried."""
    account = Account()
    assert [charge(account, 1, WATT_HOUR) for _ in range(3)] == [28, 28, 29]
    assert Fraction(account.residue, DENOMINATOR) == Fraction(2, 100)


def test_a_day_and_a_credit_move_the_balance_by_what_they_are():
    account = Account(balance=60_000)
    assert charge_day(account) == 53_350
    assert account.balance == 6_650
    assert credit(account, 500_000) == account.balance == 506_650


@given(
    st.lists(st.integers(0, 50_000), max_size=60),
    st.integers(0, 500_000),
)
def test_many_half_hours_cost_what_one_large_one_does(amounts, price):
    account = Account(price=price)
    taken = sum(charge(account, amount, WATT_HOUR) for amount in amounts)
    assert taken == sum(amounts) * price // 1_000
    assert 0 <= account.residue < DENOMINATOR


@given(st.integers(1, 50_000_000), st.integers(1, 500_000), st.integers(0, 10**10), st.integers(0, DENOMINATOR - 1))
def test_the_cut_off_is_the_first_register_at_which_nothing_is_left(money, price, register, residue):
    end = reach(money, residue, WATT_HOUR, price, register, NO_LIMIT_WH)
    account = Account(balance=money, residue=residue, price=price)
    charge(account, end - register, WATT_HOUR)
    assert account.balance <= 0
    one_less = Account(balance=money, residue=residue, price=price)
    if end > register:
        charge(one_less, end - register - 1, WATT_HOUR)
        assert one_less.balance > 0


@pytest.mark.parametrize(
    ("money", "price", "register", "said"),
    [
        (0, 28_340, 700, 700),
        (-5, 28_340, 700, 700),
        (-5, 28_340, NO_LIMIT_WH + 1, NO_LIMIT_WH),
        (1, 0, 700, NO_LIMIT_WH),
        (10**13, 1, 700, NO_LIMIT_WH),
        (28_340, 28_340, 700, 1_700),
        (28_341, 28_340, 700, 1_701),
    ],
)
def test_without_money_it_ends_where_it_is_and_without_a_price_nowhere(money, price, register, said):
    assert reach(money, 0, WATT_HOUR, price, register, NO_LIMIT_WH) == said
