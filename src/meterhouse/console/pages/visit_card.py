"""Work on the installation at a home: what its worker states, step by step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import tzinfo
from functools import partial
from typing import Final

from nicegui import ui

from meterhouse.app.desk import HomeView
from meterhouse.app.visit_room import VisitRoom
from meterhouse.console.pages.badge import Badge, OutcomeLine
from meterhouse.console.views import FUEL_WORDS, VisitButton, VisitLine, means_of, visit_line
from meterhouse.model import Fuel, MeterhouseError, UsageError
from meterhouse.supplier.office import NO_ISOLATION, Isolation, parse_means

__all__ = ["VisitCard"]

_PAST: Final = 3
_FIELD: Final = "outlined dense"


class VisitCard:
    """Redrawn only when a visit has changed, so that what is being typed stays."""

    def __init__(self, room: VisitRoom, home: str, zone: tzinfo) -> None:
        self._room, self._home, self._zone = room, home, zone
        self._shown: tuple[tuple[VisitLine, ...], tuple[Fuel, ...]] | None = None
        with ui.element("section").classes("mh-card").mark("visits"):
            ui.label("Work on the installation").classes("mh-subtitle").props('role="heading" aria-level="2"')
            hint = f"{NO_ISOLATION} Separate the supply by hand, and prove it, before anybody works."
            ui.label(hint).classes("mh-hint")
            self._root = ui.element("div").classes("mh-stack")
            self._outcome = OutcomeLine("visit-outcome")

    async def show(self, view: HomeView) -> None:
        """Draw the home's visits as they are now."""
        found = await self._room.visits(self._home)
        live = [each for each in found if not each.visit.state.ended]
        past = [each for each in found if each.visit.state.ended][:_PAST]
        lines = tuple(visit_line(each, view, self._zone) for each in (*live, *past))
        fuels = tuple(meter.fuel for meter in view.meters)
        if (lines, fuels) == self._shown:
            return
        self._shown = (lines, fuels)
        self._root.clear()
        with self._root:
            for line in lines:
                self._draw(line)
            if not live:
                self._draw_plan(fuels)

    def _draw(self, line: VisitLine) -> None:
        with ui.element("div").classes("mh-stack").mark(f"visit-{line.number}"):
            with ui.element("div").classes("mh-headline"):
                ui.label(line.title).classes("mh-paid")
                Badge(line.state)
            ui.label(line.who).classes("mh-hint")
            if not line.buttons:
                return
            for words in (line.switch, line.stated):
                if words:
                    ui.label(words).classes("mh-said")
            if line.warning:
                with ui.element("div").classes("mh-outcome mh-bad"):
                    ui.icon("front_hand")
                    ui.label(line.warning)
            who = ui.input("Your name").props(_FIELD).classes("mh-wide").mark("visit-who")
            if line.asks_isolation:
                self._draw_isolation(line, who)
            why = None
            if any(button.why for button in line.buttons):
                why = (
                    ui.input("Why, to abandon or to leave it apart").props(_FIELD).classes("mh-wide").mark("visit-why")
                )
            with ui.element("div").classes("mh-choices"):
                for button in line.buttons:
                    self._draw_button(line, button, who, why)
            with ui.element("ul").classes("mh-events"):
                for words in line.history:
                    with ui.element("li"):
                        ui.label(words)

    def _draw_button(self, line: VisitLine, button: VisitButton, who: ui.input, why: ui.input | None) -> None:
        def said() -> Awaitable[object]:
            told = why.value or "" if why is not None and button.why else ""
            return self._room.act(line.number, button.act, who.value or "", told, line.switch_said)

        drawn = ui.button(button.label, color=None, on_click=partial(self._say, said))
        drawn.props("unelevated no-caps").classes("mh-primary").mark(f"visit-{button.act}")

    def _draw_isolation(self, line: VisitLine, who: ui.input) -> None:
        means = ui.select(means_of(line.fuel), label="Physical means").props(_FIELD).classes("mh-wide")
        means.mark("visit-means")
        fields = []
        for label, mark in (
            ("Where", "place"),
            ("Secured how: whose lock, who has the fuse", "secured"),
            ("Number of the tester", "tester"),
        ):
            fields.append(ui.input(label).props(_FIELD).classes("mh-wide").mark(f"visit-{mark}"))
        tried = ui.checkbox("The tester was tried on a known supply, before and after").mark("visit-tried")
        proved = ui.checkbox("It showed no supply, between all conductors and earth").mark("visit-proved")

        def said() -> Awaitable[object]:
            if not means.value:
                raise UsageError("No physical means is chosen.", why=NO_ISOLATION, remedy="Choose it above.")
            place, secured, tester = (each.value or "" for each in fields)
            stated = Isolation(
                parse_means(str(means.value)), place, secured, tester, bool(tried.value), bool(proved.value)
            )
            return self._room.isolate(line.number, who.value or "", stated, line.switch_said)

        drawn = ui.button("State the physical isolation", icon="content_cut", color=None)
        drawn.props("unelevated no-caps").classes("mh-primary mh-big").mark("visit-isolate")
        drawn.on_click(partial(self._say, said))

    def _draw_plan(self, fuels: tuple[Fuel, ...]) -> None:
        offers = {fuel.value: FUEL_WORDS[fuel] for fuel in fuels}
        with ui.element("div").classes("mh-choices"):
            fuel = ui.select(offers, value=next(iter(offers), None), label="Supply").props(_FIELD).mark("visit-fuel")
            purpose = ui.input("What is to be done").props(_FIELD).mark("visit-purpose")
            who = ui.input("Your name").props(_FIELD).mark("visit-who")

        def said() -> Awaitable[object]:
            return self._room.plan(self._home, Fuel(str(fuel.value)), purpose.value or "", who.value or "")

        drawn = ui.button("Plan a visit", icon="event", color=None, on_click=partial(self._say, said))
        drawn.props("unelevated no-caps").classes("mh-primary").mark("visit-plan")

    async def _say(self, said: Callable[[], Awaitable[object]]) -> None:
        try:
            await said()
            self._outcome.clear()
        except MeterhouseError as error:
            self._outcome.show_error(error)
