"""The valve rule and the button, over every combination of their inputs."""

from __future__ import annotations

from itertools import product

import pytest

from meterhouse.rules import button_opens, countdown_after_miss, countdown_may_reset, valve_closes

CASES = list(product([False, True], [99, 100, 101], [False, True], [False, True], [0, 1, 144]))


@pytest.mark.requirement("S0-125")
@pytest.mark.requirement("S0-109")
@pytest.mark.parametrize(("open_", "volume", "friendly", "comms_ok", "countdown"), CASES)
def test_valve_closes_only_at_the_cutoff_not_friendly_and_with_comms_or_an_ended_countdown(
    open_, volume, friendly, comms_ok, countdown
):
    reasons_to_stay_open = {
        "already closed": not open_,
        "cut-off not reached": volume < 100,
        "friendly credit": friendly,
        "link down and countdown running": not comms_ok and countdown > 0,
    }
    assert valve_closes(open_, volume, 100, friendly, comms_ok, countdown) is not any(reasons_to_stay_open.values())


@pytest.mark.requirement("S0-134")
def test_of_all_eight_combinations_the_button_opens_in_only_one():
    opening = [
        (closed, comms_ok, running)
        for closed, comms_ok, running in product([False, True], repeat=3)
        if button_opens(closed, comms_ok, 5 if running else 0)
    ]
    assert opening == [(True, False, True)]


@pytest.mark.requirement("S0-134")
@pytest.mark.parametrize("countdown", [1, 2, 672])
def test_the_button_opens_in_the_very_last_half_hour_of_the_countdown_too(countdown):
    assert button_opens(True, False, countdown)
    assert not button_opens(True, False, 0)


@pytest.mark.requirement("S0-126")
def test_a_miss_takes_one_half_hour_and_never_goes_below_zero():
    assert [countdown_after_miss(n) for n in (144, 2, 1, 0)] == [143, 1, 0, 0]


def test_the_countdown_refills_only_strictly_above_zero():
    assert [countdown_may_reset(balance) for balance in (-1, 0, 1)] == [False, False, True]
