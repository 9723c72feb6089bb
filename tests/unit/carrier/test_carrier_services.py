"""The carrier as access-control broker: what it seals, what it refuses, which notes it passes, what it signs for."""

from __future__ import annotations

import pytest

from meterhouse.carrier import AccessBroker, Carrier, CarrierSettings, Quarantine
from meterhouse.companion.receipt import Deed, Scribe, read_receipt
from meterhouse.companion.relay import Frame, FrameReader, Hello, Kind, Note, Noted, Refusal, Role, Sealed
from meterhouse.companion.sealed import Accepted, Agreement, Signer, VolatileCounters, decode_envelope
from meterhouse.companion.sealed import Role as Party
from meterhouse.crypto import sha256
from meterhouse.model import DAY, MINUTE, SECOND, Eui64, Instant
from sealed_parties import (
    AGREEING_KEY,
    BROKER_KEY,
    CATALOGUE,
    DEVICE,
    MANDATE,
    NETWORK,
    NOW,
    OTHER_DEVICE,
    SEALING,
    SUPPLIER,
    SUPPLIER_KEY,
    change_supply,
    device,
    key,
    read_status,
)

HUB, OTHER_HUB = Eui64.parse("00DB1234567890B1"), Eui64.parse("00DB1234567890B2")
CARRIER = Eui64.parse("90B3D51F30030000")
CARRIER_KEY = key("carrier signs")
CLOSE, ARM, READ = 0x0081, 0x0085, 0x0082
ALL = frozenset(CATALOGUE)


class Register:
    """Two devices behind two hubs; the supplier and the network operator have certificates."""

    def __init__(self) -> None:
        self.hubs = {DEVICE: HUB, OTHER_DEVICE: OTHER_HUB}
        self.roles = {SUPPLIER: Party.SUPPLIER, NETWORK: Party.NETWORK_OPERATOR}

    def role_of(self, party: Eui64) -> Party | None:
        return self.roles.get(party)

    def orders(self, party: Eui64, device: Eui64) -> bool:
        return True

    def hub_of(self, device: Eui64) -> Eui64 | None:
        return self.hubs.get(device)

    def agreement(self, device: Eui64) -> Agreement:
        return Agreement.between(BROKER_KEY, AGREEING_KEY.public) if device == DEVICE else SEALING


class Bench:
    """A carrier with a supplier, a network operator and two hubs on the line."""

    def __init__(self, brake=lambda *_: True, known=ALL, ring=(), **settings) -> None:
        self.register = Register()
        self.reach = lambda _party, _hub: True
        quarantine = Quarantine(ring, DAY, known, self._online)
        broker = AccessBroker(self.register, CATALOGUE, quarantine, brake)
        asked = CarrierSettings("carrier", self._may_reach, 60 * MINUTE, **settings)
        self.carrier = Carrier(asked, broker, Scribe(CARRIER, CARRIER_KEY))
        for port, role, identity in (
            ("supplier", Role.HEAD_END, SUPPLIER),
            ("network", Role.HEAD_END, NETWORK),
            ("hub", Role.HUB, HUB),
            ("hub2", Role.HUB, OTHER_HUB),
        ):
            self.say(port, Hello(role, identity).frame())

    def _online(self, hub: Eui64) -> bool:
        return self.carrier.online(hub)

    def _may_reach(self, party: Eui64, hub: Eui64) -> bool:
        return self.reach(party, hub)

    def say(self, port: str, *frames: Frame, now: Instant = NOW) -> list[tuple[str, Frame]]:
        self.carrier.receive(port, b"".join(frame.encode() for frame in frames), now)
        return self.out()

    def say_raw(self, port: str, octets: bytes, now: Instant = NOW) -> None:
        self.carrier.receive(port, octets, now)
        self.out()

    def out(self) -> list[tuple[str, Frame]]:
        return [(port, one) for port, data in self.carrier.outgoing() for one in FrameReader().feed(data)]

    def seal(self, octets: bytes, port: str = "supplier", now: Instant = NOW) -> Sealed | Refusal:
        [(to, frame)] = self.say(port, Frame(Kind.SEAL, 9, octets), now=now)
        assert (to, frame.session) == (port, 9)
        return Sealed.parse(frame.payload) if frame.kind is Kind.SEALED else Refusal(frame.payload[0])


def signed(code: int = ARM, target: Eui64 = DEVICE, status: int = 1, counter: int = 5) -> bytes:
    return (
        Signer(SUPPLIER, SUPPLIER_KEY, CATALOGUE).order(target, code, change_supply(status), counter, MANDATE).encode()
    )


