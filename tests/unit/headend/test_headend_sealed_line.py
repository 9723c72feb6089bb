"""The head end's line for sealed orders: MAC from the carrier, carriage by job, and words that only a device can sign."""

from __future__ import annotations

from meterhouse.companion.relay import Frame, Kind, Note, Refusal, Sealed
from meterhouse.companion.sealed import (
    Accepted,
    AlertBuilder,
    Reason,
    Responder,
    Signer,
    VolatileCounters,
    decode_envelope,
    seal,
)
from meterhouse.companion.sealed.parties import Party, Role
from meterhouse.model import HOUR, MINUTE, Eui64, Instant
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.carry_order import OrderPort
from meterhouse.supplier.headend.sealed_line import SealedLine, SealedOrder
from sealed_parties import (
    CATALOGUE,
    DEVICE,
    DEVICE_KEY,
    MANDATE,
    NOW,
    SEALING,
    SUPPLIER,
    SUPPLIER_KEY,
    change_supply,
    key,
)

HUB = Eui64.parse("00DB1234567890B1")
PORT = OrderPort(dlms.Obis.parse("0-1:30.128.0.255"), dlms.Obis.parse("0-1:30.128.1.255"))
SIGNED = Signer(SUPPLIER, SUPPLIER_KEY, CATALOGUE).order(DEVICE, 0x0085, change_supply(1), 5, MANDATE)


class Book:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, str]] = []
        self.answers: list[str] = []
        self.alerts: list[int] = []
        self.receipts: list[bytes] = []

    def stage(self, order, stage, now, why=""):
        self.stages.append((order, stage))

    def signing_key(self, device):
        return DEVICE_KEY.public if device == DEVICE else None

    def newest_alert(self, device):
        return max(self.alerts, default=-1)

    def keep_alert(self, alert, content, octets, now):
        self.alerts.append(alert.counter)

    def keep_answer(self, order, answer, octets, now):
        self.answers.append(order)

    def keep_receipt(self, order, octets, now):
        self.receipts.append(octets)


class Scene:
    """A head end's line with what it sends, carries and tells."""

    def __init__(self) -> None:
        self.book, self.sent, self.jobs, self.told = Book(), [], [], []
        self.numbers = iter(range(100, 999))
        self.line = SealedLine(
            SUPPLIER,
            self.book,
            lambda hub, job, _now: self.jobs.append((hub, job)),
            lambda: next(self.numbers),
            self.sent.append,
            lambda _now, kind, **_about: self.told.append(kind),
        )

    def submit(self):
        self.line.submit(SealedOrder("o1", HUB, HUB, PORT, SIGNED.encode(), Instant(NOW + HOUR)), NOW)

    def asked(self):
        frame = self.sent[-1]
        assert (frame.kind, frame.payload) == (Kind.SEAL, SIGNED.encode())
        return frame.session

    def sealed(self, now=NOW):
        assert self.line.take(Sealed(seal(SIGNED, SEALING).encode(), b"receipt").frame(self.asked()), now)
        return self.jobs[-1]


def test_an_order_waits_for_the_line_is_sealed_and_carried_as_it_came_back():
    scene = Scene()
    scene.submit()
    assert scene.sent == []
    scene.line.welcomed(NOW)
    hub, job = scene.sealed()
    assert (hub, job.sealed, job.expires) == (HUB, seal(SIGNED, SEALING).encode(), NOW + HOUR)
    assert scene.book.receipts == [b"receipt"]
    assert scene.line.deadline() is None


