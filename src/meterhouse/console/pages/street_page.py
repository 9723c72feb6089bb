"""The street: every home with the state of its supplies, refreshed each second."""

from __future__ import annotations

from typing import Final

from nicegui import ui

from meterhouse.app.desk import HomeView
from meterhouse.console.pages.badge import Badge
from meterhouse.console.pages.frame import Frame
from meterhouse.console.views import (
    FUEL_ICONS,
    HomeLine,
    StreetSummary,
    SupplyBadge,
    Tone,
    home_line,
    street_summary,
)
from meterhouse.model import Fuel, MeterhouseError

__all__ = ["draw_street"]

_REFRESH_S: Final = 1.0
_COLUMNS: Final = ("Home", "Electricity", "Gas", "Balance", "Last contact", "Half hours up to", "Hub")
_COUNTS: Final = (
    ("on", SupplyBadge("check_circle", "homes on supply", Tone.GOOD)),
    ("armed", SupplyBadge("touch_app", "armed", Tone.WAITING)),
    ("off", SupplyBadge("cancel", "with a supply off", Tone.BAD)),
    ("unknown", SupplyBadge("help", "not known", Tone.QUIET)),
)


async def draw_street(frame: Frame) -> None:
    """Draw the page and keep it fresh."""
    with ui.element("main").classes("mh-page"):
        ui.label("Street").classes("mh-title").props('role="heading" aria-level="1"')
        summary = _Summary()
        table = _Table()

    async def refresh() -> None:
        homes = await frame.desk.homes()
        now = frame.desk.now()
        summary.show(street_summary(homes, now, frame.desk.speed(), frame.zone))
        table.show(homes, [home_line(home, now, frame.zone) for home in homes])

    try:
        await refresh()
    except MeterhouseError as error:
        frame.show_trouble(error)
    frame.live(_REFRESH_S, refresh)


class _Summary:
    """The figures above the street."""

    def __init__(self) -> None:
        self._counts: dict[str, ui.label] = {}
        with ui.element("section").classes("mh-tiles").props('aria-label="Summary"'):
            for name, badge in _COUNTS:
                with ui.element("div").classes(f"mh-tile mh-{badge.tone}"):
                    with ui.element("div").classes("mh-figure"):
                        ui.icon(badge.icon)
                        self._counts[name] = ui.label("–").mark(f"count-{name}")
                    ui.label(badge.word).classes("mh-hint")
            self._credit = self._wide("account_balance_wallet", "credit at the premises")
            self._clock = self._wide("schedule", "")

    def _wide(self, icon: str, hint: str) -> tuple[ui.label, ui.label]:
        with ui.element("div").classes("mh-tile mh-tile-wide"):
            with ui.element("div").classes("mh-figure"):
                ui.icon(icon)
                figure = ui.label("–")
            return figure, ui.label(hint).classes("mh-hint")

    def show(self, summary: StreetSummary) -> None:
        for name, label in self._counts.items():
            label.text = str(getattr(summary, name))
        self._credit[0].text = summary.credit
        self._clock[0].text = summary.clock
        self._clock[1].text = summary.speed


class _Table:
    """One row a home; a card on a phone."""

    def __init__(self) -> None:
        with ui.element("section").classes("mh-card mh-street").props('aria-label="Homes"'):
            with ui.element("div").classes("mh-row mh-row-head").props('aria-hidden="true"'):
                for column in _COLUMNS:
                    ui.label(column)
            self._body = ui.element("div")
        self._rows: dict[str, _Row] = {}

    def show(self, homes: tuple[HomeView, ...], lines: list[HomeLine]) -> None:
        if list(self._rows) != [home.home for home in homes]:
            self._body.clear()
            with self._body:
                self._rows = {line.home: _Row(line) for line in lines}
        for line in lines:
            self._rows[line.home].show(line)


class _Row:
    """One home. The whole row leads to its page."""

    def __init__(self, line: HomeLine) -> None:
        self._shown: HomeLine | None = None
        with ui.link(target=f"/home/{line.home}").classes("mh-row").mark(f"home-{line.home}"):
            with _cell("home", ""):
                ui.label(line.home).classes("mh-home")
                self._note = ui.label(line.note).classes("mh-hint")
            self._electricity = self._supply(Fuel.ELECTRICITY, line.electricity)
            self._gas = self._supply(Fuel.GAS, line.gas)
            with _cell("balance", "Balance"):
                self._balance = ui.label(line.balance).classes("mh-number")
                self._fuels = ui.label(line.balance_hint).classes("mh-hint")
                self._low = ui.label("").classes("mh-hint mh-late")
            with _cell("contact", "Last contact"):
                self._contact = ui.label(line.contact)
                self._late = ui.label("").classes("mh-hint mh-late")
            with _cell("collected", "Half hours up to"):
                self._collected = ui.label(line.collected)
            with _cell("hub", "Hub"):
                self._hub = Badge(line.hub)
            self._why = ui.label(line.why).classes("mh-cell-why")

    @staticmethod
    def _supply(fuel: Fuel, badge: SupplyBadge) -> Badge:
        with _cell(fuel.value, fuel.value.capitalize()), ui.element("span").classes("mh-supply"):
            ui.icon(FUEL_ICONS[fuel]).classes(f"mh-fuel mh-fuel-{fuel.value}")
            return Badge(badge)

    def show(self, line: HomeLine) -> None:
        if line == self._shown:
            return
        self._shown = line
        self._electricity.show(line.electricity)
        self._gas.show(line.gas)
        self._balance.text = line.balance
        self._fuels.text = line.balance_hint
        self._low.text = "low credit" if line.low_credit else ""
        self._contact.text = line.contact
        self._late.text = "late" if line.contact_late else ""
        self._collected.text = line.collected
        self._hub.show(line.hub)
        self._note.text = line.note
        self._why.text = line.why


def _cell(name: str, title: str) -> ui.element:
    """A cell that names itself where the column heads are hidden, as on a phone."""
    cell = ui.element("div").classes(f"mh-cell mh-cell-{name}")
    if title:
        with cell:
            ui.label(title).classes("mh-cell-name")
    return cell
