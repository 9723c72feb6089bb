"""An account of electricity, alone: half hours in, a cut-off and perhaps an arm out; the ledger is exact."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from home_bench import PAN, START, TOKEN_KEY
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import DAY, HALF_HOUR, HOUR, REGISTER_LIMIT_WH, Fuel, HalfHour, Instant, Quality
from meterhouse.premises.prepay import UNUSED_BLOCK, CreditLimits, EnergyTariff, PrepaidElectricity, PrepaySetup
from meterhouse.protocols import sts
from meterhouse.rules import NO_LIMIT_WH

PRICE = 28_340
FLAT = EnergyTariff.flat(PRICE, 0)
SAID = 200_024
"""The amount next above 2.00 that an STS token can say."""


class Held:
    """One account, and what it told."""

    def __init__(self, balance: int, tariff: EnergyTariff = FLAT, **more) -> None:
        self.told: list[tuple[str, dict[str, object]]] = []
        setup = PrepaySetup(balance, tariff, TOKEN_KEY, PAN, **more)
        self.prepaid = PrepaidElectricity(setup, lambda _now, kind, **fields: self.told.append((kind, fields)))
        self.prepaid.settle(1_000, [row(0, 1_000)], START)


def row(number: int, register: int) -> HalfHour:
    return HalfHour(Instant(START + number * HALF_HOUR), register % REGISTER_LIMIT_WH, Quality.MEASURED)


def electricity_token(money5: int, tid: int = 6_000_000) -> str:
    subclass = sts.CreditSubclass.ELECTRICITY_CURRENCY
    return sts.encode_currency_credit(TOKEN_KEY, subclass, tid=tid, amount_money5=money5).digits


def gas_token(money5: int, tid: int = 6_000_001) -> str:
    subclass = sts.CreditSubclass.GAS_CURRENCY
    return sts.encode_currency_credit(TOKEN_KEY, subclass, tid=tid, amount_money5=money5).digits


def test_a_new_account_charges_from_its_first_row_and_buys_to_the_watt_hour():
    held = Held(10 * PRICE)
    order = held.prepaid.settle(1_000, [], START)
    assert (order.cutoff_wh, order.refill, order.arm) == (1_000 + 10_000, True, True)
    order = held.prepaid.settle(4_000, [row(1, 4_000)], Instant(START + HALF_HOUR))
    assert held.prepaid.account.balance == 7 * PRICE
    assert order.cutoff_wh == 1_000 + 10_000


def test_without_money_it_neither_refills_nor_arms():
    held = Held(PRICE)
    order = held.prepaid.settle(2_000, [row(1, 2_000)], Instant(START + HALF_HOUR))
    assert (order.cutoff_wh, order.refill, order.arm) == (2_000, False, False)


def test_while_half_hours_are_still_to_come_nothing_is_refilled_or_armed():
    held = Held(10 * PRICE)
    order = held.prepaid.settle(2_000, [row(1, 2_000)], Instant(START + HALF_HOUR), all_told=False)
    assert (order.refill, order.arm) == (False, False)


def test_each_row_counts_once_however_often_it_comes():
    held = Held(10 * PRICE)
    rows = [row(1, 1_400), row(2, 1_900)]
    for _ in range(3):
        held.prepaid.settle(1_900, rows, Instant(START + HOUR))
    assert held.prepaid.account.balance == 10 * PRICE - 900 * PRICE // 1_000


def test_a_register_rolls_over_at_its_limit():
    held = Held(10 * PRICE)
    held.prepaid.account.rebase(REGISTER_LIMIT_WH - 300, START)
    held.prepaid.settle(200, [row(1, REGISTER_LIMIT_WH + 200)], Instant(START + HALF_HOUR))
    assert held.prepaid.account.balance == 10 * PRICE - 500 * PRICE // 1_000


def test_a_register_that_fell_is_not_charged_and_is_told_once():
    held = Held(10 * PRICE)
    for number in (1, 2):
        held.prepaid.settle(10, [row(number, 10)], Instant(START + number * HALF_HOUR))
    assert held.prepaid.account.balance == 10 * PRICE
    assert [kind for kind, _ in held.told] == ["electricity_rows.refused"]


def test_emergency_credit_is_offered_selected_once_and_named_by_its_fuel():
    held = Held(PRICE, limits=CreditLimits(emergency=100_000, emergency_threshold=50_000))
    held.prepaid.settle(2_000, [row(1, 2_000)], Instant(START + HALF_HOUR))
    assert held.prepaid.select_emergency(START)
    assert not held.prepaid.select_emergency(START)
    assert [(kind, fields["fuel"]) for kind, fields in held.told] == [
        ("emergency.offered", "electricity"),
        ("emergency.selected", "electricity"),
    ]
    order = held.prepaid.order()
    assert (order.cutoff_wh, order.refill, order.arm) == (2_000 + 3_529, False, True)  # 1.00 buys 3 528.6 Wh


def test_a_token_of_gas_under_the_very_same_key_is_no_credit_of_electricity():
    held = Held(0)
    assert held.prepaid.slot.enter(gas_token(SAID), START, by_hand=True).verdict is TokenVerdict.NOT_CREDIT
    assert held.prepaid.slot.enter(electricity_token(SAID), START, by_hand=True).verdict is TokenVerdict.ACCEPTED
    assert held.prepaid.slot.enter(electricity_token(SAID), START, by_hand=True).verdict is TokenVerdict.USED
    assert held.prepaid.account.balance == SAID


def test_a_snapshot_goes_on_with_the_same_account_and_the_same_used_tokens():
    held = Held(PRICE)
    held.prepaid.slot.enter(electricity_token(SAID), START, by_hand=False)
    again = Held(0)
    again.prepaid.restore(held.prepaid.state())
    assert again.prepaid.account.state() == held.prepaid.account.state()
    assert again.prepaid.account.fuel is Fuel.ELECTRICITY
    assert again.prepaid.slot.enter(electricity_token(SAID), START, by_hand=True).verdict is TokenVerdict.USED
    again.prepaid.slot.enter(electricity_token(SAID, tid=6_000_010), START, by_hand=True)
    assert again.prepaid.account.balance == PRICE + 2 * SAID


def test_a_free_tariff_has_no_limit_and_a_tariff_with_a_calorific_value_is_refused():
    held = Held(PRICE, EnergyTariff.flat(0, 0))
    assert held.prepaid.order().cutoff_wh == NO_LIMIT_WH
    assert "calorific value" in EnergyTariff.flat(PRICE, 0, 39_500).refusal(Fuel.ELECTRICITY)
    assert EnergyTariff.flat(PRICE, 0).refusal(Fuel.ELECTRICITY) == ""
    assert EnergyTariff.flat(PRICE, 0).refusal(Fuel.GAS)


@given(
    used=st.lists(st.integers(0, 5_000), min_size=1, max_size=120),
    prices=st.tuples(*[st.integers(0, 60_000)] * 16),
    rates=st.tuples(*[st.integers(0, 3)] * 96),
    standing=st.integers(0, 60_000),
)
def test_the_balance_is_the_reference_ledger_to_the_last_unit(used, prices, rates, standing):
    """Fractions, rounded down once at the end; a day's standing charge at each midnight (S0-119, for electricity)."""
    tariff = EnergyTariff(prices, rates, (20_000, 40_000, UNUSED_BLOCK), standing)
    held = Held(0, tariff)
    register, money, block_wh = 1_000, Fraction(0), 0
    for number, wh in enumerate(used, 1):
        register += wh
        begins = START + (number - 1) * HALF_HOUR
        weekend = 48 * ((begins // DAY + 3) % 7 > 4)
        block = (block_wh >= 20_000) + (block_wh >= 40_000)
        money += Fraction(wh * prices[4 * rates[weekend + begins % DAY // HALF_HOUR] + block], 1_000)
        block_wh += wh
        held.prepaid.settle(register, [row(number, register)], Instant(begins + HALF_HOUR))
    days = (START + len(used) * HALF_HOUR) // DAY - START // DAY
    assert held.prepaid.account.balance == -floor(money) - days * standing
