"""Orders about supplies: raise, approve by somebody else, cancel; what became of each, and the brakes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from nicegui import ui

from meterhouse.app.order_room import OrderRoom, OrderWish
from meterhouse.console.pages.badge import Badge, OutcomeLine
from meterhouse.console.pages.frame import Frame
from meterhouse.console.views import (
    BrakeLine,
    OrderLine,
    Outcome,
    Tone,
    brake_line,
    order_history,
    order_line,
    order_trouble,
)
from meterhouse.model import Fuel, MeterhouseError, UsageError

__all__ = ["draw_orders"]

_REFRESH_S: Final = 1.0
_PAGE: Final = 25
"""Orders that are shown at once."""
_DOES: Final = {"cut": "Cut the supply", "arm": "Arm it again"}
_FUELS: Final = {Fuel.ELECTRICITY.value: "Electricity", Fuel.GAS.value: "Gas"}


async def draw_orders(frame: Frame, room: OrderRoom) -> None:
    """Draw the page and keep it fresh."""
    with ui.element("main").classes("mh-page"):
        ui.label("Orders").classes("mh-title").props('role="heading" aria-level="1"')
        page = _OrdersPage(frame, room)
    try:
        await page.refresh()
    except MeterhouseError as error:
        frame.show_trouble(error)
    frame.live(_REFRESH_S, page.refresh)


class _Signer:
    """Who you are, and your passphrase: asked for with every word, kept nowhere."""

    def __init__(self, mark: str) -> None:
        self.person = ui.input("Your name").props('outlined dense autocomplete="off"').classes("mh-wide")
        self.person.mark(f"{mark}-person")
        self._phrase = ui.input("Your passphrase", password=True).props('outlined dense autocomplete="off"')
        self._phrase.classes("mh-wide").mark(f"{mark}-passphrase")

    def take(self) -> tuple[str, str]:
        """Both, once: the passphrase is cleared."""
        person, phrase = (self.person.value or "").strip(), self._phrase.value or ""
        self._phrase.value = ""
        if not person or not phrase:
            raise UsageError(
                "Nobody has signed.", why="An order counts under a person's own word.", remedy="Type both."
            )
        return person, phrase


class _OrdersPage:
    """One visitor's view."""

    def __init__(self, frame: Frame, room: OrderRoom) -> None:
        self._frame = frame
        self._room = room
        self._open = ""
        self._before = ""
        self._lines: tuple[OrderLine, ...] | None = None
        self._brake_lines: tuple[BrakeLine, ...] | None = None
        self._history: tuple[str, ...] | None = None
        with ui.element("div").classes("row mh-columns"):
            with ui.element("div").classes("col-12 col-md-5 mh-stack"):
                self._draw_form()
                with ui.element("section").classes("mh-card"):
                    ui.label("Brakes").classes("mh-subtitle").props('role="heading" aria-level="2"')
                    ui.label("Too many homes off at once trip a brake. Two of three officers release it.").classes(
                        "mh-hint"
                    )
                    self._brakes = ui.element("div").classes("mh-receipts")
            with ui.element("div").classes("col-12 col-md-7 mh-stack"):
                self._file = ui.element("section").classes("mh-card").mark("order-file")
                self._file.set_visibility(False)
                with ui.element("section").classes("mh-card"):
                    ui.label("All orders").classes("mh-subtitle").props('role="heading" aria-level="2"')
                    self._list = ui.element("div").classes("mh-receipts")
                    with ui.element("div").classes("mh-line"):
                        self._newest = self._turn("Newest", "first_page", lambda: "")
                        self._older = self._turn("Older", "chevron_right", self._last_shown)

    def _turn(self, word: str, icon: str, before: Callable[[], str]) -> ui.button:
        """A button that turns the pages of the list."""

        async def turn() -> None:
            self._before = before()
            await self.refresh()

        button = ui.button(word, icon=icon, color=None, on_click=turn).props("flat no-caps").mark(word.lower())
        button.set_visibility(False)
        return button

    def _last_shown(self) -> str:
        return self._lines[-1].number if self._lines else ""

    def _draw_form(self) -> None:
        with ui.element("section").classes("mh-card"):
            ui.label("New order").classes("mh-subtitle").props('role="heading" aria-level="2"')
            with ui.element("div").classes("mh-choices"):
                self._home = ui.select({}, label="Home").props("outlined dense").mark("home")
                self._fuel = ui.select(_FUELS, value=Fuel.ELECTRICITY.value, label="Supply").props("outlined dense")
                self._does = ui.select(_DOES, value="cut", label="Do").props("outlined dense").mark("does")
            self._reason = ui.input("Reason, in words for the customer").props("outlined dense").classes("mh-wide")
            self._reason.mark("reason")
            self._evidence = ui.input("Where the proof is").props("outlined dense").classes("mh-wide").mark("evidence")
            self._raiser = _Signer("raise")
            button = ui.button("Raise the order", icon="edit_document", color=None, on_click=self._raise)
            button.props("unelevated no-caps").classes("mh-primary mh-big").mark("raise")
            hint = (
                "A cut needs somebody else's approval and cools off; its meter then asks back before it opens. "
                "A supply that is armed comes back by a hand on the spot only."
            )
            ui.label(hint).classes("mh-hint")
            ui.label(
                "Whoever works on an installation separates it by hand first: no meter's switch is made for that."
            ).classes("mh-hint")
            self._outcome = OutcomeLine("raise-outcome")

    async def refresh(self) -> None:
        """Homes, orders, brakes, and the order that is open."""
        homes = {view.home: f"Home {view.home}" for view in await self._frame.desk.homes()}
        if homes != self._home.options:
            self._home.set_options(homes, value=self._home.value if self._home.value in homes else None)
        orders = await self._room.orders(_PAGE + 1, self._before)
        self._older.set_visibility(len(orders) > _PAGE)
        self._newest.set_visibility(bool(self._before))
        lines = tuple(order_line(order, self._frame.zone) for order in orders[:_PAGE])
        if lines != self._lines:
            self._lines = lines
            self._list.clear()
            with self._list:
                for line in lines:
                    self._draw_line(line)
                if not lines:
                    ui.label("Nobody has raised an order yet.").classes("mh-hint")
        brakes = tuple(brake_line(brake) for brake in await self._room.brakes())
        if brakes != self._brake_lines:
            self._brake_lines = brakes
            self._brakes.clear()
            with self._brakes:
                for brake in brakes:
                    self._draw_brake(brake)
        await self._show_file()

    def _draw_line(self, line: OrderLine) -> None:
        with ui.element("button").classes("mh-receipt").props('type="button"').mark(f"order-{line.number}") as row:
            with ui.element("div").classes("mh-receipt-main"):
                ui.label(f"{line.what} · home {line.home}").classes("mh-paid")
                ui.label(f"{line.number}, {line.when}, by {line.signed_by}").classes("mh-hint")
                ui.label(line.why).classes("mh-hint")
            Badge(line.state)
        row.on("click", lambda: self._choose(line.number))

    def _draw_brake(self, brake: BrakeLine) -> None:
        with ui.element("div").classes("mh-receipt"):
            with ui.element("div").classes("mh-receipt-main"):
                ui.label(f"{brake.name} · {brake.place}").classes("mh-paid")
                ui.label(brake.counts).classes("mh-hint mh-number")
                ui.label(brake.why).classes("mh-hint")
                if brake.latched:
                    signer = _Signer(f"release-{brake.name}")
                    outcome = OutcomeLine(f"release-{brake.name}-outcome")
                    act = self._act(signer, outcome, lambda who, phrase: self._release(brake.name, who, phrase))
                    button = ui.button("Release", icon="lock_open", color=None, on_click=act)
                    button.props("unelevated no-caps").classes("mh-primary")
            Badge(brake.state)

    async def _choose(self, number: str) -> None:
        self._open, self._history = number, None
        await self._show_file()

    async def _show_file(self) -> None:
        if not self._open:
            return
        file = await self._room.order(self._open)
        history = (*order_history(file, self._frame.zone), order_trouble(file))
        if history == self._history:
            return
        self._history = history
        line = order_line(file.view.order, self._frame.zone)
        self._file.clear()
        self._file.set_visibility(True)
        with self._file:
            with ui.element("div").classes("mh-headline"):
                ui.label(f"{line.what} · home {line.home}").classes("mh-subtitle")
                Badge(line.state)
            ui.label(f"{line.reason} ({line.evidence})").classes("mh-why")
            with ui.element("ul").classes("mh-events"):
                for words in history[:-1]:
                    with ui.element("li"):
                        ui.label(words)
            if history[-1]:
                with ui.element("div").classes("mh-outcome mh-bad"):
                    ui.icon("policy")
                    ui.label(history[-1])
            self._draw_acts(line)

    def _draw_acts(self, line: OrderLine) -> None:
        if not line.can_cancel and not line.can_approve:
            return
        signer = _Signer("act")
        outcome = OutcomeLine("act-outcome")
        with ui.element("div").classes("mh-line"):
            for can, word, icon, does in (
                (line.can_approve, "Approve", "how_to_reg", self._room.approve),
                (line.can_cancel, "Cancel the order", "undo", self._room.cancel),
            ):
                if can:
                    act = self._act(signer, outcome, partial(does, line.number))
                    button = ui.button(word, icon=icon, color=None, on_click=act)
                    button.props("unelevated no-caps").classes("mh-primary").mark(word.split()[0].lower())

    def _act(
        self, signer: _Signer, outcome: OutcomeLine, does: Callable[[str, str], Awaitable[object]]
    ) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            try:
                await does(*signer.take())
                await self.refresh()
            except MeterhouseError as error:
                outcome.show_error(error)

        return act

    async def _release(self, brake: str, person: str, passphrase: str) -> None:
        await self._room.release(brake, person, passphrase)

    async def _raise(self) -> None:
        try:
            if not self._home.value:
                raise UsageError("No home is chosen.", why="An order is about one.", remedy="Choose it above.")
            wish = OrderWish(
                str(self._home.value),
                Fuel(str(self._fuel.value)),
                self._does.value == "arm",
                self._reason.value or "",
                self._evidence.value or "",
            )
            order = await self._room.raise_order(wish, *self._raiser.take())
        except MeterhouseError as error:
            self._outcome.show_error(error)
            return
        self._reason.value = self._evidence.value = ""
        line = order_line(order, self._frame.zone)
        said, state = f"Order {order.number} is raised.", f"Now: {line.state.word}."
        self._outcome.show(Outcome(said, state, "task_alt", Tone.GOOD))
        await self._choose(order.number)
        await self.refresh()
