"""Accounts of the book: what kind of money it is, and whose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from meterhouse.model import UsageError

__all__ = ["AccountCode", "AccountKind"]


class AccountKind(StrEnum):
    """What the money on an account is. A balance is debits minus credits; the comment says which side it lives on."""

    NETWORK = "network"
    """Owed to us by a payment network until it settles; owner: the network. Debit side."""
    CUSTOMER = "customer"
    """Paid by a customer and not yet given a purpose; zero after every payment. Owner: the account. Credit side."""
    DEBT = "debt"
    """Owed to us by a customer; never below zero. Owner: the account. Debit side."""
    TOKENS = "tokens"
    """Value in tokens that were made and not yet accepted at the premises. Owner: the account. Credit side."""
    PREMISES = "premises"
    """Value accepted at the premises, where it is consumed. Owner: the account. Credit side."""
    ROUNDING = "rounding"
    """Given away because a token's amount field is coarse: rounding in the customer's favour. Debit side."""
    OPENING = "opening"
    """The other side of debt and credit that were brought in from an old meter. Either side."""
    PENDING = "pending"
    """Taken for a token that is not made yet; zero once the vend has ended. Owner: the account. Credit side."""
    GOODWILL = "goodwill"
    """Given away on purpose: free issues, and what a revoked batch cost. Debit side."""
    SUPPLIER = "supplier"
    """Owed to or by another supplier since a change of supplier. Owner: the supplier. Either side."""
    REVENUE = "revenue"
    """Earned: energy that was consumed at the premises and billed. Credit side."""


@dataclass(frozen=True, slots=True, order=True)
class AccountCode:
    """The name of one account.

    Attributes:
        kind: what the money is.
        owner: whose: a payment network or a customer's account; empty for the house's own.
    """

    kind: AccountKind
    owner: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.owner}"

    @classmethod
    def parse(cls, text: str) -> AccountCode:
        """The inverse of `str`.

        Raises:
            UsageError: no such kind of account.
        """
        kind, _, owner = text.partition(":")
        try:
            return cls(AccountKind(kind), owner)
        except ValueError as error:
            raise UsageError(f"'{text}' is not an account code", why=f"There is no kind '{kind}'.") from error
