"""One home: its meters, its half hours, and what a person there may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from nicegui import ui

from meterhouse.app.desk import AccountPlace, HomeDetail, HomeView
from meterhouse.app.visit_room import VisitRoom
from meterhouse.console.pages.badge import Badge, FactGrid, OutcomeLine
from meterhouse.console.pages.frame import Frame
from meterhouse.console.pages.home_acts import EmergencyButton, Keypad, RestoreButtons
from meterhouse.console.pages.home_chart import HalfHourChart
from meterhouse.console.pages.receipt_list import ReceiptList
from meterhouse.console.pages.visit_card import VisitCard
from meterhouse.console.views import (
    FUEL_ICONS,
    DaySpan,
    Happening,
    MeterPanel,
    PaymentView,
    day_spans,
    half_hour_series,
    happenings,
    meter_panel,
    payment_view,
)
from meterhouse.model import Fuel, MeterhouseError

__all__ = ["draw_home"]

_REFRESH_S: Final = 1.0
_MOST_EVENTS: Final = 30


async def draw_home(frame: Frame, home: str, visits: VisitRoom | None = None) -> None:
    """Draw the page and keep it fresh; an unknown home gets the reason and the way back."""
    with ui.element("main").classes("mh-page"):
        try:
            detail = await frame.desk.home(home)
        except MeterhouseError as error:
            OutcomeLine("problem").show_error(error)
            ui.link("Back to the street", "/").classes("mh-link")
            return
        page = _HomePage(frame, detail, visits)
    page.show(detail)
    await page.show_visits()

    async def refresh() -> None:
        page.show(await frame.desk.home(home))
        await page.show_visits()

    frame.live(_REFRESH_S, refresh)


class _HomePage:
    """The page of one home."""

    def __init__(self, frame: Frame, detail: HomeDetail, visits: VisitRoom | None) -> None:
        self._frame = frame
        self._detail = detail
        home = detail.view.home
        self._draw_title(detail)
        with ui.element("div").classes("mh-home-page"):
            with ui.element("div").classes("mh-stack mh-acts"):
                self._restore = RestoreButtons(frame.desk, home)
                prepaid = bool(detail.view.account)
                self._emergency = EmergencyButton(frame.desk, home) if prepaid else None
                self._keypads = [Keypad(frame.desk, home, place) for place in _keypads(detail.view)]
                self._visits = VisitCard(visits, home, frame.zone) if visits is not None else None
            with ui.element("div").classes("mh-stack mh-meters"):
                self._days = _DayPicker(self._redraw)
                self._meters = [_Meter(frame, home, meter.fuel) for meter in detail.view.meters]
            with ui.element("div").classes("mh-stack mh-log"):
                self._receipts = _Receipts(frame) if prepaid else None
                self._events = _Events()

    def _draw_title(self, detail: HomeDetail) -> None:
        with ui.element("div").classes("mh-headline"):
            ui.label(f"Home {detail.view.home}").classes("mh-title").props('role="heading" aria-level="1"')
            self._about = ui.label("").classes("mh-hint mh-about")

    def _redraw(self) -> None:
        self.show(self._detail)

    def show(self, detail: HomeDetail) -> None:
        """Draw the home as it is now."""
        self._detail = detail
        view = detail.view
        accounts = f"Account{'s' * (len(view.accounts) > 1)} {' and '.join(view.accounts)}"
        parts = (accounts if view.accounts else "Pays by bill", view.note)
        hub = "hub online" if view.hub_online else "hub offline"
        self._about.text = " · ".join(part for part in (*parts, hub) if part)
        self._restore.show(view)
        if self._emergency is not None:
            self._emergency.show(view)
        span = self._days.choose_from(day_spans(detail, self._frame.zone))
        for meter in self._meters:
            meter.show(detail, span)
        if self._receipts is not None:
            self._receipts.show(detail)
        self._events.show(happenings(detail.events, self._frame.zone, view.currency))

    async def show_visits(self) -> None:
        """Draw the visits to the home, where the console knows of them."""
        if self._visits is not None:
            await self._visits.show(self._detail.view)


def _keypads(view: HomeView) -> list[AccountPlace]:
    """Where tokens are typed: at the hub, at a meter, or at both; nowhere in a home that pays by bill."""
    if not view.account:
        return []
    places = {meter.account_in for meter in view.meters if meter.account_in is not None}
    return [place for place in (AccountPlace.HUB, AccountPlace.METER) if place in (places or {AccountPlace.HUB})]


class _DayPicker:
    """Which days the charts show. Keeps the visitor's choice while new days come in."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._spans: list[DaySpan] = []
        self._select = ui.select([], label="Half hours of").props("outlined dense options-dense").classes("mh-days")
        self._select.mark("days")
        self._select.on_value_change(changed)

    def choose_from(self, spans: list[DaySpan]) -> DaySpan | None:
        """Offer `spans`; give the chosen one, by default the first."""
        if spans != self._spans:
            self._spans = spans
            labels = [span.label for span in spans]
            chosen = self._select.value if self._select.value in labels else (labels[0] if labels else None)
            self._select.set_options(labels, value=chosen)
        return next((span for span in spans if span.label == self._select.value), None)


