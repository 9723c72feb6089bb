"""The transfers that each happening writes: the book-keeping of a payment, a token, a refund, an opening debt.

A payment goes to the customer's account first and is shared out from there, so that the journal alone shows that
paid = to debt + in tokens + refunded: the customer's account is back at zero.
"""

from __future__ import annotations

from meterhouse.model import Instant, Money
from meterhouse.supplier.ledger.accounts import AccountCode, AccountKind
from meterhouse.supplier.ledger.transfer import Transfer, TransferKind

__all__ = [
    "accepted_entry",
    "consumed_entry",
    "free_back_entries",
    "free_entries",
    "leaving_entries",
    "meter_debt_entry",
    "opening_debt_entry",
    "payment_entries",
    "pending_entries",
    "posted_entries",
    "refund_entries",
    "reversal_entries",
    "used_anyway_entry",
    "voided_entries",
]


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
    paid = to_debt + in_token
    lines = []
    if paid.amount:
        clearing = AccountCode(AccountKind.NETWORK, network)
        lines.append(Transfer(request_id, TransferKind.PAYMENT, clearing, customer, paid, at))
    if to_debt.amount:
        debt = AccountCode(AccountKind.DEBT, account)
        lines.append(Transfer(request_id, TransferKind.TO_DEBT, customer, debt, to_debt, at))
    tokens = AccountCode(AccountKind.TOKENS, account)
    if in_token.amount:
        lines.append(Transfer(request_id, TransferKind.TO_TOKEN, customer, tokens, in_token, at))
    if rounding.amount:
        given = AccountCode(AccountKind.ROUNDING)
        lines.append(Transfer(request_id, TransferKind.ROUNDING, given, tokens, rounding, at))
    return tuple(lines)


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


def pending_entries(
    request_id: str, *, account: str, network: str, to_debt: Money, held: Money, at: Instant
) -> tuple[Transfer, ...]:
    """A payment whose token is still to be made: debt first, and the rest held."""
    customer = AccountCode(AccountKind.CUSTOMER, account)
    return _moved(
        request_id,
        at,
        (TransferKind.PAYMENT, AccountCode(AccountKind.NETWORK, network), customer, to_debt + held),
        (TransferKind.TO_DEBT, customer, AccountCode(AccountKind.DEBT, account), to_debt),
        (TransferKind.TO_PENDING, customer, AccountCode(AccountKind.PENDING, account), held),
    )


def posted_entries(request_id: str, *, account: str, held: Money, rounding: Money, at: Instant) -> tuple[Transfer, ...]:
    """The token of a pending payment stands: what was held is in it now."""
    tokens = AccountCode(AccountKind.TOKENS, account)
    return _moved(
        request_id,
        at,
        (TransferKind.PENDING_TOKEN, AccountCode(AccountKind.PENDING, account), tokens, held),
        (TransferKind.ROUNDING, AccountCode(AccountKind.ROUNDING), tokens, rounding),
    )


def voided_entries(
    request_id: str, *, account: str, network: str, to_debt: Money, held: Money, at: Instant
) -> tuple[Transfer, ...]:
    """No token will be made of a pending payment: all of it goes back, the debt share too."""
    customer = AccountCode(AccountKind.CUSTOMER, account)
    return _moved(
        request_id,
        at,
        (TransferKind.PENDING_BACK, AccountCode(AccountKind.PENDING, account), customer, held),
        (TransferKind.DEBT_BACK, AccountCode(AccountKind.DEBT, account), customer, to_debt),
        (TransferKind.REFUND, customer, AccountCode(AccountKind.NETWORK, network), to_debt + held),
    )


def reversal_entries(
    request_id: str, *, account: str, network: str, to_debt: Money, in_token: Money, rounding: Money, at: Instant
) -> tuple[Transfer, ...]:
    """A payment and its token are undone whole: token, rounding and debt share go back, then the money."""
    customer, tokens = AccountCode(AccountKind.CUSTOMER, account), AccountCode(AccountKind.TOKENS, account)
    return _moved(
        request_id,
        at,
        (TransferKind.TOKEN_BACK, tokens, customer, in_token),
        (TransferKind.ROUNDING_BACK, tokens, AccountCode(AccountKind.ROUNDING), rounding),
        (TransferKind.DEBT_BACK, AccountCode(AccountKind.DEBT, account), customer, to_debt),
        (TransferKind.REFUND, customer, AccountCode(AccountKind.NETWORK, network), to_debt + in_token),
    )


def free_entries(
    request_id: str, kind: TransferKind, *, account: str, value: Money, rounding: Money, at: Instant
) -> tuple[Transfer, ...]:
    """A token that nobody paid for: FREE at the house's cost, or OPENING_CREDIT brought in from an old meter."""
    source = AccountKind.GOODWILL if kind is TransferKind.FREE else AccountKind.OPENING
    tokens = AccountCode(AccountKind.TOKENS, account)
    return _moved(
        request_id,
        at,
        (kind, AccountCode(source), tokens, value),
        (TransferKind.ROUNDING, AccountCode(AccountKind.ROUNDING), tokens, rounding),
    )


def free_back_entries(
    request_id: str, kind: TransferKind, *, account: str, value: Money, rounding: Money, at: Instant
) -> tuple[Transfer, ...]:
    """A token that nobody paid for is taken back unused; `kind` is what it was made as."""
    source = AccountKind.GOODWILL if kind is TransferKind.FREE else AccountKind.OPENING
    tokens = AccountCode(AccountKind.TOKENS, account)
    return _moved(
        request_id,
        at,
        (TransferKind.FREE_BACK, tokens, AccountCode(source), value),
        (TransferKind.ROUNDING_BACK, tokens, AccountCode(AccountKind.ROUNDING), rounding),
    )


def used_anyway_entry(request_id: str, *, account: str, value: Money, at: Instant) -> Transfer:
    """A token that was given back was used all the same: its value is owed."""
    premises = AccountCode(AccountKind.PREMISES, account)
    return Transfer(request_id, TransferKind.USED_ANYWAY, AccountCode(AccountKind.DEBT, account), premises, value, at)


def meter_debt_entry(report_id: str, *, account: str, taken: Money, at: Instant) -> Transfer:
    """The meter of a site in the legacy mode reports debt that it took from its own balance."""
    debt = AccountCode(AccountKind.DEBT, account)
    return Transfer(report_id, TransferKind.METER_DEBT, AccountCode(AccountKind.PREMISES, account), debt, taken, at)


def consumed_entry(bill_id: str, *, account: str, value: Money, at: Instant) -> Transfer:
    """Value at the premises that a bill has shown to be consumed."""
    revenue = AccountCode(AccountKind.REVENUE)
    return Transfer(bill_id, TransferKind.CONSUMED, AccountCode(AccountKind.PREMISES, account), revenue, value, at)


def leaving_entries(
    request_id: str, *, account: str, to: AccountCode, credit: Money, debt: Money, at: Instant
) -> tuple[Transfer, ...]:
    """An account ends: the credit left at the premises goes to `to`, and the debt too where it is assigned."""
    return _moved(
        request_id,
        at,
        (TransferKind.CREDIT_OUT, AccountCode(AccountKind.PREMISES, account), to, credit),
        (TransferKind.DEBT_OUT, to, AccountCode(AccountKind.DEBT, account), debt),
    )


def _moved(
    request_id: str, at: Instant, *lines: tuple[TransferKind, AccountCode, AccountCode, Money]
) -> tuple[Transfer, ...]:
    return tuple(
        Transfer(request_id, kind, debit, credit, amount, at) for kind, debit, credit, amount in lines if amount.amount
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
