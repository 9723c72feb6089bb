"""The way of work orders: what fails is told and done again, holds up nothing else, and nothing is remembered for ever."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.trust_office import Office

from meterhouse.app import order_flow
from meterhouse.app.order_flow import LOOKS, OrderFlow, OrderRoads
from meterhouse.companion.sealed import (
    REFUSAL_ALERTS,
    AlertContent,
    OrderReply,
    OrderResult,
    Outcome,
    Reason,
    Standing,
    decode_envelope,
)
from meterhouse.model import HOUR, MINUTE, Eui64, Fuel, Instant, LinkError, PolicyError, StateError, StorageError
from meterhouse.supplier.headend import CallHub, Culprit
from meterhouse.supplier.trust import WorkOrder, WorkState

FULL = StorageError("the disk is full; nothing was stored", remedy="Free some space.")
HUB = Eui64(bytes(7) + b"\1")


class Works:
    """Work orders that are what a test says."""

    def __init__(self) -> None:
        self.more = False
        self.orders: dict[str, WorkOrder] = {}
        self.fails: dict[str, Exception] = {}

    def _may(self, what: str) -> None:
        if what in self.fails:
            raise self.fails[what]

    def put(self, order: WorkOrder) -> WorkOrder:
        self.orders[order.number] = order
        return order

    def work(self, _now):
        self._may("work")
        return tuple(one for one in self.orders.values() if one.state is WorkState.SIGNED)

    def list(self, *, live=False):
        assert live
        self._may("list")
        return tuple(one for one in self.orders.values() if one.state.value in LIVE)

    def cancelling(self):
        return tuple(one for one in self.orders.values() if one.state is WorkState.CANCELLING)

    def cancel_of(self, order):
        self._may(order.number)
        return decode_envelope(SIGNED.envelope)

    def unread(self):
        self._may("unread")
        return tuple(one for one in self.orders.values() if one.state is WorkState.DONE)

    def show(self, number):
        return SimpleNamespace(order=self.orders[number], history=())

    def result(self, _result, _device, _now):
        self._may("result")
        raise StateError("it has ended")

    def replied(self, number, _reply, _now):
        return self.put(replace(self.orders[number], state=WorkState.DONE))


LIVE = {"raised", "approved", "signed", "sent", "pending", "cancelling"}


def _signed() -> WorkOrder:
    office = Office()
    order, envelope = office.sent()
    return replace(order, state=WorkState.SIGNED, envelope=envelope.encode(), order_hash=envelope.identity)


SIGNED = _signed()
NOW = SIGNED.not_before


class Scene:
    def __init__(self) -> None:
        self.works, self.sent, self.looks, self.again, self.told = Works(), [], [], [], []
        self.trust = SimpleNamespace(units={}, waits=lambda _device: False)
        self.trust.units[SIGNED.device] = SimpleNamespace(device=SIGNED.device, hub=HUB, fuel=Fuel.ELECTRICITY)
        roads = OrderRoads(
            lambda order: self.sent.append(order.order),
            lambda _hub, job: self.looks.append(job),
            self.again.append,
            lambda kind, **about: self.told.append((kind, about)),
        )
        self.flow = OrderFlow(self.works, self.trust, roads)

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told]

    def order(self, number: str = "W1", state: WorkState = WorkState.SIGNED) -> WorkOrder:
        return self.works.put(replace(SIGNED, number=number, state=state))


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize("what", ["work", "list", "unread"])
def test_a_look_that_fails_is_told_in_one_sentence_and_done_again_a_minute_later(scene: Scene, what: str):
    scene.order()
    scene.works.fails[what] = FULL
    scene.flow.look(NOW)
    assert ("orders.held", {"why": FULL.sentence()}) in scene.told
    assert scene.again == [NOW + LOOKS]
    scene.works.fails.clear()
    scene.flow.look(Instant(NOW + LOOKS))
    assert scene.sent == ["W1"]
    assert scene.kinds().count("orders.held") == 1


@pytest.mark.parametrize("error", [FULL, LinkError("away"), PolicyError("no"), StateError("not now")])
def test_a_cancel_that_cannot_be_signed_holds_up_no_other_and_is_signed_at_the_next_look(scene: Scene, error):
    scene.order("W1", WorkState.CANCELLING)
    scene.order("W2", WorkState.CANCELLING)
    scene.works.fails["W1"] = error
    scene.flow.look(NOW)
    assert scene.sent == ["W2/cancel"]
    assert ("order.uncancelled", {"order": "W1", "why": error.sentence()}) in scene.told
    del scene.works.fails["W1"]
    scene.flow.look(Instant(NOW + LOOKS))
    scene.flow.look(Instant(NOW + 2 * LOOKS))
    assert scene.sent == ["W2/cancel", "W1/cancel"]


def test_a_word_of_a_device_that_cannot_be_written_down_is_refused_so_that_it_is_brought_again(scene: Scene):
    scene.works.fails["result"] = FULL
    result = OrderResult(NOW, SIGNED.order_hash, Outcome.OPENED, 0)
    with pytest.raises(StorageError):
        scene.flow.ended(result, SIGNED.device, NOW)
    scene.works.fails.clear()
    scene.flow.ended(result, SIGNED.device, NOW)
    assert scene.kinds() == ["order.not_moved"]


def test_nothing_leaves_before_it_may_although_the_clock_went_back_after_it_was_signed(scene: Scene):
    scene.order()
    scene.flow.look(Instant(NOW - 10 * MINUTE))
    assert scene.sent == []
    assert scene.again, "it is looked at again"
    scene.flow.look(NOW)
    assert scene.sent == ["W1"]


def alert(reason: Reason) -> tuple[object, AlertContent]:
    envelope = SimpleNamespace(originator=SIGNED.device, code=SIGNED.code)
    return envelope, AlertContent(REFUSAL_ALERTS + reason, 0)


def test_what_a_slow_clock_refuses_as_too_early_is_sent_again_twice_and_no_more(scene: Scene):
    scene.order(state=WorkState.SENT)
    at = NOW
    for wait in (MINUTE, 10 * MINUTE):
        scene.flow.told(*alert(Reason.EARLY), at)
        assert scene.again[-1] == at + wait
        before = len(scene.sent)
        scene.flow.look(Instant(at + wait - 1))
        assert len(scene.sent) == before
        at = Instant(at + wait)
        scene.flow.look(at)
        assert len(scene.sent) == before + 1
    scene.flow.told(*alert(Reason.EARLY), at)
    scene.flow.look(Instant(at + HOUR))
    assert scene.sent == ["W1", "W1"]


@pytest.mark.parametrize("what", ["another reason", "cancelled"])
def test_and_not_for_another_reason_nor_once_it_is_cancelled(scene: Scene, what: str):
    scene.order(state=WorkState.SENT)
    scene.flow.told(*alert(Reason.MAC if what == "another reason" else Reason.EARLY), NOW)
    if what == "cancelled":
        scene.order(state=WorkState.CANCELLED)
    scene.flow.look(Instant(NOW + HOUR))
    assert scene.sent == []


def test_what_was_done_before_a_restart_is_looked_at_once(scene: Scene):
    scene.order(state=WorkState.DONE)
    scene.flow.look(NOW)
    scene.flow.look(Instant(NOW + HOUR))
    (job,) = scene.looks
    assert (job.order, job.meter) == ("W1/look", SIGNED.device)
    assert job.expires is not None, "a hub that never comes back must not keep it for ever"


def test_the_same_end_told_twice_is_looked_at_once(scene: Scene):
    scene.order(state=WorkState.SENT)
    for _ in range(2):
        scene.flow.replied("W1", OrderReply(Standing.DONE), NOW)
    assert len(scene.looks) == 1


def test_of_ten_thousand_orders_that_ended_only_so_many_are_remembered(scene: Scene, monkeypatch):
    monkeypatch.setattr(order_flow, "_REMEMBERED", 100)
    late = Instant(NOW + HOUR)
    for number in range(10_000):
        name = f"W{number}"
        scene.order(name)
        if number % 500 == 0:
            scene.flow.look(Instant(late + number * MINUTE))
        scene.flow.stage(name, "altered", late, "changed on its way")
        scene.flow.replied(name, OrderReply(Standing.DONE), late)
        del scene.works.orders[name]
    scene.order("live")
    scene.flow.look(Instant(late + 10_001 * MINUTE))
    scene.flow.stage("live", "altered", late, "changed on its way")
    flow = scene.flow
    kept = [len(each) for each in (flow._sent, flow._called, flow._altered, flow._looking, flow._early)]
    assert max(kept) <= 101
    assert any(isinstance(job, CallHub) and job.order == "live" and job.expires for job in scene.looks)
    assert flow.judge("live", None, late).culprit is Culprit.CARRIER


def test_orders_that_live_are_all_remembered_however_many(scene: Scene, monkeypatch):
    monkeypatch.setattr(order_flow, "_REMEMBERED", 10)
    for number in range(50):
        scene.order(f"W{number}")
    for step in range(3):
        scene.flow.look(Instant(NOW + HOUR + step * LOOKS))
    assert len(scene.sent) == len(set(scene.sent)) == 50
    assert len([job for job in scene.looks if isinstance(job, CallHub)]) == 50


def test_an_order_for_a_device_that_is_no_longer_there_harms_nothing(scene: Scene):
    scene.trust.units.clear()
    scene.order(state=WorkState.DONE)
    scene.order("W2")
    scene.flow.look(NOW)
    assert (scene.sent, scene.looks, scene.told) == ([], [], [])
