"""A carrier lives for years beside parties that mean it harm: what it remembers is bounded, and its register may fail."""

from __future__ import annotations

import pytest
from test_carrier_services import HUB, Bench, signed

from meterhouse.carrier.post import MAX_OF_PARTY
from meterhouse.carrier.services import NOTES_A_MINUTE
from meterhouse.carrier.usage import NOBODY
from meterhouse.companion.relay import Frame, Hello, Kind, Note, Refusal, Role, Sealed
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
