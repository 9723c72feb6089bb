"""Payments have a class, a queue and sessions of their own: a flood of settings delays none (S3-18)."""

from __future__ import annotations

import pytest

from meterhouse.companion.relay import Frame, FrameReader, Kind
from meterhouse.model import DAY, MINUTE, Eui64, Instant, parse_instant
from meterhouse.supplier.headend import DeliverToken, HeadEnd, HeadEndSettings, HubEntry

NOW = parse_instant("2026-11-21T10:00:00Z")
HUBS = [Eui64(number.to_bytes(8, "big")) for number in range(1, 401)]


class Setting:
    """A setting for a hub that asks something and waits for the answer."""

    label, order, expires = "set something", "", None

    def talk(self, hub, clients, now):
        yield None, b"setting"


class Payment(DeliverToken):
    def talk(self, hub, clients, now):
        self.book.append(self.order)
        yield None, b"token"


class Nothing:
    def missing(self, meter, first, last):
        return []

    def stage(self, *_told):
        pass


@pytest.fixture
def head_end():
    one = HeadEnd(
        HeadEndSettings("head_end", Eui64(b"\2" * 8), sessions=64, sessions_for_payments=16),
        [HubEntry(hub, ()) for hub in HUBS],
        None,
        Nothing(),
        Nothing(),
    )
    one.elapse(NOW)
    one.receive("carrier", Frame(Kind.WELCOME).encode(), NOW)
    list(one.outgoing())
    return one


def called(head_end) -> list[tuple[int, Eui64]]:
    reader = FrameReader()
    frames = [frame for _, data in head_end.outgoing() for frame in reader.feed(data)]
    return [(frame.session, Eui64(frame.payload[:8])) for frame in frames if frame.kind is Kind.CALL]


def end(head_end, session: int, now=NOW):
    head_end.receive("carrier", Frame(Kind.HANG_UP, session).encode(), now)


@pytest.mark.requirement("S3-18")
def test_a_payment_is_called_at_once_though_settings_for_four_hundred_hubs_hold_every_other_session(head_end):
    for _ in range(3):
        for hub in HUBS:
            head_end.submit(hub, Setting(), NOW)
    assert len(called(head_end)) == 64, "the flood holds all that it may, and no more"
    carried: list[str] = []
    for number in range(16):
        head_end.submit(HUBS[-1 - number], Payment(str(number), "1" * 20, 0, carried), NOW)
    assert [hub for _, hub in called(head_end)] == HUBS[-1:-17:-1]
    assert carried == [str(number) for number in range(16)]


@pytest.mark.requirement("S3-18")
def test_at_a_hub_that_is_busy_with_settings_the_payment_is_next_whatever_waits_before_it(head_end):
    hub, carried = HUBS[0], []
    for _ in range(500):
        head_end.submit(hub, Setting(), NOW)
    [(session, _)] = called(head_end)
    head_end.submit(hub, Payment("p", "1" * 20, 0, carried), NOW)
    assert called(head_end) == []
    end(head_end, session)
    head_end.elapse(Instant(NOW + 2 * MINUTE))
    assert [one for _, one in called(head_end)] == [hub]
    assert carried == ["p"]


def test_with_no_payments_settings_go_on_as_before_and_every_hub_has_its_turn(head_end):
    for hub in HUBS:
        head_end.submit(hub, Setting(), NOW)
    seen = set()
    while calls := called(head_end):
        for session, hub in calls:
            seen.add(hub)
            end(head_end, session)
        head_end.elapse(NOW)
    assert seen == set(HUBS)


def test_a_payment_that_expires_in_its_own_queue_ends(head_end):
    carried = []
    head_end.submit(HUBS[0], Setting(), NOW)
    head_end.submit(HUBS[0], Payment("late", "1" * 20, 0, carried, Instant(NOW + DAY)), NOW)
    head_end.elapse(Instant(NOW + DAY))
    kinds = [(event.kind, event.fields.get("order")) for event in head_end.events()]
    assert ("order.expired", "late") in kinds
    assert carried == []
