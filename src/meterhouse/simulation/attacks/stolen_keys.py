"""Attacks by whoever has stolen keys: of one home's devices, of the supplier, of supplier and confirm service."""

from __future__ import annotations

from typing import Final

from meterhouse.crypto import KeyPair
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark

__all__ = ["one_home"]

_OTHERS: Final = 999


@attack("T07", "a thief dumps every secret of one home and tries them on all others")
def one_home(terms: Terms) -> Tally:
    """No key of a device signs an order, and no agreement of a device is another's."""
    tally, fleet = Tally(), Fleet(terms.seed, 1 + terms.tries(_OTHERS, 10))
    stolen, *others = fleet.marks
    signing, agreeing = fleet.trust.signing(stolen.device), fleet.trust.agreeing(stolen.device)
    for mark in others:
        for pair in (signing, agreeing):
            for sealing in (signing, agreeing):
                tally.tried(_controls(fleet, mark, pair, sealing), f"{mark.device}")
    tally.figures["other homes"] = len(others)
    tally.must(others[0].genuine_cut(NOON), "a cut at another home")
    tally.must(stolen.genuine_cut(NOON), "a cut at the robbed home")
    return tally


def _controls(fleet: Fleet, mark: Mark, pair: KeyPair, sealing: KeyPair) -> bool:
    cut = mark.cut(NOON)
    forged = fleet.forged(pair, mark, cut.code, cut.content, NOON)
    before = mark.gate.highest, mark.gate.pending, mark.on
    mark.take(fleet.sealed_with(sealing, mark, forged), NOON)
    return (mark.gate.highest, mark.gate.pending, mark.on) != before
