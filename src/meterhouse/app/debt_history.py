"""An account's debt as the counter shows it: what is owed, what was agreed and since when, what each payment took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import Instant, Money
from meterhouse.store import SqlRegistry, SqlVendingRecords, Transaction
from meterhouse.supplier.vending import VendState

__all__ = ["DebtHistory", "DebtTaken", "DebtTerms", "debt_history"]

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class DebtTerms:
    """What was agreed.

    Attributes:
        share: of each payment, in 1/100 of a per cent.
        weekly_cap: most in one week; None for no cap.
        place: counter, meter, or moving from meter to counter.
        why: a phrase.
    """

    since: Instant
    share: int
    weekly_cap: Money | None
    place: str
    why: str


@dataclass(frozen=True, slots=True)
class DebtTaken:
    """What one payment did to the debt."""

    at: Instant
    paid: Money
    to_debt: Money
    left: Money


@dataclass(frozen=True, slots=True)
class DebtHistory:
    """The whole. Newest first; the first of `terms` holds now."""

    account: str
    owed: Money
    terms: tuple[DebtTerms, ...]
    taken: tuple[DebtTaken, ...]


def debt_history(transaction: Transaction, account: str) -> DebtHistory:
    """The history of an account.

    Raises:
        NotFoundError: no such account.
    """
    owed = SqlRegistry(transaction).account(account).debt
    records = SqlVendingRecords(transaction)
    kept = [vend for vend in records.of_account(account) if vend.state in (VendState.POSTED, VendState.PENDING)]
    return DebtHistory(
        account,
        owed,
        tuple(
            DebtTerms(terms.since, terms.debt_share, terms.weekly_cap, terms.place.value, terms.why)
            for terms in reversed(records.agreements(account))
        ),
        tuple(
            DebtTaken(vend.at, vend.paid, vend.to_debt, vend.debt_left)
            for vend in reversed(kept)
            if vend.to_debt.amount
        )[:_SHOWN],
    )
