"""A visit as texts: how far it has come, what may be said next, and what the switch says, which never counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from meterhouse.app.desk import HomeView
from meterhouse.app.visits import VisitAct, VisitView
from meterhouse.console.views.home_page_view import switch_text
from meterhouse.console.views.payment_view import Step
from meterhouse.console.views.supply_badge import FUEL_WORDS, Tone, meter_of
from meterhouse.console.views.words import clock_text
from meterhouse.model import Fuel
from meterhouse.supplier.office import NO_ISOLATION, Means, VisitState

__all__ = ["VisitButton", "VisitLine", "means_of", "visit_line"]

_STATES: Final = {
    VisitState.PLANNED: ("Planned", "event", Tone.QUIET),
    VisitState.ARRIVED: ("Somebody is there", "person_pin_circle", Tone.WAITING),
    VisitState.ISOLATED: ("Physically isolated", "content_cut", Tone.WAITING),
    VisitState.WORKING: ("Work goes on", "construction", Tone.WAITING),
    VisitState.LEFT_APART: ("Left apart", "report", Tone.BAD),
    VisitState.RESTORED: ("Put back", "settings_backup_restore", Tone.WAITING),
    VisitState.CLOSED: ("Closed", "task_alt", Tone.QUIET),
    VisitState.ABANDONED: ("Abandoned", "undo", Tone.QUIET),
}


@dataclass(frozen=True, slots=True)
class VisitButton:
    """What somebody may say next; with `why` only in words."""

    act: VisitAct
    label: str
    why: bool = False


_NEXT: Final = {
    VisitState.PLANNED: (VisitButton(VisitAct.ARRIVE, "I am there"), VisitButton(VisitAct.ABANDON, "Abandon", True)),
    VisitState.ARRIVED: (VisitButton(VisitAct.ABANDON, "Abandon", True),),
    VisitState.ISOLATED: (
        VisitButton(VisitAct.WORK, "Begin the work"),
        VisitButton(VisitAct.RESTORE, "Put back"),
        VisitButton(VisitAct.LEAVE_APART, "Leave apart", True),
    ),
    VisitState.WORKING: (
        VisitButton(VisitAct.RESTORE, "Put back, all clear"),
        VisitButton(VisitAct.LEAVE_APART, "Leave apart", True),
    ),
    VisitState.LEFT_APART: (VisitButton(VisitAct.ARRIVE, "I am there"),),
    VisitState.RESTORED: (VisitButton(VisitAct.CLOSE, "Close the visit"),),
    VisitState.CLOSED: (),
    VisitState.ABANDONED: (),
}


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit, ready to draw.

    Attributes:
        title: what and where.
        who: who is there, or who planned it.
        state: icon, words and tone.
        switch: what the meter's switch said last, and that it is no isolation; empty once nobody works there.
        stated: the isolation in words; empty before.
        warning: orders that would arm the home.
        asks_isolation: whether the next thing to be said is by which physical means.
        buttons: what may be said otherwise.
        history: every step, oldest first.
        switch_said: the switch's words alone, to be kept with the next step.
    """

    number: str
    fuel: Fuel
    title: str
    who: str
    state: Step
    switch: str
    stated: str
    warning: str
    asks_isolation: bool
    buttons: tuple[VisitButton, ...]
    history: tuple[str, ...]
    switch_said: str


def visit_line(view: VisitView, home: HomeView, zone: tzinfo) -> VisitLine:
    """A visit to a home as it is now."""
    visit = view.visit
    words, icon, tone = _STATES[visit.state]
    meter = meter_of(home, visit.fuel)
    name, position = switch_text(meter) if meter is not None else ("Switch", "not fitted")
    said = f"The meter's {name.lower()} says: {position.lower()}."
    stated = visit.isolation
    planner = view.history[0].who if view.history else ""
    arming = f"On its way to arm this home: {', '.join(view.arming)}. Cancel it." if view.arming else ""
    return VisitLine(
        visit.number,
        visit.fuel,
        f"{FUEL_WORDS[visit.fuel]}: {visit.purpose}",
        f"{visit.number}, {visit.worker or f'planned by {planner}'}, since {clock_text(visit.at, zone)}",
        Step(words, icon, tone, ""),
        "" if visit.state.ended else f"{said} {NO_ISOLATION}",
        ""
        if stated is None
        else f"{stated.means.words.capitalize()}, {stated.place}; {stated.secured}; proved dead with {stated.tester}",
        arming if visit.state.holds else "",
        visit.state is VisitState.ARRIVED,
        _NEXT[visit.state],
        tuple(
            f"{clock_text(step.at, zone)} {_STATES[step.state][0].lower()}, {step.who}"
            + (f": {step.why}" if step.why else "")
            for step in view.history
        ),
        position,
    )


def means_of(fuel: Fuel) -> dict[str, str]:
    """What may be stated for a supply: short word and words."""
    return {each.value: each.words.capitalize() for each in Means if each.fuel is fuel}
