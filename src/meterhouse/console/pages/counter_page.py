"""The counter: take a payment, hand over the receipt, and follow the token home."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from nicegui import ui

from meterhouse.app.desk import Receipt
from meterhouse.console.pages.badge import OutcomeLine
from meterhouse.console.pages.debt_card import DebtCard
from meterhouse.console.pages.frame import Frame
from meterhouse.console.pages.receipt_card import ReceiptCard
from meterhouse.console.pages.receipt_list import ReceiptList
from meterhouse.console.views import account_choices, payment_view
from meterhouse.console.views.debt_view import debt_view
from meterhouse.model import MeterhouseError, Money, UsageError

__all__ = ["draw_counter"]

_REFRESH_S: Final = 1.0
_AMOUNTS: Final = ("5.00", "10.00", "20.00", "50.00")
_NETWORK: Final = "counter"
_CURRENCY: Final = "GBP"


async def draw_counter(frame: Frame) -> None:
    """Draw the page and keep it fresh."""
    with ui.element("main").classes("mh-page"):
        ui.label("Counter").classes("mh-title").props('role="heading" aria-level="1"')
        page = _CounterPage(frame)
    try:
        await page.refresh()
    except MeterhouseError as error:
        frame.show_trouble(error)
    frame.live(_REFRESH_S, page.refresh)


class _CounterPage:
    """One form view. Its request key stays the same until a payment went through, so a repeat never pays twice."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._request = uuid4().hex
        self._followed = ""
        with ui.element("div").classes("row mh-columns"):
            with ui.element("div").classes("col-12 col-md-5 mh-stack"):
                self._draw_form()
                self._debt = DebtCard()
            with ui.element("div").classes("col-12 col-md-7 mh-stack"):
                self._card = ReceiptCard()
                with ui.element("section").classes("mh-card"):
                    ui.label("Latest payments").classes("mh-subtitle").props('role="heading" aria-level="2"')
                    self._list = ReceiptList("Nothing has been sold yet.", self._follow)

    def _draw_form(self) -> None:
        with ui.element("section").classes("mh-card"):
            ui.label("New payment").classes("mh-subtitle").props('role="heading" aria-level="2"')
            self._account = ui.select({}, label="Account", with_input=True).props("outlined").classes("mh-wide")
            self._account.mark("account")
            self._account.on_value_change(self._chosen)
            self._amount = ui.input(f"Amount in {_CURRENCY}", placeholder="20.00").classes("mh-wide").mark("amount")
            self._amount.props('outlined inputmode="decimal" autocomplete="off" input-class="mh-digits"')
            with ui.element("div").classes("mh-chips").props('role="group" aria-label="Usual amounts"'):
                for amount in _AMOUNTS:
                    chip = ui.button(amount, color=None, on_click=lambda amount=amount: self._amount.set_value(amount))
                    chip.props("flat no-caps dense").classes("mh-chip")
            self._button = ui.button("Take payment", icon="point_of_sale", color=None, on_click=self._pay).mark("pay")
            self._button.props("unelevated no-caps").classes("mh-primary mh-big")
            ui.label("A share of it may go to debt first; the receipt shows the split.").classes("mh-hint")
            self._outcome = OutcomeLine("pay-outcome")

    async def refresh(self) -> None:
        """Accounts, the newest payments, and the life line of the receipt on show."""
        choices = account_choices(await self._frame.desk.homes())
        if choices != self._account.options:
            self._account.set_options(choices, value=self._account.value if self._account.value in choices else None)
        await self._show_debt()
        receipts = await self._frame.desk.receipts()
        self._list.show([payment_view(receipt, self._frame.zone) for receipt in receipts])
        followed = next((receipt for receipt in receipts if receipt.request == self._followed), None)
        if followed is None and self._followed:
            followed = await self._frame.desk.receipt(self._followed)
        self._show(followed)

    async def _show_debt(self) -> None:
        account = self._account.value
        history = await self._frame.desk.debt_history(str(account)) if account else None
        self._debt.show(None if history is None else debt_view(history, self._frame.zone))

    def _show(self, receipt: Receipt | None) -> None:
        self._card.show(payment_view(receipt, self._frame.zone) if receipt is not None else None)

    async def _pay(self) -> None:
        self._button.disable()
        try:
            if not self._account.value:
                raise UsageError("No account is chosen.", why="A payment belongs to one.", remedy="Choose it above.")
            amount = Money.parse((self._amount.value or "").strip(), _CURRENCY)
            receipt = await self._frame.desk.pay(str(self._account.value), amount, self._request, _NETWORK)
        except MeterhouseError as error:
            self._outcome.show_error(error)
            return
        finally:
            self._button.enable()
        self._request = uuid4().hex
        self._outcome.clear()
        self._amount.value = ""
        self._followed = receipt.request
        self._show(receipt)

    async def _chosen(self) -> None:
        try:
            await self._show_debt()
        except MeterhouseError as error:
            self._frame.show_trouble(error)

    async def _follow(self, request: str) -> None:
        self._followed = request
        try:
            await self.refresh()
        except MeterhouseError as error:
            self._frame.show_trouble(error)
