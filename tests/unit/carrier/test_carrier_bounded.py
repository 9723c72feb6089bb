"""A carrier lives for years beside parties that mean it harm: what it remembers is bounded, and its register may fail."""

from __future__ import annotations

import pytest
from test_carrier_services import HUB, Bench, signed

from meterhouse.carrier.post import MAX_OF_PARTY
from meterhouse.carrier.relay import _KNOWN, _STRANGERS
from meterhouse.carrier.services import NOTES_A_MINUTE
from meterhouse.carrier.usage import NOBODY
from meterhouse.companion.relay import MAX_PAYLOAD, Call, Frame, Hello, Kind, Note, Refusal, Role, Sealed
from meterhouse.model import MINUTE, SECOND, Eui64, Instant, StorageError
from sealed_parties import NOW, SUPPLIER


def made_up(number: int) -> Eui64:
    return Eui64(number.to_bytes(8, "big"))


def test_notes_to_made_up_parties_are_counted_in_one_row():
    bench = Bench()
    bench.reach = lambda party, _hub: party == SUPPLIER
    for number in range(1, 2_000):
        bench.say("hub", Note(made_up(number), b"hello").frame(number), now=Instant(NOW + number * SECOND))
    assert bench.carrier.usage.totals().keys() == {(NOBODY, HUB)}
    assert bench.carrier.usage.totals()[NOBODY, HUB].refused == 1_999
    [(to, frame)] = bench.say("hub", Note(SUPPLIER, b"genuine").frame(3_000), now=Instant(NOW + 4_000 * SECOND))
    assert (to, frame.kind) == ("supplier", Kind.NOTE)


def test_notes_to_made_up_hubs_likewise():
    bench = Bench()
    bench.reach = lambda _party, hub: hub == HUB
    for number in range(1, 500):
        bench.say("supplier", Note(made_up(number), b"hello").frame(number))
    assert bench.carrier.usage.totals().keys() == {(SUPPLIER, NOBODY)}


def test_who_spoke_in_an_earlier_minute_is_forgotten():
    bench = Bench()
    for number in range(200):
        port, hub = f"more/{number}", made_up(1_000 + number)
        now = Instant(NOW + number * SECOND)
        bench.say(port, Hello(Role.HUB, hub).frame(), now=now)
        bench.say(port, Note(SUPPLIER, b"hello").frame(1), now=now)
    assert len(bench.carrier.services._spoken) <= MINUTE // SECOND


def test_a_party_has_so_many_notes_on_their_way_and_no_more():
    bench = Bench()
    notes = [Note(HUB, b"for a device").frame(number) for number in range(MAX_OF_PARTY + 5)]
    answers = bench.say("supplier", *notes)
    refused = [frame for to, frame in answers if to == "supplier"]
    assert [frame.payload for frame in refused] == [bytes([Refusal.FULL])] * 5
    assert sum(to == "hub" for to, _ in answers) == MAX_OF_PARTY


def test_a_hub_that_is_too_talkative_is_held_for_a_minute_only():
    bench = Bench()
    for number in range(NOTES_A_MINUTE + 1):
        answer = bench.say("hub", Note(SUPPLIER, b"x").frame(number + 1))
        for _, frame in [one for one in answer if one[0] == "supplier"]:
            bench.say("supplier", Frame(Kind.NOTED, frame.session))
    assert [(to, frame.kind) for to, frame in answer] == [("hub", Kind.REFUSED)]
    [(to, _)] = bench.say("hub", Note(SUPPLIER, b"x").frame(99), now=Instant(NOW + MINUTE))
    assert to == "supplier"


@pytest.mark.parametrize("where", ["register", "brake"])
def test_a_register_that_cannot_be_read_holds_an_order_back_and_it_goes_when_it_comes_again(where: str):
    broken = True

    def fail() -> None:
        if broken:
            raise StorageError("the disk failed; nothing was stored")

    def brake(*_about: object) -> bool:
        if where == "brake":
            fail()
        return True

    bench = Bench(brake)
    hub_of = bench.register.hub_of

    def asked(device: Eui64) -> Eui64 | None:
        if where == "register":
            fail()
        return hub_of(device)

    bench.register.hub_of = asked
    assert bench.seal(signed()) is Refusal.FULL
    assert [event.fields["why"] for event in bench.carrier.events() if event.kind == "order.refused"] == [
        "the disk failed; nothing was stored."
    ]
    broken = False
    assert isinstance(bench.seal(signed()), Sealed)


def test_whoever_says_no_hello_is_sent_away_and_the_oldest_first_where_they_are_many():
    bench = Bench()
    for number in range(_STRANGERS + 10):
        bench.say_raw(f"mute/{number}", b"\0")
    dropped = [event.fields["port"] for event in bench.carrier.events() if event.kind == "line.dropped"]
    assert dropped == [f"mute/{number}" for number in range(10)]
    assert bench.carrier.deadline() is not None
    bench.say("hub", Frame(Kind.PING), now=Instant(NOW + 59 * MINUTE))
    bench.carrier.elapse(Instant(NOW + 60 * MINUTE))
    assert not bench.carrier._strangers
    assert not [port for port in bench.carrier._lines if port.startswith("mute/")]
    assert bench.carrier.online(HUB)
    assert isinstance(bench.seal(signed(), now=Instant(NOW + 61 * MINUTE)), Sealed)


def test_a_byte_now_and_then_is_no_hello_either():
    bench, hello = Bench(), Hello(Role.HUB, made_up(7)).frame().encode()
    for minute in range(12):
        at = Instant(NOW + minute * 5 * MINUTE)
        bench.say("hub", Frame(Kind.PING), now=at)
        bench.say_raw("slow", hello[minute : minute + 1], at)
    bench.carrier.elapse(Instant(NOW + 61 * MINUTE))
    assert "slow" not in bench.carrier._lines


@pytest.mark.parametrize("begins", [b"\xff\xff\x01", b"GET / HTTP/1.1\r\n\r\n", bytes(40), b"\x16\x03\x01\x02"])
def test_before_the_hello_a_stranger_is_heard_for_sixteen_bytes_and_no_more(begins: bytes):
    bench = Bench()
    for _ in range(30):
        bench.say_raw("stranger", begins)
        line = bench.carrier._lines.get("stranger")
        assert line is None or line.reader.waiting <= 16
    assert isinstance(bench.seal(signed()), Sealed)


def test_after_the_hello_at_most_one_frame_waits():
    bench = Bench()
    bench.say_raw("hub", Frame(Kind.PING, 0, bytes(MAX_PAYLOAD)).encode()[:-1])
    assert bench.carrier._lines["hub"].reader.waiting == MAX_PAYLOAD + 6
    bench.say_raw("hub", b"\0" * 70_000)
    assert "hub" not in bench.carrier._lines


def test_calls_to_made_up_hubs_are_counted_in_one_row_and_hubs_of_long_ago_are_forgotten():
    bench = Bench()
    bench.reach = lambda _party, hub: hub == HUB
    for number in range(1, 300):
        bench.say("supplier", Call(made_up(number)).frame(number))
    assert bench.carrier.usage.totals()[SUPPLIER, NOBODY].refused == 299
    assert bench.carrier.usage.totals().keys() == {(SUPPLIER, NOBODY)}
    bench.carrier._known.update((made_up(number), None) for number in range(_KNOWN))
    before = len(bench.carrier._known)
    bench.say("another", Hello(Role.HUB, made_up(1 << 40)).frame())
    assert len(bench.carrier._known) == before
