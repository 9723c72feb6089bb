"""The hub's account on tariffs of rates and blocks, emergency credit and the friendly calendar; with a real meter."""

from __future__ import annotations

import json
from fractions import Fraction
from math import floor

import pytest

from home_bench import START, TARIFF, HomeBench, token
from meterhouse.companion.account_objects import GAS_ACCOUNT_OBJECTS
from meterhouse.companion.gas import ValveState
from meterhouse.model import DAY, HALF_HOUR, SECOND, Instant
from meterhouse.premises.prepay import UNUSED_BLOCK, CreditLimits, EnergyTariff, PrepayAccount
from meterhouse.protocols import dlms
from meterhouse.rules import FRIENDLY_ALLOWANCE_L, FRIENDLY_FLOW_L, FRIENDLY_LONGEST

SATURDAY = START  # 2026-11-21
PRICES = tuple(1_000 * (4 * rate + block + 1) for rate in range(4) for block in range(4))
ALL_DAY = (1 << 48) - 1


def cost(*parts: tuple[int, int], cv: int = TARIFF.cv) -> int:
    """Of (litres, price) pairs, rounded down once."""
    return floor(sum(Fraction(litres * 102_264 * cv * price, 3_600 * 100_000 * 1_000) for litres, price in parts))


def account(bench: HomeBench) -> PrepayAccount:
    assert bench.hub.account is not None
    return bench.hub.account


def tariff(rates=(0,) * 96, thresholds=(UNUSED_BLOCK,) * 3, prices=PRICES, day=0, cv=TARIFF.cv):
    return EnergyTariff(tuple(prices), tuple(rates), tuple(thresholds), day, cv)


def on_line(bench: HomeBench) -> tuple[HomeBench, dlms.Client]:
    from home_bench import head_end_client

    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    return bench, client


def matrix(one: EnergyTariff, begins=None):
    return dlms.structure(
        dlms.null if begins is None else dlms.octet_string(dlms.encode_date_time(begins)),
        dlms.array([dlms.double_long_unsigned(price) for price in one.prices]),
        dlms.octet_string(bytes(one.rates)),
        dlms.array([dlms.long64_unsigned(threshold) for threshold in one.thresholds_wh]),
        dlms.double_long_unsigned(one.standing_charge),
        dlms.double_long_unsigned(one.cv),
    )


@pytest.mark.requirement("S0-120")
def test_each_half_hour_costs_its_own_rate_and_the_cutoff_moves_at_each_change():
    bench = HomeBench(balance=5_000_000)
    rates = [0] * 48 + [slot % 4 for slot in range(48)]  # it is a weekend day
    account(bench).set_tariff(tariff(rates), START, START)
    for slot in range(1, 12):
        bench.half_hours(1, litres=100)
        bought = bench.gas.cutoff_l - bench.gas.volume_l
        price = PRICES[4 * (slot % 4)]  # of the half hour that has just begun
        assert cost((bought - 1, price)) < account(bench).balance <= cost((bought, price)) + 1
    charged = [(100, PRICES[4 * (slot % 4)]) for slot in range(1, 11)]
    # the first half hour began before the tariff could: it kept the price that was in force
    assert 5_000_000 - account(bench).balance == pytest.approx(cost((100, PRICES[0]), *charged), abs=1)


@pytest.mark.requirement("S0-121")
def test_a_block_changes_at_the_half_hour_after_its_threshold_was_passed():
    bench = HomeBench(balance=5_000_000)
    account(bench).set_tariff(tariff(thresholds=(3_000, 6_000, 12_000)), START, START)
    litres = 150  # 1 682 Wh
    bench.half_hours(10, litres=litres)
    blocks = [0, 0, 1, 1, 2, 2, 2, 2, 3, 3]
    assert 5_000_000 - account(bench).balance == pytest.approx(cost(*((litres, PRICES[b]) for b in blocks)), abs=1)
    exact = cost(*((litres, PRICES[b]) for b in blocks))
    latest = cost((litres, PRICES[1]), (litres, PRICES[2]), (litres, PRICES[3]))
    assert abs(exact - (5_000_000 - account(bench).balance)) <= latest


@pytest.mark.requirement("S0-132")
def test_recovered_half_hours_are_rated_by_the_rate_of_their_own_time():
    bench = HomeBench(balance=5_000_000)
    rates = [0] * 48 + [1] * 6 + [2] * 6 + [3] * 36
    account(bench).set_tariff(tariff(rates), START, START)
    bench.half_hours(1)
    bench.up = False
    bench.half_hours(15, litres=200)
    bench.up = True
    bench.half_hours(1)
    charged = cost((5 * 200, PRICES[4]), (6 * 200, PRICES[8]), (4 * 200, PRICES[12]))
    assert 5_000_000 - account(bench).balance == charged


