"""The life line of a vend: made → carried → hub → accepted, or refused with its reason. Told once each."""

from __future__ import annotations

from meterhouse.model import Instant, UsageError
from meterhouse.supplier.ledger import accepted_entry, post
from meterhouse.supplier.vending.records import StageName, StageRecord, VendingRecords

__all__ = ["advance"]


def advance(records: VendingRecords, request_id: str, stage: StageName, at: Instant, reason: str = "") -> bool:
    """Add a step to a vend's life line; run inside one transaction.

    Steps may be told late, twice or out of order: each is kept once, with its first instant. Acceptance is final and
    moves the token's value in the book; a refusal told after it (the same token by another way) changes nothing. A
    refused token may yet be accepted, typed by hand.

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
        post(records.book, [accepted_entry(request_id, account=vend.account_id, value=vend.value, at=at)])
    return True
