"""Why the counter says no to a payment. Each refusal names itself; nothing was taken, written or made.

::

    PaymentRefusedError
    ├── UnknownAccountError    no such account; also a NotFoundError
    ├── ClosedAccountError     the account was closed: tenancy ended, other supplier
    ├── WrongCurrencyError     the account is kept in another currency
    ├── PaymentLimitError      below the least or above the most of one payment
    └── RequestConflictError   the request id was used with other contents
"""

from __future__ import annotations

from typing import ClassVar

from meterhouse.model import NotFoundError, PolicyError
from meterhouse.supplier.ledger import ConflictError

__all__ = [
    "ClosedAccountError",
    "PaymentLimitError",
    "PaymentRefusedError",
    "RequestConflictError",
    "UnknownAccountError",
    "WrongCurrencyError",
]


class PaymentRefusedError(PolicyError):
    """Root of the refusals. `code` is the one word a payment network gets."""

    code: ClassVar[str] = "refused"


class UnknownAccountError(PaymentRefusedError, NotFoundError):
    """No account has this id."""

    code = "unknown_account"


class ClosedAccountError(PaymentRefusedError):
    """The account was closed; the payment would go to the wrong customer or supplier (S3-90)."""

    code = "closed_account"


class WrongCurrencyError(PaymentRefusedError):
    """The payment is in another currency than the account."""

    code = "wrong_currency"


class PaymentLimitError(PaymentRefusedError):
    """The amount is outside what one payment may be."""

    code = "amount_limit"


class RequestConflictError(PaymentRefusedError, ConflictError):
    """The request id was used before, with another account, amount or network."""

    code = "conflict"
