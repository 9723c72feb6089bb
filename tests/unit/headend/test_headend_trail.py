"""Whoever drops, delays, alters, reorders or misroutes an order is named, by what was signed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meterhouse.companion.receipt import Deed, Receipt
from meterhouse.model import MINUTE, SECOND, Eui64, Instant
from meterhouse.supplier.headend.trail import Culprit, Patience, Trail, chain_breaks, judge

CARRIER, HUB = Eui64.parse("90B3D51F30030000"), Eui64.parse("00DB1234567890B1")
HEAD_END = Eui64.parse("90B3D51F30010000")
DEVICE, OTHER = Eui64.parse("00DB1234567890A1"), Eui64.parse("00DB1234567890A2")
ORDER, ANOTHER = b"o" * 32, b"a" * 32
T0 = Instant(1_700_000_000_000)


def at(ms: int) -> Instant:
    return Instant(T0 + ms)


def signed(signer: Eui64, deed: Deed, when: Instant, subject: bytes = ORDER, target: Eui64 = DEVICE) -> Receipt:
    return Receipt(signer, 7, deed, subject, HEAD_END, target, when, bytes(32))


SEALED = signed(CARRIER, Deed.SEALED, at(SECOND))
HANDED = signed(HUB, Deed.HANDED, at(20 * SECOND))
WHOLE = Trail(
    ORDER,
    DEVICE,
    T0,
    SEALED,
    ORDER,
    None,
    at(10 * SECOND),
    ORDER,
    HANDED,
    (DEVICE, ORDER),
    at(30 * SECOND),
    through_hub=True,
)
NOT_SET = {"set_at": None, "standing": None, "handed": None, "answered": None}
LATER = at(60 * MINUTE)
CASES = {
    "it never gave it back": ({"sealed": None, "returned": None}, Culprit.CARRIER, "drop"),
    "it gave back another": ({"returned": ANOTHER}, Culprit.CARRIER, "alter"),
    "it signed for another": ({"sealed": replace(SEALED, subject=ANOTHER)}, Culprit.CARRIER, "alter"),
    "it signed for another device": ({"sealed": replace(SEALED, target=OTHER)}, Culprit.CARRIER, "misroute"),
    "it sealed late": ({"sealed": replace(SEALED, at=at(2 * MINUTE))}, Culprit.CARRIER, "delay"),
    "no call came about": (NOT_SET, Culprit.CARRIER, "drop"),
    "the hub was reached before": (NOT_SET | {"hub_reached": at(0)}, Culprit.CARRIER, "drop"),
    "the hub answers for itself": (NOT_SET | {"hub_reached": at(20 * MINUTE)}, Culprit.HUB, "drop"),
    "the port holds another": ({"standing": ANOTHER}, Culprit.HUB, "alter"),
    "it handed nothing over": ({"handed": None, "answered": None}, Culprit.HUB, "drop"),
    "it handed another over": ({"handed": replace(HANDED, subject=ANOTHER)}, Culprit.HUB, "alter"),
    "it handed it to another": ({"handed": replace(HANDED, target=OTHER)}, Culprit.HUB, "misroute"),
    "it handed over late": ({"handed": replace(HANDED, at=at(30 * MINUTE))}, Culprit.HUB, "delay"),
    "it answered nothing": ({"answered": None}, Culprit.DEVICE, "drop"),
    "another answered": ({"answered": (OTHER, ORDER)}, Culprit.HUB, "misroute"),
    "it answered another order": ({"answered": (DEVICE, ANOTHER)}, Culprit.DEVICE, "alter"),
}


@pytest.mark.parametrize(("changes", "culprit", "what"), CASES.values(), ids=CASES.keys())
def test_each_fault_has_a_name(changes, culprit, what):
    finding = judge(replace(WHOLE, **changes), LATER)
    assert (finding.culprit, finding.what) == (culprit, what)
    assert finding.why


def test_an_order_that_was_answered_accuses_nobody():
    assert judge(WHOLE, LATER).culprit is Culprit.NOBODY


@pytest.mark.parametrize(
    ("trail", "when"),
    [
        (Trail(ORDER, DEVICE, T0), at(60 * SECOND)),
        (Trail(ORDER, DEVICE, T0, SEALED, ORDER), at(15 * MINUTE)),
        (replace(WHOLE, handed=None, answered=None), at(15 * MINUTE)),
        (replace(WHOLE, answered=None), at(80 * SECOND)),
    ],
)
def test_nobody_is_accused_while_he_still_has_time(trail, when):
    assert judge(trail, when).culprit is Culprit.NOBODY
    assert judge(trail, Instant(when + 60 * MINUTE)).culprit is not Culprit.NOBODY


def test_patience_is_the_judges_to_set():
    slow = replace(WHOLE, sealed=replace(SEALED, at=at(5 * SECOND)))
    assert judge(slow, LATER, Patience(carrier=4 * SECOND)).what == "delay"


def chain(*deeds: int) -> list[Receipt]:
    receipts: list[Receipt] = []
    for number in range(1, 1 + len(deeds)):
        previous = receipts[-1].digest if receipts else bytes(32)
        receipts.append(Receipt(CARRIER, number, Deed.SEALED, ORDER, HEAD_END, DEVICE, at(number), previous))
    return receipts


def test_a_sound_chain_and_one_with_gaps_have_no_breaks():
    whole = chain(1, 2, 3, 4, 5)
    assert chain_breaks(whole) == []
    assert chain_breaks([whole[0], whole[3], whole[4]]) == []


def test_two_stories_reordering_and_a_clock_that_runs_back_are_found():
    one, two, three = chain(1, 2, 3)
    assert chain_breaks([one, replace(two, subject=ANOTHER), three]) == ["receipt 3 follows another 2 than was shown"]
    assert chain_breaks([one, two, replace(two, subject=ANOTHER)]) == ["two receipts of number 2"]
    assert chain_breaks([two, one]) == ["receipt 1 came after 2: reordered"]
    assert "dated before" in chain_breaks([two, replace(three, at=at(0))])[0]
