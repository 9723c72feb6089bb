"""What a home is to show as its debt, and the order that puts it right (S3-88, S3-89)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select

from meterhouse.model import Eui64, Fuel, Instant, Money
from meterhouse.store.commands import DELIVER_TOKEN, SHOW_DEBT, CommandState
from meterhouse.store.schema import accounts, commands, meters, vends
from meterhouse.store.transaction import Transaction
from meterhouse.store.vending import SqlVendingRecords
from meterhouse.supplier.vending import AccountState, VendState, tell_debt

__all__ = ["DebtMismatch", "compare_debt"]

_OPEN_ORDERS: Final = select(func.count()).where(
    commands.c.hub == bindparam("hub"),
    commands.c.kind.in_([DELIVER_TOKEN, SHOW_DEBT]),
    commands.c.state.in_([CommandState.QUEUED.value, CommandState.LEASED.value]),
)
_ACCOUNTS: Final = (
    select(accounts.c.account, accounts.c.home, accounts.c.debt, accounts.c.currency)
    .join(meters, accounts.c.meter == meters.c.meter)
    .where(
        meters.c.hub == bindparam("hub"),
        meters.c.fuel == bindparam("fuel"),
        accounts.c.state == AccountState.OPEN.value,
    )
    .order_by(accounts.c.account)
)
_PENDING: Final = select(func.count()).where(
    vends.c.account == bindparam("account"), vends.c.state == VendState.PENDING.value
)
_MOST: Final = 0xFFFF_FFFF
"""More than this no hub can show."""


@dataclass(frozen=True, slots=True)
class DebtMismatch:
    """A home shows another debt than is owed."""

    home: str
    account: str
    shown: Money
    owed: Money


def compare_debt(transaction: Transaction, hub: Eui64, fuel: Fuel, shown: int, now: Instant) -> DebtMismatch | None:
    """Compare what a home shows for a fuel with what is owed; where they differ, queue the order that puts it right.

    Nothing is compared while an order to the home is on its way or a payment pending: then they may differ.

    Returns:
        The mismatch; None where there is none, or nothing can be said.
    """
    row = transaction.first(_ACCOUNTS, {"hub": hub.octets.hex(), "fuel": fuel.value})
    if row is None or transaction.rows(_OPEN_ORDERS, {"hub": hub.octets.hex()})[0][0]:
        return None
    if min(row.debt, _MOST) == shown or transaction.rows(_PENDING, {"account": row.account})[0][0]:
        return None
    records = SqlVendingRecords(transaction)
    customer = records.customer(row.account)
    assert customer is not None
    tell_debt(records, customer.meter, f"mismatch:{row.account}:{now}", customer.account.debt, now)
    return DebtMismatch(row.home, row.account, Money(shown, row.currency), Money(row.debt, row.currency))