def test_an_order_comes_back_with_a_mac_that_its_device_believes_and_nothing_else_changed():
    bench, octets = Bench(), signed()
    sealed = bench.seal(octets)
    envelope = decode_envelope(sealed.order)
    assert envelope.with_mac(b"").encode() == octets
    assert isinstance(device(VolatileCounters()).verify(sealed.order, NOW), Accepted)
    receipt = read_receipt(sealed.receipt, CARRIER_KEY.public)
    said = receipt.signer, receipt.deed, receipt.subject, receipt.source, receipt.target, receipt.at
    assert said == (CARRIER, Deed.SEALED, envelope.identity, SUPPLIER, DEVICE, NOW)
    assert bench.carrier.usage.totals()[SUPPLIER, HUB].orders == 1


def test_what_the_carrier_refuses_it_refuses_by_reason_and_a_genuine_order_still_goes():
    bench = Bench()
    read = Signer(NETWORK, key("network signs"), CATALOGUE).order(DEVICE, READ, read_status(), 5).encode()
    unsigned = decode_envelope(signed()).with_signature(b"").encode()
    cases = {
        "no message": (b"\0\1\2", "supplier", Refusal.NO_ORDER),
        "sealed already": (bench.seal(signed()).order, "supplier", Refusal.NO_ORDER),
        "critical and not signed": (unsigned, "supplier", Refusal.NO_ORDER),
        "another's order": (read, "supplier", Refusal.ROLE),
        "a role that may not": (signed(), "network", Refusal.ROLE),
        "a device that is not in service": (signed(target=Eui64(bytes(8))), "supplier", Refusal.DEVICE),
    }
    for name, (octets, port, reason) in cases.items():
        assert bench.seal(octets, port) is reason, name
    assert bench.carrier.services.refused == {Refusal.NO_ORDER: 3, Refusal.ROLE: 2, Refusal.DEVICE: 1}
    assert isinstance(bench.seal(signed(counter=6)), Sealed)
    assert isinstance(bench.seal(read, "network"), Sealed)


def test_a_party_whose_certificate_is_withdrawn_has_no_role_any_more():
    bench = Bench()
    bench.register.roles.clear()
    assert bench.seal(signed()) is Refusal.ROLE


def test_the_brake_is_asked_last_and_holds():
    asked = []

    def brake(party, use_case, target, _now):
        asked.append((party, use_case.code, target))
        return len(asked) <= 3

    bench = Bench(brake)
    assert bench.seal(b"\0") is Refusal.NO_ORDER
    verdicts = [bench.seal(signed(CLOSE, status=0, counter=n)) for n in range(5)]
    assert [isinstance(one, Sealed) for one in verdicts] == [True, True, True, False, False]
    assert verdicts[3:] == [Refusal.BRAKE] * 2
    assert asked == [(SUPPLIER, CLOSE, DEVICE)] * 5


def test_the_first_orders_of_a_kind_go_to_the_canaries_and_to_all_only_when_no_canary_fell_silent():
    bench = Bench(known=ALL - {ARM}, ring={DEVICE})
    assert bench.seal(signed(target=OTHER_DEVICE)) is Refusal.QUARANTINE
    assert isinstance(bench.seal(signed()), Sealed)
    later = Instant(NOW + DAY)
    assert bench.seal(signed(target=OTHER_DEVICE), now=Instant(later - 1)) is Refusal.QUARANTINE
    bench.carrier.receive("hub", b"", later)
    assert bench.seal(signed(target=OTHER_DEVICE), now=later) is Refusal.QUARANTINE
    bench.say("hub", Hello(Role.HUB, HUB).frame(), now=later)
    assert isinstance(bench.seal(signed(target=OTHER_DEVICE), now=later), Sealed)


def test_a_carrier_that_starts_again_goes_on_with_its_trials():
    hub_up = {HUB: True}
    first = Quarantine({DEVICE}, DAY, {READ}, lambda hub: hub_up[hub])
    assert first.admits(ARM, DEVICE, HUB, NOW)
    again = Quarantine({DEVICE}, DAY, {READ}, lambda hub: hub_up[hub])
    again.restore(first.state())
    assert not again.admits(ARM, OTHER_DEVICE, OTHER_HUB, Instant(NOW + DAY - 1))
    hub_up[HUB] = False
    assert not again.admits(ARM, OTHER_DEVICE, OTHER_HUB, Instant(NOW + DAY))
    hub_up[HUB] = True
    assert again.admits(ARM, OTHER_DEVICE, OTHER_HUB, Instant(NOW + DAY))
    assert not again.trials()


