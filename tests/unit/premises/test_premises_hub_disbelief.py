"""What a hub does not believe of its meter, what a meter does not obey, and hubs that go on, twice, or in another's place."""

from __future__ import annotations

import json

import pytest

from home_bench import HomeBench, make_hub, token
from meterhouse.companion.gas import NO_LIMIT_LITRES, ValveState, WriteCutoff
from meterhouse.companion.hub_log import HubEvent, HubLogRow, RowRefusal
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import DAY, HALF_HOUR, REGISTER_LIMIT_LITRES, HalfHour, Instant
from meterhouse.premises.clock import DeviceClock


def account(bench):
    assert bench.hub.account is not None
    return bench.hub.account


def noted(bench, code):
    rows = [HubLogRow.of(Instant(at), *rest) for at, *rest in bench.hub.log.entries(1, bench.hub.log.count())]
    return [row.detail for row in rows if row.code is code]


def money(bench):
    one = account(bench)
    return one.balance, one.residue, one.consumed, one.used_wh


# registers


@pytest.mark.parametrize("fall", [1, 10, 5_000])
def test_a_register_that_falls_is_not_charged_as_a_roll_over_and_the_supplier_is_told_why(fall):
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(6, litres=1_000)
    before, cutoff, valve = money(bench), bench.gas.cutoff_l, bench.gas.valve
    bench.gas._supply.volume_l -= fall
    bench.half_hours(1)
    assert money(bench) == before
    assert (bench.gas.cutoff_l, bench.gas.valve) == (cutoff, valve)
    bench.half_hours(3)
    assert noted(bench, HubEvent.GAS_ROWS_REFUSED) == [RowRefusal.REGISTER], "told once"
    # what is metered beyond the last reading that was believed is charged, and nothing of it twice
    bench.half_hours(6, litres=1_000)
    litres = bench.gas.volume_l - 6_000
    assert before[0] - account(bench).balance == pytest.approx(bench.exact_cost(litres, 0), abs=1)
    assert not account(bench).disbelieved


def test_a_register_that_leaps_is_not_charged_until_the_time_for_it_has_passed():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(2, litres=100)
    before = money(bench)
    bench.gas._supply.volume_l += 20_001
    bench.half_hours(1)
    assert money(bench) == before
    assert noted(bench, HubEvent.GAS_ROWS_REFUSED) == [RowRefusal.REGISTER]


def test_a_roll_over_is_no_fall():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(1)
    bench.gas._supply.volume_l = account(bench).charged = REGISTER_LIMIT_LITRES - 50
    bench.gas._supply.cutoff_l = NO_LIMIT_LITRES
    bench.half_hours(2, litres=60)
    assert bench.gas.volume_l == 70
    assert 5_000_000 - account(bench).balance == bench.exact_cost(120, 0)
    assert noted(bench, HubEvent.GAS_ROWS_REFUSED) == []


# clocks


@pytest.mark.parametrize("off", [-400 * DAY, -2 * DAY, 2 * DAY, 70 * 365 * DAY])
def test_half_hours_of_an_absurd_clock_are_neither_kept_nor_charged_and_the_supplier_is_told(off):
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(4, litres=100)
    before, rows, valve, cutoff = money(bench), len(bench.hub.mirror.log), bench.gas.valve, bench.gas.cutoff_l
    said = []
    understand = bench.hub._gas_end.understand

    def shifted(telegram):
        from dataclasses import replace

        heard = understand(telegram)
        if not hasattr(heard, "half_hours"):
            return heard
        late = [replace(row, end=Instant(row.end + off)) for row in heard.half_hours]
        said.append(heard)
        return replace(heard, clock=Instant(heard.clock + off), half_hours=tuple(late))

    class Shifted:
        order, acknowledge = bench.hub._gas_end.order, bench.hub._gas_end.acknowledge

    Shifted.understand = staticmethod(shifted)
    bench.hub._gas._end = Shifted()
    bench.half_hours(5, litres=100)
    assert said
    assert money(bench) == before
    assert len(bench.hub.mirror.log) == rows
    assert (bench.gas.valve, bench.gas.cutoff_l) == (valve, cutoff)
    assert noted(bench, HubEvent.GAS_ROWS_REFUSED) == [RowRefusal.CLOCK]
    # the clock is mended: what flowed meanwhile is charged by the register, at the far side of the gap
    bench.hub._gas._end = bench.hub._gas_end
    bench.half_hours(2)
    assert before[0] - account(bench).balance == pytest.approx(bench.exact_cost(500, 0), abs=1)


