"""A supply is cut only by an order that two people signed, that cooled off, and that its device asked back about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.trust_office import TEN, Office, device_of, home_of, key

from meterhouse.companion.brake import BrakeLimits
from meterhouse.companion.sealed import Hindrance, OrderReply, OrderResult, Outcome, SealedError, Standing
from meterhouse.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AuthenticationError,
    Eui64,
    Instant,
    NotFoundError,
    PolicyError,
    StateError,
    StorageError,
    parse_instant,
)
from meterhouse.supplier.trust import Deed, NoReason, OrderPolicy, ReadBack, WorkState


def test_a_genuine_order_goes_all_the_way():
    office = Office()
    order, envelope = office.sent()
    at = office.soon(order.not_before)
    assert order.not_before == TEN + 15 * MINUTE
    office.desk.replied(order.number, OrderReply(Standing.PENDING), at)
    answer = office.confirms(order, envelope, at)
    assert answer is not None
    assert (answer.yes, answer.order, answer.reason) == (True, envelope.identity, 0)
    office.desk.result(OrderResult(at, envelope.identity, Outcome.OPENED, 0), order.device, at)
    done = office.desk.read_back(order.number, 0, 0, at)
    assert (done.state, done.read_back) == (WorkState.DONE, ReadBack.MATCHES)
    states = [step.state.value for step in office.records.steps[order.number]]
    assert states == ["raised", "approved", "signed", "sent", "pending", "done", "done"]
    assert len(office.audit) == len(states)


def test_the_raiser_cannot_approve_even_with_every_duty():
    office = Office()
    order = office.raised(who="Root")
    with pytest.raises(PolicyError, match="already"):
        office.desk.approve(order.number, office.word("Root", Deed.APPROVE, order, TEN), TEN)
    assert office.state(order) is WorkState.RAISED


def test_an_operator_cannot_approve():
    office = Office()
    order = office.raised()
    with pytest.raises(PolicyError):
        office.word("Ann", Deed.APPROVE, order, TEN)


def test_a_word_about_another_order_approves_nothing():
    office = Office()
    first = office.raised()
    second = office.raised(request=office.request(2))
    with pytest.raises(AuthenticationError):
        office.desk.approve(second.number, office.word("Bob", Deed.APPROVE, first, TEN), TEN)


def test_nothing_is_signed_before_it_has_cooled_off():
    office = Office()
    order = office.approved()
    early = Instant(order.not_before - 1)
    assert office.desk.due(early) == []
    with pytest.raises(PolicyError, match="cooled off"):
        office.signing.sign(order, early)
    assert office.desk.due(order.not_before) == [order]


def test_a_mandate_that_begins_before_the_cooling_off_is_not_signed():
    office = Office()
    order = replace(office.approved(), not_before=Instant(TEN + MINUTE))
    with pytest.raises(PolicyError, match="cooled off"):
        office.signing.sign(order, Instant(TEN + HOUR))


def test_no_reason_no_evidence_no_order():
    office = Office()
    for changes in ({"reason": ""}, {"evidence": " . "}):
        with pytest.raises(PolicyError):
            office.desk.draft(office.request(**changes), TEN)


def test_a_protected_customer_is_not_cut_whenever_it_becomes_known():
    office = Office()
    order = office.approved()
    plain = office.homes.plain(order.home, order.device)
    office.homes.changes[order.home] = replace(plain, protected="dialysis at home")
    assert office.desk.due(order.not_before) == []
    assert office.state(order) is WorkState.REFUSED
    assert "dialysis" in office.records.orders[order.number].why
    with pytest.raises(PolicyError, match="not to be cut"):
        office.desk.draft(office.request(), TEN)
    waiting = Office()
    held = waiting.raised()
    waiting.homes.changes[held.home] = replace(plain, protected="dialysis at home")
    with pytest.raises(PolicyError):
        waiting.desk.approve(held.number, waiting.word("Bob", Deed.APPROVE, held, TEN), TEN)


@pytest.mark.parametrize(
    ("approved", "begins"),
    [
        ("2026-11-20T12:00:00Z", "2026-11-23T09:00:00Z"),
        ("2026-11-23T14:50:00Z", "2026-11-24T09:00:00Z"),
        ("2026-11-23T03:00:00Z", "2026-11-23T09:00:00Z"),
        ("2026-07-06T06:00:00Z", "2026-07-06T08:00:00Z"),
    ],
)
def test_a_supply_is_cut_only_while_shops_are_open_and_stay_open_tomorrow(approved: str, begins: str):
    office = Office()
    order = office.approved(parse_instant(approved))
    assert order.not_before == parse_instant(begins)
    assert order.not_after < order.not_before + 6 * HOUR
    at_night = replace(order, not_before=Instant(order.not_after + 1), not_after=Instant(order.not_after + HOUR))
    with pytest.raises(PolicyError, match="nothing is cut"):
        office.signing.sign(at_night, at_night.not_before)


def test_arming_needs_one_person_no_cooling_off_and_no_brake():
    office = Office()
    for name in ("B1", "B2", "B4"):
        office.brakes[name].trip("test")
    order = office.raised(request=office.request(arm=True))
    assert order.state is WorkState.APPROVED
    assert office.desk.due(TEN) == [order]
    envelope = office.signing.sign(order, TEN)
    office.desk.signed(order.number, envelope, TEN)
    office.desk.result(OrderResult(TEN, envelope.identity, Outcome.ARMED, 2), order.device, TEN)
    assert office.desk.read_back(order.number, 2, 0, TEN).read_back is ReadBack.MATCHES


def test_an_order_may_be_cancelled_at_every_step_before_its_end_and_is_then_confirmed_by_nobody():
    for steps in range(4):
        office = Office()
        order = office.raised()
        envelope = None
        if steps > 0:
            order = office.desk.approve(order.number, office.word("Bob", Deed.APPROVE, order, TEN), TEN)
        if steps > 1:
            envelope = office.signing.sign(order, order.not_before)
            order = office.desk.signed(order.number, envelope, order.not_before)
        if steps > 2:
            order = office.desk.replied(order.number, OrderReply(Standing.PENDING), order.not_before)
        ended = office.cancelled(order, office.quarter())
        assert ended.state is (WorkState.CANCELLING if steps > 1 else WorkState.CANCELLED)
        if envelope is None:
            assert office.desk.due(office.quarter()) == []
            continue
        answer = office.confirms(order, envelope, office.quarter())
        assert answer is not None
        assert (answer.yes, answer.reason) == (False, NoReason.CANCELLED)
        told = office.signing.cancel(office.records.orders[order.number], office.quarter())
        assert told.target == order.device


def test_a_cancel_that_came_too_late_is_not_told_as_one():
    office = Office()
    order, envelope = office.sent()
    office.cancelled(order, office.quarter())
    result = OrderResult(office.quarter(), envelope.identity, Outcome.OPENED, 0)
    done = office.desk.result(result, order.device, office.quarter())
    assert done.state is WorkState.DONE
    assert done.why == "opened all the same, after: cancelled by Ann"


@pytest.mark.parametrize("thought", ["refused", "expired", "cancelled"])
def test_what_a_device_signs_that_it_has_done_is_believed_whatever_was_thought_before(thought):
    office = Office()
    order, envelope = office.sent()
    if thought == "refused":
        office.desk.refused(order.number, "hub", "the hub says that it failed", office.quarter())
    else:
        if thought == "cancelled":
            office.cancelled(order, office.quarter())
        office.desk.expire(Instant(order.not_after + 1))
    assert office.state(order).value == thought
    result = OrderResult(office.quarter(), envelope.identity, Outcome.OPENED, 0)
    done = office.desk.result(result, order.device, Instant(order.not_after + HOUR))
    assert done.state is WorkState.DONE
    assert "all the same" in done.why


class Nobody:
    def homes_off(self, batch) -> int:
        return 0


def test_a_cut_counts_a_home_even_where_the_what_if_counts_none():
    office = Office(what_if=Nobody())
    office.approved()
    assert office.brakes["B1"].passed(TEN) == (1, 1)


def test_a_desk_whose_clock_is_before_the_daemons_only_waits():
    office = Office()
    order = office.approved()
    with pytest.raises(PolicyError) as caught:
        office.signing.sign(order, Instant(order.not_before - SECOND))
    assert "in a moment" in caught.value.remedy


def test_every_order_ends_and_says_why():
    office = Office()
    forgotten = office.raised(request=office.request(1))
    unsigned = office.approved(request=office.request(2))
    silent, _ = office.sent(office.soon(TEN, 5), office.request(3))
    cancelled, _ = office.sent(office.soon(TEN, 10), office.request(4))
    office.cancelled(cancelled, office.quarter())
    office.desk.expire(Instant(TEN + 8 * DAY))
    for order, state in (
        (forgotten, WorkState.EXPIRED),
        (unsigned, WorkState.EXPIRED),
        (silent, WorkState.EXPIRED),
        (cancelled, WorkState.CANCELLED),
    ):
        assert office.state(order) is state
        assert office.records.orders[order.number].why
    assert office.records.live() == []
    with pytest.raises(StateError):
        office.cancelled(forgotten, Instant(TEN + 9 * DAY))


def test_a_devices_own_word_ends_an_order_whatever_it_says():
    words = [
        (Outcome.STAYED_SAID_NO, Hindrance.SAID_NO, WorkState.REFUSED),
        (Outcome.STAYED_NO_ANSWER, Hindrance.NO_ANSWER, WorkState.REFUSED),
        (Outcome.STAYED_BRAKE_OR_STATE, Hindrance.TOO_OFTEN, WorkState.REFUSED),
        (Outcome.CANCELLED, Hindrance.CANCELLED, WorkState.CANCELLED),
        (Outcome.OPENED, Hindrance.NONE, WorkState.DONE),
    ]
    for outcome, hindrance, state in words:
        office = Office()
        order, envelope = office.sent()
        result = OrderResult(TEN, envelope.identity, outcome, 1, hindrance)
        assert office.desk.result(result, order.device, TEN).state is state
        assert office.desk.result(result, order.device, TEN).why
        with pytest.raises(NotFoundError):
            office.desk.result(result, device_of(2), TEN)


def test_a_switch_that_is_not_where_the_device_says_is_told():
    office = Office()
    order, envelope = office.sent()
    office.desk.result(OrderResult(TEN, envelope.identity, Outcome.OPENED, 0), order.device, TEN)
    assert office.desk.read_back(order.number, 0, 230, TEN).read_back is ReadBack.DIFFERS
    assert office.desk.read_back(order.number, 1, 0, TEN).read_back is ReadBack.DIFFERS


def test_what_comes_back_from_signing_must_be_the_order():
    office = Office()
    order = office.approved()
    other = office.approved(office.soon(TEN, 5), office.request(2))
    envelope = office.signing.sign(other, other.not_before)
    with pytest.raises(PolicyError, match="not order"):
        office.desk.signed(order.number, envelope, other.not_before)
    office.cancelled(other, other.not_before)
    with pytest.raises(StateError):
        office.desk.signed(other.number, envelope, other.not_before)


def test_payment_ends_an_order_before_it_is_signed_and_while_it_is_pending():
    office = Office()
    order = office.approved()
    plain = office.homes.plain(order.home, order.device)
    office.homes.changes[order.home] = replace(plain, last_paid=Instant(TEN + MINUTE))
    assert office.desk.due(order.not_before) == []
    assert "paid" in office.records.orders[order.number].why
    pending = Office()
    held, envelope = pending.sent()
    pending.homes.changes[held.home] = replace(plain, last_paid=Instant(TEN + MINUTE))
    answer = pending.confirms(held, envelope, held.not_before)
    assert answer is not None
    assert (answer.yes, answer.reason) == (False, NoReason.PAID)


def test_a_token_that_only_the_meter_has_seen_ends_it_too():
    office = Office()
    order, envelope = office.sent()
    answer = office.confirms(order, envelope, order.not_before, last_vend=Instant(TEN + MINUTE))
    assert answer is not None
    assert (answer.yes, answer.reason) == (False, NoReason.PAID)


def test_a_group_order_is_off_by_default_and_needs_two_officers_where_it_is_on():
    with pytest.raises(PolicyError, match="group"):
        Office().desk.draft(Office().request(group="street 5"), TEN)
    office = Office(policy=OrderPolicy(group_disable=True))
    order = office.raised(request=office.request(group="street 5"))
    with pytest.raises(PolicyError, match="officer"):
        office.desk.approve(order.number, office.word("Bob", Deed.APPROVE, order, TEN), TEN)
    once = office.desk.approve(order.number, office.word("Uma", Deed.APPROVE, order, TEN), TEN)
    assert once.state is WorkState.RAISED
    with pytest.raises(PolicyError, match="already"):
        office.desk.approve(order.number, office.word("Uma", Deed.APPROVE, order, TEN), TEN)
    with pytest.raises(PolicyError):
        office.signing.sign(replace(once, not_before=office.quarter(), not_after=office.quarter()), office.quarter())
    twice = office.desk.approve(order.number, office.word("Vic", Deed.APPROVE, once, TEN), TEN)
    assert twice.state is WorkState.APPROVED


class Many:
    def homes_off(self, batch) -> int:
        return 40


def test_the_brake_counts_the_homes_that_the_what_if_says():
    office = Office(what_if=Many())
    order = office.raised()
    assert order.homes_off == 40
    with pytest.raises(PolicyError, match="brake B1"):
        office.desk.approve(order.number, office.word("Bob", Deed.APPROVE, order, TEN), TEN)
    assert office.brakes["B1"].latched


def test_the_signing_brake_does_not_believe_the_desk():
    office = Office(B1=BrakeLimits(10_000_000))
    signed = 0
    for number in range(1, 9):
        order = office.approved(office.soon(TEN, number), office.request(number))
        at = office.soon(office.quarter(), 60 + number)
        if number <= office.brakes["B2"].limits.an_hour:
            office.signing.sign(order, at)
            signed += 1
        else:
            with pytest.raises(PolicyError, match="brake B2"):
                office.signing.sign(order, at)
    assert signed == 5


def test_a_word_that_was_not_written_with_the_daemons_pen_is_none():
    from meterhouse.supplier.trust import state

    office = Office()
    order = office.raised()
    forged = state("Bob", key("Bob"), Deed.APPROVE, order.digest, Instant(TEN - HOUR))
    with_word = replace(order, approvals=(forged,), not_before=TEN, not_after=Instant(TEN + HOUR))
    with pytest.raises(PolicyError, match="not written here"):
        office.signing.sign(with_word, TEN)


@pytest.mark.parametrize(
    "change",
    [
        {"device": device_of(2)},
        {"home": home_of(2)},
        {"code": 0x0051},
        {"reason": "another reason"},
        {"premises": bytes(8)},
        {"homes_off": 0},
        {"raised_at": Instant(TEN - DAY)},
        {"approvals": ()},
        {"raised": None},
    ],
)
def test_a_row_that_was_changed_by_hand_is_signed_by_nobody(change: dict[str, object]):
    office = Office()
    order = replace(office.approved(), **change)
    with pytest.raises((PolicyError, AuthenticationError, SealedError)):
        office.signing.sign(order, order.not_before)


def test_confirming_says_no_to_all_but_the_very_order():
    office = Office()
    order, envelope = office.sent()
    at = order.not_before
    asked = {
        NoReason.UNKNOWN_ORDER: office.ask(office.query(order.device, bytes(32), at), at),
        NoReason.OTHER_DEVICE: office.ask(office.query(device_of(9), envelope.identity, at), at),
        NoReason.STATE: office.confirms(order, envelope, at, switch=0),
    }
    for reason, answer in asked.items():
        assert answer is not None
        assert (answer.yes, answer.reason) == (False, reason)
    late = office.confirms(order, envelope, Instant(order.not_after + 1))
    assert late is not None
    assert late.reason == NoReason.TIME
    assert office.confirms(order, envelope, at).yes


def test_words_that_are_no_genuine_query_get_no_answer():
    office = Office()
    order, envelope = office.sent()
    at = order.not_before
    good = office.query(order.device, envelope.identity, at)
    wrong = bytearray(good)
    wrong[60] ^= 1
    for octets in (
        b"x",
        bytes(wrong),
        good[:-1],
        office.query(order.device, envelope.identity, at, pair=key("thief")),
        office.query(Eui64(bytes(8)), envelope.identity, at),
        envelope.encode(),
    ):
        assert office.ask(octets, at) is None
    assert office.ask(good, at).yes


def test_orders_that_a_broken_device_invents_fill_no_book():
    office = Office()
    for number in range(50):
        assert not office.ask(office.query(device_of(1), number.to_bytes(32, "big"), TEN), TEN).yes
    assert office.answers.rows == {}


def test_without_books_there_is_no_answer_and_afterwards_there_is():
    office = Office()
    order, envelope = office.sent()
    real = office.records.by_hash

    def away(order_hash):
        raise StorageError("the disk is gone")

    office.records.by_hash = away
    assert office.confirms(order, envelope, order.not_before) is None
    assert any(event.kind == "confirm.books_away" for event in office.confirm.events())
    office.records.by_hash = real
    assert office.confirms(order, envelope, order.not_before).yes


def test_a_device_that_asks_twice_counts_as_one_home_and_is_told_the_truth_of_now():
    office = Office()
    order, envelope = office.sent()
    at = order.not_before
    octets = office.query(order.device, envelope.identity, at)
    assert office.ask(octets, at).yes
    assert office.ask(octets, at).yes
    assert office.confirms(order, envelope, office.soon(at)).yes
    assert office.brakes["B4"].passed(at) == (1, 1)
    office.cancelled(order, at)
    assert office.ask(octets, at).yes is False


def test_two_devices_in_one_second_are_not_refused_but_asked_to_wait():
    office = Office()
    first, one = office.sent()
    second, two = office.sent(office.soon(TEN, 5), office.request(2))
    at = second.not_before
    assert office.confirms(first, one, at).yes
    assert office.confirms(second, two, Instant(at + 1)) is None
    assert office.confirms(second, two, Instant(at + SECOND)).yes
