"""Who reads, decides and writes about orders does so alone, whatever other processes are at it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from meterhouse.store.transaction import Transaction

__all__ = ["take_turns"]

_LOCK: Final = 0x4D48_4F52
_TAKE: Final = text(f"SELECT pg_advisory_xact_lock({_LOCK:d})")


def take_turns(transaction: Transaction) -> None:
    """Wait until every other transaction that has taken its turn is over; to be called before the first read.

    SQLite has one writer at a time in any case. PostgreSQL would let two read the same state and write one after the
    other: an approval over a cancel, one count of a brake in place of two.
    """
    if transaction.connection.dialect.name == "postgresql":
        transaction.execute(_TAKE)
