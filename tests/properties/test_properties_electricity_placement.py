"""One home, one tariff, one set of hands: the account in the hub and the account in the meter come to the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from home_bench import METER_ID, HomeBench, electricity_setup, electricity_token, head_end_client
from m_wire import requests, strangers
from meterhouse.companion import objects
from meterhouse.companion.account_objects import ACCOUNT_OBJECTS, ELECTRICITY_CUTOFF
from meterhouse.model import DAY, HALF_HOUR, MINUTE, SECOND, Fuel, Instant
from meterhouse.premises.prepay import CreditLimits, EnergyTariff, PrepayAccount, PrepaySetup
from meterhouse.protocols import dlms
from meterhouse.rules.emergency import ACTIVE

AT: Final = ACCOUNT_OBJECTS[Fuel.ELECTRICITY]
DEAREST: Final = 60_000
MOST: Final = 1_500
ASKED: Final = {
    str(name)
    for name in (
        objects.ELECTRICITY_IMPORT,
        objects.ELECTRICITY_DISCONNECT,
        objects.ELECTRICITY_PROFILE,
        ELECTRICITY_CUTOFF,
    )
}

Act = tuple[str, int]
"""What somebody does, or what fails, ten minutes into a half hour."""


@dataclass(frozen=True)
class Household:
    """What is drawn in each half hour, and what happens in it."""

    balance: int
    tariff: EnergyTariff
    terms: dict[str, Any]
    draws: list[int]
    acts: dict[int, list[Act]]

    @property
    def setup(self) -> PrepaySetup:
        return electricity_setup(self.balance, self.tariff, **self.terms)


@dataclass(frozen=True)
class Outcome:
    """Register and supply after each draw and after each hand, and what the head end reads at the end."""

    supply: list[tuple[int, bool, bool]]
    balance: int
    credited: int
    consumed: int


class Run:
    """One run, in one placement. `acts` are those that were really done; the second run does the same ones."""

    def __init__(self, household: Household, *, in_hub: bool) -> None:
        self.household = household
        self.in_hub = in_hub
        place = {"in_hub" if in_hub else "in_meter": household.setup}
        self.bench = HomeBench(gas=False, prepay=False, **place)
        self.supply: list[tuple[int, bool, bool]] = []
        self.done: dict[int, list[Act]] = {}
        self._plug_at = self._mend_at = -1
        self._tokens = 0

    @property
    def account(self) -> PrepayAccount:
        held = self.bench.hub.electricity_account if self.in_hub else self.bench.electricity.prepaid
        assert held is not None
        return held.account

    def play(self, acts: dict[int, list[Act]], *, strict: bool) -> Outcome:
        bench = self.bench
        for number, draw in enumerate(self.household.draws):
            begun = bench.now
            bench.electricity.use(draw, bench.now)
            bench.settle()
            after_draw = bench.electricity.switch.closed
            bench.run(begun + 10 * MINUTE)
            self._return(number)
            for act in acts.get(number, ()):
                if strict or self._sensible(act):
                    self._act(number, act)
                    self.done.setdefault(number, []).append(act)
            bench.run(begun + 12 * MINUTE)
            self._hand()
            self.supply.append((bench.electricity.register_wh, after_draw, bench.electricity.switch.closed))
            bench.run(Instant(begun + HALF_HOUR))
        bench.wire.plug()
        bench.line.mend()
        bench.half_hours(3)
        client = self._call()
        balance = bench.ask(client.get(dlms.CREDIT, AT.credit, 2), meter=not self.in_hub).whole()
        return Outcome(self.supply, balance, self.account.credited, self.account.consumed)

    def _sensible(self, act: Act) -> bool:
        """The wire to a meter fails only while there is money for longer than that: what an outage of it means for a
        supply that ends meanwhile is what the placements differ in (S0-125), and has tests of its own."""
        word, amount = act
        if word == "wire":
            reserve = (amount + 2) * MOST * DEAREST // 1_000 + 3 * self.household.tariff.standing_charge
            calm = self.account.emergency != ACTIVE and self.bench.electricity.switch.closed
            return calm and self.bench.wire.plugged and self.account.spendable > reserve
        if word == "line":
            return self.bench.line.up
        return word != "price" or (self.bench.line.standing and self.bench.wire.plugged)

    def _act(self, number: int, act: Act) -> None:
        bench, (word, amount) = self.bench, act
        if word == "token":
            self._tokens += 1
            digits = electricity_token(amount, 6_000_000 + self._tokens)
            taken = bench.key_in(digits) if self.in_hub else bench.electricity.key_in_token(digits, bench.now)
            assert taken.amount >= amount
        elif word == "wire":
            bench.wire.unplug()
            self._plug_at = number + amount
        elif word == "line":
            bench.line.cut()
            self._mend_at = number + amount
        elif word == "restart":
            bench.restart_hub()
        else:
            client = self._call()
            flat = dlms.structure(*map(dlms.double_long_unsigned, (amount, self.household.tariff.standing_charge, 0)))
            bench.ask(client.set(dlms.DATA, AT.tariff, 2, flat), meter=not self.in_hub)

    def _return(self, number: int) -> None:
        if number == self._plug_at:
            self.bench.wire.plug()
        if number == self._mend_at:
            self.bench.line.mend()

    def _hand(self) -> None:
        """Whoever sits in the dark asks for emergency credit, and presses the meter's button."""
        bench = self.bench
        if bench.electricity.switch.closed:
            return
        if self.in_hub:
            bench.hub.select_emergency(bench.now, Fuel.ELECTRICITY)
        else:
            bench.electricity.select_emergency(bench.now)
        bench.run(Instant(bench.now + SECOND))
        bench.electricity.press_button(bench.now)
        bench.settle()

    def _call(self) -> dlms.Client:
        bench = self.bench
        bench.line.call()
        client = head_end_client() if self.in_hub else head_end_client(METER_ID)
        bench.ask(client.associate(), meter=not self.in_hub)
        return client


