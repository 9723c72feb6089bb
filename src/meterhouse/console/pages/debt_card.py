"""The debt of the account that is chosen at the counter: what is owed, what was agreed, what payments took."""

from __future__ import annotations

from nicegui import ui

from meterhouse.console.views.debt_view import DebtView

__all__ = ["DebtCard"]


class DebtCard:
    """Redrawn when anything of it changes; not there while no account is chosen."""

    def __init__(self) -> None:
        self._shown: DebtView | None = None
        self._root = ui.element("section").classes("mh-card").mark("debt")
        self._root.set_visibility(False)

    def show(self, debt: DebtView | None) -> None:
        """Draw a debt as it stands now."""
        if debt == self._shown:
            return
        self._shown = debt
        self._root.set_visibility(debt is not None)
        self._root.clear()
        if debt is None:
            return
        with self._root:
            ui.label("Debt").classes("mh-subtitle").props('role="heading" aria-level="2"')
            ui.label(debt.owed).classes("mh-number mh-paid")
            ui.label(debt.now).classes("mh-hint")
            _draw("Agreed", debt.agreed, "Nothing was agreed yet.")
            _draw("Taken from payments", debt.taken, "No payment has paid debt yet.")


def _draw(title: str, lines: tuple[tuple[str, str], ...], nothing: str) -> None:
    ui.label(title).classes("mh-said").props('role="heading" aria-level="3"')
    for when, what in lines:
        ui.label(f"{when}: {what}").classes("mh-hint")
    if not lines:
        ui.label(nothing).classes("mh-hint")