def test_a_tariff_to_come_waits_for_its_half_hour_and_the_newest_for_one_instant_wins():
    bench = HomeBench(balance=5_000_000)
    at = Instant(START + 3 * HALF_HOUR)
    cheap, dear = tariff(prices=(1_000,) * 16), tariff(prices=(9_000,) * 16)
    assert account(bench).set_tariff(dear, bench.now, at) == at
    account(bench).set_tariff(cheap, bench.now, at)
    account(bench).set_tariff(dear, bench.now, Instant(at + 2 * HALF_HOUR))
    state = json.loads(json.dumps(bench.hub.state()))
    bench.restart_hub(state)
    bench.half_hours(6, litres=100)
    assert account(bench).coming == []
    assert 5_000_000 - account(bench).balance == cost((300, TARIFF.price), (200, 1_000), (100, 9_000))


def test_the_head_end_sets_rates_blocks_limits_and_calendar_over_the_line():
    bench, client = on_line(HomeBench())
    begins, one = Instant(START + DAY), tariff([0, 1, 2, 3] * 24, (10, 20, 30), day=100)
    bench.ask(client.set(dlms.DATA, GAS_ACCOUNT_OBJECTS.tariff_matrix, 2, matrix(one, begins)))
    assert account(bench).coming[0].begins == begins
    assert account(bench).tariff == one
    assert bench.ask(client.get(dlms.DATA, GAS_ACCOUNT_OBJECTS.tariff_matrix, 2)) == matrix(one, begins)
    [told] = [event for event in bench.heard if event.kind == "tariff.set"]
    assert told.fields["from_ms"] == begins
    limits = dlms.structure(*map(dlms.double_long_unsigned, (500_000, 100_000, 200_000)))
    bench.ask(client.set(dlms.DATA, GAS_ACCOUNT_OBJECTS.credit_limits, 2, limits))
    assert account(bench).limits == CreditLimits(500_000, 100_000, 200_000)
    assert bench.ask(client.get(dlms.DATA, GAS_ACCOUNT_OBJECTS.credit_limits, 2)) == limits
    week = dlms.array([dlms.long64_unsigned(day) for day in (1, 2, 3, 4, 5, 6, ALL_DAY)])
    bench.ask(client.set(dlms.DATA, GAS_ACCOUNT_OBJECTS.calendar, 2, week))
    assert list(account(bench).friendly) == [1, 2, 3, 4, 5, 6, ALL_DAY]
    assert bench.ask(client.get(dlms.DATA, GAS_ACCOUNT_OBJECTS.calendar, 2)) == week


@pytest.mark.requirement("S0-71")
@pytest.mark.parametrize(
    ("one", "begins"),
    [
        (tariff(prices=(500_001,) * 16), None),
        (tariff(rates=(4,) * 96), None),
        (tariff(thresholds=(0, 1, 2)), None),
        (tariff(thresholds=(30, 20, 40)), None),
        (tariff(thresholds=(30, 40, 2**53 + 1)), None),
        (tariff(day=2_000_001), None),
        (tariff(cv=29_999), None),
        (tariff(cv=50_001), None),
        (tariff(), START + DAY + 60_000),
        (tariff(), START - DAY),
        (tariff(), START + 367 * DAY),
    ],
)
def test_a_senseless_tariff_is_refused_with_a_reason_and_changes_nothing(one, begins):
    bench, client = on_line(HomeBench())
    before = account(bench).state()
    with pytest.raises(dlms.AccessRefusedError):
        bench.ask(client.set(dlms.DATA, GAS_ACCOUNT_OBJECTS.tariff_matrix, 2, matrix(one, begins)))
    assert account(bench).state() == before
    [told] = [event for event in bench.heard if event.kind == "access.refused"]
    assert len(str(told.fields["why"])) > len("activation")


@pytest.mark.requirement("S0-71")
@pytest.mark.parametrize(
    ("obis", "value"),
    [
        (GAS_ACCOUNT_OBJECTS.credit_limits, dlms.structure(*map(dlms.double_long_unsigned, (10_000_001, 0, 0)))),
        (GAS_ACCOUNT_OBJECTS.calendar, dlms.array([dlms.long64_unsigned(1 << 48)] * 7)),
        (GAS_ACCOUNT_OBJECTS.calendar, dlms.array([dlms.long64_unsigned(1)] * 6)),
    ],
)
def test_senseless_limits_and_calendars_are_refused_and_change_nothing(obis, value):
    bench, client = on_line(HomeBench())
    before = account(bench).state()
    with pytest.raises(dlms.AccessRefusedError):
        bench.ask(client.set(dlms.DATA, obis, 2, value))
    assert account(bench).state() == before


