"""A device takes each code once, and only its own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.companion.utrn import (
    COUNTER_CACHE,
    LARGEST_COUNTER,
    LARGEST_MONEY5,
    UtrnKey,
    UtrnLimits,
    UtrnReader,
    UtrnRefusal,
    UtrnResult,
    UtrnValue,
    ValueClass,
    check_digit,
    check_digit_is_right,
    make_utrn,
)
from meterhouse.model import UNIT, Eui64, MalformedError, UsageError

KEY = UtrnKey(bytes(range(32)), Eui64(bytes(8)), Eui64(b"\1" * 8))
TEN = UtrnValue.of(10 * UNIT)


def code(counter: int, value: UtrnValue = TEN) -> str:
    return make_utrn(KEY, counter, value).digits


def refused(reader: UtrnReader, entry: str, refusal: UtrnRefusal, **room) -> None:
    before = reader.state()
    result = reader.enter(entry, **room)
    assert (result.refusal, result.money5) == (refusal, 0)
    assert not result.ok
    assert reader.state() == before


@pytest.mark.requirement("S0-72")
def test_a_code_is_taken_once_with_spaces_or_dashes():
    reader, digits = UtrnReader(KEY), code(1)
    assert reader.enter(f" {digits[:4]} {digits[4:]} ") == UtrnResult(None, 10 * UNIT, 1)
    refused(reader, digits, UtrnRefusal.DUPLICATE)
    refused(reader, f"{digits[:10]}-{digits[10:]}", UtrnRefusal.DUPLICATE)


def test_codes_may_be_typed_out_of_order_until_a_hundred_newer_ones_were_taken():
    reader = UtrnReader(KEY)
    for counter in range(2, COUNTER_CACHE + 1):
        assert reader.enter(code(counter)).ok
    assert reader.enter(code(1)).ok, "the cache of 100 is not full before"
    assert reader.enter(code(COUNTER_CACHE + 2)).ok
    refused(reader, code(1), UtrnRefusal.TOO_OLD)
    assert reader.enter(code(COUNTER_CACHE + 1)).ok
    refused(reader, code(2), UtrnRefusal.TOO_OLD)
    refused(reader, code(3), UtrnRefusal.DUPLICATE)


@given(st.integers(0, LARGEST_COUNTER), st.integers(-512, 511))
def test_ten_bits_tell_the_whole_counter_within_half_their_span(highest, step):
    counter = highest + step + 1
    if 0 <= counter <= LARGEST_COUNTER and highest >= 1024:
        assert UtrnReader(KEY, first_counter=highest).whole_counter(counter % 1024) == counter


def test_of_two_counters_as_near_the_higher_is_meant():
    assert UtrnReader(KEY, first_counter=2048).whole_counter(512) == 2560


def test_a_counter_further_ahead_than_the_span_is_taken_for_another_and_fails_its_mac():
    refused(UtrnReader(KEY), code(1025), UtrnRefusal.NOT_AUTHENTIC)


@pytest.mark.requirement("S0-71")
def test_a_code_over_the_limit_is_refused_though_authentic_and_its_counter_stays_free():
    reader = UtrnReader(KEY, UtrnLimits(credit_money5=100 * UNIT))
    refused(reader, code(1, UtrnValue.of(101 * UNIT)), UtrnRefusal.OVER_CREDIT)
    assert UtrnRefusal.OVER_CREDIT.event == 0x8F5B
    refused(reader, code(1, UtrnValue.of(20 * UNIT)), UtrnRefusal.OVER_BALANCE, room_money5=10 * UNIT)
    assert UtrnRefusal.OVER_BALANCE.event == 0x8F47
    assert reader.enter(code(1, UtrnValue.of(100 * UNIT))).ok


def test_the_checks_come_in_the_order_of_the_companion():
    reader = UtrnReader(KEY, UtrnLimits(credit_money5=UNIT))
    digits = code(1, UtrnValue.of(0))
    assert reader.enter(digits).ok, "a commissioning code is worth nothing and is taken"
    wrong = str((int(digits[-1]) + 1) % 10)
    refused(reader, digits[:-2], UtrnRefusal.INCOMPLETE)
    refused(reader, digits[:-1] + wrong, UtrnRefusal.MISTYPED)
    body = "1" * 19
    refused(reader, f"{body}{check_digit(body)}", UtrnRefusal.NOT_FOR_THIS_DEVICE)
    forged = make_utrn(UtrnKey(bytes(32), KEY.originator, KEY.target), 1, TEN).digits
    refused(reader, forged, UtrnRefusal.DUPLICATE)
    forged = make_utrn(UtrnKey(bytes(32), KEY.originator, KEY.target), 2, TEN).digits
    refused(reader, forged, UtrnRefusal.NOT_AUTHENTIC, room_money5=0)
    refused(reader, code(2), UtrnRefusal.OVER_CREDIT, room_money5=0)


def test_state_survives_json_and_a_used_code_stays_used():
    reader = UtrnReader(KEY)
    assert reader.enter(code(1)).ok
    assert reader.enter(code(5)).ok
    again = UtrnReader(KEY)
    again.restore(json.loads(json.dumps(reader.state())))
    assert again.state() == reader.state()
    refused(again, code(5), UtrnRefusal.DUPLICATE)


@pytest.mark.parametrize(
    "damage",
    [
        {"first": -1},
        {"first": True},
        {"first": None},
        {"counters": None},
        {"counters": [2, 1]},
        {"counters": [1, 1]},
        {"counters": [1 << 32]},
        {"counters": list(range(101))},
        {"counters": ["1"]},
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(damage):
    reader = UtrnReader(KEY)
    before = reader.state()
    for document in ({**before, **damage}, [], None):
        with pytest.raises(MalformedError):
            reader.restore(document)
    assert reader.state() == before


@given(st.integers(0, LARGEST_MONEY5))
def test_a_value_is_never_rounded_down_and_to_the_penny_up_to_81_91(money5):
    value = UtrnValue.of(money5)
    assert 0 <= value.money5 - money5 < value.value_class.money5
    assert UtrnValue.of(value.money5).money5 == value.money5
    assert (value.value_class is ValueClass.HUNDREDTHS) == (money5 <= 8_191_000)


def test_a_value_beyond_the_code_or_below_nothing_is_never_made():
    for money5 in (LARGEST_MONEY5 + 1, -UNIT):
        with pytest.raises(UsageError):
            UtrnValue.of(money5)
    with pytest.raises(UsageError):
        make_utrn(KEY, LARGEST_COUNTER + 1, TEN)


@settings(max_examples=200)
@given(st.integers(0, 10**19 - 1), st.data())
def test_the_check_digit_finds_every_wrong_digit_and_every_swap_of_neighbours(number, data):
    body = f"{number:019d}"
    digits = f"{body}{check_digit(body)}"
    place = data.draw(st.integers(0, 19))
    other = data.draw(st.sampled_from(sorted(set("0123456789") - {digits[place]})))
    assert not check_digit_is_right(digits[:place] + other + digits[place + 1 :])
    if place < 19 and digits[place] != digits[place + 1]:
        assert not check_digit_is_right(digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :])


@given(st.text(max_size=40))
def test_any_text_typed_is_answered(text):
    assert UtrnReader(KEY).enter(text).refusal in UtrnRefusal


def test_a_key_shows_nothing_of_its_secret():
    assert KEY.secret.hex() not in repr(KEY)
    assert repr(bytes(range(32)))[2:20] not in repr(KEY)
