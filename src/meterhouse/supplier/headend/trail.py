"""Who dropped, held back, altered or misled an order: judged from what each hop signed (S0-37, S0-75).

The way has four parties: head end, carrier, hub, device. Each next one is believed only by its own signature or, for
what stands in a device's port, by the association that nobody between can read or write. So whoever did harm is either
contradicted by a receipt of his own, or is the last who signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from meterhouse.companion.receipt import Deed, Receipt
from meterhouse.model import SECOND, Duration, Eui64, Instant

__all__ = ["Culprit", "Finding", "Patience", "Trail", "chain_breaks", "judge"]


class Culprit(StrEnum):
    """Whose fault it is."""

    NOBODY = "nobody"
    CARRIER = "carrier"
    HUB = "hub"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each hop may take, ms."""

    carrier: Duration = 60 * SECOND
    hub: Duration = 15 * 60 * SECOND
    device: Duration = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Trail:
    """What is known of one order's way; every receipt and word in it was verified when it was taken in.

    Attributes:
        order: identity of the order (`Envelope.identity`).
        device: whom it is for.
        composed: when it was handed to the carrier.
        sealed: the carrier's receipt; None for none.
        returned: identity of the order that the carrier gave back; None where it gave none.
        hub_reached: when the hub itself last answered under its own keys, after the order was sealed; None: not since.
        set_at: when the device's port said that it had taken an order, inside the ciphered association.
        standing: identity of the newest order that the port says it took, read in that association; None: not read.
        handed: the hub's receipt; None for none.
        answered: (device, identity) that the signed answer names; None for none.
        answered_at: when it came.
        through_hub: whether a hub stands between port and device, and owes a receipt.
    """

    order: bytes
    device: Eui64
    composed: Instant
    sealed: Receipt | None = None
    returned: bytes | None = None
    hub_reached: Instant | None = None
    set_at: Instant | None = None
    standing: bytes | None = None
    handed: Receipt | None = None
    answered: tuple[Eui64, bytes] | None = None
    answered_at: Instant | None = None
    through_hub: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict.

    Attributes:
        culprit: who.
        what: `drop`, `delay`, `alter`, `misroute`, `reorder`, or empty.
        why: in words, with the evidence.
    """

    culprit: Culprit
    what: str = ""
    why: str = ""


_NOBODY = Finding(Culprit.NOBODY)


@dataclass(frozen=True, slots=True)
class _Case:
    """One trail at one time."""

    trail: Trail
    now: Instant
    patience: Patience = field(default_factory=Patience)

    def carrier(self) -> Finding | None:
        trail = self.trail
        if trail.sealed is None or trail.returned is None:
            if self.now - trail.composed > self.patience.carrier:
                return Finding(Culprit.CARRIER, "drop", "it was handed the order and never gave it back sealed")
            return _NOBODY
        if trail.returned != trail.order:
            return Finding(Culprit.CARRIER, "alter", "what it gave back is not the order that it was handed")
        if trail.sealed.subject != trail.order or trail.sealed.deed is not Deed.SEALED:
            return Finding(Culprit.CARRIER, "alter", "its receipt is for another order")
        if trail.sealed.target != trail.device:
            return Finding(Culprit.CARRIER, "misroute", f"its receipt names {trail.sealed.target}")
        if trail.sealed.at - trail.composed > self.patience.carrier:
            return Finding(
                Culprit.CARRIER, "delay", f"it sealed {trail.sealed.at - trail.composed} ms after it was asked"
            )
        return None

    def line(self) -> Finding | None:
        """Between sealing and the device's port carrier and hub can both hold the line: who of them, a call shows."""
        trail = self.trail
        if trail.set_at is None or trail.sealed is None:
            if trail.sealed is None or self.now - trail.sealed.at <= self.patience.hub:
                return _NOBODY
            if trail.hub_reached is not None and trail.hub_reached >= trail.sealed.at:
                return Finding(Culprit.HUB, "drop", "it answers for itself, and what is for its meter does not arrive")
            return Finding(Culprit.CARRIER, "drop", "no call to the hub came about in time")
        if trail.standing is not None and trail.standing != trail.order:
            return Finding(Culprit.HUB, "alter", "the port holds another order than the one that was set")
        return None

    def hub(self) -> Finding | None:
        trail = self.trail
        if not trail.through_hub or trail.set_at is None:
            return None
        if trail.handed is None:
            if trail.answered is None and self.now - trail.set_at > self.patience.hub:
                return Finding(Culprit.HUB, "drop", "its port took the order, and it signed no hand-over")
            return None
        if trail.handed.subject != trail.order:
            return Finding(Culprit.HUB, "alter", "it signed that it handed over another order")
        if trail.handed.target != trail.device:
            return Finding(Culprit.HUB, "misroute", f"it signed that it handed it to {trail.handed.target}")
        if trail.handed.at - trail.set_at > self.patience.hub:
            return Finding(Culprit.HUB, "delay", f"it handed over {trail.handed.at - trail.set_at} ms after it was set")
        return None

    def device(self) -> Finding | None:
        trail = self.trail
        if trail.set_at is None:
            return None
        if trail.answered is None:
            since = trail.handed.at if trail.handed is not None else trail.set_at
            if self.now - since > self.patience.device and (trail.handed is not None or not trail.through_hub):
                return Finding(Culprit.DEVICE, "drop", "it was given the order and signed no answer")
            return None
        device, order = trail.answered
        if device != trail.device:
            return Finding(Culprit.HUB, "misroute", f"the answer is signed by {device}")
        if order != trail.order:
            return Finding(Culprit.DEVICE, "alter", "it signed an answer to another order")
        return None


def judge(trail: Trail, now: Instant, patience: Patience | None = None) -> Finding:
    """Who is at fault by now; nobody while everybody still has time, or when the device's answer is there."""
    case = _Case(trail, now, patience or Patience())
    for step in (case.carrier, case.line, case.hub, case.device):
        finding = step()
        if finding is not None:
            return finding
    return _NOBODY


def chain_breaks(receipts: Iterable[Receipt]) -> list[str]:
    """What is wrong with one signer's receipts in the order in which they came: gaps, repeats, two stories, time back.

    A gap alone proves nothing, since receipts for others lie between; two receipts of one number, a `previous` that
    fits no receipt of the number before, and a clock that ran back between rising numbers each prove a lie.
    """
    breaks: list[str] = []
    by_number: dict[int, Receipt] = {}
    newest: Receipt | None = None
    for receipt in receipts:
        other = by_number.setdefault(receipt.number, receipt)
        if other != receipt:
            breaks.append(f"two receipts of number {receipt.number}")
        before = by_number.get(receipt.number - 1)
        if before is not None and before.digest != receipt.previous:
            breaks.append(f"receipt {receipt.number} follows another {receipt.number - 1} than was shown")
        if newest is not None and receipt.number < newest.number:
            breaks.append(f"receipt {receipt.number} came after {newest.number}: reordered")
        if newest is not None and receipt.number > newest.number and receipt.at < newest.at:
            breaks.append(f"receipt {receipt.number} is dated before {newest.number}")
        if newest is None or receipt.number > newest.number:
            newest = receipt
    return breaks
