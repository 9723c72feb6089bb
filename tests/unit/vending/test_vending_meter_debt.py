"""A debt moves from an old meter to the counter by confirmation only: at no instant do both recover it (C-02)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_memory import NOW, DictRecords, PlainService
from meterhouse.model import DAY, Instant, Money, StateError, UsageError
from meterhouse.supplier.ledger import breaches, debt_breaches
from meterhouse.supplier.vending import (
    Agreement,
    DebtPlace,
    PaymentRequest,
    agree,
    meter_forgot,
    meter_took_debt,
    order_meter_to_forget,
    pay,
)

LATER = Instant(NOW + DAY)
COUNTER = Agreement(LATER, 2_000, why="at the counter now")


def money(text):
    return Money.parse(text)


def to_debt(records, name, at=NOW):
    asked = PaymentRequest(name, "A1", money("20.00"), "shop")
    return pay(records, PlainService(), asked, at, lambda count: b"\5" * count).to_debt


@pytest.fixture
def records():
    kept = DictRecords(debt="50.00")
    agree(kept, "A1", Agreement(NOW, 0, place=DebtPlace.METER))
    yield kept
    assert breaches(kept.book) == ()
    assert debt_breaches(kept.book, {"A1": kept.account.debt}) == ()


@pytest.mark.requirement("S3-40")
def test_between_the_order_and_its_confirmation_the_counter_takes_nothing_and_the_last_of_the_meter_counts(records):
    assert to_debt(records, "r1") == money("0")
    order_meter_to_forget(records, "A1", NOW)
    order_meter_to_forget(records, "A1", NOW)
    assert to_debt(records, "r2") == money("0")
    assert meter_took_debt(records, "A1", "m1", money("6.00"), NOW) == money("44.00")
    assert meter_forgot(records, "A1", "m2", money("1.00"), COUNTER) == money("43.00")
    assert meter_forgot(records, "A1", "m2", money("1.00"), COUNTER) == money("43.00")
    assert to_debt(records, "r3", LATER) == money("4.00")
    with pytest.raises(StateError, match="took"):
        meter_took_debt(records, "A1", "m3", money("1.00"), LATER)
    assert [terms.place for terms in records.agreements("A1")] == [
        DebtPlace.METER,
        DebtPlace.MOVING,
        DebtPlace.COUNTER,
    ]


@pytest.mark.requirement("S3-40")
def test_the_counter_cannot_begin_while_the_meter_has_not_confirmed(records):
    for _ in range(2):
        with pytest.raises(StateError, match="recovers"):
            agree(records, "A1", COUNTER)
        order_meter_to_forget(records, "A1", NOW)
    assert to_debt(records, "r1") == money("0")


def test_what_makes_no_sense_is_refused_and_changes_nothing(records):
    with pytest.raises(StateError, match="not told"):
        meter_forgot(records, "A1", "m1", money("0"), COUNTER)
    order_meter_to_forget(records, "A1", NOW)
    with pytest.raises(UsageError):
        meter_forgot(records, "A1", "m1", money("0"), Agreement(LATER, 0, place=DebtPlace.METER))
    with pytest.raises(StateError, match="only"):
        meter_forgot(records, "A1", "m1", money("50.01"), COUNTER)
    assert records.account.place is DebtPlace.MOVING
    with pytest.raises(StateError, match="not recovered by its meter"):
        order_meter_to_forget(DictRecords(), "A1", NOW)


@pytest.mark.requirement("S3-40")
@given(st.lists(st.sampled_from(["pay", "took", "order", "forgot", "agree"]), max_size=20))
def test_in_any_order_of_acts_a_debt_is_taken_at_one_place_and_ends_at_what_both_took(acts):
    records, taken = DictRecords(debt="50.00"), 0
    agree(records, "A1", Agreement(NOW, 0, place=DebtPlace.METER))
    for turn, act in enumerate(acts):
        place, at = records.account.place, Instant(NOW + turn)
        terms = Agreement(at, 2_000)
        try:
            if act == "pay":
                part = to_debt(records, f"p{turn}", at).amount
                assert part == 0 or place is DebtPlace.COUNTER
                taken += part
            elif act == "took":
                meter_took_debt(records, "A1", f"m{turn}", money("3.00"), at)
                assert place is not DebtPlace.COUNTER
                taken += 300_000
            elif act == "order":
                order_meter_to_forget(records, "A1", at)
            elif act == "forgot":
                meter_forgot(records, "A1", f"f{turn}", money("1.00"), terms)
                taken += 100_000
            else:
                agree(records, "A1", terms)
                assert place is DebtPlace.COUNTER or records.account.debt.amount == 0
        except (StateError, UsageError):
            pass
        assert records.account.debt.amount == 5_000_000 - taken
    assert breaches(records.book) == ()
