"""What of a document its caller sees: the fields of each kind of data, which are null for whoever may not see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Request

from meterhouse.app.sight import EVERYTHING, Sight, event_seen
from meterhouse.console.api.documents import HomeDetailDocument, HomeDocument, MeterDocument, PaymentDocument
from meterhouse.console.api.scope_guard import bearer
from meterhouse.supplier.trust import DataKind, Viewer

__all__ = ["FIELDS", "OPEN", "Eyes", "SightOf", "home_seen", "homes_seen", "payment_seen"]

_Home = TypeVar("_Home", bound=HomeDocument)

SightOf = Callable[[str], Sight | None]
"""What a caller with a token sees; None for nothing."""

FIELDS: Final[Mapping[type, Mapping[str, DataKind]]] = {
    MeterDocument: {
        "register_total": DataKind.REGISTERS,
        "cutoff_litres": DataKind.REGISTERS,
        "cutoff_wh": DataKind.REGISTERS,
        "supply": DataKind.EVENTS,
        "link_ok": DataKind.EVENTS,
        "last_contact": DataKind.EVENTS,
        "countdown_half_hours": DataKind.EVENTS,
        "link_week": DataKind.EVENTS,
        "balance": DataKind.PAYMENTS,
        "low_credit": DataKind.PAYMENTS,
        "terms": DataKind.PAYMENTS,
        "why": DataKind.PAYMENTS,
        "account": DataKind.PAYMENTS,
        "debt": DataKind.DEBT,
    },
    HomeDetailDocument: {
        "account": DataKind.PAYMENTS,
        "hub_online": DataKind.EVENTS,
        "last_collected": DataKind.EVENTS,
        "note": DataKind.EVENTS,
        "half_hours": DataKind.HALF_HOURS,
        "payments": DataKind.PAYMENTS,
        "events": DataKind.EVENTS,
    },
    PaymentDocument: {
        # What went to debt is paid less the token: whoever may not see the one is not told the other.
        "to_debt": DataKind.DEBT,
        "in_token": DataKind.DEBT,
        "debt_left": DataKind.DEBT,
        "token": DataKind.DEBT,
    },
}
"""Each field that tells something of a home, with its kind; `OPEN` are the others."""

OPEN: Final[Mapping[type, frozenset[str]]] = {
    MeterDocument: frozenset({"fuel", "serial", "mode", "unit", "valve", "mains", "account_in"}),
    HomeDetailDocument: frozenset({"home", "meters"}),
    PaymentDocument: frozenset({"request", "account", "fuel", "home", "paid", "made_at", "stages"}),
}
"""Fields that go with a home, or with a payment, for whoever sees any of it: what is installed, which payment it is."""


def homes_seen(documents: list[HomeDocument], sight: Sight) -> list[HomeDocument]:
    """The homes of which the caller sees anything, each as far as he does."""
    return [home_seen(each, sight) for each in documents if sight.sees_any(each.home)]


def home_seen(document: _Home, sight: Sight) -> _Home:
    """A home as far as the caller sees it."""
    home = document.home
    changes: dict[str, object] = dict(_hidden(document, FIELDS[HomeDetailDocument], home, sight))
    changes["meters"] = [
        meter.model_copy(update=_hidden(meter, FIELDS[MeterDocument], home, sight)) for meter in document.meters
    ]
    if isinstance(document, HomeDetailDocument):
        if document.payments is not None and "payments" not in changes:
            changes["payments"] = [payment_seen(each, sight) for each in document.payments]
        if document.events is not None and "events" not in changes:
            changes["events"] = [each for each in document.events if event_seen(each.kind, home, sight)]
    return document.model_copy(update=changes)


def payment_seen(document: PaymentDocument, sight: Sight) -> PaymentDocument:
    """A payment that the caller sees, as far as he does."""
    return document.model_copy(update=_hidden(document, FIELDS[PaymentDocument], document.home, sight))


def _hidden(document: object, fields: Mapping[str, DataKind], home: str, sight: Sight) -> dict[str, None]:
    return {name: None for name, kind in fields.items() if hasattr(document, name) and not sight.sees(kind, home)}


def _sight_of(request: Request) -> Sight:
    asked: SightOf | None = request.app.state.sight_of
    if asked is None:
        return EVERYTHING
    found = asked(bearer(request.headers.get("authorization", "")))
    return _NOTHING if found is None else found


_NOTHING: Final = Sight(Viewer.CARRIER)
"""Of a key that was revoked a moment ago: the carrier is blind."""
Eyes = Annotated[Sight, Depends(_sight_of)]
"""What whoever sends the request sees."""
