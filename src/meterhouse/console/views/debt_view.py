"""An account's debt as texts: one line for what holds now, one for each agreement, one for each payment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from meterhouse.app.debt_history import DebtHistory, DebtTerms
from meterhouse.console.views.words import clock_text, money_text

__all__ = ["DebtView", "debt_view"]

_PLACES: Final = {
    "meter": "The meter recovers it; nothing is taken at the counter",
    "moving": "It moves from the meter to the counter: until the meter has confirmed, nothing is taken",
}


@dataclass(frozen=True, slots=True)
class DebtView:
    """Ready to draw.

    Attributes:
        owed: such as `£81.00 owed`; `Nothing owed`.
        now: what holds now, a sentence.
        agreed: (when, what), newest first.
        taken: (when, what), newest first.
    """

    owed: str
    now: str
    agreed: tuple[tuple[str, str], ...]
    taken: tuple[tuple[str, str], ...]


def debt_view(history: DebtHistory, zone: tzinfo) -> DebtView:
    """The history as it stands now."""
    return DebtView(
        owed=f"{money_text(history.owed)} owed" if history.owed.amount else "Nothing owed",
        now=f"{_terms(history.terms[0])}." if history.terms else "Nothing was agreed.",
        agreed=tuple(
            (clock_text(terms.since, zone), f"{_terms(terms)}{f' ({terms.why})' if terms.why else ''}")
            for terms in history.terms
        ),
        taken=tuple(
            (
                clock_text(one.at, zone),
                f"{money_text(one.to_debt)} of {money_text(one.paid)} paid debt; {money_text(one.left)} left",
            )
            for one in history.taken
        ),
    )


def _terms(terms: DebtTerms) -> str:
    if terms.place in _PLACES:
        return _PLACES[terms.place]
    if not terms.share:
        return "Nothing of a payment pays debt"
    cap = "" if terms.weekly_cap is None else f", at most {money_text(terms.weekly_cap)} a week"
    return f"{terms.share / 100:g} % of each payment pays debt{cap}"
