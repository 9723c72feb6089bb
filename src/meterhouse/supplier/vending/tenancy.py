"""An account's life: agreements and their history, legacy meter debt, change of tenancy and supplier (S3-90, S3-91).

The rule at an end: the credit that the premises report goes with the customer (paid out at a change of tenancy, sent to
the new supplier at a change of supplier); the debt stays with the person who made it, or is assigned to the new
supplier where the two agree. Orders that were not claimed are withdrawn, and their payments given back, before the
credit is reckoned. Older tokens die with the key change that the caller then orders. Who moves in is shown no debt of
whoever moved out.
"""

from __future__ import annotations

from dataclasses import dataclass

from meterhouse.model import Instant, Money, StateError, UsageError
from meterhouse.supplier.ledger import (
    AccountCode,
    AccountKind,
    consumed_entry,
    leaving_entries,
    meter_debt_entry,
    post,
)
from meterhouse.supplier.vending.debt import WHOLE_SHARE
from meterhouse.supplier.vending.outbox import tell_debt
from meterhouse.supplier.vending.records import (
    AccountRecord,
    AccountState,
    Agreement,
    ClosedKind,
    Customer,
    DebtPlace,
    VendingRecords,
)
from meterhouse.supplier.vending.refusals import UnknownAccountError
from meterhouse.supplier.vending.reversal import undo

__all__ = ["Leaving", "agree", "consumed", "end_account", "meter_forgot", "meter_took_debt", "order_meter_to_forget"]


@dataclass(frozen=True, slots=True)
class Leaving:
    """How an account ends.

    Attributes:
        kind: TENANCY or SUPPLIER.
        credit: left at the premises, as read there; it may be less than nothing (emergency credit in use).
        assign_debt: whether the new supplier takes the debt over; at a change of tenancy it never moves.
        paid_by: the network that pays the credit out; at a change of supplier unused.
        successor: the new supplier, or the new tenant's account.
    """

    kind: ClosedKind
    credit: Money
    assign_debt: bool = False
    paid_by: str = "house"
    successor: str = ""


def agree(records: VendingRecords, account_id: str, agreement: Agreement) -> None:
    """Let an agreement hold from its instant on; the history keeps the former ones.

    A debt is recovered at one place only (C-02). From meter to counter it goes by `order_meter_to_forget` and
    `meter_forgot` alone; what a meter takes afterwards all the same is refused by `meter_took_debt`.

    Raises:
        UnknownAccountError: no such account.
        StateError: the meter recovers the debt, and has not confirmed that it stopped.
        UsageError: share or cap are outside their range, or the agreement begins before the one that holds.
    """
    account = _customer(records, account_id).account
    if account.place is not DebtPlace.COUNTER and agreement.place is DebtPlace.COUNTER and account.debt.amount:
        raise StateError(
            f"the meter of account {account_id} recovers its debt",
            why="Until it has confirmed that it forgot it, the debt would be taken twice (C-02).",
            remedy="Order it to forget the debt, and let the counter begin with its confirmation.",
        )
    _keep(records, account_id, agreement)


def order_meter_to_forget(records: VendingRecords, account_id: str, at: Instant) -> None:
    """Begin to move a debt from meter to counter: the meter is to set its debt register to zero.

    Until `meter_forgot`, neither place takes anything new: the counter nothing, and what the meter took before it
    heard still counts. Again does nothing.

    Raises:
        StateError: the debt is not recovered by the meter.
    """
    account = _customer(records, account_id).account
    if account.place is DebtPlace.MOVING:
        return
    if account.place is not DebtPlace.METER:
        raise StateError(f"the debt of account {account_id} is not recovered by its meter")
    _keep(
        records, account_id, Agreement(at, 0, place=DebtPlace.MOVING, tariff=account.tariff, why="meter is to forget")
    )


def meter_forgot(records: VendingRecords, account_id: str, report_id: str, taken: Money, agreement: Agreement) -> Money:
    """The meter's debt register is zero; it took `taken` since its last report. The counter begins; once by its id.

    Returns:
        The debt that is left, for the counter to recover.

    Raises:
        StateError: the meter was not told to, or took more than is owed.
        UsageError: the agreement is not one of the counter, or does not fit.
    """
    account = _customer(records, account_id).account
    if account.place is DebtPlace.COUNTER and records.book.transfers_of(report_id):
        return account.debt
    if account.place is not DebtPlace.MOVING:
        raise StateError(f"the meter of account {account_id} was not told to forget its debt")
    if agreement.place is not DebtPlace.COUNTER:
        raise UsageError(f"the debt of account {account_id} moves to the counter, not to '{agreement.place.value}'")
    left = account.debt
    if taken.amount:
        left = meter_took_debt(records, account_id, report_id, taken, agreement.since)
    _keep(records, account_id, agreement)
    return left


