"""The counter: a payment in, a receipt with a token out; plain functions inside one transaction.

payment → account → limits → debt first → token → ledger → outbox. Whatever raises on the way, nothing has happened
(S3-87); and the same request again gives the same receipt. Where tokens are made by a machine that is far or slow, the
three steps of `pending` do the same without holding the transaction while it works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.model import Instant, Money, UsageError
from meterhouse.supplier.ledger import payment_entries
from meterhouse.supplier.vending.debt import counted, share_out
from meterhouse.supplier.vending.directed import payable, same_customer
from meterhouse.supplier.vending.limits import PaymentLimits, day_of, spend_key
from meterhouse.supplier.vending.outbox import put_out
from meterhouse.supplier.vending.payment import PaymentRequest
from meterhouse.supplier.vending.receipt import Receipt, receipt_of
from meterhouse.supplier.vending.records import Customer, MeterRecord, Vend, VendingRecords, VendState
from meterhouse.supplier.vending.refusals import RequestConflictError
from meterhouse.supplier.vending.service import EncryptionService, EncryptionServices

__all__ = ["carried_by", "known", "measure", "pay", "take"]

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
    before = known(records, request)
    if before is not None:
        return receipt_of(before)
    customer = payable(records, request, now)
    service = services.of(customer.meter)
    vend = measure(service, customer, request, now, entropy, limits)
    take(records, customer, vend, limits)
    records.book.append(
        payment_entries(
            vend.request_id,
            account=vend.account_id,
            network=vend.network,
            to_debt=vend.to_debt,
            in_token=vend.in_token,
            rounding=vend.value - vend.in_token,
            at=vend.at,
        )
    )
    put_out(records, customer.meter, vend)
    return receipt_of(vend)


def known(records: VendingRecords, request: PaymentRequest) -> Vend | None:
    """The vend of a request that was taken before.

    Raises:
        RequestConflictError: it was another payment.
    """
    before = records.vend(request.request_id)
    if before is None:
        return None
    same = (before.paid, before.network) == (request.amount, request.network)
    if not same or not same_customer(records, request.account_id, before.account_id):
        raise RequestConflictError(
            f"request {request.request_id} was used before, with other contents",
            why=f"It paid {before.paid} to account {before.account_id} by {before.network}; an id names one payment.",
            remedy="Use a new request id for a new payment.",
        )
    return before


def measure(
    service: EncryptionService,
    customer: Customer,
    request: PaymentRequest,
    now: Instant,
    entropy: Callable[[int], bytes],
    limits: PaymentLimits,
    *,
    state_with_token: VendState = VendState.POSTED,
) -> Vend:
    """A vend: the limits kept, the debt taken first, the identifier chosen, and its token made unless it is PENDING.

    Raises:
        PaymentLimitError: outside the limits.
    """
    account, meter = customer.account, customer.meter
    limits.check(request.amount)
    limits.check_day(request.amount, account.tally, day_of(now))
    to_debt, in_token = share_out(account, request.amount, now)
    value, tid, rnd, token, state = Money(0, in_token.currency), None, 0, "", VendState.POSTED
    if in_token.amount:
        value, tid, rnd = carried_by(service, meter, in_token, now, entropy)
        state = state_with_token
        token = service.issue(meter, value, tid, rnd) if state is VendState.POSTED else ""
    return Vend(
        request_id=request.request_id,
        account_id=account.account_id,
        home=account.home,
        meter=meter.meter,
        fuel=meter.fuel,
        network=request.network,
        at=now,
        paid=request.amount,
        to_debt=to_debt,
        in_token=in_token,
        value=value,
        debt_left=account.debt - to_debt,
        token=token,
        tid=tid,
        state=state,
        rnd=rnd,
    )


def carried_by(
    service: EncryptionService, meter: MeterRecord, amount: Money, now: Instant, entropy: Callable[[int], bytes]
) -> tuple[Money, int, int]:
    """(what a token for `amount` carries, its identifier, its random number)."""
    value = service.carried(amount)
    if value < amount:
        raise UsageError(f"the encryption service would carry {value} of {amount}")
    return value, service.next_tid(meter, now), entropy(1)[0] & 0xF


def take(records: VendingRecords, customer: Customer, vend: Vend, limits: PaymentLimits) -> None:
    """Write a vend: the key's day, debt first, then the token's identifier, then the vend itself.

    Raises:
        PaymentLimitError: the key has made its day's value.
    """
    spend_key(records, customer.meter, vend.value, vend.at, limits)
    account = customer.account
    tally = counted(account.tally, vend.at, vend.paid.amount, vend.to_debt.amount)
    records.save_owed(account.account_id, vend.debt_left, tally)
    if vend.tid is not None:
        records.save_tid(customer.meter.meter, vend.tid)
    records.save_vend(vend)
