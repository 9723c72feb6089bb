"""The transfers that each happening writes: the book-keeping of a payment, a token, a refund, an opening debt.

A payment goes to the customer's account first and is shared out from there, so that the journal alone shows that
paid = to debt + in tokens + refunded: the customer's account is back at zero.
"""

from __future__ import annotations

from meterhouse.model import Instant, Money
from meterhouse.supplier.ledger.accounts import AccountCode, AccountKind
from meterhouse.supplier.ledger.transfer import Transfer, TransferKind

__all__ = ["accepted_entry", "opening_debt_entry", "payment_entries", "refund_entries"]


def payment_entries(
    request_id: str,
    *,
    account: str,
    network: str,
    to_debt: Money,
    in_token: Money,
    rounding: Money,
    at: Instant,
) -> tuple[Transfer, ...]:
    """A payment: `to_debt + in_token` came in, and `rounding` was added to the token by its coarse amount field.

    Parts that are zero write nothing.
    """
    customer = AccountCode(AccountKind.CUSTOMER, account)
    tokens = AccountCode(AccountKind.TOKENS, account)
    lines = (
        (TransferKind.PAYMENT, AccountCode(AccountKind.NETWORK, network), customer, to_debt + in_token),
        (TransferKind.TO_DEBT, customer, AccountCode(AccountKind.DEBT, account), to_debt),
        (TransferKind.TO_TOKEN, customer, tokens, in_token),
        (TransferKind.ROUNDING, AccountCode(AccountKind.ROUNDING), tokens, rounding),
    )
    return tuple(
        Transfer(request_id, kind, debit, credit, amount, at) for kind, debit, credit, amount in lines if amount.amount
    )


def refund_entries(
    request_id: str, *, account: str, network: str, refunded: Money, at: Instant
) -> tuple[Transfer, Transfer]:
    """A payment that was taken in and given back whole, before any token was made."""
    customer = AccountCode(AccountKind.CUSTOMER, account)
    clearing = AccountCode(AccountKind.NETWORK, network)
    return (
        Transfer(request_id, TransferKind.PAYMENT, clearing, customer, refunded, at),
        Transfer(request_id, TransferKind.REFUND, customer, clearing, refunded, at),
    )


def accepted_entry(request_id: str, *, account: str, value: Money, at: Instant) -> Transfer:
    """The token of a request was accepted at the premises, with all of its value."""
    tokens = AccountCode(AccountKind.TOKENS, account)
    return Transfer(request_id, TransferKind.ACCEPTED, tokens, AccountCode(AccountKind.PREMISES, account), value, at)


def opening_debt_entry(request_id: str, *, account: str, debt: Money, at: Instant) -> Transfer:
    """Debt that an account brings with it, from an old meter or an old agreement."""
    return Transfer(
        request_id,
        TransferKind.OPENING_DEBT,
        AccountCode(AccountKind.DEBT, account),
        AccountCode(AccountKind.OPENING),
        debt,
        at,
    )
