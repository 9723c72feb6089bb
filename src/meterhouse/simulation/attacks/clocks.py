"""Attacks by clocks that are wrong: set by a stolen key, by whoever is on the wire, and by the head end's own keys."""

from __future__ import annotations

from itertools import count
from typing import Final

from meterhouse.companion import objects
from meterhouse.companion.sealed import OrderCode, Reason
from meterhouse.model import DAY, HALF_HOUR, HOUR, MINUTE, SECOND, Duration, Instant, MeterhouseError, Quality
from meterhouse.protocols import dlms
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.simulation.attacks.office import Office
from meterhouse.simulation.attacks.plain_clients import PlainClient, clock_content

__all__ = ["wrong_clock"]

_YEAR: Final = 365 * DAY
_EPOCH: Final = 1_024 * 7 * DAY
"""After so many weeks a GPS receiver's count begins anew."""
_AHEAD: Final = (SECOND, 10 * SECOND, MINUTE, HOUR, DAY, 30 * DAY, _YEAR, _EPOCH, 20 * _YEAR, 60 * _YEAR)
_LARGEST: Final = 10 * SECOND
_LATER: Final = Instant(NOON + 9 * DAY)
_USED_WH: Final = 250
_REPEATS: Final = 20


@attack("T14", "clocks are set by a second to sixty years: by the supplier's stolen key, on the wire, by the head end")
def wrong_clock(terms: Terms) -> Tally:
    """An order moves a clock by ten seconds; whoever has the head end's keys moves it further, and revives nothing."""
    tally = Tally()
    steps = [sign * step for step in _AHEAD for sign in (1, -1)]
    repeats = terms.tries(_REPEATS)
    fleet = Fleet(terms.seed, repeats * len(steps) + 1, open_reader=True)
    office = Office(fleet, 10_000, wide=("B1", "B2", "B3", "B4"))
    late = asked = marked = 0
    clients = count(1)
    for mark, step in zip(fleet.marks[:-1], steps * repeats, strict=True):
        order = office.approved(office.request(mark), NOON)
        kept = office.sealed(office.signed(order))
        tally.tried(_by_order(mark, step), f"an order moved a clock by {step} ms")
        for sap in (objects.HUB_SAP, objects.OPEN_READER_SAP, objects.PUBLIC_SAP):
            done = _by_client(mark, sap, next(clients), Instant(NOON + step))
            tally.tried(done, f"client {sap} moved a clock by {step} ms")
        _by_client(mark, objects.HEAD_END_SAP, next(clients), Instant(_LATER + step), _LATER)
        late += mark.gate.take(kept.encode(), _LATER) is Reason.LATE
        _by_client(mark, objects.HEAD_END_SAP, next(clients), Instant(order.not_before + MINUTE), _LATER)
        since = mark.gate.uplink.sequence
        office.deliver(mark, kept, _LATER)
        asked += mark.gate.uplink.sequence > since
        mark.meter.elapse(Instant(_LATER + 16 * MINUTE))
        tally.tried(not mark.on, f"an order that had been over for a week was done, a clock being {step} ms off")
        marked += _half_hour_is_marked(tally, mark)
    tally.figures["clocks"] = len(fleet.marks) - 1
    tally.figures["steps, days"] = [min(steps) / DAY, max(steps) / DAY]
    tally.figures["orders of last week refused as late, the clock set by a step"] = late
    tally.figures["asked back about, the clock set into their time by the head end's keys (said no each time)"] = asked
    tally.figures["clocks whose half hours say that they were set"] = marked
    honest = fleet.marks[-1]
    tally.tried(_by_order(honest, 9 * SECOND), "nine seconds")
    tally.must(office.genuine(honest, Instant(NOON + DAY)), "a cut at a clock that was set by nine seconds")
    return tally


def _by_order(mark: Mark, step: Duration) -> bool:
    """By an order under the supplier's key: whether the clock went further than ten seconds."""
    before = mark.meter.clock.reads(NOON)
    mark.take(mark.order(OrderCode.SET_CLOCK, clock_content(Instant(before + step)), NOON), NOON)
    moved = mark.meter.clock.reads(NOON) - before
    return abs(moved) > _LARGEST or (abs(step) > _LARGEST and moved != 0)


def _by_client(mark: Mark, sap: int, begins: int, shown: Instant, now: Instant = NOON) -> bool:
    """By a plain client's SET of the clock: whether it moved."""
    before = mark.meter.clock.reads(now)
    try:
        client = PlainClient(mark, sap, begins, now)
        value = dlms.octet_string(dlms.encode_date_time(shown))
        client.run(client.client.set(dlms.CLOCK_CLASS, objects.CLOCK, 2, value), now)
    except MeterhouseError:
        return mark.meter.clock.reads(now) != before
    return mark.meter.clock.reads(now) != before


def _half_hour_is_marked(tally: Tally, mark: Mark) -> bool:
    """What is used under a clock that was set is all in the register, and its half hour says so."""
    before = mark.meter.register_wh
    now = Instant(_LATER + 17 * MINUTE)
    mark.meter.use(_USED_WH, now)
    mark.meter.elapse(Instant(now + HALF_HOUR))
    tally.tried(mark.meter.register_wh != before + _USED_WH, "energy that nobody used, or used and lost")
    rows = mark.meter.log.between(Instant(0), Instant(_LATER + 2 * max(_AHEAD)))
    return any(row.quality & Quality.CLOCK_ADJUSTED for row in rows)
