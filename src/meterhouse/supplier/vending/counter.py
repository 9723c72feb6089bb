"""The counter: a payment in, a receipt with a token out; one plain function inside one transaction.

payment → account → limits → debt first → token → ledger → outbox. Whatever raises on the way, nothing has happened
(S3-87); and the same request again gives the same receipt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.model import DAY, Duration, Instant, Money, UsageError
from meterhouse.supplier.ledger import payment_entries, post
from meterhouse.supplier.vending.debt import split
from meterhouse.supplier.vending.payment import PaymentLimits, PaymentRequest
from meterhouse.supplier.vending.receipt import Receipt, receipt_of
from meterhouse.supplier.vending.records import (
    AccountState,
    Customer,
    Delivery,
    StageName,
    StageRecord,
    Vend,
    VendingRecords,
)
from meterhouse.supplier.vending.refusals import (
    ClosedAccountError,
    RequestConflictError,
    UnknownAccountError,
    WrongCurrencyError,
)
from meterhouse.supplier.vending.service import EncryptionServices

__all__ = ["DELIVERY_TIME", "pay"]

DELIVERY_TIME: Final[Duration] = 30 * DAY
"""How long a hub is tried for; the token can be typed on the keypad all the while and after."""

_LIMITS: Final = PaymentLimits()


def pay(
    records: VendingRecords,
    services: EncryptionServices,
    request: PaymentRequest,
    now: Instant,
    entropy: Callable[[int], bytes],
    *,
    limits: PaymentLimits = _LIMITS,
) -> Receipt:
    """Take a payment. Run it inside ONE transaction of `records`, and roll that back if it raises.

    Returns:
        The receipt; for a request that was taken before, the receipt it had then, token and all.

    Raises:
        PaymentRefusedError: no; which of its kinds says why. Nothing was written.
        ConfigurationError: no key at hand for this meter.
    """
    before = records.vend(request.request_id)
    if before is not None:
        return _again(before, request)
    customer = _payable(records.customer(request.account_id), request)
    limits.check(request.amount)
    vend = _make(services, customer, request, now, entropy)
    _write(records, customer, vend)
    return receipt_of(vend)


def _again(before: Vend, request: PaymentRequest) -> Receipt:
    if (before.account_id, before.paid, before.network) != (request.account_id, request.amount, request.network):
        raise RequestConflictError(
            f"request {request.request_id} was used before, with other contents",
            why=f"It paid {before.paid} to account {before.account_id} by {before.network}; an id names one payment.",
            remedy="Use a new request id for a new payment.",
        )
    return receipt_of(before)


def _payable(customer: Customer | None, request: PaymentRequest) -> Customer:
    if customer is None:
        raise UnknownAccountError(
            f"no account '{request.account_id}'",
            why="A payment is only taken for an account that is known.",
            remedy="Check the number on the customer's card.",
        )
    account = customer.account
    if account.state is AccountState.CLOSED:
        raise ClosedAccountError(
            f"account {account.account_id} is closed: {account.closed_why}",
            why="The payment would reach the wrong customer or supplier.",
            remedy="Ask the customer for the card of the present account.",
        )
    if account.debt.currency != request.amount.currency:
        raise WrongCurrencyError(
            f"account {account.account_id} is kept in {account.debt.currency}, not {request.amount.currency}",
            remedy=f"Pay in {account.debt.currency}.",
        )
    return customer


def _make(
    services: EncryptionServices,
    customer: Customer,
    request: PaymentRequest,
    now: Instant,
    entropy: Callable[[int], bytes],
) -> Vend:
    account, meter = customer.account, customer.meter
    to_debt, in_token = split(request.amount, account.debt, account.debt_share)
    value, token, tid = Money(0, in_token.currency), "", None
    if in_token.amount:
        service = services.of(meter)
        value = service.carried(in_token)
        if value < in_token:
            raise UsageError(f"the encryption service would carry {value} of {in_token}")
        tid = service.next_tid(meter, now)
        token = service.issue(meter, value, tid, entropy(1)[0] & 0xF)
    return Vend(
        request_id=request.request_id,
        account_id=account.account_id,
        home=account.home,
        meter=meter.meter,
        network=request.network,
        at=now,
        paid=request.amount,
        to_debt=to_debt,
        in_token=in_token,
        value=value,
        debt_left=account.debt - to_debt,
        token=token,
        tid=tid,
    )


def _write(records: VendingRecords, customer: Customer, vend: Vend) -> None:
    """Debt first, then the token's identifier, then the book, the vend and the order to the hub."""
    meter = customer.meter
    if vend.to_debt.amount:
        records.save_debt(vend.account_id, vend.debt_left)
    if vend.tid is not None:
        records.save_tid(meter.meter, vend.tid)
    post(
        records.book,
        payment_entries(
            vend.request_id,
            account=vend.account_id,
            network=vend.network,
            to_debt=vend.to_debt,
            in_token=vend.in_token,
            rounding=vend.value - vend.in_token,
            at=vend.at,
        ),
    )
    records.save_vend(vend)
    records.save_stage(vend.request_id, StageRecord(StageName.MADE, vend.at))
    records.save_delivery(
        Delivery(
            request_id=vend.request_id,
            hub=meter.hub,
            meter=meter.meter,
            fuel=meter.fuel,
            token=vend.token,
            value=vend.value,
            debt_left=vend.debt_left,
            due=vend.at,
            expiry=Instant(vend.at + DELIVERY_TIME),
        )
    )
