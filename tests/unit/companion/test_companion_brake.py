"""The brake: never more homes than its limits in any window, latched at the first batch beyond, opened by two of three."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.app.use_cases import own_catalogue
from meterhouse.companion.brake import Brake, BrakeLimits, Limit, is_braked
from meterhouse.companion.release import release_by, sign_release
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import DAY, HOUR, SECOND, AuthenticationError, Instant, PolicyError, StateError, UsageError

OFFICERS = ("first", "second", "third")
START = Instant(1_800_000_000_000)
STREET = BrakeLimits(10_000, feeders={"oak": 100, "elm": 10})


def brake(limits: BrakeLimits = STREET) -> Brake:
    return Brake("B0", limits, OFFICERS)


def pair(name: str) -> KeyPair:
    return KeyPair(P256, name.encode().rjust(32, b"\1"))


def test_an_hour_lets_five_of_ten_thousand_homes_go_and_the_sixth_latches_it():
    held = brake()
    for second in range(5):
        assert held.ask_one(Instant(START + second * SECOND)) is None
    sixth = held.ask_one(Instant(START + 5 * SECOND))
    assert sixth is not None
    assert (sixth.limit, sixth.until, held.latched, held.trips) == (Limit.HOUR, None, True, 1)
    later = held.ask_one(Instant(START + 30 * DAY))
    assert later is not None
    assert later.limit is Limit.LATCHED


def test_a_small_fleet_may_lose_three_homes_an_hour_and_no_more_a_day():
    small = BrakeLimits(50)
    assert (small.an_hour, small.a_day) == (3, 3)


def test_a_day_is_limited_beyond_its_hours():
    held = brake()
    for hour in range(4):
        for second in range(5):
            assert held.ask_one(Instant(START + 2 * hour * HOUR + second * SECOND)) is None
    beyond = held.ask_one(Instant(START + 10 * HOUR))
    assert beyond is not None
    assert beyond.limit is Limit.DAY


def test_homes_leave_the_count_exactly_an_hour_after_they_went():
    held = brake()
    for second in range(5):
        held.ask_one(Instant(START + second * SECOND))
    assert held.passed(Instant(START + HOUR - 1)) == (5, 5)
    assert held.passed(Instant(START + HOUR)) == (4, 5)
    assert held.passed(Instant(START + DAY)) == (0, 4)


def test_one_feeder_loses_a_twentieth_of_its_homes():
    held = brake()
    assert held.ask_one(START, "elm") is None
    second = held.ask_one(Instant(START + SECOND), "elm")
    assert second is not None
    assert second.limit is Limit.FEEDER


def test_two_homes_in_one_second_wait_and_do_not_trip():
    held = brake()
    assert held.ask_one(START) is None
    soon = held.ask_one(Instant(START + 999))
    assert soon is not None
    assert (soon.limit, soon.until, held.latched) == (Limit.PACE, START + SECOND, False)
    assert held.ask_one(Instant(START + SECOND)) is None


def test_a_batch_counts_by_its_homes_and_not_as_one_message():
    held = brake()
    assert held.ask({"oak": 5}, START) is None
    assert held.ask({}, START) is None
    assert held.ask({"": 1}, Instant(START + 5 * SECOND)) is not None
    assert held.latched
    other = brake()
    assert other.ask({"oak": 6}, START) is not None
    assert other.passed(START) == (0, 0)


def test_what_puts_nobody_off_passes_a_tripped_brake():
    held = brake()
    held.trip("by hand")
    assert held.ask({"oak": 0}, START) is None


def test_a_clock_set_back_frees_nothing():
    held = brake()
    for second in range(5):
        held.ask_one(Instant(START + second * SECOND))
    assert held.ask_one(Instant(START - 2 * DAY)) is not None


def test_two_different_officers_of_three_release_it_and_counting_begins_anew():
    held = brake()
    held.trip("alarm")
    assert held.release("first") is False
    assert held.release("first") is False
    assert held.released_by == ("first",)
    with pytest.raises(PolicyError):
        held.release("somebody")
    assert held.release("third") is True
    assert held.ask({"oak": 5}, START) is None
    with pytest.raises(StateError):
        held.release("first")


def test_a_word_of_an_earlier_trip_releases_nothing():
    keys = {name: pair(name).public for name in OFFICERS}
    held = brake()
    held.trip("one")
    words = {name: sign_release(pair(name), "B0", held.trips) for name in OFFICERS}
    release_by(held, "first", words["first"], keys)
    assert release_by(held, "second", words["second"], keys)
    held.trip("two")
    with pytest.raises(AuthenticationError):
        release_by(held, "first", words["first"], keys)
    with pytest.raises(AuthenticationError):
        release_by(held, "first", sign_release(pair("second"), "B0", 2), keys)
    with pytest.raises(AuthenticationError):
        release_by(held, "first", sign_release(pair("first"), "B1", 2), keys)
    assert held.latched


def test_its_state_survives_as_json():
    held = brake()
    held.ask({"oak": 3}, START)
    held.trip("alarm")
    held.release("first")
    again = Brake("B0", STREET, OFFICERS, json.loads(json.dumps(held.snapshot())))
    assert again.snapshot() == held.snapshot()
    assert again.passed(START) == (3, 3)
    assert again.release("second")
    with pytest.raises(UsageError):
        Brake("B0", STREET, OFFICERS, {"past": [1]})
    with pytest.raises(UsageError):
        Brake("B0", STREET, ("one", "two", "two"))


def test_a_cut_is_braked_and_the_way_back_is_not():
    catalogue = own_catalogue()
    braked = {code for code, use_case in catalogue.items() if is_braked(use_case)}
    assert {0x0050, 0x0081, 0x00A3, 0x007C, 0x006E} <= braked
    assert not braked & {0x0051, 0x0085, 0x0052, 0x0082, 0x0097}


@given(
    st.lists(
        st.tuples(st.integers(0, 3 * HOUR), st.integers(1, 4), st.sampled_from(["oak", "elm", ""])),
        min_size=1,
        max_size=60,
    )
)
def test_no_window_ever_holds_more_than_its_limit(asks: list[tuple[int, int, str]]):
    held, passed, now = brake(), [], START
    for pause, homes, feeder in asks:
        now = Instant(now + pause)
        if held.ask({feeder: homes}, now) is None:
            passed.append((now, homes, feeder))
    for end, _, _ in passed:
        inside = [each for each in passed if end - DAY < each[0] <= end]
        assert sum(homes for at, homes, _ in inside if at > end - HOUR) <= STREET.an_hour
        assert sum(homes for _, homes, _ in inside) <= STREET.a_day
        for feeder in ("oak", "elm"):
            most = STREET.a_feeder(feeder)
            assert most is not None
            assert sum(homes for _, homes, name in inside if name == feeder) <= most
