"""The ledger's book in SQL: an append-only table; its unique index is what makes a transfer happen once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Row, and_, bindparam, case, func, or_, select

from meterhouse.model import Instant, Money
from meterhouse.store.many import inserting
from meterhouse.store.prepared import Prepared
from meterhouse.store.schema import transfers
from meterhouse.store.transaction import Transaction
from meterhouse.supplier.ledger import AccountCode, Transfer, TransferKind

__all__ = ["SqlBook"]

_PAGE: Final = 5_000
"""Lines of the journal that are in memory at a time."""

_INSERT: Final = inserting(transfers, "request", "kind", "debit", "credit", "amount", "currency", "at")
_OF_REQUEST: Final = Prepared(
    select(transfers).where(transfers.c.request == bindparam("named")).order_by(transfers.c.id)
)
_PAGE_AFTER: Final = select(transfers).where(transfers.c.id > bindparam("after")).order_by(transfers.c.id).limit(_PAGE)
_BALANCE: Final = select(
    func.coalesce(
        func.sum(case((transfers.c.debit == bindparam("code"), transfers.c.amount), else_=-transfers.c.amount)), 0
    )
).where(
    and_(
        transfers.c.currency == bindparam("currency"),
        or_(transfers.c.debit == bindparam("code"), transfers.c.credit == bindparam("code")),
    )
)

_DEBITS, _CREDITS = (
    select(side.label("code"), transfers.c.currency, func.sum(transfers.c.amount).label("total")).group_by(
        side, transfers.c.currency
    )
    for side in (transfers.c.debit, transfers.c.credit)
)


class SqlBook:
    """A `Book` within one transaction. Balances are summed over the journal: right for a check, slow for a counter."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def append(self, lines: Sequence[Transfer]) -> None:
        """Write transfers that are not there yet."""
        self._transaction.many(_INSERT, list(map(_row, lines)))

    def transfers_of(self, request_id: str) -> Sequence[Transfer]:
        """All transfers of one request, in the order written."""
        return [_transfer(row) for row in self._transaction.quick(_OF_REQUEST, {"named": request_id})]

    def balance(self, account: AccountCode, currency: str) -> Money:
        """Debits minus credits of one account."""
        row = self._transaction.first(_BALANCE, {"code": str(account), "currency": currency})
        return Money(int(row[0]) if row else 0, currency)

    def balances(self) -> dict[tuple[AccountCode, str], Money]:
        """Debits minus credits of every account that has lines: two sums in the database."""
        found: dict[tuple[AccountCode, str], Money] = {}
        for statement, sign in ((_DEBITS, 1), (_CREDITS, -1)):
            for row in self._transaction.rows(statement):
                place = (AccountCode.parse(row.code), row.currency)
                before = found.get(place, Money(0, row.currency))
                found[place] = before + Money(sign * int(row.total), row.currency)
        return found

    def journal(self) -> Iterator[Transfer]:
        """Every transfer, in the order written."""
        after = 0
        while rows := self._transaction.rows(_PAGE_AFTER, {"after": after}):
            after = rows[-1].id
            yield from map(_transfer, rows)


def _row(line: Transfer) -> tuple[object, ...]:
    amount = line.amount
    return (
        line.request_id,
        str(line.kind),
        str(line.debit),
        str(line.credit),
        amount.amount,
        amount.currency,
        line.at,
    )


def _transfer(row: Row[Any]) -> Transfer:
    return Transfer(
        row.request,
        TransferKind(row.kind),
        AccountCode.parse(row.debit),
        AccountCode.parse(row.credit),
        Money(row.amount, row.currency),
        Instant(row.at),
    )
