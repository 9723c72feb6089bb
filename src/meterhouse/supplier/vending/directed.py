"""Is this payment for the customer who makes it? A payment that would reach another is refused by its kind (S3-90)."""

from __future__ import annotations

from typing import Final

from meterhouse.model import Instant, UsageError
from meterhouse.protocols.sts import IdRecord
from meterhouse.supplier.vending.payment import PaymentRequest
from meterhouse.supplier.vending.records import (
    AccountRecord,
    AccountState,
    CardState,
    ClosedKind,
    Customer,
    MeterRecord,
)
from meterhouse.supplier.vending.records import VendingRecords as Records
from meterhouse.supplier.vending.refusals import (
    ClosedAccountError,
    ExpiredCardError,
    OldCardError,
    OtherSupplierError,
    OtherTenancyError,
    UnknownAccountError,
    WrongCurrencyError,
)

__all__ = ["payable", "same_customer"]

_PAN_DIGITS: Final = 18
_RECORD_DIGITS: Final = 35

_CLOSED: Final = {
    ClosedKind.TENANCY: OtherTenancyError,
    ClosedKind.SUPPLIER: OtherSupplierError,
}


def payable(records: Records, request: PaymentRequest, now: Instant) -> Customer:
    """The customer whom a payment is for: by account, by the number of a card, by meter, or by what a card says.

    Raises:
        UnknownAccountError: nobody has that account, card or meter.
        OldCardError: the card was replaced, or its meter has another key by now.
        ExpiredCardError: the month on the card is over.
        OtherTenancyError: the tenancy has ended.
        OtherSupplierError: another supplier serves the home now, or the payment names another.
        ClosedAccountError: the account is closed for another reason.
        WrongCurrencyError: the account is kept in another currency.
    """
    customer = records.customer(request.account_id) or _by_card(records, request.account_id, now)
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


def same_customer(records: Records, named: str, account_id: str) -> bool:
    """Whether a payment to `named`, in any of the ways that `payable` knows, was one to this account."""
    if named == account_id:
        return True
    card = records.card(named)
    if card is not None:
        return card[0] == account_id
    pan = named.lstrip(";")[:_PAN_DIGITS] if _is_record(named) else named
    return account_id in records.accounts_of_pan(pan)


def _by_card(records: Records, number: str, now: Instant) -> Customer:
    card = records.card(number)
    if card is None:
        return _by_meter(records, number, now)
    customer = records.customer(card[0])
    if customer is None:
        raise _unknown(number)
    if card[1] is CardState.REPLACED:
        raise OldCardError(
            f"card {number} was replaced by a newer one",
            why="Whoever holds an old card may not be the customer.",
            remedy="Ask the customer for the newest card.",
        )
    return customer


def _by_meter(records: Records, number: str, now: Instant) -> Customer:
    record = _record(number)
    pan = number if record is None else record.pan.digits
    customers = [records.customer(account) for account in records.accounts_of_pan(pan)] if pan.isdecimal() else []
    found = [customer for customer in customers if customer is not None]
    if not found:
        raise _unknown(number)
    customer = next((one for one in found if one.account.state is AccountState.OPEN), found[-1])
    if record is not None:
        _check_card(record, customer.meter, now)
    return customer


def _check_card(record: IdRecord, meter: MeterRecord, now: Instant) -> None:
    if record.expired(now):
        raise ExpiredCardError(
            f"the card of meter {record.pan} has expired",
            why="What stands on an old card may not be true of its meter any more.",
            remedy="Give the customer a new card, or take the meter's number.",
        )
    says = (record.supply_group, record.tariff_index, record.key_revision)
    has = (meter.supply_group, meter.tariff_index, meter.key_revision)
    if says != has:
        raise OldCardError(
            f"the card of meter {record.pan} is older than the meter's key",
            why=f"It says supply group, tariff index and key revision {says}, and the meter has {has}.",
            remedy="Give the customer a new card, or take the meter's number.",
        )


def _record(text: str) -> IdRecord | None:
    if not _is_record(text):
        return None
    try:
        return IdRecord.parse(text)
    except UsageError as error:
        raise UnknownAccountError(f"that card cannot be read: {error.what}", remedy=error.remedy) from error


def _is_record(text: str) -> bool:
    return "=" in text or (len(text) == _RECORD_DIGITS and text.isdecimal())


def _unknown(number: str) -> UnknownAccountError:
    return UnknownAccountError(
        f"no account '{number}'",
        why="A payment is only taken for an account that is known.",
        remedy="Check the number on the customer's card.",
    )


def _closed(account: AccountRecord) -> ClosedAccountError:
    kind = _CLOSED.get(account.closed_kind, ClosedAccountError)
    return kind(
        f"account {account.account_id} is closed: {account.closed_why}",
        why="The payment would reach the wrong customer or supplier.",
        remedy="Ask the customer for the card of the present account."
        if kind is not OtherSupplierError or not account.successor
        else f"Ask the customer for a card of {account.successor}.",
    )
