"""Tokens that nobody pays for: free issues, an old meter's opening credit, the zero-value token of commissioning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from meterhouse.model import Instant, Money, UsageError
from meterhouse.supplier.ledger import TransferKind, free_entries
from meterhouse.supplier.vending.counter import carried_by, known
from meterhouse.supplier.vending.directed import payable
from meterhouse.supplier.vending.limits import PaymentLimits, spend_key
from meterhouse.supplier.vending.outbox import put_out
from meterhouse.supplier.vending.payment import PaymentRequest
from meterhouse.supplier.vending.receipt import Receipt, receipt_of
from meterhouse.supplier.vending.records import Vend, VendingRecords, VendKind
from meterhouse.supplier.vending.refusals import PaymentLimitError, RequestConflictError
from meterhouse.supplier.vending.service import EncryptionServices

__all__ = ["HOUSE", "Issue", "issue"]

HOUSE: Final = "house"
"""The network of what nobody paid for: ourselves."""

_LIMITS: Final = PaymentLimits()
_BOOKED: Final = {VendKind.FREE: TransferKind.FREE, VendKind.OPENING: TransferKind.OPENING_CREDIT}


@dataclass(frozen=True, slots=True)
class Issue:
    """A token that is asked for and not paid for.

    Attributes:
        request_id: names it; the same again means the same token.
        account_id: whose account.
        kind: FREE (booked as goodwill), OPENING (the credit of an old meter), or TEST (no value at all).
        value: what it carries; zero for a TEST, more than zero for the others.
    """

    request_id: str
    account_id: str
    kind: VendKind
    value: Money


def issue(
    records: VendingRecords,
    services: EncryptionServices,
    asked: Issue,
    now: Instant,
    entropy: Callable[[int], bytes],
    *,
    limits: PaymentLimits = _LIMITS,
) -> Receipt:
    """Make a token that nobody pays for, and send it; run it inside one transaction. No debt is taken of it.

    A free issue and an opening credit keep the limit of one payment; a TEST token carries nothing, is delivered and
    reported like any other, and proves the whole way to this meter (S3 Annex B).

    Raises:
        PaymentRefusedError: the account is not one that could be paid for, or the value is beyond the limit.
        UsageError: a PAYMENT was asked for, or the value does not fit the kind.
    """
    if asked.kind is VendKind.PAYMENT or (asked.value.amount > 0) is (asked.kind is VendKind.TEST):
        raise UsageError(f"no {asked.kind.value} token of {asked.value} can be issued")
    request = PaymentRequest(asked.request_id, asked.account_id, Money(0, asked.value.currency), HOUSE)
    before = known(records, request)
    if before is not None:
        if (before.kind, before.in_token) != (asked.kind, asked.value):
            raise RequestConflictError(f"request {asked.request_id} was used before, with other contents")
        return receipt_of(before)
    if asked.value.amount > limits.most:
        raise PaymentLimitError(
            f"a token of {asked.value} is too large", why=f"The most is {Money(limits.most, asked.value.currency)}."
        )
    customer = payable(records, request, now)
    service = services.of(customer.meter)
    value, tid, rnd = carried_by(service, customer.meter, asked.value, now, entropy)
    spend_key(records, customer.meter, value, now, limits)
    token = service.issue(customer.meter, value, tid, rnd)
    vend = Vend(
        request_id=asked.request_id,
        account_id=customer.account.account_id,
        home=customer.account.home,
        meter=customer.meter.meter,
        fuel=customer.meter.fuel,
        network=HOUSE,
        at=now,
        paid=Money(0, asked.value.currency),
        to_debt=Money(0, asked.value.currency),
        in_token=asked.value,
        value=value,
        debt_left=customer.account.debt,
        token=token,
        tid=tid,
        kind=asked.kind,
        rnd=rnd,
    )
    records.save_tid(customer.meter.meter, tid)
    records.save_vend(vend)
    if asked.kind is not VendKind.TEST:
        rounding = value - asked.value
        booked = _BOOKED[asked.kind]
        lines = free_entries(
            vend.request_id, booked, account=vend.account_id, value=asked.value, rounding=rounding, at=now
        )
        records.book.append(lines)
    put_out(records, customer.meter, vend)
    return receipt_of(vend)
