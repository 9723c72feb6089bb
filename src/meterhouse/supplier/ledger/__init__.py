"""the journal of money: double entry, append-only, each request once"""

from meterhouse.supplier.ledger.accounts import AccountCode, AccountKind
from meterhouse.supplier.ledger.book import Book, ConflictError, post
from meterhouse.supplier.ledger.entries import accepted_entry, opening_debt_entry, payment_entries, refund_entries
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
    "debt_breaches",
    "opening_debt_entry",
    "payment_entries",
    "post",
    "refund_entries",
]
