"""Attacks by whoever has the supplier's signature key: alone, riding on real orders, or with the confirm service's."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meterhouse.app.street_trust import CONFIRM, SUPPLIER
from meterhouse.companion.sealed import CONFIRM_ANSWER, Envelope
from meterhouse.companion.sealed.signature import signed
from meterhouse.model import DAY, HOUR, MINUTE, SECOND, Instant
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.simulation.attacks.office import Office

__all__ = ["riding", "suppliers_key", "two_keys"]

_HOMES: Final = 10_000
"""What every brake reckons with, however many are tried."""
_PACE: Final = 100
"""ms between two orders of a thief: ten thousand take a quarter of an hour."""
_REAL: Final = 50
_RIDDEN: Final = 10_000
_THREE_KEYS: Final = 20
_PATIENT: Final = 4 * 24


@attack("T08", "a thief of the supplier's key signs a cut for every home; the carrier first brakes him, then helps him")
def suppliers_key(terms: Terms) -> Tally:
    """Every order is right to the last byte; only nobody has asked for it, as each meter learns when it asks back."""
    homes = terms.tries(_HOMES, 50)
    tally, fleet = Tally(), Fleet(terms.seed, homes + 1)
    office = Office(fleet, _HOMES)
    *robbed, honest = fleet.marks
    passed, braked_at = 0, None
    for number, mark in enumerate(robbed):
        at = office.at(number, _PACE)
        order = mark.cut(at)
        if office.carried(SUPPLIER, order, at) is not None:
            passed += 1
        elif office.brakes["B3"].latched and braked_at is None:
            braked_at = at
        office.deliver(mark, office.sealed(order), at)
        mark.meter.elapse(Instant(at + 16 * MINUTE))
        tally.tried(not mark.on, f"{mark.device} is off")
    alarms = [event.at for event in office.confirm.events() if event.kind == "confirm.no.unknown_order"]
    tally.figures["alarms of the confirm service"] = len(alarms)
    tally.must(bool(alarms), "an alarm of the confirm service")
    tally.figures["seconds to the first of them"] = (min(alarms) - NOON) / SECOND if alarms else None
    tally.figures["closed by the carrier before its brake tripped"] = passed
    tally.figures["seconds until that brake tripped"] = None if braked_at is None else (braked_at - NOON) / SECOND
    office.release()
    tally.must(office.genuine(honest, Instant(NOON + DAY)), "a cut that people have raised and approved")
    return tally


@attack("T09", "a thief of the supplier's key rides on fifty real orders: repeats, redirects and forges among them")
def riding(terms: Terms) -> Tally:
    """B1 to B3 hold nothing here, so that B4 is the one that counts; the carrier closes whatever it is given."""
    tally, fleet = Tally(), Fleet(terms.seed, _REAL + terms.tries(_RIDDEN, 100) + 1)
    office = Office(fleet, _HOMES, wide=("B1", "B2", "B3"))
    real, others, honest = fleet.marks[:_REAL], fleet.marks[_REAL:-1], fleet.marks[-1]
    orders = [office.approved(office.request(mark), office.at(number)) for number, mark in enumerate(real)]
    envelopes = [office.signed(order) for order in orders]
    begin, tripped_at = max(order.not_before for order in orders), None
    share = -(-len(others) // len(real))
    for number, (mark, envelope) in enumerate(zip(real, envelopes, strict=True)):
        at = Instant(begin + (1 + number) * SECOND)
        office.deliver(mark, office.sealed(envelope), at)
        if office.brakes["B4"].latched and tripped_at is None:
            tripped_at = number + 1
        for other in others[number * share : (number + 1) * share]:
            for forged in _ridden(fleet, other, envelope, at):
                office.deliver(other, office.sealed(forged) if forged.target == other.device else forged, at)
            tally.tried(not other.on, f"{other.device}, for which nobody has asked, is off")
    lost = sum(not mark.on for mark in real)
    tally.tried(lost > office.brakes["B4"].limits.an_hour, f"{lost} homes went in an hour")
    tally.figures["real orders"] = len(real)
    tally.figures["real orders that went before the brake held"] = lost
    tally.figures["the confirm service's brake tripped at real order"] = tripped_at
    office.release()
    tally.must(office.genuine(honest, Instant(begin + DAY)), "a cut after two officers have released the brake")
    return tally


def _ridden(fleet: Fleet, other: Mark, real: Envelope, at: Instant) -> tuple[Envelope, ...]:
    """A real order as it is, turned to another home, signed anew for it, and one made to its pattern."""
    turned = replace(real, target=other.device)
    resigned = signed(turned, fleet.keys.pair("sign", SUPPLIER))
    return replace(real, mac=bytes(12)), turned, resigned, other.cut(at)


@attack("T10", "a thief has the supplier's and the confirm service's keys, and sends through an honest carrier")
def two_keys(terms: Terms) -> Tally:
    """His own yes follows each of his cuts. What is lost is what the carrier's brake lets by, by hour and by day."""
    homes = terms.tries(_HOMES, 50)
    tally, fleet = Tally(), Fleet(terms.seed, homes + _PATIENT + _THREE_KEYS + 1)
    robbed, slowly, honest = fleet.marks[:homes], fleet.marks[homes : homes + _PATIENT], fleet.marks[-1]
    plotted = fleet.marks[homes + _PATIENT : -1]
    office = Office(fleet, _HOMES)
    limits = office.brakes["B3"].limits
    hasty = _off_in_turn(tally, office, robbed, SECOND, limits.an_hour)
    tally.figures["homes tried, one a second"] = homes
    tally.figures["lost; bound: the carrier's brake, homes in an hour"] = [hasty, limits.an_hour]
    office = Office(fleet, _HOMES)
    patient = _off_in_turn(tally, office, slowly, HOUR // 4, limits.a_day)
    tally.figures["homes tried, four an hour"] = len(slowly)
    tally.figures["lost; bound: the same, homes in 24 h"] = [patient, limits.a_day]
    tally.figures["carrier's key stolen too (not protected): lost of 20"] = _all_three(plotted)
    tally.figures["cuts of one home in 24 h, all three keys stolen (the device's own brake)"] = _again(plotted[0])
    office.release()
    tally.must(office.genuine(honest, Instant(NOON + 4 * DAY)), "a cut after two officers have released the brake")
    return tally


def _off_in_turn(tally: Tally, office: Office, marks: list[Mark], pace: int, bound: int) -> int:
    """Homes lost when they are tried one after the other; each beyond the bound is harm."""
    lost = 0
    for number, mark in enumerate(marks):
        _both(office, mark, office.at(number, pace))
        lost += not mark.on
        tally.tried(not mark.on and lost > bound, f"{mark.device} is home number {lost}, and {bound} may be")
    return lost


def _both(office: Office, mark: Mark, at: Instant) -> None:
    """His cut and his yes, each as far as the carrier closes it."""
    closed = office.carried(SUPPLIER, mark.cut(at), at)
    if closed is None:
        return
    mark.take(closed, at)
    for query in mark.queries():
        if query.order == closed.identity:
            answer = office.carried(CONFIRM, mark.answer(query, at), at)
            if answer is not None:
                assert answer.code == CONFIRM_ANSWER
                mark.take(answer, at)


def _all_three(marks: list[Mark]) -> int:
    """Homes lost where the carrier is in the plot as well: nothing but the device's own brake is left."""
    return sum(mark.genuine_cut(Instant(NOON + 2 * DAY)) for mark in marks)


def _again(mark: Mark) -> int:
    """How often one home can be cut in a day by all three keys, though somebody restores it each time."""
    cuts = 1
    for step in range(1, 24 * 4):
        at = Instant(NOON + 2 * DAY + step * HOUR // 4)
        mark.genuine_return(at)
        cuts += mark.genuine_cut(at)
    return cuts
