"""Attacks by whoever carries an order: change it, send it elsewhere, send it again, hold it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from meterhouse.crypto import sign
from meterhouse.links import Dice
from meterhouse.model import DAY, HOUR, MINUTE, SECOND, Instant
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark

__all__ = ["carriers_key", "hold_back", "misroute", "mutate", "replay"]

_MUTATIONS: Final = 1_000_000
_METERS: Final = 317
"""317 × 316 pairs are more than 10⁵."""
_MONTH: Final = 30
_HELD: Final = 2_000


@attack("T01", "carrier or hub flips, cuts, splices and scrambles a signed cut")
def mutate(terms: Terms) -> Tally:
    """Every bit, every length, and random mutations and splices with other genuine orders."""
    tally, fleet = Tally(), Fleet(terms.seed, 2)
    mark, other = fleet.marks
    order, dice = mark.cut(NOON).encode(), terms.dice("mutations")
    others = [other.cut(NOON).encode(), mark.arm(NOON).encode(), mark.cut(Instant(NOON + SECOND)).encode()]
    genuine = {order, *others}
    before = _standing(mark)

    def deliver(octets: bytes, what: str) -> bool:
        if octets in genuine:  # a splice can be all of another genuine order: that is no try
            return False
        mark.take(octets, NOON)
        tally.tried(_standing(mark) != before, what)
        return True

    for bit in range(8 * len(order)):
        deliver(_flipped(order, bit), f"bit {bit}")
    for length in range(len(order)):
        deliver(order[:length], f"cut to {length} bytes")
    wanted, made = terms.tries(_MUTATIONS), 0
    while made < wanted:
        made += deliver(_mutated(order, others, dice), f"mutation {made}")
    tally.figures["random mutations and splices"] = made
    tally.must(mark.genuine_cut(NOON), "the cut itself")
    return tally


def _flipped(octets: bytes, bit: int) -> bytes:
    changed = bytearray(octets)
    changed[bit >> 3] ^= 1 << (bit & 7)
    return bytes(changed)


def _mutated(order: bytes, others: list[bytes], dice: Dice) -> bytes:
    way = dice.below(4)
    place = dice.below(len(order))
    if way == 0:  # another part of another genuine order
        other = others[dice.below(len(others))]
        return order[:place] + other[place:]
    changed = bytearray(order)
    if way == 1:
        for _ in range(1 + dice.below(8)):
            changed[dice.below(len(changed))] = dice.below(256)
    elif way == 2:
        del changed[place : place + 1 + dice.below(8)]
    else:
        changed[place:place] = dice.octets(1 + dice.below(8))
    return bytes(changed)


def _standing(mark: Mark) -> tuple[Any, ...]:
    """All that an order could have changed."""
    return mark.meter.switch.state, mark.gate.pending, mark.gate.highest, mark.meter.load_limit_w


@attack("T02", "carrier delivers every meter's order to every other meter")
def misroute(terms: Terms) -> Tally:
    """Whole orders at the wrong door, and with the target or the premises written over."""
    tally, fleet = Tally(), Fleet(terms.seed, terms.tries(_METERS, 12))
    orders = [(mark, mark.cut(NOON)) for mark in fleet]
    for mark in fleet:
        before = _standing(mark)
        for owner, order in orders:
            if owner is mark:
                continue
            octets = order.encode()
            for told in (octets, octets.replace(owner.device.octets, mark.device.octets)):
                mark.take(told, NOON)
                tally.tried(_standing(mark) != before, f"{owner.device} to {mark.device}")
        mark.take(orders[0][1].encode().replace(orders[0][0].unit.premises, mark.unit.premises), NOON)
        tally.tried(_standing(mark) != before and mark is not orders[0][0], f"premises of {mark.device}")
    for mark, order in orders:
        mark.take(order, NOON)
        tally.must(mark.gate.pending, f"{mark.device}'s own order")
    tally.figures["meters"] = len(orders)
    return tally


@attack(
    "T03", "carrier replays a month of traffic: at once, later, after a power cut, to new credentials, to an old record"
)
def replay(terms: Terms) -> Tally:
    """Nothing changes, and the newest order of a kind gets the very answer that it got before."""
    tally, fleet = Tally(), Fleet(terms.seed, 1)
    (mark,) = fleet.marks
    sent: list[bytes] = []
    now = NOON
    for _ in range(terms.tries(_MONTH, 3)):
        now, old = Instant(now + DAY), mark.meter.state()
        sent += _a_day(mark, now)
    retried = 0
    for wait, what in ((SECOND, "at once"), (DAY, "a day later"), (HOUR, "power cut"), (HOUR, "new credentials")):
        now = Instant(now + wait)
        if what == "power cut":
            mark.power_cut(now)
        elif what == "new credentials":
            mark.gate.adopt(fleet.trust.slots(mark.unit), now)
        before = _standing(mark)
        newest = mark.gate.last
        for octets in sent:
            mark.take(octets, now)
            tally.tried(_standing(mark) != before, f"replayed: {what}")
        mark.take(sent[-1], now)
        retried += 1
        tally.must(mark.gate.last == newest, f"the same answer to the same order: {what}")
    tally.figures["identical answers to identical retries"] = retried
    mark.meter = mark.fresh(now)
    mark.meter.restore(old)
    before = _standing(mark)
    for octets in sent:
        mark.take(octets, now)
        tally.tried(_standing(mark) != before, "replayed: to a record from before the last day")
    later = Instant(now + 4 * DAY)
    tally.must(mark.genuine_cut(later), "a new cut")
    return tally


def _a_day(mark: Mark, now: Instant) -> list[bytes]:
    """A cut with its confirmation, an arm, a hand; every byte that went to the meter, the arm last."""
    cut = mark.cut(now)
    mark.take(cut, now)
    query = next(one for one in mark.queries() if one.order == cut.identity)
    answer, arm = mark.answer(query, now), mark.arm(now)
    mark.take(answer, now)
    mark.take(arm, now)
    mark.meter.press_button(now)
    return [cut.encode(), answer.encode(), arm.encode()]


@attack("T04", "carrier holds orders for up to two days, shuffles and releases them")
def hold_back(terms: Terms) -> Tally:
    """None is done after its not-after, and none out of its turn."""
    tally, dice = Tally(), terms.dice("held")
    fleet = Fleet(terms.seed, 1)
    (mark,) = fleet.marks
    late = taken = 0
    for number in range(terms.tries(_HELD, 20)):
        now = Instant(NOON + number * 4 * DAY)
        orders = [(mark.cut(now, (0, 6 * HOUR)), Instant(now + 6 * HOUR)) for _ in range(3)]
        if dice.below(2):
            orders.reverse()
        at = now
        for order, until in orders:
            at = Instant(at + dice.below(16) * HOUR + dice.below(60) * MINUTE)
            before = mark.gate.highest
            mark.take(order, at)
            believed = mark.gate.pending or mark.gate.highest != before
            late += at > until
            taken += believed
            tally.tried(believed and at > until, f"taken {(at - until) // SECOND} s after its time")
            at = Instant(at + 16 * MINUTE)
            mark.meter.elapse(at)
            tally.tried(mark.gate.pending or not mark.on, "still pending, or off, though nobody has said yes")
    tally.figures["released too late, and taken in time"] = [late, taken]
    tally.must(mark.genuine_cut(Instant(NOON + 40_000 * DAY)), "a cut in time")
    return tally


@attack("T05", "a thief of the carrier's key forges every use case")
def carriers_key(terms: Terms) -> Tally:
    """His MAC is right; what can be done with it alone is read."""
    tally, fleet = Tally(), Fleet(terms.seed, 1)
    (mark,) = fleet.marks
    cut, arm = mark.cut(NOON), mark.arm(NOON)
    contents = {cut.code: cut.content, arm.code: arm.content}
    thief = fleet.keys.pair("thief", mark.device)
    for number, use_case in enumerate(fleet.trust.catalogue.values()):
        content = contents.get(use_case.code, arm.content)
        bare = replace(arm, counter=1_000 + number, code=use_case.code, content=content, signature=b"", mac=b"")
        own = sign(thief, bare.to_be_signed())
        for signature in (b"", bytes(64), arm.signature, own):
            before = _standing(mark)
            mark.take(fleet.sealed_with(fleet.carrier_keys(), mark, bare.with_signature(signature)), NOON)
            if use_case.critical:
                tally.tried(_standing(mark) != before, use_case.name)
    critical = [one for one in fleet.trust.catalogue.values() if one.critical]
    tally.figures["critical use cases"] = len(critical)
    tally.figures["others, which a MAC alone may ask for"] = len(fleet.trust.catalogue) - len(critical)
    tally.must(mark.genuine_cut(NOON), "a cut that the supplier signed")
    return tally
