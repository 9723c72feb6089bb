"""Attacks by a hub that lies about an order: done without doing it, and doing it after saying that it failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from meterhouse.app.street_trust import CARRIER, SUPPLIER
from meterhouse.companion import objects
from meterhouse.companion.receipt import Deed, Scribe, read_receipt
from meterhouse.companion.sealed import (
    ORDER_RESULT,
    AlertBuilder,
    Envelope,
    OrderReply,
    OrderResult,
    Outcome,
    Standing,
    decode_envelope,
    read_alert,
    read_answer,
)
from meterhouse.companion.sealed.signature import signed
from meterhouse.crypto import PublicPoint
from meterhouse.model import DAY, HOUR, MINUTE, SECOND, Instant, MeterhouseError
from meterhouse.protocols import dlms
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.simulation.attacks.office import Office
from meterhouse.simulation.attacks.plain_clients import PlainClient
from meterhouse.supplier.headend import Culprit, Trail, judge
from meterhouse.supplier.trust import WorkOrder

__all__ = ["lies"]

_HOMES: Final = 1_000
_LATER: Final = 3 * DAY
_clients = count(1)


@dataclass(frozen=True, slots=True)
class _Told:
    """An order of people's, and what the supplier goes by.

    Attributes:
        newest: counter of the meter's newest alert that was believed before.
    """

    office: Office
    mark: Mark
    order: WorkOrder
    envelope: Envelope
    newest: int

    def believes(self, octets: bytes) -> bool:
        """Whether a word about this order would be believed: a reply that it was done, or a result that it opened."""
        key = self.mark.fleet.trust.signing(self.mark.device).public
        for read in (self._reply, self._result):
            try:
                if read(octets, key):
                    return True
            except MeterhouseError:
                continue
        return False

    def _reply(self, octets: bytes, key: PublicPoint) -> bool:
        answer = read_answer(octets, self.envelope, key)
        return OrderReply.decode(answer.content).standing is Standing.DONE

    def _result(self, octets: bytes, key: PublicPoint) -> bool:
        alert, _ = read_alert(octets, SUPPLIER, self.mark.device, key, self.newest)
        result = OrderResult.decode(alert.content)
        return (result.order, result.outcome) == (self.envelope.identity, Outcome.OPENED)


def _opened(told: _Told, at: Instant) -> bytes:
    return OrderResult(at, told.envelope.identity, Outcome.OPENED, 0).encode()


def _signs_itself(told: _Told, at: Instant) -> int | None:
    """A result and a reply under its own key: not believed, so that the silence remains (see `_keeps`)."""
    fleet, mark = told.mark.fleet, told.mark
    own = fleet.keys.pair("sign", mark.unit.hub)
    words = AlertBuilder(mark.device, own).words(SUPPLIER, ORDER_RESULT, _opened(told, at), told.newest + 1)
    reply = replace(decode_envelope(mark.gate.last), counter=told.envelope.counter) if mark.gate.last else None
    forged = [words] + ([] if reply is None else [signed(reply, own).encode()])
    return None if any(told.believes(octets) for octets in forged) else _keeps(told, at)


def _shows_an_old_result(told: _Told, at: Instant) -> int | None:
    """Everything that its own meter has ever said."""
    old = [note.octets for note in told.mark.gate.uplink.notes]
    return None if any(told.believes(octets) for octets in old) else _keeps(told, at)


def _shows_a_neighbours(told: _Told, at: Instant) -> int | None:
    """The result of another home's order, genuine to the last byte, and the same with its device written over."""
    other = told.mark.fleet.marks[0]
    words = [note.octets for note in other.gate.uplink.notes]
    words += [one.replace(other.device.octets, told.mark.device.octets) for one in words]
    return None if any(told.believes(octets) for octets in words) else _keeps(told, at)


