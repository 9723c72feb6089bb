"""A remote cut at the electricity meter: believed, pending, asked back, done once; in every doubt the supply stays on."""

from __future__ import annotations

import pytest

from home_bench import START
from meterhouse.companion.sealed import Hindrance, OrderReply, Outcome, Standing
from meterhouse.model import MINUTE, SECOND, Instant
from meterhouse.premises.electricity_meter import ControlState
from sealed_home import Parties, ask, sealed_meter

NOW = Instant(START + MINUTE)
PENDING, DONE = OrderReply(Standing.PENDING), OrderReply(Standing.DONE)


def cut(parties, meter, now):
    """A genuine cut, all the way; the meter is off after it."""
    gate = ask(meter)
    order = parties.open(now)
    assert gate.take(order.encode(), now) is None
    assert parties.reply(gate, order) == PENDING
    assert gate.take(parties.answer(parties.query(gate), now).encode(), now) is None
    assert meter.switch.state is ControlState.DISCONNECTED
    assert parties.results(gate)[-1].outcome is Outcome.OPENED
    return order


@pytest.mark.requirement("S0-73")
def test_a_cut_is_pending_until_the_confirm_service_says_yes_to_its_own_nonce_and_order():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    order = parties.open(NOW)
    gate.take(order.encode(), NOW)
    assert parties.reply(gate, order) == PENDING
    assert meter.switch.closed
    query = parties.query(gate)
    assert (query.order, query.switch, query.balance) == (order.identity, 1, None)
    for wrong in ({"nonce": bytes(16)}, {"order": bytes(32)}):
        gate.take(parties.answer(query, NOW, **wrong).encode(), NOW)
        assert meter.switch.closed
        assert gate.pending
    later = Instant(NOW + 14 * MINUTE)
    gate.take(parties.answer(query, later).encode(), later)
    assert meter.switch.state is ControlState.DISCONNECTED
    result = parties.results(gate)[-1]
    assert (result.order, result.outcome, result.switch) == (order.identity, Outcome.OPENED, 0)


def test_only_a_hand_closes_what_an_order_armed():
    parties = Parties()
    meter = sealed_meter(parties)
    cut(parties, meter, NOW)
    assert not meter.press_button(NOW)
    arm = parties.arm(NOW)
    ask(meter).take(arm.encode(), NOW)
    assert parties.reply(ask(meter), arm) == DONE
    assert meter.switch.state is ControlState.READY
    assert meter.press_button(NOW)
    assert meter.switch.closed


def test_a_no_and_no_answer_leave_the_supply_on_and_the_next_genuine_order_works():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW).encode(), NOW)
    gate.take(parties.answer(parties.query(gate), NOW, yes=False).encode(), NOW)
    assert parties.results(gate)[-1].outcome is Outcome.STAYED_SAID_NO
    gate.take(parties.open(NOW).encode(), NOW)
    query = parties.query(gate)
    late = Instant(NOW + 15 * MINUTE)
    meter.elapse(late)
    assert parties.results(gate)[-1].outcome is Outcome.STAYED_NO_ANSWER
    gate.take(parties.answer(query, late).encode(), late)
    assert meter.switch.closed
    assert not gate.pending
    cut(parties, meter, Instant(late + SECOND))


def test_a_second_cut_while_one_is_pending_is_refused_and_the_first_goes_on():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW).encode(), NOW)
    query = parties.query(gate)
    second = parties.open(NOW)
    gate.take(second.encode(), NOW)
    assert parties.reply(gate, second) == OrderReply(Standing.REFUSED, Hindrance.BUSY)
    assert parties.query(gate) == query
    gate.take(parties.answer(query, NOW).encode(), NOW)
    assert not meter.switch.closed


@pytest.mark.requirement("S0-73")
def test_a_stolen_suppliers_key_forged_and_replayed_ends_at_the_confirm_services_no_and_is_told():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    forged = parties.open(NOW)
    for again in range(3):
        gate.take(forged.encode(), Instant(NOW + again))
    query = parties.query(gate)
    assert query.order == forged.identity
    gate.take(parties.answer(query, NOW, yes=False).encode(), NOW)
    assert meter.switch.closed
    (result,) = parties.results(gate)
    assert (result.outcome, result.hindrance, result.switch) == (Outcome.STAYED_SAID_NO, Hindrance.SAID_NO, 1)
    assert "sealed.said_no" in [event.kind for event in meter.events()]
    gate.take(forged.encode(), NOW)
    assert not gate.pending
    cut(parties, meter, NOW)
