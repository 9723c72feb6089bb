"""What every page has: the theme, the header with its ways, the street's clock, and a line for trouble."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import tzinfo
from functools import cache
from pathlib import Path
from typing import Final

from nicegui import ui

from meterhouse.app.desk import Desk
from meterhouse.console.problem import problem_of
from meterhouse.console.views import day_text, time_text
from meterhouse.model import MeterhouseError

__all__ = ["Frame", "draw_failure"]

_WAYS: Final = (("Street", "/", "holiday_village"), ("Counter", "/counter", "point_of_sale"))
_ORDERS: Final = ("Orders", "/orders", "gavel")


class Frame:
    """The frame of one visitor's page.

    Args:
        desk: the street.
        zone: the local time that pages show.
        here: the path of the way that is marked as open; empty for none.
        orders: whether there is a page of orders.
    """

    def __init__(self, desk: Desk, zone: tzinfo, here: str, *, orders: bool = False) -> None:
        self.desk = desk
        self.zone = zone
        ui.add_css(_theme())
        with ui.header(wrap=False).classes("mh-header"):
            _draw_ways(here, (*_WAYS, _ORDERS) if orders else _WAYS)
            with ui.element("div").classes("mh-clock"):
                ui.icon("schedule")
                self._day = ui.label("").classes("mh-day")
                self._time = ui.label("").classes("mh-number")
                self._speed = ui.label("").classes("mh-speed")
        self._show_clock()
        self._trouble = ui.element("div").classes("mh-trouble").props('role="alert"')
        self._said = ""

    def live(self, seconds: float, refresh: Callable[[], Awaitable[None]]) -> None:
        """Call `refresh` every so many seconds of the wall; if the desk fails, say so until it answers again."""

        async def tick() -> None:
            self._show_clock()
            try:
                await refresh()
            except MeterhouseError as error:
                self.show_trouble(error)
            else:
                self._say("")

        ui.timer(seconds, tick)

    def show_trouble(self, error: MeterhouseError) -> None:
        """Show what happened, why, and what to do next, above the page."""
        problem = problem_of(error)
        self._say(f"{problem.detail} {problem.why} {problem.next}")

    def _show_clock(self) -> None:
        now = self.desk.now()
        self._day.text = day_text(now, self.zone)
        self._time.text = time_text(now, self.zone)
        self._speed.text = f"× {self.desk.speed()}"

    def _say(self, text: str) -> None:
        if text == self._said:
            return
        self._said = text
        self._trouble.clear()
        if text:
            with self._trouble, ui.element("div").classes("mh-outcome mh-bad"):
                ui.icon("error")
                ui.label(text)


def draw_failure() -> None:
    """The page for what nobody foresaw: no exception text, no traceback."""
    ui.add_css(_theme())
    with ui.element("main").classes("mh-page"), ui.element("section").classes("mh-card"):
        ui.label("This page could not be drawn.").classes("mh-title")
        ui.label("It is a fault of this program; its log says more. The street itself goes on.")
        ui.link("Back to the street", "/").classes("mh-link")


def _draw_ways(here: str, ways: tuple[tuple[str, str, str], ...]) -> None:
    with ui.link(target="/").classes("mh-brand"):
        ui.icon("home_work")
        ui.label("Meterhouse")
    with ui.element("nav").classes("mh-ways").props('aria-label="Pages"'):
        for word, path, icon in ways:
            current = 'aria-current="page"' if path == here else ""
            with ui.link(target=path).classes("mh-way").props(current):
                ui.icon(icon)
                ui.label(word)


@cache
def _theme() -> str:
    return (Path(__file__).parent / "theme.css").read_text(encoding="utf-8")
