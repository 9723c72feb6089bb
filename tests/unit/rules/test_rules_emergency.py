"""Emergency credit, friendly hours and the low-credit warning, each at the very edge of its rule."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from meterhouse.rules import (
    NO_LIMIT_LITRES,
    emergency_after_credit,
    emergency_offered,
    friendly_cutoff_l,
    friendly_half_hours,
    friendly_in_force,
    low_credit,
    select_emergency,
    spendable,
)
from meterhouse.rules.emergency import ACTIVE, FRIENDLY_ALLOWANCE_L, FRIENDLY_FLOW_L, FRIENDLY_LONGEST, NONE, OFFERED


@dataclass
class Account:
    balance: int = 0
    emergency: int = NONE
    emergency_limit: int = 500
    emergency_threshold: int = 100
    low_threshold: int = 200
    friendly: list[int] = field(default_factory=lambda: [0] * 7)


@pytest.mark.parametrize(("balance", "offered"), [(99, True), (100, False), (101, False), (-5, True)])
def test_it_is_offered_only_below_its_threshold(balance, offered):
    account = Account(balance)
    assert emergency_offered(account) is offered
    assert account.emergency == (OFFERED if offered else NONE)


@pytest.mark.parametrize(("limit", "offered"), [(0, False), (1, True)])
def test_where_there_is_none_none_is_offered(limit, offered):
    assert emergency_offered(Account(0, emergency_limit=limit)) is offered


def test_an_offer_stands_and_one_that_was_taken_is_not_made_again():
    account = Account(0, emergency=OFFERED)
    account.balance = 1_000
    assert emergency_offered(account)
    account = Account(0, emergency=ACTIVE)
    assert not emergency_offered(account)
    assert account.emergency == ACTIVE


@pytest.mark.parametrize(
    ("before", "taken", "after"), [(NONE, False, NONE), (OFFERED, True, ACTIVE), (ACTIVE, False, ACTIVE)]
)
def test_only_what_is_offered_can_be_selected(before, taken, after):
    account = Account(emergency=before)
    assert select_emergency(account) is taken
    assert account.emergency == after


@pytest.mark.parametrize(("balance", "state"), [(99, ACTIVE), (100, NONE), (101, NONE)])
def test_it_is_repaid_where_a_credit_reaches_the_threshold(balance, state):
    account = Account(balance, emergency=ACTIVE)
    assert emergency_after_credit(account) == state
    assert account.emergency == state


@pytest.mark.parametrize(("state", "means"), [(NONE, -30), (OFFERED, -30), (ACTIVE, 470)])
def test_only_an_active_one_can_be_spent(state, means):
    assert spendable(Account(-30, emergency=state)) == means


@pytest.mark.parametrize(("balance", "low"), [(199, True), (200, False), (201, False)])
def test_credit_is_low_only_below_its_threshold(balance, low):
    assert low_credit(Account(balance)) is low


def test_each_bit_is_one_half_hour_of_one_day():
    account = Account(friendly=[1 << day for day in range(7)])
    held = [(day, slot) for day in range(7) for slot in range(48) if friendly_in_force(account, day, slot)]
    assert held == [(day, day) for day in range(7)]


def test_a_window_over_midnight_of_the_last_day_goes_on_into_the_first():
    account = Account(friendly=[0b111, 0, 0, 0, 0, 0, 1 << 47])
    assert friendly_half_hours(account, 6, 47) == 4
    assert friendly_half_hours(account, 0, 0) == 3
    assert friendly_half_hours(account, 0, 3) == 0
    account.friendly = [0, 1 << 47, 1, 0, 0, 0, 0]
    assert friendly_half_hours(account, 1, 47) == 2


def test_no_window_counts_for_more_than_the_longest():
    assert friendly_half_hours(Account(friendly=[(1 << 48) - 1] * 7), 0, 0) == FRIENDLY_LONGEST


@pytest.mark.requirement("S0-137")
def test_the_raise_is_one_half_hour_of_full_flow_and_an_allowance_for_each_that_follows():
    assert friendly_cutoff_l(0, 700, 500) == 700
    assert friendly_cutoff_l(1, 700, 500) == 500 + FRIENDLY_FLOW_L
    assert friendly_cutoff_l(2, 700, 500) == 500 + FRIENDLY_FLOW_L + FRIENDLY_ALLOWANCE_L
    assert friendly_cutoff_l(5, 700, 500) == 500 + FRIENDLY_FLOW_L + 4 * FRIENDLY_ALLOWANCE_L
    assert friendly_cutoff_l(1, 10**6, 500) == 10**6
    assert friendly_cutoff_l(1, 0, NO_LIMIT_LITRES - 1) == NO_LIMIT_LITRES