class _Meter:
    """One fuel: its state, its facts, its chart."""

    def __init__(self, frame: Frame, home: str, fuel: Fuel) -> None:
        self._frame = frame
        self._fuel = fuel
        self._root = ui.element("section").classes("mh-card").mark(f"meter-{fuel}")
        self._home = home
        self._badge: Badge | None = None

    def show(self, detail: HomeDetail, span: DaySpan | None) -> None:
        meter = next(meter for meter in detail.view.meters if meter.fuel is self._fuel)
        panel = meter_panel(meter, self._frame.desk.now(), self._frame.zone)
        if self._badge is None:
            self._draw(panel, meter.serial)
        if self._badge is not None:
            self._badge.show(panel.badge)
        self._why.text = panel.why
        self._facts.show(panel.facts)
        bounds = (span.since, span.until) if span else (None, None)
        self._chart.show(half_hour_series(detail, self._fuel, *bounds), span)

    def _draw(self, panel: MeterPanel, serial: str) -> None:
        with self._root:
            with ui.element("div").classes("mh-headline"):
                ui.icon(FUEL_ICONS[self._fuel]).classes(f"mh-fuel mh-fuel-{self._fuel}")
                ui.label(panel.title).classes("mh-subtitle").props('role="heading" aria-level="2"')
                self._badge = Badge(panel.badge)
                ui.label(serial).classes("mh-hint mh-about")
            self._why = ui.label(panel.why).classes("mh-why")
            self._facts = FactGrid()
            self._chart = HalfHourChart(self._home, self._fuel, self._frame.zone)


class _Receipts:
    """The home's payments."""

    def __init__(self, frame: Frame) -> None:
        self._zone = frame.zone
        with ui.element("section").classes("mh-card"):
            ui.label("Payments").classes("mh-subtitle").props('role="heading" aria-level="2"')
            self._list = ReceiptList("No payment yet.", None)

    def show(self, detail: HomeDetail) -> None:
        views: list[PaymentView] = [payment_view(receipt, self._zone) for receipt in detail.receipts]
        self._list.show(views)


class _Events:
    """What has happened, newest first. Device text is drawn as text, never as markup."""

    def __init__(self) -> None:
        self._shown: list[Happening] | None = None
        with ui.element("section").classes("mh-card"):
            ui.label("What has happened").classes("mh-subtitle").props('role="heading" aria-level="2"')
            self._list = ui.element("ul").classes("mh-events")

    def show(self, events: list[Happening]) -> None:
        newest = events[:_MOST_EVENTS]
        if newest == self._shown:
            return
        self._shown = newest
        self._list.clear()
        with self._list:
            for line in newest or [Happening("", "Nothing has happened yet.")]:
                with ui.element("li"):
                    ui.label(line.when).classes("mh-hint")
                    ui.label(line.said)
