"""Is this payment for the customer who makes it? A payment that would reach another is refused by its kind (S3-90)."""

from __future__ import annotations

from typing import Final

from meterhouse.supplier.vending.payment import PaymentRequest
from meterhouse.supplier.vending.records import AccountRecord, AccountState, CardState, ClosedKind, Customer
from meterhouse.supplier.vending.records import VendingRecords as Records
from meterhouse.supplier.vending.refusals import (
    ClosedAccountError,
    OldCardError,
    OtherSupplierError,
    OtherTenancyError,
    UnknownAccountError,
    WrongCurrencyError,
)

__all__ = ["payable"]

_CLOSED: Final = {
    ClosedKind.TENANCY: OtherTenancyError,
    ClosedKind.SUPPLIER: OtherSupplierError,
}


def payable(records: Records, request: PaymentRequest) -> Customer:
    """The customer whom a payment is for, by account or by card.

    Raises:
        UnknownAccountError: nobody has that account or card.
        OldCardError: the card was replaced.
        OtherTenancyError: the tenancy has ended.
        OtherSupplierError: another supplier serves the home now, or the payment names another.
        ClosedAccountError: the account is closed for another reason.
        WrongCurrencyError: the account is kept in another currency.
    """
    customer = records.customer(request.account_id) or _by_card(records, request.account_id)
    account = customer.account
    if account.state is AccountState.CLOSED:
        raise _closed(account)
    if request.supplier and account.supplier and request.supplier != account.supplier:
        raise OtherSupplierError(
            f"account {account.account_id} is a customer of {account.supplier}, not of {request.supplier}",
            why="The payment would reach another supplier than the customer means.",
            remedy=f"Ask the customer which supplier the bill is from, and send it to {account.supplier} only then.",
        )
    if account.debt.currency != request.amount.currency:
        raise WrongCurrencyError(
            f"account {account.account_id} is kept in {account.debt.currency}, not {request.amount.currency}",
            remedy=f"Pay in {account.debt.currency}.",
        )
    return customer


def _by_card(records: Records, number: str) -> Customer:
    card = records.card(number)
    customer = None if card is None else records.customer(card[0])
    if card is None or customer is None:
        raise UnknownAccountError(
            f"no account '{number}'",
            why="A payment is only taken for an account that is known.",
            remedy="Check the number on the customer's card.",
        )
    if card[1] is CardState.REPLACED:
        raise OldCardError(
            f"card {number} was replaced by a newer one",
            why="Whoever holds an old card may not be the customer.",
            remedy="Ask the customer for the newest card.",
        )
    return customer


def _closed(account: AccountRecord) -> ClosedAccountError:
    kind = _CLOSED.get(account.closed_kind, ClosedAccountError)
    return kind(
        f"account {account.account_id} is closed: {account.closed_why}",
        why="The payment would reach the wrong customer or supplier.",
        remedy="Ask the customer for the card of the present account."
        if kind is not OtherSupplierError or not account.successor
        else f"Ask the customer for a card of {account.successor}.",
    )