def _keep(records: VendingRecords, account_id: str, agreement: Agreement) -> None:
    account = _customer(records, account_id).account
    if not 0 <= agreement.debt_share <= WHOLE_SHARE:
        raise UsageError(f"debt share {agreement.debt_share} is not 0 to {WHOLE_SHARE}")
    if agreement.weekly_cap is not None and agreement.weekly_cap < Money(0, account.debt.currency):
        raise UsageError(f"weekly cap {agreement.weekly_cap} is below zero")
    if agreement.place is not DebtPlace.COUNTER and agreement.debt_share:
        raise UsageError(
            f"account {account_id} cannot recover debt at meter and counter",
            why="A debt would be taken twice (C-02).",
            remedy="Set the share at the counter to zero.",
        )
    before = records.agreements(account_id)
    if before and agreement.since < before[-1].since:
        raise UsageError(f"an agreement of account {account_id} from a later time holds already")
    records.save_agreement(account_id, agreement)


def meter_took_debt(records: VendingRecords, account_id: str, report_id: str, taken: Money, at: Instant) -> Money:
    """A meter in the legacy mode reports debt that it has recovered since its last report; once by its id.

    Returns:
        The debt that is left.

    Raises:
        StateError: the account recovers its debt at the counter, or the meter took more than is owed.
    """
    customer = _customer(records, account_id)
    account = customer.account
    if records.book.transfers_of(report_id):
        post(records.book, [meter_debt_entry(report_id, account=account_id, taken=taken, at=at)])
        return account.debt
    if account.place is DebtPlace.COUNTER:
        raise StateError(
            f"the meter of account {account_id} took {taken} of debt",
            why="Its debt is recovered at the counter: the customer would pay twice (C-02).",
            remedy="Set the meter's debt register to zero, and give this amount back.",
        )
    if account.debt < taken:
        raise StateError(f"the meter of account {account_id} took {taken}, and only {account.debt} is owed")
    post(records.book, [meter_debt_entry(report_id, account=account_id, taken=taken, at=at)])
    left = account.debt - taken
    records.save_owed(account_id, left, account.tally)
    tell_debt(records, customer.meter, f"meter/{report_id}", left, at)
    return left


def consumed(records: VendingRecords, account_id: str, bill_id: str, value: Money, at: Instant) -> None:
    """Book what a bill shows to have been consumed at the premises as revenue; once by the bill's id."""
    account = _customer(records, account_id).account
    post(records.book, [consumed_entry(bill_id, account=account.account_id, value=value, at=at)])


def end_account(records: VendingRecords, account_id: str, leaving: Leaving, at: Instant) -> AccountRecord:
    """Close an account for ever, and move its credit, and its debt where that is assigned. One transaction.

    Returns:
        The account as it was; what it still owes stays on it.

    Raises:
        StateError: it is closed already.
        UsageError: the ending is neither a tenancy's nor a supplier's.
    """
    account = _customer(records, account_id).account
    if account.state is AccountState.CLOSED:
        raise StateError(f"account {account_id} is closed already: {account.closed_why}")
    if leaving.kind not in (ClosedKind.TENANCY, ClosedKind.SUPPLIER):
        raise UsageError(f"an account does not end by '{leaving.kind.value}'")
    for vend in records.unaccepted(account_id):
        if records.withdraw_delivery(vend.request_id, "the account ends"):
            undo(records, vend, "the account ends", at)
    account = _customer(records, account_id).account
    moves = leaving.kind is ClosedKind.SUPPLIER
    to = (
        AccountCode(AccountKind.SUPPLIER, leaving.successor)
        if moves
        else AccountCode(AccountKind.NETWORK, leaving.paid_by)
    )
    nothing = Money(0, account.debt.currency)
    credit = max(leaving.credit, nothing)
    assigned = account.debt if moves and leaving.assign_debt else nothing
    request = f"leaving:{account_id}"
    post(records.book, leaving_entries(request, account=account_id, to=to, credit=credit, debt=assigned, at=at))
    records.save_owed(account_id, account.debt - assigned, account.tally)
    why = f"supplied by {leaving.successor} now" if moves else "the tenancy has ended"
    records.close(account_id, leaving.kind, why, leaving.successor)
    tell_debt(records, _customer(records, account_id).meter, f"left/{account_id}", nothing, at)
    return account


def _customer(records: VendingRecords, account_id: str) -> Customer:
    customer = records.customer(account_id)
    if customer is None:
        raise UnknownAccountError(f"no account '{account_id}'", remedy="Check the number on the customer's card.")
    return customer