def both(household: Household) -> tuple[Outcome, Outcome, Run]:
    in_hub = Run(household, in_hub=True)
    first = in_hub.play(household.acts, strict=False)
    return first, Run(household, in_hub=False).play(in_hub.done, strict=True), in_hub


def assert_only_results_go_by_wire(run: Run) -> None:
    """Of all octets that reached the meter: questions for register, switch and half hours, and cut-off orders."""
    assert not strangers(run.bench), "nobody but the hub spoke to the meter"
    for request in requests(run.bench):
        assert set(request.names) <= ASKED
        if request.kind != "get-request":
            assert request.kind == "set-request"
            assert request.names == (str(ELECTRICITY_CUTOFF),)
            cutoff, refill, arm = request.value.items(3)
            assert cutoff.tag == dlms.Tag.LONG64_UNSIGNED
            assert refill in (dlms.null, dlms.long_unsigned(144))
            assert arm.tag == dlms.Tag.BOOLEAN


LENGTH: Final = 110
"""Half hours: over two midnights."""

prices = st.integers(0, DEAREST)
tariffs = st.builds(
    EnergyTariff,
    st.tuples(*[prices] * 16),
    st.lists(st.integers(0, 3), min_size=12, max_size=12).map(lambda rates: tuple(r for r in rates for _ in range(8))),
    st.lists(st.integers(1_000, 60_000), min_size=3, max_size=3).map(lambda steps: tuple(sorted(steps))),
    st.integers(0, 100_000),
    st.just(0),
)
terms = st.fixed_dictionaries(
    {
        "limits": st.builds(CreditLimits, st.integers(0, 500_000), st.integers(0, 300_000), st.just(100_000)),
        "friendly": st.tuples(*[st.sampled_from((0, 0, 0xF, 0xFFF << 36, 0xFF00))] * 7),
        "exact_blocks": st.booleans(),
    }
)
acts = st.one_of(
    st.tuples(st.just("token"), st.sampled_from((10_000, 100_000, 500_000, 1_000_000))),
    st.tuples(st.just("wire"), st.integers(1, 20)),
    st.tuples(st.just("line"), st.integers(1, 60)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("price"), prices),
)
households = st.builds(
    Household,
    st.integers(0, 3_000_000),
    tariffs,
    terms,
    st.lists(st.integers(0, MOST), min_size=5, max_size=20).map(lambda few: (few * LENGTH)[:LENGTH]),
    st.dictionaries(st.integers(0, LENGTH - 1), st.lists(acts, min_size=1, max_size=2), max_size=16),
)

_RATES: Final = (0,) * 14 + (1,) * 20 + (2,) * 14 + (3,) * 48
EVERYTHING: Final = Household(
    700_000,
    EnergyTariff(tuple(range(10_000, 58_000, 3_000)), _RATES, (8_000, 20_000, 45_000), 53_350, 0),
    {"limits": CreditLimits(300_000, 100_000, 50_000), "friendly": (0xFFF << 36,) * 7, "exact_blocks": True},
    [900, 100, 700, 0, 1_400] * 22,
    {
        3: [("restart", 0)],
        5: [("line", 30)],
        30: [("token", 500_000)],
        60: [("token", 1_000_000), ("token", 1_000_000)],
        61: [("wire", 12)],
        65: [("token", 100_000), ("restart", 0)],
        80: [("price", 45_000)],
    },
)
"""Runs out in the dark and in a friendly window, borrows, pays, and loses line, hub and wire."""


