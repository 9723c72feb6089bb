"""The registry: homes, their meters, and the prepayment accounts that pay for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, update

from meterhouse.model import Eui64, Instant, Money, NotFoundError, StateError
from meterhouse.store.book import SqlBook
from meterhouse.store.schema import accounts, cards, homes, meters
from meterhouse.store.transaction import Transaction
from meterhouse.store.vending import SqlVendingRecords
from meterhouse.store.vending_rows import account_record, account_values, meter_record
from meterhouse.supplier.ledger import Breach, breaches, debt_breaches, opening_debt_entry, post
from meterhouse.supplier.vending import (
    AccountRecord,
    AccountState,
    Agreement,
    CardState,
    ClosedKind,
    MeterRecord,
)

__all__ = ["HomeRecord", "RegisteredMeter", "SqlRegistry", "verify"]


@dataclass(frozen=True, slots=True)
class HomeRecord:
    """A home.

    Attributes:
        home: its short id.
        hub: identity of its hub.
        note: what is special about it.
    """

    home: str
    hub: Eui64
    note: str = ""


@dataclass(frozen=True, slots=True)
class RegisteredMeter:
    """A meter at a home.

    Attributes:
        serial: what is printed on it.
        record: what a token for it is bound to.
    """

    home: str
    serial: str
    record: MeterRecord


_HOME: Final = select(homes).where(homes.c.home == bindparam("id"))
_METER: Final = select(meters).where(meters.c.meter == bindparam("id"))
_ACCOUNT: Final = select(accounts).where(accounts.c.account == bindparam("id"))
_CLOSE: Final = (
    update(accounts)
    .where(accounts.c.account == bindparam("id"))
    .values(state=AccountState.CLOSED.value, closed_kind=ClosedKind.CLOSED.value, closed_why=bindparam("why"))
)


class SqlRegistry:
    """The registry within one transaction. What is registered again with the same contents stays as it is."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add_home(self, home: HomeRecord) -> None:
        """Register a home.

        Raises:
            StateError: the id is another home's.
        """
        row = self._transaction.first(_HOME, {"id": home.home})
        if row is None:
            values = {"home": home.home, "hub": home.hub.octets.hex(), "note": home.note}
            self._transaction.execute(insert(homes), values)
        elif _home(row) != home:
            raise StateError(f"home {home.home} is registered with other contents", remedy="Choose another id.")

    def add_meter(self, meter: RegisteredMeter) -> None:
        """Register a meter; a token identifier that has risen since does not count as a difference.

        Raises:
            StateError: the identity is registered with other contents.
        """
        record = meter.record
        values = {
            "meter": record.meter.octets.hex(),
            "home": meter.home,
            "fuel": record.fuel.value,
            "serial": meter.serial,
            "hub": record.hub.octets.hex(),
            "pan": record.pan,
            "supply_group": record.supply_group,
            "tariff_index": record.tariff_index,
            "key_revision": record.key_revision,
            "base_date": record.base_date,
            "last_tid": record.last_tid,
            "scheme": record.scheme,
        }
        row = self._transaction.first(_METER, {"id": values["meter"]})
        if row is None:
            self._transaction.execute(insert(meters), values)
        elif {**row._mapping, "last_tid": None} != {**values, "last_tid": None}:  # noqa: SLF001 - its public name
            raise StateError(f"meter {record.meter} is registered with other contents")

    def replace_hub(self, old: Eui64, new: Eui64) -> None:
        """Another hub stands where one stood."""
        for table in (homes, meters):
            change = update(table).where(table.c.hub == old.octets.hex()).values(hub=new.octets.hex())
            self._transaction.execute(change)

    def open_account(self, account: AccountRecord, meter: Eui64, at: Instant) -> None:
        """Open a prepayment account for a meter, and book the debt it brings with it.

        Raises:
            StateError: the account is there already, for another home or meter.
        """
        row = self._transaction.first(_ACCOUNT, {"id": account.account_id})
        if row is not None:
            if (row.home, row.meter, row.currency) != (account.home, meter.octets.hex(), account.debt.currency):
                raise StateError(f"account {account.account_id} is another home's", remedy="Choose another id.")
            return
        self._transaction.execute(insert(accounts), account_values(account, meter))
        terms = Agreement(at, account.debt_share, account.weekly_cap, account.place, account.tariff, "opening")
        SqlVendingRecords(self._transaction).save_agreement(account.account_id, terms)
        if account.debt.amount:
            entry = opening_debt_entry(
                f"opening:{account.account_id}", account=account.account_id, debt=account.debt, at=at
            )
            post(SqlBook(self._transaction), [entry])

    def add_card(self, card: str, account_id: str) -> None:
        """Give an account a new card; its former cards are replaced, and refused from now on.

        Raises:
            StateError: the card's number was given out before.
        """
        if self._transaction.first(select(cards).where(cards.c.card == card)) is not None:
            raise StateError(f"card {card} was given out before", remedy="Give each card a number of its own.")
        replaced = update(cards).where(cards.c.account == account_id).values(state=CardState.REPLACED.value)
        self._transaction.execute(replaced)
        new = {"card": card, "account": account_id, "state": CardState.CURRENT.value}
        self._transaction.execute(insert(cards), new)

    def close_account(self, account_id: str, why: str) -> None:
        """Close an account for ever: its tenancy ended, or another supplier took over (S3-90).

        Raises:
            NotFoundError: no such account.
        """
        if self._transaction.execute(_CLOSE, {"id": account_id, "why": why}).rowcount == 0:
            raise NotFoundError(f"no account '{account_id}'")

    def homes(self) -> tuple[HomeRecord, ...]:
        """All homes, by id."""
        return tuple(map(_home, self._transaction.rows(select(homes).order_by(homes.c.home))))

    def meters(self, home: str | None = None) -> tuple[RegisteredMeter, ...]:
        """The meters of a home, or of all, by home and fuel."""
        wanted = select(meters).order_by(meters.c.home, meters.c.fuel, meters.c.meter)
        rows = self._transaction.rows(wanted if home is None else wanted.where(meters.c.home == home))
        return tuple(RegisteredMeter(row.home, row.serial, meter_record(row)) for row in rows)

    def account(self, account_id: str) -> AccountRecord:
        """One account.

        Raises:
            NotFoundError: no such account.
        """
        row = self._transaction.first(_ACCOUNT, {"id": account_id})
        if row is None:
            raise NotFoundError(f"no account '{account_id}'", remedy="Check the number on the customer's card.")
        return account_record(row)

    def accounts(self, home: str | None = None) -> tuple[AccountRecord, ...]:
        """The accounts of a home, or of all, by id."""
        wanted = select(accounts).order_by(accounts.c.account)
        rows = self._transaction.rows(wanted if home is None else wanted.where(accounts.c.home == home))
        return tuple(map(account_record, rows))


def verify(transaction: Transaction) -> tuple[Breach, ...]:
    """Every law of money that the stored book breaks; empty is what must be. Reads the whole journal."""
    held: dict[str, Money] = {record.account_id: record.debt for record in SqlRegistry(transaction).accounts()}
    book = SqlBook(transaction)
    return breaches(book) + debt_breaches(book, held)


def _home(row: Row[Any]) -> HomeRecord:
    return HomeRecord(row.home, Eui64(bytes.fromhex(row.hub)), row.note)
