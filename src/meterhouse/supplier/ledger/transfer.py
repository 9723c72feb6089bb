"""A transfer: one amount from one account to another, written once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from meterhouse.model import Instant, Money, UsageError
from meterhouse.supplier.ledger.accounts import AccountCode

__all__ = ["Transfer", "TransferKind"]


class TransferKind(StrEnum):
    """Why the money moved. One request has at most one transfer of each kind: the kind is its leg."""

    PAYMENT = "payment"
    TO_DEBT = "to_debt"
    TO_TOKEN = "to_token"  # noqa: S105 - a kind of transfer, not a password
    ROUNDING = "rounding"
    REFUND = "refund"
    ACCEPTED = "accepted"
    OPENING_DEBT = "opening_debt"
    OPENING_CREDIT = "opening_credit"
    TO_PENDING = "to_pending"
    PENDING_TOKEN = "pending_token"  # noqa: S105 - a kind of transfer, not a password
    PENDING_BACK = "pending_back"
    DEBT_BACK = "debt_back"
    TOKEN_BACK = "token_back"  # noqa: S105 - a kind of transfer, not a password
    ROUNDING_BACK = "rounding_back"
    FREE = "free"
    FREE_BACK = "free_back"
    USED_ANYWAY = "used_anyway"
    METER_DEBT = "meter_debt"
    CREDIT_OUT = "credit_out"
    DEBT_OUT = "debt_out"
    CONSUMED = "consumed"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One line of the journal; (request id, kind) names it.

    Attributes:
        request_id: the request that caused it.
        kind: why; also the leg within the request.
        debit: the account that is debited.
        credit: the account that is credited.
        amount: more than zero.
        at: when it was written.
    """

    request_id: str
    kind: TransferKind
    debit: AccountCode
    credit: AccountCode
    amount: Money
    at: Instant

    def __post_init__(self) -> None:
        """Refuse what could never balance."""
        if self.amount.amount <= 0:
            raise UsageError(f"transfer {self.kind.value} of {self.request_id}: amount {self.amount} is not above zero")
        if self.debit == self.credit:
            raise UsageError(f"transfer {self.kind.value} of {self.request_id}: both sides are {self.debit}")

    def same_content(self, other: Transfer) -> bool:
        """Whether a repeat says the same; the instant may differ, for a repeat comes later."""
        return (self.debit, self.credit, self.amount) == (other.debit, other.credit, other.amount)
