"""Why the counter says no to a payment. Each refusal names itself; nothing was taken, written or made.

::

    PaymentRefusedError
    ├── UnknownAccountError    no such account; also a NotFoundError
    ├── ClosedAccountError     the account was closed
    │   ├── OtherTenancyError  its tenancy has ended
    │   └── OtherSupplierError another supplier serves the home, or is meant
    ├── OldCardError           the card was replaced by another, or its meter has another key by now
    │   └── ExpiredCardError   the month on the card is over
    ├── WrongCurrencyError     the account is kept in another currency
    ├── PaymentLimitError      below the least or above the most of one payment
    ├── ReversalRefusedError   what was sold cannot be taken back
    └── RequestConflictError   the request id was used with other contents
"""

from __future__ import annotations

from typing import ClassVar

from meterhouse.model import NotFoundError, PolicyError
from meterhouse.supplier.ledger import ConflictError

__all__ = [
    "ClosedAccountError",
    "ExpiredCardError",
    "OldCardError",
    "OtherSupplierError",
    "OtherTenancyError",
    "PaymentLimitError",
    "PaymentRefusedError",
    "RequestConflictError",
    "ReversalRefusedError",
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


class OtherTenancyError(ClosedAccountError):
    """The account's tenancy has ended; the payment would pay for somebody else's energy."""

    code = "other_tenancy"


class OtherSupplierError(ClosedAccountError):
    """Another supplier serves the home, or is the one who was meant."""

    code = "other_supplier"


class OldCardError(PaymentRefusedError):
    """The card was replaced, or tells another key than the meter has: whoever holds it may not be the customer."""

    code = "old_card"


class ExpiredCardError(OldCardError):
    """The identification card is no longer good (STS 531, CTSA18)."""

    code = "expired_card"


class ReversalRefusedError(PaymentRefusedError):
    """The token may have been used, or the vend has ended: nothing can be taken back."""

    code = "no_reversal"


class WrongCurrencyError(PaymentRefusedError):
    """The payment is in another currency than the account."""

    code = "wrong_currency"


class PaymentLimitError(PaymentRefusedError):
    """The amount is outside what one payment may be."""

    code = "amount_limit"


class RequestConflictError(PaymentRefusedError, ConflictError):
    """The request id was used before, with another account, amount or network."""

    code = "conflict"
