"""Device by device and as a single step: a real gas meter and hub, over real telegrams, do what the rule-book says."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_bench import START, HomeBench
from meterhouse.companion.gas import NO_LIMIT_LITRES, ValveState
from meterhouse.model import HALF_HOUR, MINUTE, SECOND
from meterhouse.premises.prepay import CreditLimits, EnergyTariff
from meterhouse.rules import emergency_after_credit, gas_half_hour, select_emergency

DELAY = 6
SATURDAY = 5
BALANCE = 60_000


@dataclass(slots=True)
class Home:
    """`rules.GasHomeRecord`."""

    prices: tuple[int, ...]
    rates: tuple[int, ...]
    thresholds_wh: tuple[int, ...]
    standing_charge: int
    cv: int
    emergency_limit: int
    emergency_threshold: int
    low_threshold: int
    friendly: list[int]
    volume_l: int = 0
    cutoff_l: int = NO_LIMIT_LITRES
    valve_open: int = 1
    comms_ok: int = 1
    countdown: int = DELAY
    full_countdown: int = DELAY
    pending: int = 0
    balance: int = BALANCE
    residue: int = 0
    emergency: int = 0
    used_wh: int = 0


class Pair:
    """The same home twice. Whoever presses does so after the report of a half hour, before any more gas flows."""

    def __init__(self, tariff: EnergyTariff, limits: CreditLimits, friendly: list[int]) -> None:
        rows = tariff.prices, tariff.rates, tariff.thresholds_wh, tariff.standing_charge, tariff.cv
        self.rule = Home(*rows, limits.emergency, limits.emergency_threshold, limits.low, friendly)
        self.bench = HomeBench(balance=BALANCE, delay=DELAY)
        account = self.bench.hub.account
        assert account is not None
        self.account = account
        account.prices, account.rates, account.thresholds_wh = tariff.prices, tariff.rates, tariff.thresholds_wh
        account.standing_charge, account.cv = tariff.standing_charge, tariff.cv
        account.limits, account.friendly = limits, friendly
        self.told_later = False
        self.place = 0

    def pay(self, amount: int) -> None:
        if amount:
            self.account.credit(amount)
            self.rule.balance += amount
            emergency_after_credit(self.rule)

    def select(self) -> None:
        assert self.account.select_emergency() == select_emergency(self.rule)

    def half_hour(self, litres: int, *, contact: bool, hand: bool) -> None:
        bench, rule, gas = self.bench, self.rule, self.bench.gas
        bench.up = bench.down = contact
        slot, weekday = self.place % 48, (SATURDAY + self.place // 48) % 7
        self.place += 1
        gas.pass_gas(litres, bench.now)
        bench.run(START + MINUTE + self.place * HALF_HOUR)
        if hand:
            bench.press()
            bench.run(bench.now + 10 * SECOND)
        # a press that no hub has heard yet is told with the next report
        gas_half_hour(rule, litres, slot, weekday, contact, hand or self.told_later)
        self.told_later = gas.button and gas.valve is ValveState.CLOSED
        assert gas.volume_l == rule.volume_l
        assert gas.cutoff_l == rule.cutoff_l
        assert (gas.valve is ValveState.OPEN) == (rule.valve_open == 1)
        assert gas.comms_ok == (rule.comms_ok == 1)
        assert gas.countdown == rule.countdown
        assert self.account.balance == rule.balance
        assert self.account.emergency == rule.emergency
        if contact:
            assert self.account.residue == rule.residue
            assert self.account.used_wh == rule.used_wh
            assert bench.hub.mirror is not None
            assert bench.hub.mirror.countdown == rule.countdown


PRICES = st.tuples(*[st.sampled_from([0, 1_000, 7_370, 30_000])] * 16)
RATES = st.tuples(*[st.integers(0, 3)] * 96)
THRESHOLDS = st.tuples(*[st.integers(1, 40_000)] * 3).map(lambda three: tuple(sorted(three)))
TARIFFS = st.builds(
    EnergyTariff, PRICES, RATES, THRESHOLDS, st.sampled_from([0, 29_110]), st.sampled_from([37_500, 39_500, 43_000])
)
LIMITS = st.sampled_from([CreditLimits(), CreditLimits(50_000, 20_000, 10_000)])
FRIENDLY = st.one_of(st.just(0), st.integers(0, (1 << 48) - 1))
STEPS = st.tuples(
    st.sampled_from([0, 10, 80, 300, 900]),  # litres
    st.sampled_from([True, True, True, False]),  # contact
    st.sampled_from([False, False, True]),  # hand
    st.sampled_from([0, 0, 0, 0, 30_000, 200_000]),  # payment
    st.sampled_from([False, False, False, True]),  # emergency credit selected
    st.sampled_from([1, 1, 1, 2, 9]),  # so many half hours alike
)


@pytest.mark.requirement("S0-114")
@pytest.mark.requirement("S0-119")
@pytest.mark.requirement("S0-136")
@given(TARIFFS, LIMITS, FRIENDLY, st.lists(STEPS, min_size=1, max_size=30))
@settings(max_examples=120, deadline=None)
def test_meter_and_hub_over_the_air_do_what_the_single_step_says(tariff, limits, saturday, history):
    pair = Pair(tariff, limits, [saturday] * 7)
    for litres, contact, hand, payment, select, count in history:
        pair.pay(payment)
        if select:
            pair.select()
        for _ in range(count):
            pair.half_hour(litres, contact=contact, hand=hand)
