"""Each invariant of a street, with a breach planted for it: a judge that never convicts judges nothing."""

from __future__ import annotations

import pytest

from meterhouse.companion.gas import ValveState
from meterhouse.model import HALF_HOUR, MINUTE, Event, Instant, Money
from meterhouse.simulation.gas_invariants import RefusedOrders
from meterhouse.simulation.street_invariants import Commands, Restorations
from street_worlds import START, Scene

PREPAY = 'gas = { mode = "prepay", opening_balance = "6.00" }'
NEARLY_OUT = 'gas = { mode = "prepay", opening_balance = "0.50", no_comms_half_hours = 48 }'


def test_an_honest_street_breaks_nothing():
    scene = Scene(PREPAY, NEARLY_OUT, 'gas = { mode = "credit" }')
    scene.pay()
    scene.days(4)
    assert scene.world.violations == ()
    assert "valve.closed" in scene.kinds()


def test_money_credited_without_a_token_breaks_1():
    scene = Scene(PREPAY)
    scene.days(0.5)
    account = scene.site().hub.account
    account.credit(100)
    scene.days(1)
    assert 1 in scene.broken()


def test_a_token_that_was_never_sold_breaks_1():
    scene, other = Scene(PREPAY), Scene(PREPAY)  # the same seed: the same keys, another book
    other.days(0.25)
    scene.days(0.25)
    digits = other.pay().token
    assert scene.street.key_in("01", digits).accepted
    scene.days(1)
    assert 1 in scene.broken()


def test_a_valve_that_opens_by_itself_breaks_2():
    scene = Scene(NEARLY_OUT)
    scene.days(1)
    gas = scene.site().gas
    assert gas.valve is ValveState.CLOSED

    def leak(now: Instant) -> None:
        gas._supply._open("fault")
        gas._after(ValveState.CLOSED, now)

    scene.world.call(gas, leak)
    scene.days(0.1)
    assert 2 in scene.broken()


@pytest.mark.parametrize("armed", [True, False])
def test_electricity_that_comes_back_by_itself_breaks_2(armed):
    scene = Scene(PREPAY)
    judge = Restorations(scene.street)
    name = scene.site().electricity.name
    assert not list(judge.observe(Event(START, name, "switch.opened", {"by": "local"})))
    if armed:
        assert not list(judge.observe(Event(START, name, "switch.armed", {"by": "head end"})))
        assert not list(judge.observe(Event(START, name, "switch.closed", {"by": "hand"})))
        assert list(judge.observe(Event(START, name, "switch.closed", {"by": "head end"})))
    else:
        assert list(judge.observe(Event(START, name, "switch.closed", {"by": "hand"})))


def test_a_countdown_that_stands_still_breaks_3():
    scene = Scene(NEARLY_OUT, litres=200)
    scene.half_hours(2)
    gas = scene.site().gas
    scene.world.cut(scene.wires["gas_radio/01"])

    def wind_back(_now: Instant) -> None:
        gas._supply.countdown = 40

    scene.world.every(HALF_HOUR, wind_back)
    scene.days(3)
    assert 3 in scene.broken()


def test_gas_through_a_closed_valve_breaks_3():
    scene = Scene(NEARLY_OUT)
    scene.days(1)
    assert scene.site().gas.valve is ValveState.CLOSED
    scene.site().gas._supply.volume_l += 1
    scene.days(1)
    assert 3 in scene.broken()


def test_a_refusal_without_a_record_or_with_an_effect_breaks_4():
    scene = Scene(PREPAY)
    scene.half_hours(2)
    judge, gas = RefusedOrders(scene.street), scene.site().gas
    assert list(judge.observe(Event(START, gas.name, "order.refused", {"refusal": 1, "reason": "nothing"})))
    gas._supply.cutoff_l += 1
    found = list(judge.observe(Event(START, gas.name, "order.refused", {"refusal": 1, "reason": "nothing"})))
    assert any("changed its state" in sentence for sentence in found)


def test_a_refused_payment_without_a_reason_breaks_4():
    class Vend:
        request_id = "r1"

    class Stage:
        reason = ""

    scene = Scene(PREPAY)
    scene.pay()
    scene.days(0.1)
    [(_, stages)] = scene.street.books.vends(1)
    Stage.name = type(stages[0].name).REFUSED
    scene.street.books.vends = lambda *_args: [(Vend, [Stage])]
    assert list(RefusedOrders(scene.street).check(START))


def test_a_balance_that_is_off_by_one_unit_breaks_6():
    scene = Scene(PREPAY)
    scene.days(0.5)
    scene.site().hub.account.balance += 1
    scene.days(1)
    assert 6 in scene.broken()


def test_a_half_hour_that_is_stored_otherwise_than_measured_breaks_6():
    scene = Scene('gas = { mode = "credit" }')
    scene.days(1.5)
    scene.site().electricity.log._registers[9] += 1
    scene.days(2)
    assert scene.broken() == {6}


def test_a_half_hour_that_is_never_collected_breaks_6():
    scene = Scene('gas = { mode = "credit" }')
    scene.head_end = scene.street.head_end
    scene.street.head_end.collect = lambda _now: None
    scene.days(3.5)
    assert scene.broken() == {6}


def test_an_order_that_outlives_its_expiry_breaks_7():
    scene = Scene(PREPAY)
    scene.street.books.open_orders = lambda: [(1, START)]
    judge = Commands(scene.street)
    assert not list(judge.check(Instant(START + 180 * MINUTE)))
    assert list(judge.check(Instant(START + 180 * MINUTE + 1)))


def test_every_number_of_this_version_has_a_judge():
    scene = Scene(PREPAY)
    scene.pay(amount=str(Money.parse("5.00").decimal()))
    from meterhouse.simulation.street_invariants import street_invariants

    assert {judge.number for judge in street_invariants(scene.street)} == {1, 2, 3, 4, 6, 7}
