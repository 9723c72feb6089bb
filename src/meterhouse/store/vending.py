"""The counter's records in SQL: accounts, vends, life lines and the outbox, in the transaction of the payment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, insert, or_, select, update

from meterhouse.model import Eui64, Fuel, Instant, Money
from meterhouse.store.book import SqlBook
from meterhouse.store.commands import SqlCommands, delivery_command
from meterhouse.store.prepared import Prepared
from meterhouse.store.schema import accounts, meters, vend_stages, vends
from meterhouse.store.transaction import Transaction
from meterhouse.supplier.vending import (
    AccountRecord,
    AccountState,
    Customer,
    Delivery,
    MeterRecord,
    StageName,
    StageRecord,
    Vend,
)

__all__ = ["SqlVendingRecords", "account_record", "meter_record"]

_CUSTOMER: Final = Prepared(
    select(
        accounts,
        *(meters.c[name] for name in ("fuel", "hub", "pan", "supply_group", "tariff_index", "key_revision")),
        *(meters.c[name] for name in ("base_date", "last_tid", "scheme")),
    )
    .join(meters, accounts.c.meter == meters.c.meter)
    .where(accounts.c.account == bindparam("id"))
    .with_for_update()
)
_VEND: Final = Prepared(select(vends).where(vends.c.request == bindparam("id")))
_NEWEST: Final = select(vends).order_by(vends.c.id.desc()).limit(bindparam("limit"))
_NEWEST_OF_HOME: Final = _NEWEST.where(vends.c.home == bindparam("home"))
_NEW_VEND: Final = Prepared(insert(vends), [column.name for column in vends.c if column.name != "id"])
_DEBT: Final = Prepared(update(accounts).where(accounts.c.account == bindparam("id")).values(debt=bindparam("owed")))
_TID: Final = Prepared(
    update(meters)
    .where(meters.c.meter == bindparam("id"), or_(meters.c.last_tid.is_(None), meters.c.last_tid < bindparam("newest")))
    .values(last_tid=bindparam("newest"))
)
_STAGES: Final = Prepared(
    select(vend_stages).where(vend_stages.c.request == bindparam("id")).order_by(vend_stages.c.id)
)
_NEW_STAGE: Final = Prepared(insert(vend_stages), ("request", "stage", "at", "reason"))


class SqlVendingRecords:
    """`VendingRecords` within one transaction."""

    __slots__ = ("_transaction", "book")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.book = SqlBook(transaction)

    def customer(self, account_id: str) -> Customer | None:
        """The account and its meter, locked until the commit."""
        rows = self._transaction.quick(_CUSTOMER, {"id": account_id})
        return Customer(account_record(rows[0]), meter_record(rows[0])) if rows else None

    def vend(self, request_id: str) -> Vend | None:
        """The vend of a request."""
        rows = self._transaction.quick(_VEND, {"id": request_id})
        return _vend(rows[0]) if rows else None

    def newest(self, limit: int, home: str | None = None) -> tuple[Vend, ...]:
        """The newest vends, newest first; of one home, or of all."""
        if home is None:
            return tuple(map(_vend, self._transaction.rows(_NEWEST, {"limit": limit})))
        return tuple(map(_vend, self._transaction.rows(_NEWEST_OF_HOME, {"limit": limit, "home": home})))

    def save_vend(self, vend: Vend) -> None:
        """Write a new vend."""
        self._transaction.quick(
            _NEW_VEND,
            {
                "request": vend.request_id,
                "account": vend.account_id,
                "home": vend.home,
                "meter": vend.meter.octets.hex(),
                "network": vend.network,
                "at": vend.at,
                "currency": vend.paid.currency,
                "paid": vend.paid.amount,
                "to_debt": vend.to_debt.amount,
                "in_token": vend.in_token.amount,
                "value": vend.value.amount,
                "debt_left": vend.debt_left.amount,
                "token": vend.token,
                "tid": vend.tid,
            },
        )

    def save_debt(self, account_id: str, debt: Money) -> None:
        """Set what an account owes; the table refuses less than nothing."""
        self._transaction.quick(_DEBT, {"id": account_id, "owed": debt.amount})

    def save_tid(self, meter: Eui64, tid: int) -> None:
        """Set the newest token identifier; a lower one changes nothing."""
        self._transaction.quick(_TID, {"id": meter.octets.hex(), "newest": tid})

    def save_delivery(self, delivery: Delivery) -> None:
        """Put the order to the hub into the outbox."""
        SqlCommands(self._transaction).enqueue(delivery_command(delivery))

    def stages(self, request_id: str) -> Sequence[StageRecord]:
        """The life line so far."""
        rows = self._transaction.quick(_STAGES, {"id": request_id})
        return [StageRecord(StageName(row.stage), Instant(row.at), row.reason) for row in rows]

    def save_stage(self, request_id: str, stage: StageRecord) -> None:
        """Add a step to the life line."""
        self._transaction.quick(
            _NEW_STAGE, {"request": request_id, "stage": stage.name.value, "at": stage.at, "reason": stage.reason}
        )


def account_record(row: Any) -> AccountRecord:
    """An account from a row that holds its columns."""
    return AccountRecord(
        account_id=row.account,
        home=row.home,
        debt=Money(row.debt, row.currency),
        debt_share=row.debt_share,
        state=AccountState(row.state),
        closed_why=row.closed_why,
    )


def meter_record(row: Any) -> MeterRecord:
    """A meter from a row that holds its columns."""
    return MeterRecord(
        meter=Eui64(bytes.fromhex(row.meter)),
        fuel=Fuel(row.fuel),
        hub=Eui64(bytes.fromhex(row.hub)),
        pan=row.pan,
        supply_group=row.supply_group,
        tariff_index=row.tariff_index,
        key_revision=row.key_revision,
        base_date=row.base_date,
        last_tid=row.last_tid,
        scheme=row.scheme,
    )


def _vend(row: Any) -> Vend:
    def money(amount: int) -> Money:
        return Money(amount, row.currency)

    return Vend(
        request_id=row.request,
        account_id=row.account,
        home=row.home,
        meter=Eui64(bytes.fromhex(row.meter)),
        network=row.network,
        at=Instant(row.at),
        paid=money(row.paid),
        to_debt=money(row.to_debt),
        in_token=money(row.in_token),
        value=money(row.value),
        debt_left=money(row.debt_left),
        token=row.token,
        tid=row.tid,
    )
