"""An attack by mistake: a valid message of a new kind, meant for a trial, is sent to everybody."""

from __future__ import annotations

from typing import Final

from meterhouse.app.street_trust import SUPPLIER
from meterhouse.carrier import AccessBroker, Quarantine
from meterhouse.companion.sealed import OrderCode
from meterhouse.model import DAY, HOUR, SECOND, Eui64, Instant
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.simulation.attacks.office import Office
from meterhouse.simulation.attacks.plain_clients import limit_content

__all__ = ["sent_to_all"]

_HOMES: Final = 10_000
_RING: Final = 20
_HOLD: Final = 24 * HOUR
_LIMIT_W: Final = 5_000


class _Trial:
    """A carrier that has never seen an order to set a load limit, and canaries that it may try it on."""

    def __init__(self, seed: int, homes: int) -> None:
        self.fleet = Fleet(seed, homes)
        self.ring, self.others = self.fleet.marks[:_RING], self.fleet.marks[_RING:]
        self.gone: set[Eui64] = set()
        self.office = Office(self.fleet, _HOMES, wide=("B3",))
        known = set(self.fleet.trust.catalogue) - {OrderCode.SET_LOAD_LIMIT}
        ring = [mark.device for mark in self.ring]
        self.quarantine = Quarantine(ring, _HOLD, known, lambda hub: hub not in self.gone)
        catalogue = self.fleet.trust.catalogue
        self.office.broker = AccessBroker(self.fleet.trust, catalogue, self.quarantine)

    def send(self, mark: Mark, at: Instant) -> bool:
        """The new message to one home; whether it was done there."""
        order = mark.order(OrderCode.SET_LOAD_LIMIT, limit_content(_LIMIT_W), at)
        closed = self.office.carried(SUPPLIER, order, at)
        if closed is None:
            return False
        mark.take(closed, at)
        return mark.meter.load_limit_w == _LIMIT_W


@attack("T25", "a supplier sends a new, valid kind of order to every home at once, as if all were a trial")
def sent_to_all(terms: Terms) -> Tally:
    """With canaries that live, that die of it, and with none: nobody beyond the ring before the hold is over."""
    tally, homes = Tally(), _RING + terms.tries(_HOMES - _RING, 50)
    reached = {}
    for what in ("canaries live", "a canary is off the line afterwards", "no canary had one"):
        trial = _Trial(terms.seed, homes)
        first = trial.ring if what != "no canary had one" else []
        canaries = sum(trial.send(mark, NOON) for mark in first)
        for number, mark in enumerate(trial.others):
            at = Instant(NOON + number * _HOLD // homes)
            tally.tried(trial.send(mark, at), f"{mark.device} had it in the first day, {what}")
        if what == "a canary is off the line afterwards":
            trial.gone.add(trial.ring[3].unit.hub)
        late = Instant(NOON + _HOLD + SECOND)
        if what == "canaries live":
            tally.must(trial.send(trial.others[0], late), "the same order, once the hold is over")
        else:
            for mark in trial.others:
                tally.tried(trial.send(mark, Instant(late + DAY)), f"{mark.device} had it later, {what}")
            trial.gone.clear()
            trial.quarantine.release(OrderCode.SET_LOAD_LIMIT)
            tally.must(trial.send(trial.others[0], Instant(late + 2 * DAY)), "the same order, on an officer's word")
        reached[what] = canaries
    tally.figures["homes"] = homes
    tally.figures["canaries that had it"] = reached
    tally.figures["hold, hours"] = _HOLD // HOUR
    return tally