def _keeps(told: _Told, at: Instant) -> int | None:
    """It takes the order and says nothing more: by what was signed it is the one that is named, after its time."""
    fleet = told.mark.fleet
    scribe = Scribe(CARRIER, fleet.trust.parties.carrier_signing)
    order = told.envelope.identity
    written = scribe.write(Deed.SEALED, order, SUPPLIER, told.mark.device, at)
    receipt = read_receipt(written, fleet.trust.parties.carrier_signing.public)
    trail = Trail(order, told.mark.device, at, receipt, order, hub_reached=Instant(at + 10 * MINUTE))
    for minutes in range(60):
        if judge(trail, Instant(at + minutes * MINUTE)).culprit is Culprit.HUB:
            return minutes * MINUTE // SECOND
    return None


def _refuses_and_does(told: _Told, at: Instant) -> int | None:
    """The supplier gives the order up; then it is handed to the meter after all: nobody confirms it any more."""
    told.office.desk.refused(told.order.number, "the way to the device", "the hub does not take it", at)
    told.office.deliver(told.mark, told.office.sealed(told.envelope), Instant(at + MINUTE))
    return 0 if told.mark.on else None


def _does_and_keeps_the_result(told: _Told, at: Instant) -> int | None:
    """It lets question and answer pass and keeps the result: a look under the head end's own keys shows the switch."""
    mark, office = told.mark, told.office
    office.deliver(mark, office.sealed(told.envelope), at)
    if mark.on:
        return None
    look = Instant(told.order.not_after + MINUTE)
    client = PlainClient(mark, objects.HEAD_END_SAP, next(_clients), look)
    control = dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT
    state = client.run(client.client.get(*control, 3), look).whole()
    queue = objects.sealed_port(0, objects.UPLINK_QUEUE)
    rows = client.run(client.client.get(dlms.PROFILE_GENERIC, queue, 2), look).items()
    told_so = any(told.believes(row.items(3)[2].octets()) for row in rows)
    return (look - at) // SECOND if state == 0 and told_so else None


_LIES: Final[dict[str, Callable[[_Told, Instant], int | None]]] = {
    "signs the result itself": _signs_itself,
    "shows an old result": _shows_an_old_result,
    "shows a neighbour's result": _shows_a_neighbours,
    "takes it and keeps it": _keeps,
    "says that it failed, and does it then": _refuses_and_does,
    "does it, and keeps the result": _does_and_keeps_the_result,
}


@attack("T06", "a hub says that an order was done and has not done it, or does it after saying that it failed")
def lies(terms: Terms) -> Tally:
    """Every word of a hub about an order, against what the supplier believes, and when it knows better."""
    homes = terms.tries(_HOMES, len(_LIES)) + 1
    tally, fleet = Tally(), Fleet(terms.seed, homes + 1)
    office = Office(fleet, 10_000, wide=("B1", "B2", "B3", "B4"))
    worst: dict[str, int] = {}
    neighbour, *lied_to, honest = fleet.marks
    tally.must(office.genuine(neighbour, NOON), "a neighbour's cut")
    for number, mark in enumerate(lied_to):
        name = list(_LIES)[number % len(_LIES)]
        before = Instant(NOON + number * SECOND)
        tally.must(office.genuine(mark, before), f"{mark.device}: a cut before, whose result is known")
        mark.genuine_return(Instant(before + HOUR))
        order = office.approved(office.request(mark), Instant(before + _LATER))
        told = _Told(office, mark, order, office.signed(order), _newest(mark))
        seconds = _LIES[name](told, order.not_before)
        tally.tried(seconds is None, f"{mark.device}: the hub {name}, and nobody knows")
        worst[name] = max(worst.get(name, 0), seconds or 0)
    tally.figures["seconds until it is known, at most"] = worst
    tally.must(office.genuine(honest, Instant(NOON + 2 * _LATER)), "a cut through an honest hub")
    return tally


def _newest(mark: Mark) -> int:
    """The counter of the meter's newest alert, all of which were read."""
    return max(decode_envelope(note.octets).counter for note in mark.gate.uplink.notes)
