"""A data folder that fails for a while loses no order, no end of one, and no word of a device."""

from __future__ import annotations

import pytest
from test_headend_sealed_line import DEVICE_KEY, HUB, SIGNED, Book, Scene

from meterhouse.companion.relay import Frame, Kind, Note, Refusal, Sealed
from meterhouse.companion.sealed import AlertBuilder, Reason, seal
from meterhouse.model import HOUR, MINUTE, Instant, StorageError
from sealed_parties import DEVICE, NOW, SEALING, SUPPLIER

LATER = Instant(NOW + 2 * MINUTE)


class Failing(Book):
    """Keeps nothing while `full` is True."""

    full = True

    def _try(self) -> None:
        if self.full:
            raise StorageError("the disk is full; nothing was stored")

    def stage(self, order, stage, now, why=""):
        self._try()
        super().stage(order, stage, now, why)

    def keep_alert(self, alert, content, octets, now):
        self._try()
        super().keep_alert(alert, content, octets, now)

    def keep_receipt(self, order, octets, now):
        self._try()
        super().keep_receipt(order, octets, now)


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.book = made.line._book = Failing()
    made.line.welcomed(NOW)
    return made


def test_an_order_whose_receipt_cannot_be_kept_is_carried_once_it_can_and_sealed_only_once(scene: Scene):
    scene.submit()
    scene.line.take(Sealed(seal(SIGNED, SEALING).encode(), b"receipt").frame(scene.asked()), NOW)
    assert (scene.jobs, scene.told) == ([], ["order.held"])
    assert scene.line.deadline() == LATER
    scene.book.full = False
    scene.line.elapse(LATER)
    assert [job.sealed for _, job in scene.jobs] == [seal(SIGNED, SEALING).encode()]
    assert scene.book.receipts == [b"receipt"]
    assert [frame.kind for frame in scene.sent] == [Kind.SEAL]
    assert scene.line.deadline() is None


def test_also_while_the_line_is_down(scene: Scene):
    scene.submit()
    scene.line.take(Sealed(seal(SIGNED, SEALING).encode(), b"receipt").frame(scene.asked()), NOW)
    scene.line.down()
    scene.book.full = False
    assert scene.line.deadline() == LATER
    scene.line.elapse(LATER)
    assert len(scene.jobs) == 1


@pytest.mark.parametrize("ends", ["refused", "expired"])
def test_how_an_order_ended_is_written_down_once_it_can_be_and_it_is_not_asked_for_again(scene: Scene, ends: str):
    scene.submit()
    at = NOW if ends == "refused" else Instant(NOW + HOUR + 1)
    if ends == "refused":
        scene.line.take(Frame(Kind.REFUSED, scene.asked(), bytes([Refusal.ROLE])), at)
    else:
        scene.line.elapse(at)
    asked = len(scene.sent)
    assert scene.told[-1] == "order.held"
    due = scene.line.deadline()
    assert due == at + 2 * MINUTE, "a deadline that stays due would stop the clock for everybody"
    scene.line.elapse(due)
    assert scene.book.stages == []
    scene.book.full = False
    scene.line.elapse(Instant(due + 2 * MINUTE))
    assert scene.book.stages == [("o1", ends)]
    assert len(scene.sent) == asked
    assert scene.line.deadline() is None


def test_a_devices_word_that_cannot_be_kept_is_not_taken_so_that_its_hub_brings_it_again(scene: Scene):
    octets = AlertBuilder(DEVICE, DEVICE_KEY).refusal(SUPPLIER, 0x0081, Reason.MAC, 9, NOW)
    assert scene.line.take(Note(HUB, octets).frame(1), NOW)
    assert (scene.sent, scene.told) == ([], ["note.unkept"])
    scene.book.full = False
    scene.line.take(Note(HUB, octets).frame(2), NOW)
    assert scene.sent == [Frame(Kind.NOTED, 2)]
    assert scene.book.alerts == [9]
