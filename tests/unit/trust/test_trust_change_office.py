"""The change-of-supplier party on its line: an order again and again until the device's own word, believed and kept."""

from __future__ import annotations

import pytest

from meterhouse.companion.relay import Frame, FrameReader, Kind, Note, Refusal
from meterhouse.companion.sealed import (
    CHANGE_SUPPLIER,
    ORDER_RESULT,
    AlertBuilder,
    HandOver,
    Hindrance,
    OrderResult,
    Outcome,
    SealedError,
    SupplierChange,
    decode_envelope,
)
from meterhouse.companion.sealed.envelope import Envelope
from meterhouse.companion.sealed.envelope import Kind as SealedKind
from meterhouse.companion.supplier_keys import unwrap_token_key, wrap_token_key
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import DAY, MINUTE, AuthenticationError, Eui64, Instant, StorageError, parse_instant
from meterhouse.protocols import sts
from meterhouse.supplier.trust import ChangeOffice, ChangeOrder

NOW = parse_instant("2026-11-23T12:00:00Z")
OFFICE, HUB, DEVICE, LOSER, GAINER, CONFIRM = (Eui64(bytes(7) + bytes((n,))) for n in range(1, 7))
PAIRS = {who: KeyPair(P256, bytes(31) + who.octets[-1:]) for who in (OFFICE, DEVICE, GAINER, CONFIRM)}
ORDER = Envelope(SealedKind.COMMAND, 1, OFFICE, DEVICE, CHANGE_SUPPLIER, b"\x01", bytes(24), bytes(64))


class Bench:
    def __init__(self) -> None:
        self.ended: list[tuple[Eui64, bool, str]] = []
        self.disk = True
        self.office = ChangeOffice("office", OFFICE, self, self._keep)
        self.now = NOW

    def signing_key(self, device):
        return PAIRS[DEVICE].public if device == DEVICE else None

    def premises(self, device):
        return None

    def _keep(self, device, changed, why, now):
        if not self.disk:
            raise StorageError("the disk is full")
        self.ended.append((device, changed, why))

    def hear(self, *frames: Frame) -> None:
        for frame in frames:
            self.office.receive("carrier", frame.encode(), self.now)

    def said(self) -> list[Frame]:
        reader = FrameReader()
        return [frame for _, data in self.office.outgoing() for frame in reader.feed(data)]

    def later(self, ms: int) -> None:
        self.now = Instant(self.now + ms)
        self.office.elapse(self.now)

    def word(self, outcome=Outcome.HANDED_OVER, pair=PAIRS[DEVICE], order=ORDER.identity) -> Frame:
        result = OrderResult(self.now, order, outcome, 1, Hindrance.NONE)
        octets = AlertBuilder(DEVICE, pair).words(OFFICE, ORDER_RESULT, result.encode(), 1)
        return Note(HUB, octets).frame(9)


@pytest.fixture
def bench():
    made = Bench()
    made.office.elapse(NOW)
    made.said()
    made.hear(Frame(Kind.WELCOME))
    made.office.submit(ChangeOrder(DEVICE, HUB, ORDER.encode(), Instant(NOW + DAY)), NOW)
    return made


def test_an_order_is_sent_again_until_the_device_itself_has_said_that_it_is_done(bench):
    [first] = bench.said()
    assert (first.kind, Note.parse(first.payload)) == (Kind.NOTE, Note(HUB, ORDER.encode()))
    bench.hear(Frame(Kind.REFUSED, first.session, bytes([Refusal.NOT_CONNECTED])))
    bench.later(11 * MINUTE)
    assert Kind.NOTE in [frame.kind for frame in bench.said()]
    bench.hear(bench.word())
    assert bench.ended == [(DEVICE, True, "")]
    assert [frame.kind for frame in bench.said()] == [Kind.NOTED]
    assert not bench.office.waiting


def test_a_word_under_another_key_or_about_another_order_ends_nothing(bench):
    bench.hear(bench.word(pair=PAIRS[OFFICE]), bench.word(order=bytes(32)))
    assert bench.ended == []
    assert bench.office.waiting == {DEVICE}


def test_a_word_that_cannot_be_kept_is_not_taken_and_comes_again(bench):
    bench.said()
    bench.disk = False
    bench.hear(bench.word())
    assert [frame.kind for frame in bench.said()] == []
    assert bench.office.waiting == {DEVICE}
    bench.disk = True
    bench.hear(bench.word())
    assert bench.ended == [(DEVICE, True, "")]


def test_an_order_that_no_device_took_ends_with_its_time_whatever_the_disk_does(bench):
    bench.disk = False
    bench.later(DAY)
    assert bench.office.waiting == {DEVICE}
    assert bench.office.deadline() <= bench.now + 10 * MINUTE
    bench.disk = True
    bench.later(10 * MINUTE)
    assert bench.ended == [(DEVICE, False, "the device did not answer in time")]


def test_a_change_is_read_back_as_it_was_written_and_any_other_bytes_are_a_sealed_error():
    change = SupplierChange(
        HandOver(DEVICE, LOSER, GAINER, NOW), PAIRS[GAINER].public, PAIRS[OFFICE].public, CONFIRM,
        PAIRS[CONFIRM].public, b"\x07" * 40,
    ).signed_by(PAIRS[GAINER])  # fmt: skip
    content = change.encode()
    assert SupplierChange.decode(content) == change
    change.check()
    for at in range(len(content)):
        spoilt = bytearray(content)
        spoilt[at] ^= 0x10
        try:
            told = SupplierChange.decode(bytes(spoilt))
        except SealedError:
            continue
        with pytest.raises(AuthenticationError):
            told.check()
    for cut in range(len(content)):
        with pytest.raises(SealedError):
            SupplierChange.decode(content[:cut])


def test_a_token_key_opens_for_its_device_and_its_supplier_alone():
    pan = sts.MeterPan.of_serial(99, 1)
    key = sts.derive_dkga04(bytes(range(20)), pan=pan, supply_group="600452")
    wrapped = wrap_token_key(PAIRS[GAINER], PAIRS[DEVICE].public, DEVICE, key)
    assert unwrap_token_key(PAIRS[DEVICE], PAIRS[GAINER].public, DEVICE, wrapped) == key
    for own, other, device in ((OFFICE, GAINER, DEVICE), (DEVICE, OFFICE, DEVICE), (DEVICE, GAINER, HUB)):
        with pytest.raises(AuthenticationError):
            unwrap_token_key(PAIRS[own], PAIRS[other].public, device, wrapped)


def test_the_order_of_this_bench_is_one_that_a_carrier_can_read():
    assert decode_envelope(ORDER.encode()).target == DEVICE
