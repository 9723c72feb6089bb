"""A list of payments: what was paid, how it was split, how far its token has come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from meterhouse.console.pages.badge import Badge
from meterhouse.console.views import PaymentView

__all__ = ["ReceiptList"]


class ReceiptList:
    """Payments, newest first. Redrawn in place while the same payments are listed.

    Args:
        nothing: what an empty list says.
        chosen: called with the request of a payment that was clicked; None for a list that only shows.
    """

    def __init__(self, nothing: str, chosen: Callable[[str], Awaitable[None]] | None) -> None:
        self._nothing = nothing
        self._chosen = chosen
        self._root = ui.element("div").classes("mh-receipts")
        self._badges: dict[str, Badge] | None = None

    def show(self, payments: Sequence[PaymentView]) -> None:
        """Draw `payments` in order."""
        if self._badges is None or list(self._badges) != [payment.request for payment in payments]:
            self._root.clear()
            with self._root:
                self._badges = {payment.request: self._draw(payment) for payment in payments}
                if not payments:
                    ui.label(self._nothing).classes("mh-hint")
        for payment in payments:
            self._badges[payment.request].show(payment.state)

    def _draw(self, payment: PaymentView) -> Badge:
        with ui.element("div" if self._chosen is None else "button").classes("mh-receipt") as row:
            row.mark(f"receipt-{payment.request}")
            with ui.element("div").classes("mh-receipt-main"):
                ui.label(payment.paid if self._chosen is None else f"{payment.paid} · home {payment.home}").classes(
                    "mh-number mh-paid"
                )
                ui.label(f"{payment.fuel} · {payment.made_at}").classes("mh-hint")
                ui.label(f"{payment.to_debt} to debt · {payment.in_token} in token").classes("mh-hint")
                if payment.token and self._chosen is None:
                    ui.label(payment.token).classes("mh-token-small")
            badge = Badge(payment.state)
        if self._chosen is not None:
            choose = self._chosen
            row.on("click", lambda: choose(payment.request))
            row.props('type="button"')
        return badge
