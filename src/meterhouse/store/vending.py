"""The counter's records in SQL: accounts, vends, life lines and the outbox, in the transaction of the payment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Text, bindparam, exists, insert, literal_column, or_, select, update

from meterhouse.model import Eui64, Instant, Money
from meterhouse.store.book import SqlBook
from meterhouse.store.commands import SqlCommands, delivery_command, delivery_name
from meterhouse.store.many import Many, inserting
from meterhouse.store.prepared import Prepared
from meterhouse.store.schema import accounts, agreements, cards, meters, tallies, vend_stages, vends
from meterhouse.store.transaction import Transaction
from meterhouse.store.vending_rows import (
    VEND_COLUMNS,
    VENDS,
    account_record,
    agreement_record,
    meter_record,
    vend_record,
    vend_values,
)
from meterhouse.supplier.vending import (
    AccountState,
    Agreement,
    CardState,
    ClosedKind,
    Customer,
    Delivery,
    StageName,
    StageRecord,
    Tally,
    Vend,
    VendState,
)

__all__ = ["CUSTOMER", "SqlVendingRecords"]

_SEEN: Final = select(
    accounts,
    *(meters.c[name] for name in ("fuel", "hub", "pan", "supply_group", "tariff_index", "key_revision")),
    *(meters.c[name] for name in ("base_date", "last_tid", "scheme")),
).join(meters, accounts.c.meter == meters.c.meter)
CUSTOMER: Final = _SEEN.with_for_update()
"""An account with its meter, locked."""

_CUSTOMER_SEEN: Final = _SEEN.where(accounts.c.account == bindparam("id"))
_CUSTOMER: Final = Prepared(CUSTOMER.where(accounts.c.account == bindparam("id")))
_VEND: Final = Prepared(VENDS.where(vends.c.request == bindparam("id")))
_NEWEST: Final = VENDS.order_by(vends.c.id.desc()).limit(bindparam("limit"))
_NEWEST_OF_HOME: Final = _NEWEST.where(vends.c.home == bindparam("home"))
_NEW_VEND: Final = inserting(vends, *VEND_COLUMNS)
_SETTLE: Final = Prepared(
    update(vends)
    .where(vends.c.request == bindparam("id"))
    .values(state=bindparam("new_state"), token=bindparam("digits"))
)
_OF_ACCOUNT: Final = VENDS.where(vends.c.account == bindparam("id")).order_by(vends.c.id)
_LATEST: Final = VENDS.where(vends.c.account == bindparam("id")).order_by(vends.c.id.desc()).limit(1)
_UNACCEPTED: Final = _OF_ACCOUNT.where(
    vends.c.state == VendState.POSTED.value,
    vends.c.token != "",
    ~exists().where(vend_stages.c.request == vends.c.request, vend_stages.c.stage == StageName.ACCEPTED.value),
)
_OF_NETWORK: Final = VENDS.where(
    vends.c.network == bindparam("named"), vends.c.at >= bindparam("first"), vends.c.at <= bindparam("last")
).order_by(vends.c.id)
_PENDING: Final = VENDS.where(vends.c.state == literal_column("'pending'")).order_by(vends.c.id)
_CARD: Final = select(cards).where(cards.c.card == bindparam("id"))
_OF_PAN: Final = (
    select(accounts.c.account)
    .join(meters, accounts.c.meter == meters.c.meter)
    .where(meters.c.pan == bindparam("number"))
    .order_by(accounts.c.account)
)
_AGREEMENTS: Final = (
    select(agreements, accounts.c.currency)
    .join(accounts, accounts.c.account == agreements.c.account)
    .where(agreements.c.account == bindparam("id"))
    .order_by(agreements.c.id)
)
_OWED: Final = Many(
    {**dict.fromkeys(("owed", "day", "paid", "week", "recovered"), BigInteger()), "id": Text()},
    lambda row: (
        update(accounts)
        .where(accounts.c.account == row["id"])
        .values(
            debt=row["owed"],
            paid_day=row["day"],
            paid_in_day=row["paid"],
            debt_week=row["week"],
            debt_in_week=row["recovered"],
        )
    ),
)
_SPEND: Final = Prepared(
    update(tallies)
    .where(
        tallies.c.name == bindparam("id"),
        tallies.c.day == bindparam("today"),
        tallies.c.amount + bindparam("more") <= bindparam("most"),
    )
    .values(amount=tallies.c.amount + bindparam("more"))
    .returning(tallies.c.name)
)
_TALLY: Final = select(tallies).where(tallies.c.name == bindparam("id"))
_NEW_DAY: Final = (
    update(tallies).where(tallies.c.name == bindparam("id")).values(day=bindparam("today"), amount=bindparam("more"))
)
_TID: Final = Many(
    {"id": Text(), "newest": BigInteger()},
    lambda row: (
        update(meters)
        .where(meters.c.meter == row["id"], or_(meters.c.last_tid.is_(None), meters.c.last_tid < row["newest"]))
        .values(last_tid=row["newest"])
    ),
)
_STAGES: Final = Prepared(
    select(vend_stages).where(vend_stages.c.request == bindparam("id")).order_by(vend_stages.c.id)
)
_NEW_STAGE: Final = inserting(vend_stages, "request", "stage", "at", "reason")


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

    def customer_unlocked(self, account_id: str) -> Customer | None:
        """The account and its meter, to look at: another may change them meanwhile."""
        rows = self._transaction.rows(_CUSTOMER_SEEN, {"id": account_id})
        return Customer(account_record(rows[0]), meter_record(rows[0])) if rows else None

    def vend(self, request_id: str) -> Vend | None:
        """The vend of a request."""
        rows = self._transaction.quick(_VEND, {"id": request_id})
        return vend_record(rows[0]) if rows else None

    def newest(self, limit: int, home: str | None = None) -> tuple[Vend, ...]:
        """The newest vends, newest first; of one home, or of all."""
        if home is None:
            return tuple(map(vend_record, self._transaction.rows(_NEWEST, {"limit": limit})))
        return tuple(map(vend_record, self._transaction.rows(_NEWEST_OF_HOME, {"limit": limit, "home": home})))

    def save_vend(self, vend: Vend) -> None:
        """Write a new vend."""
        self.save_vends([vend])

    def save_vends(self, new: Sequence[Vend]) -> None:
        """Write new vends."""
        self._transaction.many(_NEW_VEND, list(map(vend_values, new)))

    def settle_vend(self, request_id: str, state: VendState, token: str) -> None:
        """Give a vend its new state, and its token."""
        self._transaction.quick(_SETTLE, {"id": request_id, "new_state": state.value, "digits": token})

    def latest(self, account_id: str) -> Vend | None:
        """The newest vend of an account."""
        row = self._transaction.first(_LATEST, {"id": account_id})
        return vend_record(row) if row else None

    def of_account(self, account_id: str) -> tuple[Vend, ...]:
        """All vends of an account, oldest first."""
        return tuple(map(vend_record, self._transaction.rows(_OF_ACCOUNT, {"id": account_id})))

    def unaccepted(self, account_id: str) -> tuple[Vend, ...]:
        """Posted vends of an account whose tokens nobody has reported as accepted, oldest first."""
        return tuple(map(vend_record, self._transaction.rows(_UNACCEPTED, {"id": account_id})))

    def vends_of_network(self, network: str, first: Instant, last: Instant) -> tuple[Vend, ...]:
        """What a payment network sold from `first` up to and with `last`, oldest first."""
        wanted = {"named": network, "first": first, "last": last}
        return tuple(map(vend_record, self._transaction.rows(_OF_NETWORK, wanted)))

    def pending(self) -> tuple[Vend, ...]:
        """Every vend that is pending, oldest first."""
        return tuple(map(vend_record, self._transaction.rows(_PENDING)))

    def card(self, card: str) -> tuple[str, CardState] | None:
        """The account of a card, and whether the card may still be used; None for an unknown card."""
        row = self._transaction.first(_CARD, {"id": card})
        return None if row is None else (row.account, CardState(row.state))

    def accounts_of_pan(self, pan: str) -> tuple[str, ...]:
        """The accounts that pay, or paid, for the meter with this MeterPAN."""
        return tuple(row.account for row in self._transaction.rows(_OF_PAN, {"number": pan})) if pan else ()

    def save_owed(self, account_id: str, debt: Money, tally: Tally) -> None:
        """Set what an account owes, and what it has done; the table refuses less than nothing."""
        self.save_owed_of([(account_id, debt, tally)])

    def save_owed_of(self, owed: Sequence[tuple[str, Money, Tally]]) -> None:
        """The same for many accounts, each once."""
        self._transaction.many(
            _OWED,
            [
                (debt.amount, tally.day, tally.paid, tally.week, tally.to_debt, account_id)
                for account_id, debt, tally in owed
            ],
        )

    def save_agreement(self, account_id: str, agreement: Agreement) -> None:
        """Let an agreement hold from now on; the former ones stay readable."""
        cap = None if agreement.weekly_cap is None else agreement.weekly_cap.amount
        terms = {
            "debt_share": agreement.debt_share,
            "weekly_cap": cap,
            "debt_place": agreement.place.value,
            "tariff": agreement.tariff,
        }
        self._transaction.execute(update(accounts).where(accounts.c.account == account_id).values(terms))
        self._transaction.execute(
            insert(agreements), {"account": account_id, "since": agreement.since, "why": agreement.why, **terms}
        )

    def agreements(self, account_id: str) -> tuple[Agreement, ...]:
        """All agreements of an account, oldest first."""
        rows = self._transaction.rows(_AGREEMENTS, {"id": account_id})
        return tuple(agreement_record(row, row.currency) for row in rows)

    def close(self, account_id: str, kind: ClosedKind, why: str, successor: str) -> None:
        """Close an account for ever."""
        closed = {
            "state": AccountState.CLOSED.value,
            "closed_kind": kind.value,
            "closed_why": why,
            "successor": successor,
        }
        self._transaction.execute(update(accounts).where(accounts.c.account == account_id).values(closed))

    def spend(self, name: str, day: int, amount: int, most: int) -> bool:
        """Add to a tally of one day; whether it stays at or below `most` (if not, nothing was added)."""
        wanted = {"id": name, "today": day, "more": amount, "most": most}
        if self._transaction.quick(_SPEND, wanted):
            return True
        row = self._transaction.first(_TALLY, {"id": name})
        if amount > most or (row is not None and row.day >= day):
            return False
        self.save_tally(name, day, amount, exists=row is not None)
        return True

    def save_tally(self, name: str, day: int, amount: int, *, exists: bool) -> None:
        """Set a tally."""
        if exists:
            self._transaction.execute(_NEW_DAY, {"id": name, "today": day, "more": amount})
        else:
            self._transaction.execute(insert(tallies), {"name": name, "day": day, "amount": amount})

    def save_tid(self, meter: Eui64, tid: int) -> None:
        """Set the newest token identifier; a lower one changes nothing."""
        self.save_tids_of([(meter, tid)])

    def save_tids_of(self, newest: Sequence[tuple[Eui64, int]]) -> None:
        """The same for many meters, each once."""
        self._transaction.many(_TID, [(meter.octets.hex(), tid) for meter, tid in newest])

    def save_delivery(self, delivery: Delivery) -> None:
        """Put the order to the hub into the outbox."""
        SqlCommands(self._transaction).enqueue_new(delivery_command(delivery))

    def withdraw_delivery(self, request_id: str, reason: str) -> bool:
        """Take an order out of the outbox; whether nobody had claimed it yet (then it can never be delivered)."""
        return SqlCommands(self._transaction).withdraw(delivery_name(request_id), reason)

    def stages(self, request_id: str) -> Sequence[StageRecord]:
        """The life line so far."""
        rows = self._transaction.quick(_STAGES, {"id": request_id})
        return [StageRecord(StageName(row.stage), Instant(row.at), row.reason) for row in rows]

    def save_stage(self, request_id: str, stage: StageRecord) -> None:
        """Add a step to the life line."""
        self.save_stages([(request_id, stage)])

    def save_stages(self, new: Sequence[tuple[str, StageRecord]]) -> None:
        """Add steps to life lines."""
        self._transaction.many(
            _NEW_STAGE, [(request_id, str(stage.name), stage.at, stage.reason) for request_id, stage in new]
        )
