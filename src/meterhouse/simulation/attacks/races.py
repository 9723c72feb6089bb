"""Attacks on the last steps of a cut: whoever is just in time, and a confirm service that is away, slow or mad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.app.street_trust import CONFIRM
from meterhouse.companion.sealed import (
    CANCEL_ORDER,
    Envelope,
    Hindrance,
    OrderReply,
    Standing,
    decode_envelope,
    encode_cancel,
)
from meterhouse.model import DAY, HOUR, MINUTE, SECOND, Instant
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.simulation.attacks.office import Office
from meterhouse.supplier.trust import WorkOrder

__all__ = ["doubtful_confirm", "last_steps"]

_AROUND: Final = 500
"""ms before and after each of the last steps, every one of which is tried."""
_TRAVEL: Final = 40
"""ms from the confirm service to the meter."""
_MANY: Final = 10_000


@attack("T33", "cancel, payment, arm, brake, hand-over and power cut, at each millisecond around a cut's last steps")
def last_steps(terms: Terms) -> Tally:
    """What was accepted before the switch moved wins; and where it came too late it was never said to be in time."""
    tally = Tally()
    around = terms.tries(_AROUND, 3)
    offsets = sorted({step + ms for step in (0, _TRAVEL) for ms in range(-around, around + 1)})
    deeds: dict[str, _Deed] = {
        "cancel at the meter": _cancel_at_meter,
        "cancel at the desk": _cancel_at_desk,
        "payment in the books": _paid,
        "arm": _armed,
        "brake of the confirm service": _braked,
        "hand-over to another supplier": _handed_over,
        "power cut": _power_cut,
    }
    stopped = dict.fromkeys(deeds, 0)
    for name, deed in deeds.items():
        fleet = Fleet(terms.seed, len(offsets))
        office = Office(fleet, _MANY, wide=("B1", "B2", "B3", "B4"))
        for offset, mark in zip(offsets, fleet, strict=True):
            won = _race(office, mark, deed, offset)
            if won and not mark.on:
                tally.tried(True, f"{name} at {offset} ms was accepted, and the switch opened after it")
            else:
                tally.tried(_unsound(mark, offset, won=won), f"{name} at {offset} ms left a doubt")
            stopped[name] += mark.on
            office.release("B4")
    tally.figures["ms tried, the judgement being at 0 and the yes at the meter at 40"] = [offsets[0], offsets[-1]]
    tally.figures["stopped, of each"] = {name: [count, len(offsets)] for name, count in stopped.items()}
    fleet = Fleet(terms.seed, 1)
    tally.must(Office(fleet, _MANY).genuine(fleet.marks[0], NOON), "a cut that nobody stops")
    return tally


_Deed = Callable[[Office, Mark, WorkOrder, Instant], bool | Envelope]
"""Whether it was accepted there and then; or an order that has yet to travel."""


def _race(office: Office, mark: Mark, deed: _Deed, offset: int) -> bool:
    """A cut whose question is judged at 0 ms and whose yes arrives at 40 ms; a deed at another; whether that won.

    What comes at the same millisecond as one of the steps comes before it.
    """
    order = office.approved(office.request(mark), NOON)
    envelope = office.sealed(office.signed(order))
    asked = Instant(order.not_before + 10 * SECOND)
    mark.take(envelope, asked)
    query = next(note.octets for note in mark.gate.uplink.notes if note.target == CONFIRM)
    judged = Instant(asked + SECOND)
    way: dict[str, Envelope] = {}
    won = False
    steps = [
        (judged + offset, "deed"),
        (judged + offset + _TRAVEL, "lands"),
        (judged, "judged"),
        (judged + _TRAVEL, "yes"),
    ]
    for at, step in sorted(steps, key=lambda one: (one[0], one[1] not in {"deed", "lands"})):
        now = Instant(at)
        if step == "deed":
            done = deed(office, mark, order, now)
            if isinstance(done, Envelope):
                way["lands"] = office.sealed(done)
            else:
                won = done
        elif step == "judged":
            answer = office.ask(query, now)
            if answer is not None:
                way["yes"] = office.sealed(answer)
        elif step in way:
            mark.take(way[step], now)
            won = won or (step == "lands" and _is_done(mark))
    mark.meter.elapse(Instant(judged + _TRAVEL + 16 * MINUTE))
    return won


def _is_done(mark: Mark) -> bool:
    """Whether its newest reply says so."""
    reply = OrderReply.decode(decode_envelope(mark.gate.last).content)
    return reply == OrderReply(Standing.DONE, Hindrance.NONE)


def _unsound(mark: Mark, offset: int, *, won: bool) -> bool:
    """Whether the meter is in a state that no story explains: pending for ever, or untouched and on."""
    return mark.gate.pending or (mark.on and not won and offset > _TRAVEL)


def _cancel_at_meter(office: Office, mark: Mark, order: WorkOrder, at: Instant) -> bool:
    identity = office.records.orders[order.number].order_hash
    mark.take(mark.order(CANCEL_ORDER, encode_cancel(identity), at), at)
    return _is_done(mark)


def _cancel_at_desk(office: Office, mark: Mark, order: WorkOrder, at: Instant) -> Envelope:
    """The desk calls it `cancelling` until the meter has said what became of it."""
    del mark
    return office.cancel(order, at)


def _paid(office: Office, mark: Mark, order: WorkOrder, at: Instant) -> bool:
    """In the books of the supplier; whether before the question was judged."""
    office.moved(mark.unit.home, last_paid=at)
    return at <= order.not_before + 11 * SECOND


def _armed(office: Office, mark: Mark, order: WorkOrder, at: Instant) -> bool:
    del office, order
    pending = mark.gate.pending
    mark.take(mark.arm(at), at)
    return pending


def _braked(office: Office, mark: Mark, order: WorkOrder, at: Instant) -> bool:
    del mark
    office.brakes["B4"].trip("by hand")
    return at <= order.not_before + 11 * SECOND


def _handed_over(office: Office, mark: Mark, order: WorkOrder, at: Instant) -> bool:
    del office, order
    pending = mark.gate.pending
    mark.gate.adopt(mark.fleet.trust.slots(mark.unit), at)
    return pending


def _power_cut(office: Office, mark: Mark, order: WorkOrder, at: Instant) -> bool:
    del office, order
    pending = mark.gate.pending
    mark.power_cut(at)
    return pending


# a confirm service in doubt ------------------------------------------------------------------------------------------

_HOMES: Final = 200
_SLOW: Final = (2, 3, 6, 14, 16, 60)
"""Minutes that each answer takes."""
_LIES: Final = (-365 * DAY, -DAY, -HOUR, -10 * MINUTE, 10 * MINUTE, HOUR, DAY, 365 * DAY)
"""How far its clock is off, ms."""
_ASKS: Final = (0, 5 * MINUTE, 10 * MINUTE)


@attack("T34", "the confirm service is down, slow, or has a lying clock for 24 h, some orders being withdrawn")
def doubtful_confirm(terms: Terms) -> Tally:
    """Nothing opens that was withdrawn, forged or over; whatever was meant is done on another day."""
    homes = terms.tries(_HOMES, 8)
    tally, fleet = Tally(), Fleet(terms.seed, 3 * homes + 1)
    office = Office(fleet, _MANY, wide=("B1", "B2", "B3", "B4"))
    finished: dict[str, list[int]] = {}
    for kind, ailment in enumerate(("down", "slow", "lying clock")):
        marks = fleet.marks[kind * homes : (kind + 1) * homes]
        for number, mark in enumerate(marks):
            at = Instant(NOON + number * DAY // homes)
            forged, withdrawn = number % 4 == 2, number % 4 == 1
            meant = _through(office, mark, at, _Ailment(ailment, number), forged=forged, withdrawn=withdrawn)
            tally.tried(not mark.on and not meant, f"{mark.device}: off, {ailment}, order {number % 4}")
        done = [not mark.on for mark in marks]
        for number, mark in enumerate(mark for mark in marks if mark.on):
            again = Instant(NOON + 2 * DAY + number * SECOND)
            tally.must(office.genuine(mark, again), f"{mark.device}: an order after the service was well again")
        finished[ailment] = [sum(done), sum(not mark.on for mark in marks), len(marks)]
    tally.figures["homes: done at once, done in the end, meant"] = finished
    tally.must(office.genuine(fleet.marks[-1], Instant(NOON + 2 * DAY)), "an order that saw none of it")
    return tally


class _Ailment:
    """What is wrong with the service, the n-th time."""

    def __init__(self, kind: str, number: int) -> None:
        self.down = kind == "down"
        self.delay = _SLOW[number // 4 % len(_SLOW)] * MINUTE if kind == "slow" else SECOND
        self.lie = _LIES[number // 4 % len(_LIES)] if kind == "lying clock" else 0

    def answer(self, office: Office, query: bytes, now: Instant) -> Envelope | None:
        """What it says by its own clock; None where it says nothing."""
        return None if self.down else office.ask(query, Instant(now + self.lie))


def _through(office: Office, mark: Mark, at: Instant, ailment: _Ailment, *, forged: bool, withdrawn: bool) -> bool:
    """One order under an ailment, to its end; whether it was meant to open when it could."""
    if forged:
        envelope, begin = mark.cut(at), at
    else:
        order = office.approved(office.request(mark), at)
        envelope, begin = office.signed(order), order.not_before
    mark.take(office.sealed(envelope), begin)
    steps: list[tuple[int, Envelope | None]] = [(begin + after, None) for after in _ASKS]
    if withdrawn:
        steps.append((begin + 90 * SECOND, office.cancel(order, Instant(begin + 90 * SECOND))))
    seen = 0
    while steps:
        steps.sort(key=lambda step: step[0])
        when, word = steps.pop(0)
        now = Instant(when)
        mark.meter.elapse(now)
        if word is not None:
            mark.take(office.sealed(word), now)
            continue
        for note in mark.gate.uplink.after(seen):
            seen = note.sequence
            answer = ailment.answer(office, note.octets, now) if note.target == CONFIRM else None
            if answer is not None:
                steps.append((now + ailment.delay, answer))
    mark.meter.elapse(Instant(begin + 20 * MINUTE))
    return not forged and not withdrawn