def test_a_clock_that_drifts_by_minutes_is_believed():
    bench = HomeBench(balance=5_000_000)
    bench.gas._clock = DeviceClock(0, bench.now)
    bench.gas._clock.set(Instant(bench.now + 40 * 60_000), bench.now)
    bench.half_hours(4, litres=100)
    assert noted(bench, HubEvent.GAS_ROWS_REFUSED) == []


# what the meter does not obey


def test_an_order_outside_the_listen_window_does_nothing_and_the_supplier_learns_that_it_was_not_answered():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(2)
    cutoff = bench.gas.cutoff_l
    bench.gas.receive("gas_radio", bench.hub._gas_end.order(WriteCutoff(7, 1), 0), Instant(bench.now + 1))
    bench.settle()
    assert (bench.gas.cutoff_l, bench.gas.valve) == (cutoff, ValveState.OPEN)
    bench.down = False
    bench.half_hours(2)
    assert noted(bench, HubEvent.GAS_ORDER_UNANSWERED) == [3, 3]


def test_who_floods_the_air_with_forged_telegrams_gets_one_row_an_hour_and_no_bell():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(2)
    forged = bytearray(bench.telegrams_up[-1])
    forged[-3] ^= 1
    for _ in range(500):
        bench.hub.receive("gas_radio", bytes(forged), bench.now)
    assert bench.hub.log.count() <= 1
    assert bench.hub.log.ring_at is None


# restored, twice, and swapped


def test_a_hub_restored_twice_from_one_snapshot_repeats_no_counter():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(3, litres=10)
    state = json.loads(json.dumps(bench.hub.state()))
    bench.restart_hub(state)
    first = bench.hub._gas_end.sent
    bench.half_hours(2, litres=10)
    last = bench.hub._gas_end.sent
    bench.restart_hub(state)
    assert last > first
    assert bench.hub._gas_end.sent > last, "seconds have passed, so counters have"
    missed = bench.kinds("gas_meter").count("report.missed")
    bench.half_hours(3, litres=10)
    assert bench.kinds("gas_meter").count("report.missed") == missed, "the meter hears the hub at once"


def test_a_restored_hub_asks_to_be_kept_before_it_says_a_word():
    bench = HomeBench()
    state = bench.hub.state()
    hub = make_hub(now=bench.now)
    hub.restore(state)
    assert "state.due" in [event.kind for event in hub.events()]
    assert not list(hub.outgoing())


@pytest.mark.parametrize("kept", [True, False])
def test_a_hub_swapped_under_a_running_meter_takes_over_at_its_next_wake(kept):
    """With the old one's memory; or blank, with the balance that was read last: the meter loses nothing either way."""
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(5, litres=200)
    balance, volume, countdown = account(bench).balance, bench.gas.volume_l, bench.gas.countdown
    old = json.loads(json.dumps(bench.hub.state()))
    basis = HalfHour(account(bench).charged_until, account(bench).charged)
    bench.hub = make_hub(balance=balance, basis=basis, now=bench.now)
    if kept:
        bench.hub.restore(old)
    bench.line.standing = False
    valve, cutoff = bench.gas.valve, bench.gas.cutoff_l
    bench.half_hours(1, litres=100)
    assert bench.gas.valve is valve is ValveState.OPEN
    assert bench.gas.comms_ok
    assert bench.gas.countdown == countdown
    assert "report.missed" not in bench.kinds("gas_meter")
    bench.half_hours(3, litres=100)
    flowed = bench.gas.volume_l - volume
    assert flowed == 400
    assert balance - account(bench).balance == pytest.approx(bench.exact_cost(flowed, 0), abs=1)
    assert bench.gas.cutoff_l == pytest.approx(cutoff, abs=2), "the same money buys up to the same reading"
    assert bench.hub.mirror.log.newest.register == bench.gas.volume_l


def test_a_hub_swapped_while_the_valve_is_closed_opens_it_for_a_hand_only():
    bench = HomeBench(balance=50_000)
    bench.half_hours(3, litres=1_000)
    assert bench.gas.valve is ValveState.CLOSED
    bench.hub = make_hub(balance=1_000_000, now=bench.now)
    bench.half_hours(3)
    assert bench.gas.valve is ValveState.CLOSED
    assert bench.key_in(token(1_000_000)).verdict is TokenVerdict.ACCEPTED
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.OPEN


def test_with_no_hub_at_all_the_meter_keeps_its_state_and_counts_down():
    bench = HomeBench(balance=5_000_000, delay=48)
    bench.half_hours(3, litres=100)
    bench.up = bench.down = False
    cutoff = bench.gas.cutoff_l
    bench.run(bench.now + 47 * HALF_HOUR)
    assert (bench.gas.cutoff_l, bench.gas.countdown, bench.gas.valve) == (cutoff, 1, ValveState.OPEN)