# emergency credit

LIMITS = CreditLimits(emergency=100_000, emergency_threshold=30_000, low=50_000)


def needy(litres: int = 100) -> HomeBench:
    """A home with so little credit that emergency credit is on offer."""
    bench = HomeBench(balance=25_000)
    account(bench).limits = LIMITS
    account(bench).standing_charge = 0
    bench.half_hours(2, litres=litres)
    return bench


@pytest.mark.requirement("S0-111")
def test_emergency_credit_selected_at_a_closed_valve_opens_it_at_the_next_wake_once():
    bench = needy(400)
    assert bench.gas.valve is ValveState.CLOSED
    assert not bench.gas.press_button(bench.now)
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.CLOSED, "what is only on offer opens nothing"
    assert bench.hub.select_emergency(bench.now)
    assert not bench.hub.select_emergency(bench.now), "once, until it is repaid"
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.OPEN
    bench.half_hours(3, litres=10)
    assert bench.kinds("gas_meter").count("valve.opened") == 1
    bench.half_hours(20, litres=400)
    assert bench.gas.valve is ValveState.CLOSED
    assert -100_900 <= account(bench).balance <= -100_000, "the limit ends it, to the litre that reaches it"


def test_emergency_credit_is_refused_while_it_is_not_on_offer():
    bench = HomeBench(balance=500_000)
    account(bench).limits = LIMITS
    bench.half_hours(2)
    assert not bench.hub.select_emergency(bench.now)
    assert not HomeBench(prepay=False).hub.select_emergency(START)


def test_emergency_credit_raises_the_cutoff_by_just_its_limit_and_is_repaid_by_the_next_payment():
    bench = needy(10)
    before = bench.gas.cutoff_l
    assert bench.hub.select_emergency(bench.now)
    bench.half_hours(1)
    assert cost((bench.gas.cutoff_l - before, TARIFF.price)) == pytest.approx(100_000, abs=900)
    bench.half_hours(1, litres=600)
    owed = account(bench).balance
    assert -100_000 < owed < 0
    bench.key_in(token(200_000))
    assert account(bench).balance == account(bench).credited + owed > 0
    assert not account(bench).emergency_active
    assert account(bench).spendable == account(bench).balance


def test_emergency_credit_never_refills_the_countdown():
    """C-07: only a balance above zero does."""
    bench = needy(400)
    bench.hub.select_emergency(bench.now)
    bench.half_hours(2, litres=10)
    assert bench.gas.valve is ValveState.OPEN
    assert account(bench).balance < 0 < account(bench).spendable
    bench.up = False
    bench.half_hours(10)
    bench.up = True
    bench.half_hours(5)
    assert bench.gas.countdown == bench.hub.mirror.countdown == 134


def test_the_emergency_credit_object_tells_its_state():
    bench, client = on_line(needy(10))

    def seen():
        return [
            bench.ask(client.get(dlms.CREDIT, GAS_ACCOUNT_OBJECTS.emergency_credit, index)).whole()
            for index in (2, 3, 8, 9)
        ]

    assert seen() == [100_000, 2, 1, 100_000]
    bench.hub.select_emergency(bench.now)
    assert seen() == [100_000, 2, 2, 100_000]
    account(bench).balance = -40_000
    assert seen() == [60_000, 2, 3, 100_000]
    account(bench).balance = -100_001
    assert seen() == [0, 2, 4, 100_000]
    account(bench).credit(200_000)
    assert seen() == [100_000, 2, 0, 100_000]


def test_the_low_credit_warning_is_about_what_can_be_spent():
    bench = needy(10)
    assert account(bench).low_credit
    bench.hub.select_emergency(bench.now)
    assert not account(bench).low_credit
    bench.half_hours(1)
    bench.half_hours(1, litres=1_000)
    assert account(bench).low_credit


