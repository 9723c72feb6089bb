"""The life line of a vend: made → carried → hub → accepted, or refused with its reason. Told once each."""

from __future__ import annotations

from meterhouse.model import Instant, UsageError
from meterhouse.supplier.ledger import accepted_entry, post, used_anyway_entry
from meterhouse.supplier.vending.outbox import tell_debt
from meterhouse.supplier.vending.records import (
    StageName,
    StageRecord,
    Vend,
    VendingRecords,
    VendState,
)

__all__ = ["advance"]


def advance(records: VendingRecords, request_id: str, stage: StageName, at: Instant, reason: str = "") -> bool:
    """Add a step to a vend's life line; run inside one transaction.

    Steps may be told late, twice or out of order: each is kept once, with its first instant. Acceptance is final and
    moves the token's value in the book; a refusal told after it (the same token by another way) changes nothing. A
    refused token may yet be accepted, typed by hand. One that was given back and is used all the same is owed: its
    value becomes debt.

    Returns:
        Whether the step was new.

    Raises:
        UsageError: no such vend, or a refusal without a reason.
    """
    vend = records.vend(request_id)
    if vend is None:
        raise UsageError(f"no payment has request id '{request_id}'")
    if stage is StageName.REFUSED and not reason:
        raise UsageError(f"refusal of payment {request_id} has no reason")
    told = {record.name for record in records.stages(request_id)}
    if stage in told or (stage is StageName.REFUSED and StageName.ACCEPTED in told):
        return False
    records.save_stage(request_id, StageRecord(stage, at, reason))
    if stage is StageName.ACCEPTED and vend.value.amount:
        _accepted(records, vend, at)
    return True


def _accepted(records: VendingRecords, vend: Vend, at: Instant) -> None:
    if vend.state is not VendState.REVERSED:
        post(records.book, [accepted_entry(vend.request_id, account=vend.account_id, value=vend.value, at=at)])
        return
    customer = records.customer(vend.account_id)
    assert customer is not None
    post(records.book, [used_anyway_entry(vend.request_id, account=vend.account_id, value=vend.value, at=at)])
    owed = customer.account.debt + vend.value
    records.save_owed(vend.account_id, owed, customer.account.tally)
    tell_debt(records, customer.meter, f"used/{vend.request_id}", owed, at)