@pytest.mark.requirement("S0-105")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(households)
@example(EVERYTHING)
def test_a_home_comes_to_the_same_wherever_its_account_stands_and_its_meter_hears_results_alone(
    household: Household,
) -> None:
    in_hub, in_meter, run = both(household)
    assert in_hub.supply == in_meter.supply
    assert in_hub == in_meter
    assert_only_results_go_by_wire(run)


def test_the_example_of_everything_has_what_it_says() -> None:
    outcome, _, run = both(EVERYTHING)
    kinds = set(run.bench.kinds())
    assert {"emergency.selected", "token.accepted", "tariff.set", "m_link.failed", "m_link.up"} <= kinds
    closed = [after for _, after, _ in outcome.supply]
    assert 5 < closed.count(False) < 60
    assert run.done == EVERYTHING.acts
    assert len([one for one in requests(run.bench) if one.kind == "set-request"]) > 90


# whatever fails -------------------------------------------------------------------------------------------------------

DELAY: Final = 8
failures = st.one_of(
    st.tuples(st.just("token"), st.sampled_from((10_000, 100_000, 500_000, 1_000_000))),
    st.tuples(st.just("wire"), st.integers(1, 30)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("old"), st.integers(1, 20)),
    st.tuples(st.just("clock"), st.integers(-45, 45)),
)


def reference_cost(household: Household, rows: list[tuple[int, int]]) -> int:
    """What the meter's own half hours (end, Wh) cost, each at the rate and block that it began in."""
    units, used, days = 0, 0, 0
    for end, amount in rows:
        begin = end - HALF_HOUR
        weekend = (begin // DAY + 3) % 7 >= 5
        rate = household.tariff.rates[48 * weekend + begin % DAY // HALF_HOUR]
        block = sum(used >= threshold for threshold in household.tariff.thresholds_wh)
        units += amount * household.tariff.prices[4 * rate + block]
        used += amount
        days += end % DAY == 0
    return units // 1_000 + days * household.tariff.standing_charge


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.integers(0, 500_000),
    tariffs,
    st.lists(st.integers(0, MOST), min_size=5, max_size=20),
    st.dictionaries(st.integers(0, LENGTH - 1), st.lists(failures, min_size=1, max_size=2), max_size=16),
)
def test_whatever_wire_and_hub_go_through_each_watt_hour_is_paid_once_and_an_open_switch_waits_for_a_hand(
    balance: int, tariff: EnergyTariff, few: list[int], told: dict[int, list[Act]]
) -> None:
    household = Household(balance, tariff, {}, (few * LENGTH)[:LENGTH], told)
    bench = HomeBench(gas=False, prepay=False, in_hub=household.setup, meter_delay=DELAY)
    rows, states, credited, plug_at, presses = [], [bench.hub.state()], 0, -1, 0
    for number, draw in enumerate(household.draws):
        begun, register = bench.now, bench.electricity.register_wh
        closed = bench.electricity.switch.closed
        bench.electricity.use(draw, bench.now)
        bench.run(begun + 10 * MINUTE)
        if number == plug_at:
            bench.wire.plug()
        for word, amount in told.get(number, ()):
            if word == "token":
                credited += bench.key_in(electricity_token(amount, 6_000_000 + len(states) * 2_000 + number)).amount
                states = [bench.hub.state()]  # a checkpoint follows each token at once
            elif word == "wire":
                bench.wire.unplug()
                plug_at = number + amount
            elif word == "clock":
                bench.electricity.set_clock(Instant(bench.now + amount * SECOND), bench.now)
            else:
                old = states[-min(amount + 1, len(states))]  # counters are written down before they are used
                bench.restart_hub(old | {"counters": bench.hub.state()["counters"]})
        bench.run(Instant(begun + HALF_HOUR))
        states.append(bench.hub.state())
        rows.append((bench.now - bench.now % HALF_HOUR, bench.electricity.register_wh - register))
        assert bench.electricity.switch.closed <= closed, "nothing but a hand closes a switch"
        if number % 7 == 6:
            presses += bench.electricity.press_button(bench.now)
    bench.wire.plug()
    bench.electricity.set_clock(bench.now, bench.now)
    bench.half_hours(2)
    account = bench.hub.electricity_account.account  # type: ignore[union-attr]
    ends = [bench.now - bench.now % HALF_HOUR - HALF_HOUR, bench.now - bench.now % HALF_HOUR]
    rows += [(end, 0) for end in ends]
    assert account.charged == bench.electricity.register_wh
    assert account.credited == credited
    assert account.balance == balance + credited - reference_cost(household, rows)
