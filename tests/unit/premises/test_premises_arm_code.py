"""A code told by telephone arms an electricity meter with every network down: once, this meter alone, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.companion.arm_code import ARM_CODE_DIGITS, ARM_NUMBER_LIMIT, arm_code, arm_code_key
from meterhouse.model import DAY, HOUR, MINUTE, SECOND, Instant, StorageError, UsageError
from meterhouse.premises.electricity_meter import ArmVerdict, ControlState, ElectricityMeter
from meterhouse.simulation.attacks.fleet import NOON, Fleet


@pytest.fixture
def marks():
    return Fleet(1, 2).marks


@pytest.fixture
def mark(marks):
    marks[0].meter.disconnect(NOON)
    return marks[0]


def wrong(mark):
    return f"{(int(mark.code()) + 1) % 10**ARM_CODE_DIGITS:0{ARM_CODE_DIGITS}d}"


@pytest.mark.requirement("S0-74")
def test_with_every_network_down_a_code_and_a_hand_bring_the_supply_back(mark):
    assert mark.meter.press_button(NOON) is False
    assert mark.meter.key_in(mark.code(), NOON) is ArmVerdict.ACCEPTED
    assert not mark.on, "a code arms; a hand closes"
    assert mark.meter.press_button(NOON) is True
    assert mark.on
    assert list(mark.meter.outgoing()) == []


def test_a_code_works_once(mark):
    code = mark.code()
    assert mark.meter.key_in(code, NOON) is ArmVerdict.ACCEPTED
    mark.meter.press_button(NOON)
    mark.meter.disconnect(NOON)
    assert mark.meter.key_in(code, NOON) is ArmVerdict.WRONG
    assert mark.meter.keypad.number == 1
    mark.power_cut(NOON)
    assert mark.meter.key_in(code, NOON) is ArmVerdict.WRONG
    assert mark.meter.key_in(mark.code(), NOON) is ArmVerdict.ACCEPTED


def test_no_code_of_another_meter_works(marks, mark):
    assert mark.meter.key_in(marks[1].code(), NOON) is ArmVerdict.WRONG
    assert mark.meter.switch.state is ControlState.DISCONNECTED


def test_five_wrong_codes_lock_the_keypad_for_an_hour_of_power_and_no_clock_or_power_cut_opens_it(mark):
    for _ in range(5):
        assert mark.meter.key_in(wrong(mark), NOON) is ArmVerdict.WRONG
    assert mark.meter.key_in(mark.code(), NOON) is ArmVerdict.LOCKED
    mark.meter.set_clock(Instant(NOON + DAY), NOON)
    assert mark.meter.key_in(mark.code(), NOON) is ArmVerdict.LOCKED
    mark.power_cut(NOON)
    soon = Instant(NOON + HOUR - SECOND)
    assert mark.meter.key_in(mark.code(), soon) is ArmVerdict.LOCKED
    assert mark.meter.key_in(mark.code(), Instant(NOON + HOUR)) is ArmVerdict.ACCEPTED


def test_a_power_cut_after_each_wrong_code_gives_no_more_tries(mark):
    for _ in range(5):
        mark.meter.key_in(wrong(mark), NOON)
        mark.power_cut(NOON)
    assert mark.meter.key_in(mark.code(), NOON) is ArmVerdict.LOCKED


def test_nothing_is_armed_that_is_on_or_that_has_voltage_behind_it(marks, mark):
    assert marks[1].meter.key_in(marks[1].code(), NOON) is ArmVerdict.ON
    mark.meter.back_feed = True
    assert mark.meter.key_in(mark.code(), NOON) is ArmVerdict.BACK_FEED
    assert mark.meter.keypad.number == 0
    mark.meter.back_feed = False
    assert mark.meter.key_in(mark.code(), NOON) is ArmVerdict.ACCEPTED


def test_what_a_code_has_armed_dies_after_a_day(mark):
    mark.meter.key_in(mark.code(), NOON)
    mark.meter.elapse(Instant(NOON + DAY))
    assert mark.meter.press_button(Instant(NOON + DAY)) is False


def test_a_code_ends_a_cut_that_is_pending(mark):
    mark.take(mark.arm(NOON), NOON)
    mark.take(mark.cut(NOON), NOON)
    assert mark.gate.pending
    mark.meter.disarm(NOON)
    assert mark.meter.key_in(mark.code(), NOON) is ArmVerdict.ACCEPTED
    assert not mark.gate.pending


def test_where_the_record_cannot_be_kept_nothing_is_armed_and_the_code_is_used_up(mark):
    full: list[bool] = []

    def keep(_record):
        if full:
            raise StorageError("the record cannot be written")

    meter = ElectricityMeter(mark._settings, mark._entropy, NOON, keep)
    meter.disconnect(NOON)
    mark.meter, code = meter, mark.code()
    full.append(True)
    assert meter.key_in(code, NOON) is ArmVerdict.UNKEPT
    assert meter.switch.state is ControlState.DISCONNECTED
    full.clear()
    assert meter.key_in(code, NOON) is ArmVerdict.WRONG
    assert meter.key_in(mark.code(), Instant(NOON + MINUTE)) is ArmVerdict.ACCEPTED


def test_a_meter_that_another_supplier_has_gained_takes_that_supplier_s_codes_only(mark):
    gainer = mark.fleet.keys.pair("agree", mark.fleet.trust.parties.carrier)
    mark.adopt(replace(mark.gate.trust, gained=gainer.public), NOON)
    assert mark.meter.key_in(mark.code(), NOON) is ArmVerdict.WRONG
    key = arm_code_key(gainer, mark.fleet.trust.agreeing(mark.device).public, mark.device)
    assert mark.meter.key_in(arm_code(key, mark.device, 0), NOON) is ArmVerdict.ACCEPTED


def test_a_meter_without_slots_or_key_takes_no_codes(mark):
    for settings_ in (replace(mark._settings, arm_key=b""), replace(mark._settings, trust=None)):
        meter = ElectricityMeter(settings_, mark._entropy, NOON)
        meter.disconnect(NOON)
        assert meter.key_in("0" * ARM_CODE_DIGITS, NOON) is ArmVerdict.NO_CODES


@given(typed=st.text(max_size=20))
@settings(max_examples=100)
def test_whatever_is_typed_is_answered_and_arms_nothing(typed):
    (mark,) = Fleet(2, 1).marks
    mark.meter.disconnect(NOON)
    if typed != mark.code():
        assert mark.meter.key_in(typed, NOON) is ArmVerdict.WRONG
        assert mark.meter.switch.state is ControlState.DISCONNECTED


def test_a_number_that_no_meter_shows_has_no_code(mark):
    for number in (-1, ARM_NUMBER_LIMIT):
        with pytest.raises(UsageError):
            arm_code(bytes(16), mark.device, number)
    assert len({arm_code(bytes(16), mark.device, number) for number in range(200)}) == 200
