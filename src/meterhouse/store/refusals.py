"""Payments that were refused: an attempt to pay with a wrong card, an old one, or too much stays known (S3-62)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select

from meterhouse.model import Instant, Money
from meterhouse.store.schema import refusals
from meterhouse.store.transaction import Transaction
from meterhouse.supplier.vending import PaymentRefusedError, PaymentRequest

__all__ = ["REFUSALS_KEPT", "Refusal", "SqlRefusals"]

REFUSALS_KEPT: Final = 1_000_000
"""Of the newest: whoever tries without end fills no disk."""

_NEWEST: Final = select(refusals).order_by(refusals.c.id.desc()).limit(bindparam("most"))
_LAST: Final = select(func.max(refusals.c.id))
_OLD: Final = delete(refusals).where(refusals.c.id <= bindparam("last"))


@dataclass(frozen=True, slots=True)
class Refusal:
    """One attempt.

    Attributes:
        at: when it was made.
        account: what the request named: an account, a card, a meter.
        code: one word: the kind of the refusal.
        why: what the payer was told.
    """

    at: Instant
    request_id: str
    account: str
    network: str
    amount: Money
    code: str
    why: str

    @classmethod
    def of(cls, request: PaymentRequest, error: PaymentRefusedError, at: Instant) -> Refusal:
        """The attempt that a request was."""
        why = error.sentence()
        return cls(at, request.request_id, request.account_id, request.network, request.amount, error.code, why)


class SqlRefusals:
    """The attempts within one transaction."""

    __slots__ = ("_kept", "_transaction")

    def __init__(self, transaction: Transaction, kept: int = REFUSALS_KEPT) -> None:
        self._transaction = transaction
        self._kept = kept

    def append(self, attempts: Sequence[Refusal]) -> None:
        """Add attempts, and forget the oldest beyond the bound."""
        if not attempts:
            return
        self._transaction.execute(insert(refusals), [_values(attempt) for attempt in attempts])
        row = self._transaction.first(_LAST)
        if row is not None:
            self._transaction.execute(_OLD, {"last": row[0] - self._kept})

    def newest(self, limit: int, account: str | None = None) -> tuple[Refusal, ...]:
        """The newest attempts, newest first; on one account (or card, or meter), or on all."""
        wanted = _NEWEST if account is None else _NEWEST.where(refusals.c.account == account)
        return tuple(
            Refusal(
                Instant(row.at),
                row.request,
                row.account,
                row.network,
                Money(row.amount, row.currency),
                row.code,
                row.why,
            )
            for row in self._transaction.rows(wanted, {"most": limit})
        )


def _values(attempt: Refusal) -> dict[str, object]:
    return {
        "at": attempt.at,
        "request": attempt.request_id,
        "account": attempt.account,
        "network": attempt.network,
        "amount": attempt.amount.amount,
        "currency": attempt.amount.currency,
        "code": attempt.code,
        "why": attempt.why,
    }