def test_an_order_in_which_the_carrier_changed_a_bit_is_not_carried_but_asked_for_again():
    scene = Scene()
    scene.line.welcomed(NOW)
    scene.submit()
    forged = decode_envelope(seal(SIGNED, SEALING).encode())
    other = Signer(SUPPLIER, key("somebody else"), CATALOGUE).order(DEVICE, 0x0085, change_supply(1), 5, MANDATE)
    for back in (b"no message", SIGNED.encode(), seal(other, SEALING).encode(), forged.encode()[:-1]):
        scene.line.take(Sealed(back, b"").frame(scene.asked()), NOW)
    assert (scene.jobs, scene.told) == ([], ["carrier.altered"] * 4)
    assert scene.book.stages == [("o1", "altered")] * 4
    scene.line.elapse(Instant(NOW + 2 * MINUTE))
    assert scene.sealed()[1].sealed == seal(SIGNED, SEALING).encode()


def test_a_brake_or_a_full_line_holds_an_order_back_and_another_reason_ends_it():
    scene = Scene()
    scene.line.welcomed(NOW)
    scene.submit()
    for minutes, reason in enumerate((Refusal.BRAKE, Refusal.QUARANTINE, Refusal.FULL), 1):
        scene.line.take(Frame(Kind.REFUSED, scene.asked(), bytes([reason])), NOW)
        assert scene.book.stages == []
        scene.line.elapse(Instant(NOW + 2 * MINUTE * minutes))
    scene.line.take(Frame(Kind.REFUSED, scene.asked(), bytes([Refusal.ROLE])), NOW)
    assert scene.book.stages == [("o1", "refused")]
    assert scene.line.deadline() is None


def test_an_order_that_gets_no_mac_in_time_expires_whatever_the_line_does():
    scene = Scene()
    scene.submit()
    assert scene.line.deadline() == NOW + HOUR
    scene.line.elapse(Instant(NOW + HOUR + 1))
    assert scene.book.stages == [("o1", "expired")]
    assert scene.sent == []


def test_after_a_broken_line_an_order_is_asked_for_again_and_an_old_answer_is_nobodys():
    scene = Scene()
    scene.line.welcomed(NOW)
    scene.submit()
    old = scene.asked()
    scene.line.down()
    scene.line.welcomed(NOW)
    assert scene.asked() != old
    assert not scene.line.take(Sealed(seal(SIGNED, SEALING).encode(), b"").frame(old), NOW)


def test_only_the_devices_own_signature_makes_an_answer():
    scene = Scene()
    scene.line.welcomed(NOW)
    scene.submit()
    _, job = scene.sealed()
    use_case = CATALOGUE[0x0085]
    accepted = Accepted(seal(SIGNED, SEALING), use_case, Party(SUPPLIER, Role.SUPPLIER, SUPPLIER_KEY.public))
    liar = Responder(DEVICE, key("the hub"), VolatileCounters()).answer(accepted, b"done")
    for octets in (b"", b"done", liar):
        job.taken(octets, b"", NOW)
    assert scene.book.answers == []
    assert scene.told == ["order.unanswered", "answer.refused", "answer.refused"]
    job.taken(Responder(DEVICE, DEVICE_KEY, VolatileCounters()).answer(accepted, b"done"), b"hub's receipt", NOW)
    assert scene.book.answers == ["o1"]
    assert scene.book.receipts[-1] == b"hub's receipt"


def test_alerts_count_once_by_the_devices_signature_and_every_note_is_taken():
    scene = Scene()
    scene.line.welcomed(NOW)
    own = AlertBuilder(DEVICE, DEVICE_KEY).refusal(SUPPLIER, 0x0081, Reason.MAC, 9, NOW)
    forged = AlertBuilder(DEVICE, key("the hub")).refusal(SUPPLIER, 0x0081, Reason.MAC, 10, NOW)
    stranger = AlertBuilder(HUB, DEVICE_KEY).refusal(SUPPLIER, 0x0081, Reason.MAC, 10, NOW)
    for number, octets in enumerate((own, own, forged, stranger, b"x", SIGNED.encode()), 1):
        assert scene.line.take(Note(HUB, octets).frame(number), NOW)
        assert scene.sent[-1] == Frame(Kind.NOTED, number)
    assert scene.book.alerts == [9]
    assert scene.told == ["note.refused"] * 4
