"""The receipt on show: its split, its token in fours, and the token's life line."""

from __future__ import annotations

from nicegui import ui

from meterhouse.console.views import PaymentView, Step

__all__ = ["ReceiptCard"]


class ReceiptCard:
    """One receipt, redrawn when anything of it changes; an invitation while there is none."""

    def __init__(self) -> None:
        self._shown: PaymentView | None = None
        self._root = ui.element("section").classes("mh-card").props('aria-live="polite"').mark("receipt")
        with self._root:
            _draw_invitation()

    def show(self, payment: PaymentView | None) -> None:
        """Draw a payment as it stands now."""
        if payment == self._shown:
            return
        self._shown = payment
        self._root.clear()
        with self._root:
            if payment is None:
                _draw_invitation()
            else:
                _draw_payment(payment)


def _draw_invitation() -> None:
    ui.label("Receipt").classes("mh-subtitle").props('role="heading" aria-level="2"')
    ui.label("After a payment, its receipt and how far its token has come appear here.").classes("mh-hint")


def _draw_payment(payment: PaymentView) -> None:
    with ui.element("div").classes("mh-headline"):
        ui.label("Receipt").classes("mh-subtitle").props('role="heading" aria-level="2"')
        whose = f"{payment.fuel} account {payment.account} · home {payment.home} · {payment.made_at}"
        ui.label(whose).classes("mh-hint mh-about")
    with ui.element("div").classes("mh-split"):
        _draw_part("Paid", payment.paid, "")
        _draw_part("To debt", payment.to_debt, f"{payment.debt_left} debt left")
        _draw_part("In the token", payment.in_token, "")
    if payment.token:
        with ui.element("div").classes("mh-token"):
            ui.label("Token").classes("mh-hint")
            ui.label(payment.token).classes("mh-token-digits").mark("receipt-token")
        with ui.element("ol").classes("mh-steps"):
            for step in payment.steps:
                _draw_step(step)
    else:
        ui.label("All of it went to debt, so there is no token.").classes("mh-said")
    if payment.why or payment.next_step:
        with ui.element("div").classes("mh-outcome mh-bad"):
            ui.icon("cancel")
            with ui.element("div"):
                ui.label(f"Refused. {payment.why}".strip()).classes("mh-said")
                ui.label(payment.next_step)


def _draw_part(name: str, amount: str, hint: str) -> None:
    with ui.element("div").classes("mh-part"):
        ui.label(name).classes("mh-hint")
        ui.label(amount).classes("mh-number mh-value")
        if hint:
            ui.label(hint).classes("mh-hint")


def _draw_step(step: Step) -> None:
    with ui.element("li").classes(f"mh-step mh-{step.tone}"):
        ui.icon(step.icon)
        with ui.element("div"):
            ui.label(step.word).classes("mh-said")
            ui.label(step.when).classes("mh-hint")
