"""The half hour of a gas home as one step: the rules of Appendix C as properties of any history."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.rules import (
    CLOSED,
    FRIENDLY_ALLOWANCE_L,
    FRIENDLY_FLOW_L,
    FRIENDLY_LONGEST,
    MISSED,
    NO_LIMIT_LITRES,
    OPENED,
    emergency_after_credit,
    emergency_offered,
    friendly_cutoff_l,
    friendly_half_hours,
    friendly_in_force,
    gas_half_hour,
    low_credit,
    price_in_force,
    select_emergency,
    spendable,
)
from meterhouse.rules.gas_home import draw_gas

HUGE = 2**62
FULL = 10


@dataclass(slots=True)
class Home:
    volume_l: int = 0
    cutoff_l: int = NO_LIMIT_LITRES
    valve_open: int = 1
    comms_ok: int = 1
    countdown: int = FULL
    full_countdown: int = FULL
    pending: int = 0
    balance: int = 500_000
    residue: int = 0
    cv: int = 39_500
    standing_charge: int = 29_110
    emergency: int = 0
    emergency_limit: int = 0
    emergency_threshold: int = 0
    low_threshold: int = 100_000
    used_wh: int = 0
    prices: list[int] = field(default_factory=lambda: [7_370] * 16)
    rates: list[int] = field(default_factory=lambda: [0] * 96)
    thresholds_wh: list[int] = field(default_factory=lambda: [HUGE] * 3)
    friendly: list[int] = field(default_factory=lambda: [0] * 7)


HISTORY = st.lists(
    st.tuples(st.integers(0, 400), st.booleans(), st.booleans(), st.sampled_from([0, 0, 0, 0, 0, 200_000])),
    max_size=200,
)


def lived(home, history, start=0):
    for at, (wanted, contact, hand, credit) in enumerate(history, start):
        home.balance += credit
        yield at, gas_half_hour(home, wanted, at % 48, at // 48 % 7, contact, hand)


@given(HISTORY)
def test_the_balance_is_opening_plus_credit_less_the_exact_cost_of_what_flowed(history):
    home = Home()
    midnights = credited = 0
    for (at, _), (*_, credit) in zip(lived(home, history), history, strict=True):
        credited += credit
        midnights += at % 48 == 47
    cost = Fraction(home.volume_l, 1000) * Fraction(102264, 100000) * Fraction(395, 10) / Fraction(36, 10) * 7_370
    exact = 500_000 + credited - (cost.numerator // cost.denominator) - midnights * 29_110
    assert home.balance - home.pending == exact


@pytest.mark.requirement("S0-137")
@given(HISTORY)
@settings(max_examples=300)
def test_gas_past_the_cutoff_off_line_never_lasts_longer_than_one_full_delay_per_positive_balance(history):
    home = Home(balance=0, standing_charge=0)
    off_line_supply = 0
    for before, (_, code) in zip(history, lived(home, history), strict=True):
        _wanted, contact, _hand, _credit = before
        if contact and home.balance > 0:
            off_line_supply = 0
        elif code & MISSED and home.valve_open and home.volume_l >= home.cutoff_l:
            off_line_supply += 1
        assert off_line_supply <= FULL


@given(HISTORY)
def test_a_closed_valve_opens_only_for_a_hand_and_lets_nothing_through(history):
    home = Home(balance=10_000)
    for before, (_, code) in zip(history, lived(home, history), strict=True):
        if code & OPENED:
            assert before[2]
    home.valve_open = 0
    volume = home.volume_l
    gas_half_hour(home, 100, 0, 0, True, False)
    assert home.volume_l == volume


@pytest.mark.parametrize(("contact", "said"), [(False, MISSED + OPENED), (True, OPENED)])
def test_a_half_hour_in_which_a_hand_opened_the_valve_says_so_and_whether_its_report_was_missed(contact, said):
    home = Home(valve_open=0, comms_ok=0)
    assert gas_half_hour(home, 50, 20, 0, contact, True) == said
    assert home.valve_open == 1


def test_an_open_valve_beyond_its_cutoff_lets_nothing_flow_and_closes():
    home = Home(volume_l=1_000, cutoff_l=900)
    assert draw_gas(home, 50) == 0
    assert (home.volume_l, home.valve_open) == (1_000, 0)


@pytest.mark.requirement("S0-112")
@pytest.mark.requirement("S0-130")
def test_with_the_link_down_the_valve_closes_when_both_cutoff_and_delay_are_reached_whichever_is_later():
    early = Home(balance=20_000, standing_charge=0)
    gas_half_hour(early, 0, 0, 0, True, False)
    codes = [gas_half_hour(early, 50, slot % 48, 0, False, False) for slot in range(1, 20)]
    assert codes.index(MISSED | CLOSED) == FULL - 1, "the cut-off was reached early: it closes when the delay ends"
    late = Home(balance=700_000, standing_charge=0)
    gas_half_hour(late, 0, 0, 0, True, False)
    codes = [gas_half_hour(late, 500, slot % 48, 0, False, False) for slot in range(1, 47)]
    closed = codes.index(MISSED | CLOSED)
    assert closed >= FULL, "the delay ended early: it closes at once when the cut-off is reached"
    assert late.volume_l == late.cutoff_l


@pytest.mark.requirement("S0-120")
def test_at_a_change_of_rate_the_cutoff_moves_with_the_price_of_the_half_hour_to_come():
    home = Home(standing_charge=0, prices=[5_000] * 4 + [10_000] * 12, rates=[0] * 20 + [1] * 28 + [0] * 48)
    gas_half_hour(home, 0, 18, 0, True, False)
    cheap = home.cutoff_l
    gas_half_hour(home, 0, 19, 0, True, False)
    assert home.cutoff_l == -(-cheap // 2)


@pytest.mark.requirement("S0-121")
def test_a_block_begins_at_the_half_hour_after_its_threshold_was_crossed():
    home = Home(prices=[5_000, 9_000, 9_000, 9_000] * 4, thresholds_wh=[10_000, HUGE, HUGE])
    assert price_in_force(home, 0, 0) == 5_000
    gas_half_hour(home, 1_000, 0, 0, True, False)  # 11.2 kWh: all of it at the first block's price
    assert home.used_wh > 10_000
    assert 500_000 - home.balance == 1000 * 4261 * 39_500 * 5_000 // 15_000_000_000
    assert price_in_force(home, 1, 0) == 9_000


def test_emergency_credit_is_offered_below_its_threshold_selected_once_and_repaid_by_the_next_payment():
    home = Home(balance=90_000, emergency_limit=500_000, emergency_threshold=100_000)
    assert not select_emergency(home)
    assert emergency_offered(home)
    assert select_emergency(home)
    assert not select_emergency(home)
    assert spendable(home) == 590_000
    home.balance = -400_000
    assert spendable(home) == 100_000
    home.balance += 450_000
    assert emergency_after_credit(home) == 2
    home.balance += 60_000
    assert emergency_after_credit(home) == 0
    assert spendable(home) == home.balance


def test_low_credit_counts_what_can_be_spent():
    home = Home(balance=99_999)
    assert low_credit(home)
    home.emergency, home.emergency_limit = 2, 1
    assert not low_credit(home)


def test_in_friendly_half_hours_the_cutoff_is_out_of_reach_and_after_them_it_is_back():
    home = Home(balance=-10, standing_charge=0, friendly=[1 << 5, 0, 0, 0, 0, 0, 0])
    assert friendly_in_force(home, 0, 5)
    assert not friendly_in_force(home, 1, 5)
    assert gas_half_hour(home, 10, 4, 0, True, False) == 0
    assert home.cutoff_l == 10 + FRIENDLY_FLOW_L
    assert gas_half_hour(home, 3_000, 5, 0, True, False) == CLOSED
    assert home.volume_l == 3_010, "it closed at the contact after the window, not inside it"


def test_a_friendly_window_is_counted_over_midnight_and_the_week_and_to_a_day_at_most():
    home = Home(friendly=[0b11, 0, 0, 0, 0, 0, 0b111 << 45])
    assert [friendly_half_hours(home, 6, slot) for slot in (44, 45, 46, 47)] == [0, 5, 4, 3]
    assert [friendly_half_hours(home, 0, slot) for slot in (0, 1, 2)] == [2, 1, 0]
    home.friendly = [(1 << 48) - 1] * 7
    assert friendly_half_hours(home, 3, 11) == FRIENDLY_LONGEST


@given(st.integers(0, 48), st.integers(0, NO_LIMIT_LITRES), st.integers(0, NO_LIMIT_LITRES))
def test_a_friendly_cutoff_never_falls_below_what_was_bought_nor_beyond_the_allowance(hours, register, more):
    bought = min(register + more, NO_LIMIT_LITRES)
    raised = friendly_cutoff_l(hours, bought, register)
    assert bought <= raised <= max(bought, register + FRIENDLY_FLOW_L + 47 * FRIENDLY_ALLOWANCE_L)
    assert raised <= NO_LIMIT_LITRES
    if hours:
        assert raised >= min(register + FRIENDLY_FLOW_L, NO_LIMIT_LITRES)
    else:
        assert raised == bought


@pytest.mark.requirement("S0-109")
@given(HISTORY, st.lists(st.integers(0, (1 << 48) - 1), min_size=7, max_size=7))
def test_with_the_link_up_no_valve_closes_inside_a_friendly_half_hour_whatever_flows(history, week):
    home = Home(balance=20_000, friendly=week)
    for at, (wanted, *_rest) in enumerate(history):
        slot, weekday, before = at % 48, at // 48 % 7, home.volume_l
        was_open = home.valve_open
        gas_half_hour(home, wanted * 7, slot, weekday, True, False)
        if at and was_open and friendly_in_force(home, weekday, slot):
            assert home.volume_l - before == wanted * 7


@pytest.mark.requirement("S0-137")
@given(HISTORY, st.lists(st.integers(0, (1 << 48) - 1), min_size=7, max_size=7))
def test_wherever_the_link_is_cut_for_good_the_gas_ends_friendly_calendar_or_not(history, week):
    home = Home(balance=20_000, standing_charge=0, friendly=week)
    assert gas_half_hour(home, 0, 0, 0, True, False) == 0
    last = 0
    for last, (wanted, contact, hand, credit) in enumerate(history, 1):
        home.balance += credit
        gas_half_hour(home, wanted, last % 48, last // 48 % 7, contact, hand)
    bound = max(home.cutoff_l, home.volume_l + FULL * 3_000)
    for at in range(last + 1, last + 40):
        gas_half_hour(home, 3_000, at % 48, at // 48 % 7, False, True)
    assert home.volume_l <= bound + 3_000
    largest = 68 * 1000 + last * 400 + FRIENDLY_FLOW_L + 47 * FRIENDLY_ALLOWANCE_L + sum(one[3] for one in history)
    assert home.cutoff_l <= largest
