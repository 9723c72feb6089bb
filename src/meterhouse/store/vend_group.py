"""Many payments, few statements: what a group of payments reads is fetched at once, and what it writes is written so.

Each payment still runs `vending.pay` by itself, on records that look as if it were alone: it sees all that the payments
before it did, and where it raises, nothing of it is kept. Then each table gets one statement with all new rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import bindparam, select

from meterhouse.model import Eui64, Money
from meterhouse.store.book import SqlBook
from meterhouse.store.commands import NewCommand, SqlCommands, delivery_command
from meterhouse.store.prepared import PreparedList
from meterhouse.store.schema import accounts, tallies, vends
from meterhouse.store.transaction import Transaction
from meterhouse.store.vending import CUSTOMER, SqlVendingRecords
from meterhouse.store.vending_rows import VENDS, account_record, meter_record, vend_record
from meterhouse.supplier.ledger import Transfer
from meterhouse.supplier.vending import Customer, Delivery, PaymentRequest, StageRecord, Tally, Vend

__all__ = ["Outcome", "run_payments"]

Outcome = tuple[Any, Exception | None]
Payment = tuple[PaymentRequest, Callable[[SqlVendingRecords], Any]]

_VENDS: Final = PreparedList(lambda wanted: VENDS.where(vends.c.request.in_(wanted)))
_CUSTOMERS: Final = PreparedList(
    lambda wanted: CUSTOMER.where(accounts.c.account.in_(wanted)).order_by(accounts.c.account)
)
_TALLY: Final = select(tallies).where(tallies.c.name == bindparam("id")).with_for_update()


def run_payments(transaction: Transaction, payments: Sequence[Payment]) -> list[Outcome]:
    """Run each payment on the group's records, then write all that they wrote.

    Returns:
        For each, its result or what it raised. Whatever the database raises goes on.
    """
    group = _Group(transaction, [request for request, _ in payments])
    outcomes: list[Outcome] = []
    for _, job in payments:
        draft = _Draft(group)
        try:
            result = job(draft)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for this payment
            outcomes.append((None, error))
        else:
            draft.merge()
            outcomes.append((result, None))
    group.write()
    return outcomes


class _Group:
    """What the payments of a group have read and written."""

    def __init__(self, transaction: Transaction, requests: Iterable[PaymentRequest]) -> None:
        self.transaction = transaction
        named: dict[str, Vend | None] = {}
        whose: dict[str, Customer | None] = {}
        for request in requests:
            named[request.request_id] = None
            whose[request.account_id] = None
        rows = transaction.quick(*_VENDS.of(sorted(named)))
        self.vends = {**named, **{row.request: vend_record(row) for row in rows}}
        self.customers = whose
        for row in transaction.quick(*_CUSTOMERS.of(sorted(whose))):
            self.customers[row.account] = Customer(account_record(row), meter_record(row))
        self.tids: dict[Eui64, int] = {}
        self.owed: dict[str, tuple[Money, Tally]] = {}
        self.tallies: dict[str, tuple[int, int, bool]] = {}
        self.new_vends: list[Vend] = []
        self.stages: list[tuple[str, StageRecord]] = []
        self.commands: list[NewCommand] = []
        self.transfers: list[Transfer] = []
        self.spent: set[str] = set()

    def tally(self, name: str) -> tuple[int, int, bool]:
        """(day, amount, whether the row exists) of a tally, locked for the rest of the transaction."""
        if name not in self.tallies:
            row = self.transaction.first(_TALLY, {"id": name})
            self.tallies[name] = (0, 0, False) if row is None else (row.day, row.amount, True)
        return self.tallies[name]

    def write(self) -> None:
        """Each table's new rows in one statement; accounts in their order, so that two writers never wait in a ring."""
        records = SqlVendingRecords(self.transaction)
        records.save_owed_of([(account, *self.owed[account]) for account in sorted(self.owed)])
        records.save_tids_of(sorted(self.tids.items(), key=lambda item: item[0].octets))
        records.save_vends(self.new_vends)
        SqlBook(self.transaction).append(self.transfers)
        records.save_stages(self.stages)
        SqlCommands(self.transaction).enqueue_all(self.commands)
        for name in self.spent:
            day, amount, exists = self.tallies[name]
            records.save_tally(name, day, amount, exists=exists)


class _Draft(SqlVendingRecords):
    """The records of one payment: reads see the group, writes are the group's only once the payment has succeeded."""

    __slots__ = ("_commands", "_group", "_lines", "_owed", "_spent", "_stages", "_tids", "_vends")

    def __init__(self, group: _Group) -> None:
        super().__init__(group.transaction)
        self._group = group
        self._lines: list[Transfer] = []
        self._vends: list[Vend] = []
        self._stages: list[tuple[str, StageRecord]] = []
        self._commands: list[NewCommand] = []
        self._owed: dict[str, tuple[Money, Tally]] = {}
        self._tids: dict[Eui64, int] = {}
        self._spent: dict[str, tuple[int, int, bool]] = {}
        self.book = _DraftBook(group.transaction, self._lines)

    def merge(self) -> None:
        """Let the group have what this payment wrote."""
        group = self._group
        group.transfers += self._lines
        group.new_vends += self._vends
        group.stages += self._stages
        group.commands += self._commands
        group.tids |= self._tids
        group.tallies |= self._spent
        group.spent |= self._spent.keys()
        for vend in self._vends:
            group.vends[vend.request_id] = vend
        group.owed |= self._owed

    def vend(self, request_id: str) -> Vend | None:
        return self._group.vends[request_id] if request_id in self._group.vends else super().vend(request_id)

    def customer(self, account_id: str) -> Customer | None:
        group = self._group
        if account_id not in group.customers:
            group.customers[account_id] = super().customer(account_id)
        customer = group.customers[account_id]
        if customer is None:
            return None
        account, meter = customer.account, customer.meter
        if account_id in group.owed:
            debt, tally = group.owed[account_id]
            account = replace(account, debt=debt, tally=tally)
        if meter.meter in group.tids:
            meter = replace(meter, last_tid=group.tids[meter.meter])
        return Customer(account, meter)

    def spend(self, name: str, day: int, amount: int, most: int) -> bool:
        before, spent, exists = self._spent.get(name) or self._group.tally(name)
        total = amount + (spent if before >= day else 0)
        if total > most:
            return False
        self._spent[name] = (max(day, before), total, exists)
        return True

    def save_vend(self, vend: Vend) -> None:
        self._vends.append(vend)

    def save_owed(self, account_id: str, debt: Money, tally: Tally) -> None:
        self._owed[account_id] = (debt, tally)

    def save_tid(self, meter: Eui64, tid: int) -> None:
        self._tids[meter] = tid

    def save_delivery(self, delivery: Delivery) -> None:
        self._commands.append(delivery_command(delivery))

    def save_stage(self, request_id: str, stage: StageRecord) -> None:
        self._stages.append((request_id, stage))


class _DraftBook(SqlBook):
    """A book whose new lines wait with their payment."""

    __slots__ = ("_lines",)

    def __init__(self, transaction: Transaction, lines: list[Transfer]) -> None:
        super().__init__(transaction)
        self._lines = lines

    def append(self, lines: Sequence[Transfer]) -> None:
        self._lines += lines
