"""A work order as texts: what it is, how far it has come, whose turn it is, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from meterhouse.app.brake_view import BrakeView
from meterhouse.app.order_room import OrderFile
from meterhouse.console.views.payment_view import Step
from meterhouse.console.views.supply_badge import Tone
from meterhouse.console.views.words import clock_text, time_text
from meterhouse.model import plain
from meterhouse.supplier.headend import Culprit
from meterhouse.supplier.trust import ARM_SUPPLY, CUT_SUPPLY, ReadBack, WorkOrder, WorkState

__all__ = ["BrakeLine", "OrderLine", "brake_line", "order_history", "order_line", "order_trouble"]

_WHAT: Final = {code: f"Cut the {fuel}" for fuel, code in CUT_SUPPLY.items()} | {
    code: f"Arm the {fuel} again" for fuel, code in ARM_SUPPLY.items()
}
_STATES: Final = {
    WorkState.RAISED: ("needs an approval", "how_to_reg", Tone.WAITING),
    WorkState.APPROVED: ("cooling off", "hourglass_top", Tone.WAITING),
    WorkState.SIGNED: ("on its way", "outbox", Tone.WAITING),
    WorkState.SENT: ("at the meter", "move_to_inbox", Tone.WAITING),
    WorkState.PENDING: ("the meter asks back", "contact_support", Tone.WAITING),
    WorkState.CANCELLING: ("being cancelled", "undo", Tone.WAITING),
    WorkState.DONE: ("done", "check_circle", Tone.GOOD),
    WorkState.REFUSED: ("refused", "cancel", Tone.BAD),
    WorkState.EXPIRED: ("expired", "timer_off", Tone.QUIET),
    WorkState.CANCELLED: ("cancelled", "undo", Tone.QUIET),
}
_PAST: Final = {
    WorkState.RAISED: "raised",
    WorkState.APPROVED: "approved",
    WorkState.SIGNED: "signed and sent on its way",
    WorkState.SENT: "taken by the meter",
    WorkState.PENDING: "asked back",
}
_LOOKED: Final = {
    ReadBack.NONE: "",
    ReadBack.MATCHES: "Looked at by another way: it is as ordered.",
    ReadBack.DIFFERS: "Looked at by another way: it is NOT as ordered. Send somebody.",
}


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order in a list.

    Attributes:
        state: icon, words and tone.
        can_approve, can_cancel: what somebody may still do.
    """

    number: str
    what: str
    home: str
    reason: str
    evidence: str
    when: str
    signed_by: str
    state: Step
    why: str
    can_approve: bool
    can_cancel: bool


def order_line(order: WorkOrder, zone: tzinfo) -> OrderLine:
    """An order, ready to draw."""
    words, icon, tone = _STATES[order.state]
    bad = order.read_back is ReadBack.DIFFERS
    names = [word.person for word in (order.raised, *order.approvals) if word is not None]
    begins = f"from {time_text(order.not_before, zone)}" if order.state is WorkState.APPROVED else ""
    said = " ".join(part for part in (_sentence(order.why), _LOOKED[order.read_back]) if part)
    return OrderLine(
        order.number,
        _WHAT.get(order.code, f"Order {order.code:04x}"),
        order.home,
        plain(order.reason),
        plain(order.evidence),
        clock_text(order.raised_at, zone),
        plain(" and ".join(names)),
        Step(words, "error" if bad else icon, Tone.BAD if bad else tone, begins),
        said,
        order.state is WorkState.RAISED,
        _STATES[order.state][2] is Tone.WAITING and order.state is not WorkState.CANCELLING,
    )


def order_history(file: OrderFile, zone: tzinfo) -> tuple[str, ...]:
    """Every line of an order's history, oldest first."""
    device = str(file.view.order.device)
    return tuple(
        plain(
            " ".join(
                part
                for part in (
                    clock_text(step.at, zone),
                    f"{_PAST.get(step.state, _STATES[step.state][0])},",
                    f"by {'its meter' if step.who == device else step.who}" + (f": {step.why}" if step.why else ""),
                )
                if part
            )
        )
        for step in file.view.history
    )


def order_trouble(file: OrderFile) -> str:
    """Who is at fault on the order's way; empty for nobody."""
    if file.finding.culprit is Culprit.NOBODY:
        return ""
    return plain(f"The {file.finding.culprit} is at fault ({file.finding.what}): {file.finding.why}.")


@dataclass(frozen=True, slots=True)
class BrakeLine:
    """One brake, ready to draw."""

    name: str
    place: str
    state: Step
    counts: str
    why: str
    latched: bool


_PLACES: Final = {"B1": "Order desk", "B2": "Signing daemon", "B3": "Carrier", "B4": "Confirm service"}


def brake_line(brake: BrakeView) -> BrakeLine:
    """A brake, ready to draw."""
    words, icon, tone = ("tripped", "front_hand", Tone.BAD) if brake.latched else ("open", "check_circle", Tone.GOOD)
    counts = f"{brake.hour[0]} of {brake.hour[1]} homes in an hour, {brake.day[0]} of {brake.day[1]} in a day"
    waiting = f" {' and '.join(brake.released_by)} released it; one more officer opens it." if brake.released_by else ""
    why = f"{_sentence(brake.why)}{waiting}" if brake.latched else ""
    place = _PLACES.get(brake.name, brake.name)
    return BrakeLine(brake.name, place, Step(words, icon, tone, ""), counts, why, brake.latched)


def _sentence(words: str) -> str:
    words = plain(words)
    return f"{words[:1].upper()}{words[1:].rstrip('.')}." if words else ""