def test_a_note_passes_unchanged_and_its_sender_hears_when_it_was_taken_with_both_receipts():
    bench, words = Bench(), b"a query, signed by the device"
    [(to, frame)] = bench.say("hub", Note(SUPPLIER, words).frame(3))
    assert (to, frame.kind, Note.parse(frame.payload)) == ("supplier", Kind.NOTE, Note(HUB, words))
    [(back, noted)] = bench.say("supplier", Frame(Kind.NOTED, frame.session, b"theirs"))
    both = Noted.parse(noted.payload)
    assert (back, noted.kind, noted.session, both.taker) == ("hub", Kind.NOTED, 3, b"theirs")
    receipt = read_receipt(both.carrier, CARRIER_KEY.public)
    assert (receipt.deed, receipt.subject, receipt.source, receipt.target) == (
        Deed.PASSED,
        sha256(words),
        HUB,
        SUPPLIER,
    )
    assert bench.say("supplier", Frame(Kind.NOTED, frame.session)) == [], "taken once"
    assert bench.carrier.usage.totals()[SUPPLIER, HUB].bytes_up == len(words)


def test_an_order_that_goes_as_a_note_gets_its_mac_or_is_refused_like_any_other():
    bench = Bench()
    [(to, frame)] = bench.say("supplier", Note(HUB, signed()).frame(4))
    note = Note.parse(frame.payload)
    assert (to, note.other) == ("hub", SUPPLIER)
    assert isinstance(device(VolatileCounters()).verify(note.octets, NOW), Accepted)
    for port, octets, reason in (
        ("network", signed(), Refusal.ROLE),
        ("supplier", signed(target=OTHER_DEVICE), Refusal.DEVICE),
    ):
        [(back, refused)] = bench.say(port, Note(HUB, octets).frame(5))
        assert (back, refused.kind, refused.payload[0]) == (port, Kind.REFUSED, reason)


def test_a_note_to_somebody_who_is_away_not_his_to_reach_or_silent_is_refused_to_its_sender():
    bench = Bench()
    away = Eui64.parse("90B3D51F30990000")
    assert bench.say("hub", Note(away, b"x").frame(1))[0][1].payload[0] == Refusal.NOT_CONNECTED
    bench.reach = lambda party, _hub: party != NETWORK
    assert bench.say("hub", Note(NETWORK, b"x").frame(2))[0][1].payload[0] == Refusal.NOT_ALLOWED
    assert bench.say("network", Note(HUB, b"x").frame(2))[0][1].payload[0] == Refusal.NOT_ALLOWED
    bench.say("hub", Note(SUPPLIER, b"x").frame(3))
    bench.carrier.elapse(Instant(NOW + 30 * SECOND - 1))
    assert bench.out() == []
    assert bench.carrier.deadline() == NOW + 30 * SECOND
    bench.carrier.elapse(Instant(NOW + 30 * SECOND))
    assert bench.out() == [("hub", Frame(Kind.REFUSED, 3, bytes([Refusal.NOT_CONNECTED])))]
    bench.say("hub", Note(SUPPLIER, b"x").frame(4))
    bench.carrier.receive("supplier", b"", NOW)
    assert bench.out() == [("hub", Frame(Kind.REFUSED, 4, bytes([Refusal.NOT_CONNECTED])))]


def test_a_hub_that_talks_without_end_is_held():
    bench = Bench()
    answers = [bench.say("hub", Note(SUPPLIER, b"x").frame(n))[0] for n in range(100)]
    assert sum(port == "supplier" for port, _ in answers) == 60
    assert answers[99] == ("hub", Frame(Kind.REFUSED, 99, bytes([Refusal.FULL])))


@pytest.mark.parametrize("kind", [Kind.SEAL, Kind.NOTE])
def test_a_carrier_without_a_broker_refuses_what_it_cannot_do(kind):
    bare = Carrier(CarrierSettings("carrier", lambda _p, _h: True, 60 * MINUTE))
    bare.receive("s", Hello(Role.HEAD_END, SUPPLIER).frame().encode(), NOW)
    list(bare.outgoing())
    bare.receive("s", Frame(kind, 2, HUB.octets + b"x").encode(), NOW)
    [(_, data)] = bare.outgoing()
    assert FrameReader().feed(data) == [Frame(Kind.REFUSED, 2, bytes([Refusal.NOT_ALLOWED]))]


def test_a_hub_cannot_have_orders_sealed():
    assert Bench().say("hub", Frame(Kind.SEAL, 2, signed())) == []
