"""What a person in the home may do: press a meter's button, and type a token on the keypad."""

from __future__ import annotations

from typing import Final

from nicegui import ui

from meterhouse.app.desk import AccountPlace, Desk, HomeView
from meterhouse.console.pages.badge import OutcomeLine
from meterhouse.console.views import (
    RestoreOffer,
    emergency_outcome,
    key_in_outcome,
    money_text,
    press_outcome,
    restore_offer,
    token_progress,
)
from meterhouse.model import Fuel, MeterhouseError

__all__ = ["EmergencyButton", "Keypad", "RestoreButtons"]

_MASK: Final = "#### #### #### #### ####"


class RestoreButtons:
    """The big buttons; drawn only where a press may restore a supply."""

    def __init__(self, desk: Desk, home: str) -> None:
        self._desk = desk
        self._home = home
        self._offers: tuple[RestoreOffer, ...] = ()
        self._root = ui.element("div").classes("mh-stack")
        self._outcome = OutcomeLine("press-outcome")

    def show(self, view: HomeView) -> None:
        """Offer what the home's meters allow now."""
        offers = tuple(offer for meter in view.meters if (offer := restore_offer(meter)) is not None)
        if offers == self._offers:
            return
        self._offers = offers
        self._root.clear()
        with self._root:
            for offer in offers:
                self._draw(offer)

    def _draw(self, offer: RestoreOffer) -> None:
        with ui.element("section").classes("mh-card mh-restore"):
            ui.label(offer.reason).classes("mh-said")
            ui.label("Before you press:").classes("mh-hint")
            with ui.element("ul").classes("mh-checks"):
                for check in offer.checks:
                    with ui.element("li"):
                        ui.label(check)
            button = (
                ui.button(offer.label, icon="touch_app", color=None)
                .props("unelevated no-caps")
                .classes("mh-primary mh-big")
            )
            button.mark(f"restore-{offer.fuel}")
            button.on_click(lambda: self._press(button, offer.fuel))

    async def _press(self, button: ui.button, fuel: Fuel) -> None:
        button.disable()
        try:
            self._outcome.show(press_outcome(await self._desk.press_button(self._home, fuel)))
            self.show((await self._desk.home(self._home)).view)
        except MeterhouseError as error:
            self._outcome.show_error(error)
        finally:
            button.enable()


class EmergencyButton:
    """Selects emergency credit; drawn only while it is on offer."""

    def __init__(self, desk: Desk, home: str) -> None:
        self._desk = desk
        self._home = home
        with ui.element("section").classes("mh-card") as self._root:
            self._said = ui.label("").classes("mh-said")
            self._button = ui.button("Use emergency credit", icon="medical_services", color=None)
            self._button.props("unelevated no-caps").classes("mh-primary").mark("emergency")
        self._button.on_click(self._select)
        self._outcome = OutcomeLine("emergency-outcome")
        self._fuel: Fuel | None = None
        self._root.set_visibility(False)

    def show(self, view: HomeView) -> None:
        """Offer it where one of the home's accounts does, one after the other where both do."""
        offers = [(meter.fuel, meter.terms) for meter in view.meters if meter.terms is not None]
        offers = [offer for offer in offers if offer[1].emergency == "offered"]
        if offers:
            self._fuel, terms = offers[0]
            limit, fuel = money_text(terms.emergency_limit), f" for {self._fuel}" if len(view.accounts) > 1 else ""
            self._said.text = f"{limit} of emergency credit{fuel} is on offer; the next payment repays it."
        self._root.set_visibility(bool(offers))

    async def _select(self) -> None:
        self._button.disable()
        try:
            self._outcome.show(emergency_outcome(await self._desk.select_emergency(self._home, self._fuel)))
            self.show((await self._desk.home(self._home)).view)
        except MeterhouseError as error:
            self._outcome.show_error(error)
        finally:
            self._button.enable()


class Keypad:
    """A keypad of the home, the hub's or a meter's: twenty digits, grouped in fours as they are typed."""

    def __init__(self, desk: Desk, home: str, place: AccountPlace = AccountPlace.HUB) -> None:
        self._desk = desk
        self._home = home
        self._place = place
        at_meter = place is AccountPlace.METER
        title, mark = ("Electricity meter's keypad", "-meter") if at_meter else ("Keypad", "")
        # A page may have both, and whoever hears it read out must know one from the other.
        field, key_in = (
            ("Token for electricity", "Key in at the meter") if at_meter else ("Token from the receipt", "Key in")
        )
        with ui.element("section").classes("mh-card"):
            ui.label(title).classes("mh-subtitle").props('role="heading" aria-level="2"')
            self._field = (
                ui.input(field)
                .props(f'outlined mask="{_MASK}" inputmode="numeric" autocomplete="off" input-class="mh-digits"')
                .classes("mh-wide")
                .mark(f"token{mark}")
            )
            with ui.element("div").classes("mh-line"):
                self._hint = ui.label("").classes("mh-hint")
                self._button = ui.button(key_in, icon="dialpad", color=None, on_click=self._key_in)
                self._button.props("unelevated no-caps").classes("mh-primary").mark(f"key-in{mark}")
            self._outcome = OutcomeLine(f"key-in-outcome{mark}")
        self._field.on_value_change(self._count)
        self._field.on("keydown.enter", self._key_in)
        self._count()

    def _count(self) -> None:
        _, hint = token_progress(self._field.value or "")
        self._hint.text = hint
        self._button.set_enabled(not hint)

    async def _key_in(self) -> None:
        digits, hint = token_progress(self._field.value or "")
        if hint:
            return
        self._button.disable()
        try:
            result = await self._desk.key_in(self._home, digits, self._place)
            self._outcome.show(key_in_outcome(result))
            if result.accepted:
                self._field.value = ""
        except MeterhouseError as error:
            self._outcome.show_error(error)
        finally:
            self._count()
