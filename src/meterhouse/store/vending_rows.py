"""Rows of the counter's tables as the counter's own values."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select

from meterhouse.model import Eui64, Fuel, Instant, Money
from meterhouse.store.schema import meters, vends
from meterhouse.supplier.vending import (
    AccountRecord,
    AccountState,
    Agreement,
    ClosedKind,
    DebtPlace,
    MeterRecord,
    Tally,
    Vend,
    VendKind,
    VendState,
)

__all__ = [
    "VENDS",
    "VEND_COLUMNS",
    "account_record",
    "account_values",
    "agreement_record",
    "meter_record",
    "vend_record",
    "vend_values",
]

_STATES: Final = {state.value: state for state in AccountState}
_CLOSED: Final = {kind.value: kind for kind in ClosedKind}
_PLACES: Final = {place.value: place for place in DebtPlace}
_FUELS: Final = {fuel.value: fuel for fuel in Fuel}
# A look into a dictionary takes a tenth of an enumeration's own time, and the counter does four for each payment.

VEND_COLUMNS: Final = (
    *("request", "account", "home", "meter", "network", "at", "currency", "paid", "to_debt", "in_token", "value"),
    *("debt_left", "token", "tid", "state", "kind", "rnd"),
)


VENDS: Final = select(
    vends, select(meters.c.fuel).where(meters.c.meter == vends.c.meter).scalar_subquery().label("fuel")
)
"""Vends, each with the fuel that its meter is registered for; what `vend_record` reads."""


def account_record(row: Any) -> AccountRecord:
    """An account from a row that holds its columns."""
    return AccountRecord(
        account_id=row.account,
        home=row.home,
        debt=Money(row.debt, row.currency),
        debt_share=row.debt_share,
        state=_STATES[row.state],
        closed_why=row.closed_why,
        closed_kind=_CLOSED[row.closed_kind],
        successor=row.successor,
        supplier=row.supplier,
        weekly_cap=None if row.weekly_cap is None else Money(row.weekly_cap, row.currency),
        place=_PLACES[row.debt_place],
        tariff=row.tariff,
        tally=Tally(row.paid_day, row.paid_in_day, row.debt_week, row.debt_in_week),
    )


def account_values(account: AccountRecord, meter: Eui64) -> dict[str, object]:
    """The columns of an account that pays for a meter."""
    return {
        "account": account.account_id,
        "home": account.home,
        "meter": meter.octets.hex(),
        "currency": account.debt.currency,
        "debt": account.debt.amount,
        "debt_share": account.debt_share,
        "state": account.state.value,
        "closed_why": account.closed_why,
        "supplier": account.supplier,
        "closed_kind": account.closed_kind.value,
        "successor": account.successor,
        "weekly_cap": None if account.weekly_cap is None else account.weekly_cap.amount,
        "debt_place": account.place.value,
        "tariff": account.tariff,
        "paid_day": account.tally.day,
        "paid_in_day": account.tally.paid,
        "debt_week": account.tally.week,
        "debt_in_week": account.tally.to_debt,
    }


def meter_record(row: Any) -> MeterRecord:
    """A meter from a row that holds its columns."""
    return MeterRecord(
        meter=Eui64(bytes.fromhex(row.meter)),
        fuel=_FUELS[row.fuel],
        hub=Eui64(bytes.fromhex(row.hub)),
        pan=row.pan,
        supply_group=row.supply_group,
        tariff_index=row.tariff_index,
        key_revision=row.key_revision,
        base_date=row.base_date,
        last_tid=row.last_tid,
        scheme=row.scheme,
    )


def agreement_record(row: Any, currency: str) -> Agreement:
    """An agreement from a row that holds its columns."""
    return Agreement(
        since=Instant(row.since),
        debt_share=row.debt_share,
        weekly_cap=None if row.weekly_cap is None else Money(row.weekly_cap, currency),
        place=DebtPlace(row.debt_place),
        tariff=row.tariff,
        why=row.why,
    )


def vend_record(row: Any) -> Vend:
    """A vend from a row that holds its columns."""
    currency = row.currency
    return Vend(
        request_id=row.request,
        account_id=row.account,
        home=row.home,
        meter=Eui64(bytes.fromhex(row.meter)),
        fuel=_FUELS[row.fuel],
        network=row.network,
        at=Instant(row.at),
        paid=Money(row.paid, currency),
        to_debt=Money(row.to_debt, currency),
        in_token=Money(row.in_token, currency),
        value=Money(row.value, currency),
        debt_left=Money(row.debt_left, currency),
        token=row.token,
        tid=row.tid,
        state=VendState(row.state),
        kind=VendKind(row.kind),
        rnd=row.rnd,
    )


def vend_values(vend: Vend) -> tuple[object, ...]:
    """The columns of a vend, as `VEND_COLUMNS` names them."""
    return (
        vend.request_id,
        vend.account_id,
        vend.home,
        vend.meter.octets.hex(),
        vend.network,
        vend.at,
        vend.paid.currency,
        vend.paid.amount,
        vend.to_debt.amount,
        vend.in_token.amount,
        vend.value.amount,
        vend.debt_left.amount,
        vend.token,
        vend.tid,
        str(vend.state),
        str(vend.kind),
        vend.rnd,
    )
