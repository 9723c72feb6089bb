"""What a gas meter decides by itself, rule by rule, on its bare state."""

from __future__ import annotations

import pytest

from meterhouse.companion.gas import NO_LIMIT_LITRES, ValveState, WriteCutoff
from meterhouse.premises.gas_meter import Supply

DELAY = 48
THRESHOLD = 200


def supply(*, volume_l: int = 0, cutoff_l: int = NO_LIMIT_LITRES) -> Supply:
    one = Supply(has_valve=True, threshold_l=THRESHOLD, countdown=DELAY)
    one.volume_l = volume_l
    one.write(WriteCutoff(cutoff_l))
    one.happened.clear()
    return one


def told(one: Supply, kind: str) -> list[dict[str, object]]:
    return [fields for name, fields in one.happened if name == kind]


def test_a_link_is_told_to_have_failed_and_to_work_again_once_each():
    one = supply()
    one.contact()
    assert not one.happened
    one.miss()
    one.miss()
    assert told(one, "link.failed") == [{"countdown_half_hours": DELAY - 1}]
    one.contact()
    one.contact()
    assert told(one, "link.restored") == [{"countdown_half_hours": DELAY - 2}]


@pytest.mark.parametrize(("cutoff_l", "closes"), [(999, True), (1_000, True), (1_001, False)])
def test_a_cutoff_that_is_reached_already_closes_as_soon_as_it_is_written(cutoff_l, closes):
    one = supply(volume_l=1_000)
    one.write(WriteCutoff(cutoff_l))
    assert (one.valve is ValveState.CLOSED) == closes


@pytest.mark.parametrize(("left_l", "low"), [(THRESHOLD, False), (THRESHOLD - 1, True)])
def test_credit_is_low_below_the_threshold_and_not_at_it(left_l, low):
    one = supply(volume_l=1_000)
    one.write(WriteCutoff(1_000 + left_l))
    assert one.low_credit == low
    assert told(one, "low_credit") == ([{"remaining_l": left_l}] if low else [])


def test_beyond_the_cutoff_nothing_is_left_and_not_less():
    one = supply(volume_l=1_000)
    one.write(WriteCutoff(900))
    assert told(one, "low_credit") == [{"remaining_l": 0}]


def test_a_snapshot_keeps_the_warning_and_it_is_not_told_again():
    one = supply(volume_l=1_000)
    one.write(WriteCutoff(1_050))
    again = supply()
    again.restore(one.state())
    assert again.low_credit
    assert again.state() == one.state()
    assert again.pass_gas(10) == 10
    assert not told(again, "low_credit")


def test_a_snapshot_with_an_open_valve_beyond_its_cutoff_lets_nothing_flow_and_closes():
    one = supply()
    one.restore({**one.state(), "volume_l": 1_000, "cutoff_l": 900})
    assert one.pass_gas(50) == 0
    assert one.volume_l == 1_000
    assert one.valve is ValveState.CLOSED


def test_a_code_opens_for_its_litres_from_here_and_ends_the_warning_at_once():
    one = supply(volume_l=1_000)
    one.write(WriteCutoff(1_000))
    assert (one.valve, one.low_credit) == (ValveState.CLOSED, True)
    one.happened.clear()
    one.open_by_code(3_000)
    assert (one.valve, one.cutoff_l, one.low_credit) == (ValveState.OPEN, 4_000, False)
    assert told(one, "valve.opened") == [{"reason": "code", "volume_l": 1_000, "cutoff_l": 4_000}]


def test_a_code_near_the_end_of_the_register_never_grants_gas_without_end():
    one = supply(volume_l=NO_LIMIT_LITRES - 100)
    one.close_by_order()
    one.open_by_code(3_000)
    assert one.cutoff_l == NO_LIMIT_LITRES - 1
    assert one.pass_gas(500) == 99
    assert one.valve is ValveState.CLOSED
