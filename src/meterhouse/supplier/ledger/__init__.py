"""the journal of money: double entry, append-only, each request once"""

from meterhouse.supplier.ledger.accounts import AccountCode, AccountKind
from meterhouse.supplier.ledger.book import Book, ConflictError, post
from meterhouse.supplier.ledger.entries import (
    accepted_entry,
    consumed_entry,
    free_back_entries,
    free_entries,
    leaving_entries,
    meter_debt_entry,
    opening_debt_entry,
    payment_entries,
    pending_entries,
    posted_entries,
    refund_entries,
    reversal_entries,
    used_anyway_entry,
    voided_entries,
)
from meterhouse.supplier.ledger.invariants import Breach, breaches, debt_breaches
from meterhouse.supplier.ledger.transfer import Transfer, TransferKind

__all__ = [
    "AccountCode",
    "AccountKind",
    "Book",
    "Breach",
    "ConflictError",
    "Transfer",
    "TransferKind",
    "accepted_entry",
    "breaches",
    "consumed_entry",
    "debt_breaches",
    "free_back_entries",
    "free_entries",
    "leaving_entries",
    "meter_debt_entry",
    "opening_debt_entry",
    "payment_entries",
    "pending_entries",
    "post",
    "posted_entries",
    "refund_entries",
    "reversal_entries",
    "used_anyway_entry",
    "voided_entries",
]
