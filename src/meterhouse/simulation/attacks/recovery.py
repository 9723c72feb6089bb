"""After the harm: a whole fleet is off by a malfunction, and every brake has tripped; how soon it is back (S0-74)."""

from __future__ import annotations

from typing import Final

from meterhouse.app.street_trust import SUPPLIER
from meterhouse.companion.sealed import Envelope
from meterhouse.links import Dice
from meterhouse.model import HOUR, MINUTE, SECOND, Duration, Instant, MeterhouseError
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.simulation.attacks.office import Office

__all__ = ["bulk_arm"]

_HOMES: Final = 100_000
_BATCH: Final = 1_000
"""So many meters are held at a time."""
_A_SECOND: Final = 20
"""Orders that a carrier passes: an assumption, far below what one core seals."""
_OFF_LINE: Final = 50
"""Permille of hubs that are off the line at first: an assumption."""
_LOST: Final = 2
"""Permille of hubs that do not come back before somebody visits them: an assumption."""
_BACK: Final = 4 * HOUR
_DARK: Final = 1_000
_STATED: Final = 6 * HOUR
"""Within which 99 % are to be armed."""


@attack(
    "S0-74",
    "100,000 meters are off by a malfunction, every brake is tripped: arm them all, by order or by a typed code",
)
def bulk_arm(terms: Terms) -> Tally:
    """One person raises each arm; no brake, approval or cooling-off holds it back. The line's pace is assumed."""
    homes = terms.tries(_HOMES, 500)
    tally, dice, taken = Tally(), terms.dice("lines"), []
    closed = told = 0
    for first in range(0, homes, _BATCH):
        fleet = Fleet(terms.seed + first, min(_BATCH, homes - first))
        office = Office(fleet, _HOMES)
        for brake in office.brakes.values():
            brake.trip("a fleet is off")
        for number, mark in enumerate(fleet):
            mark.meter.disconnect(NOON)
            at = Instant(NOON + (first + number) * SECOND // _A_SECOND)
            closed_order = _on_its_way(office, mark, at)
            tally.must(closed_order is not None, f"{mark.device}: an arm, all brakes being tripped")
            wait = _away(dice)
            if wait is None or closed_order is None:
                told += _by_telephone(tally, fleet, mark, Instant(at + _BACK))
                continue
            reached = Instant(at + wait)
            mark.take(closed_order, reached)
            tally.tried(mark.on, f"{mark.device}: closed by a message")
            if mark.gate.armed:
                taken.append(reached - NOON)
            closed += mark.meter.press_button(Instant(reached + MINUTE))
    taken.sort()
    enough = -(-homes * 99 // 100)
    soon = len(taken) >= enough and taken[enough - 1] <= _STATED
    tally.must(soon, f"99 % of {homes} armed within {_STATED // HOUR} h")
    tally.must(closed == len(taken), "every home that was armed is closed by its own hand")
    tally.figures["homes"] = homes
    tally.figures["armed"] = len(taken)
    tally.figures["closed by a hand"] = closed
    tally.figures["not reached, and restored by a code told by telephone"] = told
    tally.figures["homes, no network at all, restored by a code and a hand"] = _no_network(tally, terms)
    tally.figures["minutes until 99 %"] = taken[enough - 1] // MINUTE if len(taken) >= enough else None
    tally.figures["stated hours"] = _STATED // HOUR
    tally.figures["assumed: orders a second, permille off the line at first, permille lost"] = [
        _A_SECOND,
        _OFF_LINE,
        _LOST,
    ]
    return tally


def _on_its_way(office: Office, mark: Mark, at: Instant) -> Envelope | None:
    """One person's arm, signed and closed by the carrier; None where anybody holds it back."""
    try:
        order = office.raised(office.request(mark, arm=True), at)
        return office.carried(SUPPLIER, office.signed(order), at)
    except MeterhouseError:
        return None


def _by_telephone(tally: Tally, fleet: Fleet, mark: Mark, now: Instant) -> bool:
    """Nothing reaches it: somebody reads the number on the meter to the supplier, and types what they are told."""
    neighbour = fleet.marks[0] if mark is not fleet.marks[0] else fleet.marks[-1]
    if neighbour is not mark:
        mark.meter.key_in(neighbour.code(), now)
        tally.tried(mark.gate.armed or mark.on, f"{mark.device}: armed by another meter's code")
    mark.meter.key_in(mark.code(), now)
    tally.tried(mark.on, f"{mark.device}: closed by a code")
    done = mark.meter.press_button(Instant(now + MINUTE)) and mark.on
    tally.must(done, f"{mark.device}: its own code, and a hand")
    return done


def _no_network(tally: Tally, terms: Terms) -> list[int]:
    """[homes, restored]: no carrier, hub or line for anybody; every second one is off for the second time."""
    homes = terms.tries(_DARK, 20)
    fleet, back = Fleet(terms.seed, homes), 0
    for number, mark in enumerate(fleet):
        mark.meter.disconnect(NOON)
        if number % 2:
            old = mark.code()
            mark.meter.key_in(old, NOON)
            mark.meter.press_button(NOON)
            mark.meter.disconnect(NOON)
            mark.meter.key_in(old, NOON)
            tally.tried(mark.gate.armed or mark.on, f"{mark.device}: armed by a code that was used")
        back += _by_telephone(tally, fleet, mark, Instant(NOON + HOUR))
    return [homes, back]


def _away(dice: Dice) -> Duration | None:
    """How long an order waits for its hub; None where that is lost."""
    if dice.hit(_LOST):
        return None
    return dice.below(_BACK) if dice.hit(_OFF_LINE) else dice.below(5 * SECOND)
