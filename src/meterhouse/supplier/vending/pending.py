"""A payment in three steps, for tokens made by a machine that is far, slow or away at times: a security module.

::

    reserve ──▶ pending ──(make)──▶ post ──▶ posted
                   └──────────────▶ void ──▶ voided

`reserve` and `post` are a transaction each; between them nothing is locked. A process that dies in between leaves the
vend pending, with its identifier and random number fixed: to make it again gives the same token, never a second one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.model import Instant, StateError
from meterhouse.supplier.ledger import pending_entries, post, posted_entries, voided_entries
from meterhouse.supplier.vending.counter import known, measure, take
from meterhouse.supplier.vending.debt import counted
from meterhouse.supplier.vending.directed import payable
from meterhouse.supplier.vending.limits import PaymentLimits
from meterhouse.supplier.vending.outbox import put_out
from meterhouse.supplier.vending.payment import PaymentRequest
from meterhouse.supplier.vending.records import (
    Customer,
    StageName,
    StageRecord,
    Vend,
    VendingRecords,
    VendState,
)
from meterhouse.supplier.vending.service import EncryptionServices

__all__ = ["make", "post_token", "reserve", "void"]

_LIMITS: Final = PaymentLimits()


def reserve(
    records: VendingRecords,
    services: EncryptionServices,
    request: PaymentRequest,
    now: Instant,
    entropy: Callable[[int], bytes],
    *,
    limits: PaymentLimits = _LIMITS,
) -> Vend:
    """Take a payment, and its debt share; hold the rest for a token that is still to be made. One transaction.

    Returns:
        The vend, pending; or as it stands, where the request was taken before or all went to debt.

    Raises:
        PaymentRefusedError: no; which of its kinds says why. Nothing was written.
    """
    before = known(records, request)
    if before is not None:
        return before
    customer = payable(records, request, now)
    service = services.of(customer.meter)
    vend = measure(service, customer, request, now, entropy, limits, state_with_token=VendState.PENDING)
    take(records, customer, vend, limits)
    records.book.append(
        pending_entries(
            vend.request_id,
            account=vend.account_id,
            network=vend.network,
            to_debt=vend.to_debt,
            held=vend.in_token,
            at=now,
        )
    )
    if vend.tid is None:
        put_out(records, customer.meter, vend)
    return vend


def make(services: EncryptionServices, customer: Customer, vend: Vend) -> str:
    """The token of a pending vend; the same however often it is made. Outside any transaction.

    Raises:
        MeterhouseError: the service could not; the vend stays pending, and can be made later or voided.
    """
    assert vend.tid is not None
    return services.of(customer.meter).issue(customer.meter, vend.value, vend.tid, vend.rnd)


def post_token(records: VendingRecords, request_id: str, token: str, now: Instant) -> Vend:
    """Let the token of a pending vend stand; once. One transaction.

    Raises:
        StateError: the vend was voided, or has another token.
    """
    vend, customer = _pending(records, request_id)
    if vend.state is VendState.POSTED and vend.token == token:
        return vend
    if vend.state is not VendState.PENDING:
        raise StateError(f"payment {request_id} is {vend.state.value}: its token cannot stand")
    vend = vend.with_token(token).in_state(VendState.POSTED)
    records.settle_vend(request_id, VendState.POSTED, token)
    rounding = vend.value - vend.in_token
    entries = posted_entries(request_id, account=vend.account_id, held=vend.in_token, rounding=rounding, at=now)
    post(records.book, entries)
    put_out(records, customer.meter, vend)
    return vend


def void(records: VendingRecords, request_id: str, why: str, now: Instant) -> Vend:
    """Give a pending payment back whole, its debt share too: no token of it will ever be shown. One transaction.

    Raises:
        StateError: the vend is not pending.
    """
    vend, customer = _pending(records, request_id)
    if vend.state is VendState.VOIDED:
        return vend
    if vend.state is not VendState.PENDING:
        raise StateError(f"payment {request_id} is {vend.state.value}, not pending", remedy="Reverse it instead.")
    records.settle_vend(request_id, VendState.VOIDED, "")
    account = customer.account
    tally = counted(account.tally, now, -vend.paid.amount, -vend.to_debt.amount)
    records.save_owed(vend.account_id, account.debt + vend.to_debt, tally)
    post(
        records.book,
        voided_entries(
            request_id,
            account=vend.account_id,
            network=vend.network,
            to_debt=vend.to_debt,
            held=vend.in_token,
            at=now,
        ),
    )
    records.save_stage(request_id, StageRecord(StageName.REFUSED, now, why))
    return vend.in_state(VendState.VOIDED)


def _pending(records: VendingRecords, request_id: str) -> tuple[Vend, Customer]:
    vend = records.vend(request_id)
    customer = None if vend is None else records.customer(vend.account_id)
    if vend is None or customer is None:
        raise StateError(f"no payment has request id '{request_id}'")
    return vend, customer