@pytest.mark.requirement("S0-122")
@pytest.mark.parametrize("litres", [97, 333, 1_777])
def test_with_exact_blocks_each_litre_costs_its_own_block_and_the_cutoff_reaches_over_them(litres):
    thresholds = (3_000, 6_000, 12_000)
    bench = HomeBench(balance=300_000, exact_blocks=True)
    account(bench).set_tariff(tariff(thresholds=thresholds), START, START)
    bench.half_hours(1)

    def block(litre):  # the block in which this litre of the meter flowed: by what was used when it began
        return sum((litre * 102_264 * TARIFF.cv) // 360_000_000 >= threshold for threshold in thresholds)

    for _ in range(12):
        bench.half_hours(1, litres=litres)
        parts = [(1, PRICES[block(litre)]) for litre in range(bench.gas.volume_l)]
        # a litre at each change-over may be of one block or the other: what was used is kept in whole Wh
        slack = sum(cost((2, PRICES[number + 1] - PRICES[number])) for number in range(3)) + 1
        assert abs(300_000 - account(bench).balance - cost(*parts)) <= slack
        left = [(1, PRICES[block(litre)]) for litre in range(bench.gas.volume_l, bench.gas.cutoff_l)]
        assert abs(cost(*left) - max(account(bench).balance, 0)) <= slack + cost((1, PRICES[3]))


@pytest.mark.requirement("S0-122")
def test_exact_blocks_close_the_valve_where_the_money_of_the_last_block_ends_inside_one_half_hour():
    bench = HomeBench(balance=2_000, exact_blocks=True)
    account(bench).standing_charge = 0
    account(bench).set_tariff(tariff(thresholds=(300, 600, 900)), START, START)
    bench.half_hours(1)
    bench.half_hours(2, litres=5_000)
    assert bench.gas.valve is ValveState.CLOSED
    assert -46 <= account(bench).balance <= 0, "over four blocks it ends within the price of one litre"
    coarse = HomeBench(balance=2_000)
    account(coarse).set_tariff(tariff(thresholds=(300, 600, 900)), START, START)
    coarse.half_hours(1)
    coarse.half_hours(2, litres=5_000)
    assert coarse.gas.volume_l > bench.gas.volume_l, "without it all of the half hour is of the first block"


# friendly credit


@pytest.mark.requirement("S0-109")
def test_in_a_friendly_window_the_most_that_a_meter_passes_closes_nothing_and_after_it_the_cutoff_is_back():
    """C-05: a hub effect. Saturday 01:00 to 02:00."""
    bench = HomeBench(balance=50_000)
    account(bench).standing_charge = 0
    account(bench).friendly = [0, 0, 0, 0, 0, 0b1100, 0]
    bench.half_hours(1, litres=10)
    bought = bench.gas.cutoff_l
    bench.half_hours(1, litres=10)
    assert bench.gas.cutoff_l == 20 + FRIENDLY_FLOW_L + FRIENDLY_ALLOWANCE_L > bought
    assert bench.half_hours(1, litres=3_000) == 3_000
    assert account(bench).balance < 0
    assert bench.gas.cutoff_l == 3_020 + FRIENDLY_FLOW_L
    assert bench.gas.valve is ValveState.OPEN
    bench.half_hours(1, litres=3_000)
    assert bench.gas.cutoff_l == bench.gas.volume_l == 6_020
    assert bench.gas.valve is ValveState.CLOSED


def test_in_a_friendly_window_an_account_that_can_buy_more_keeps_its_own_cutoff():
    bench = HomeBench(balance=40_000_000)
    bench.half_hours(2, litres=10)
    bought = bench.gas.cutoff_l
    account(bench).friendly = [ALL_DAY] * 7
    bench.half_hours(1)
    assert bench.gas.cutoff_l == bought


@pytest.mark.requirement("S0-137")
@pytest.mark.parametrize("week", [[0, 0, 0, 0, 0, 0b1110, 0], [ALL_DAY] * 7])
def test_a_link_lost_for_good_in_a_friendly_window_gives_its_allowance_and_no_gas_without_end(week):
    bench = HomeBench(balance=50_000, delay=4)
    account(bench).standing_charge = 0
    account(bench).friendly = week
    bench.half_hours(1, litres=10)
    hours = min(sum(day.bit_count() for day in week), FRIENDLY_LONGEST)
    raised = 10 + FRIENDLY_FLOW_L + (hours - 1) * FRIENDLY_ALLOWANCE_L
    assert bench.gas.cutoff_l == raised
    bench.up = False
    assert bench.half_hours(hours, litres=FRIENDLY_ALLOWANCE_L) == hours * FRIENDLY_ALLOWANCE_L
    assert bench.gas.valve is ValveState.OPEN, "the raised cut-off stands: ordinary use closes nothing in the window"
    bench.half_hours(60, litres=3_000)
    assert bench.gas.volume_l == raised
    assert bench.gas.valve is ValveState.CLOSED
    bench.up = True
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.CLOSED
    assert bench.gas.countdown == 0


def test_a_closed_valve_stays_closed_in_a_friendly_window_without_credit():
    bench = needy(400)
    account(bench).friendly = [ALL_DAY] * 7
    bench.press()
    bench.run(bench.now + 10 * SECOND)
    bench.half_hours(3)
    assert bench.gas.valve is ValveState.CLOSED
