"""Who is on the line, what leaves first when it is full, and what it cost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.carrier import Carrier, CarrierSettings, UsageBook
from meterhouse.carrier.egress import Egress
from meterhouse.companion.relay import Call, Frame, FrameReader, Hello, Kind, LineClass, Refusal, Role
from meterhouse.model import DAY, MINUTE, SECOND, Eui64, Instant, day_start

HUB, OTHER_HUB = Eui64.parse("00DB1234567890A0"), Eui64.parse("00DB1234567890A1")
HEAD_END = Eui64.parse("90B3D51F30010000")
T0 = Instant(1_700_000_000_000)


def said(carrier, port, *frames, now=T0):
    carrier.receive(port, b"".join(frame.encode() for frame in frames), now)
    return [(to, FrameReader().feed(data)[0] if data else None) for to, data in carrier.outgoing()]


def attested():
    return Carrier(CarrierSettings("carrier", lambda _h, _b: True, 60 * MINUTE, attested=True))


def test_a_hello_that_the_link_does_not_bear_out_ends_the_connection_and_harms_nobody():
    carrier = attested()
    carrier.vouch("line/1", Hello(Role.HUB, HUB))
    assert said(carrier, "line/1", Hello(Role.HUB, HUB).frame())[0][1].kind is Kind.WELCOME
    for port, proved, claimed in (
        ("line/2", None, Hello(Role.HUB, HUB)),
        ("line/3", Hello(Role.HUB, OTHER_HUB), Hello(Role.HUB, HUB)),
        ("line/4", Hello(Role.HUB, OTHER_HUB), Hello(Role.HEAD_END, OTHER_HUB)),
    ):
        if proved is not None:
            carrier.vouch(port, proved)
        assert said(carrier, port, claimed.frame()) == [(port, None)]
    assert carrier.online(HUB)
    assert [event.kind for event in carrier.events()].count("line.impostor") == 3


def test_what_was_proved_for_one_connection_says_nothing_about_the_next_on_its_port():
    carrier = attested()
    carrier.vouch("line/1", Hello(Role.HUB, HUB))
    said(carrier, "line/1", Hello(Role.HUB, HUB).frame())
    carrier.receive("line/1", b"", T0)
    assert said(carrier, "line/1", Hello(Role.HUB, HUB).frame()) == [("line/1", None)]
    carrier.vouch("wire", Hello(Role.HUB, HUB), lasting=True)
    said(carrier, "wire", Hello(Role.HUB, HUB).frame())
    carrier.receive("wire", b"", T0)
    assert said(carrier, "wire", Hello(Role.HUB, HUB).frame())[0][1].kind is Kind.WELCOME


def test_on_a_full_line_payments_leave_before_orders_and_orders_before_collections():
    carrier = Carrier(CarrierSettings("carrier", lambda _h, _b: True, 60 * MINUTE, rate=1000))
    hubs = [Eui64.parse(f"00DB1234567890A{n}") for n in range(3)]
    for n, hub in enumerate(hubs):
        said(carrier, f"hub/{n}", Hello(Role.HUB, hub).frame())
    said(carrier, "he", Hello(Role.HEAD_END, HEAD_END).frame())
    for n, one in enumerate((LineClass.BULK, LineClass.ORDER, LineClass.VEND)):
        said(carrier, "he", Call(hubs[n], one).frame(n))
    for n in range(3):  # each puts two seconds of bytes on the line, collections first
        carrier.receive("he", Frame(Kind.DATA, n, bytes(2000)).encode(), Instant(T0 + 10 * SECOND))
    arrived, now = [], Instant(T0 + 10 * SECOND)
    while (due := carrier.deadline()) is not None and due < T0 + 20 * SECOND:
        arrived += [(to, due) for to, data in carrier.outgoing() if len(data) > 2000]
        now = max(due, Instant(now + 1))
        carrier.elapse(now)
    assert [to for to, _ in arrived] == ["hub/2", "hub/1", "hub/0"]
    assert arrived[2][1] - arrived[0][1] >= 3 * SECOND, "the rate holds"


def test_beyond_its_calls_the_carrier_refuses_collections_and_takes_payments():
    carrier = Carrier(CarrierSettings("carrier", lambda _h, _b: True, 60 * MINUTE, calls=1))
    hubs = [Eui64.parse(f"00DB1234567890A{n}") for n in range(3)]
    for n, hub in enumerate(hubs):
        said(carrier, f"hub/{n}", Hello(Role.HUB, hub).frame())
    said(carrier, "he", Hello(Role.HEAD_END, HEAD_END).frame())
    said(carrier, "he", Call(hubs[0], LineClass.BULK).frame(1))
    assert said(carrier, "he", Call(hubs[1], LineClass.BULK).frame(2))[0][1].payload[0] == Refusal.FULL
    assert said(carrier, "he", Call(hubs[1], LineClass.VEND).frame(3))[0][1].kind is Kind.CALL
    said(carrier, "he", Frame(Kind.HANG_UP, 1), Frame(Kind.HANG_UP, 3))
    assert said(carrier, "he", Call(hubs[2], LineClass.BULK).frame(4))[0][1].kind is Kind.CALL


@given(
    st.lists(st.tuples(st.sampled_from(LineClass), st.binary(min_size=1, max_size=99)), max_size=40),
    st.integers(1, 500),
)
def test_the_egress_loses_nothing_and_keeps_each_class_in_order(sent, rate):
    egress, now, out = Egress(rate), T0, []
    for one, data in sent:
        egress.put(one.name, data, one)
    while True:
        out += egress.take(now)
        due = egress.due(now)
        if due is None:
            break
        assert due > now
        now = due
    assert egress.waiting() == 0
    for one in LineClass:
        assert [data for port, data in out if port == one.name] == [data for klass, data in sent if klass is one]


def test_a_connection_that_is_closed_gets_nothing_more():
    egress = Egress(None)
    egress.put("a", b"1", LineClass.BULK)
    egress.put("b", b"2", LineClass.BULK)
    egress.close("a")
    assert egress.take(T0) == [("a", b""), ("b", b"2")]


def test_usage_is_kept_by_day_and_hands_out_each_count_once():
    book = UsageBook()
    book.of(HEAD_END, HUB, T0).bytes_up += 3
    book.of(HEAD_END, HUB, Instant(T0 + DAY)).bytes_up += 5
    rows = list(book.take())
    assert [(row.day, row.usage.bytes_up) for row in rows] == [(day_start(T0), 3), (day_start(Instant(T0 + DAY)), 5)]
    book.of(HEAD_END, HUB, T0).bytes_up += 7
    assert [row.usage.bytes_up for row in book.take()] == [7]
    assert book.totals()[HEAD_END, HUB].bytes_up == 15
