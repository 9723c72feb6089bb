"""A payment as it is asked for, and the limits it must keep."""

from __future__ import annotations

from dataclasses import dataclass

from meterhouse.model import UNIT, Money, UsageError
from meterhouse.supplier.vending.refusals import PaymentLimitError

__all__ = ["REQUEST_ID_LENGTH", "PaymentLimits", "PaymentRequest"]

REQUEST_ID_LENGTH = 128
"""Longest request id, in characters."""


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What a payment network asks.

    Attributes:
        request_id: the network's own id of this payment; the same id again means the same payment.
        account_id: whose account.
        amount: paid in.
        network: the payment network that took the money and owes it to us.
    """

    request_id: str
    account_id: str
    amount: Money
    network: str

    def __post_init__(self) -> None:
        """Refuse a request that nobody could be answered for."""
        if not 0 < len(self.request_id) <= REQUEST_ID_LENGTH:
            raise UsageError(f"a request id has 1 to {REQUEST_ID_LENGTH} characters, not {len(self.request_id)}")
        if not self.network:
            raise UsageError(f"payment {self.request_id} names no payment network")


@dataclass(frozen=True, slots=True)
class PaymentLimits:
    """What one payment may be, in 10⁻⁵ of the account's currency unit.

    Attributes:
        least: the smallest payment taken.
        most: the largest.
    """

    least: int = 1 * UNIT
    most: int = 200 * UNIT

    def check(self, amount: Money) -> None:
        """Let an amount between the limits pass.

        Raises:
            PaymentLimitError: it is not.
        """
        if amount.amount < self.least:
            least = Money(self.least, amount.currency)
            raise PaymentLimitError(
                f"a payment of {amount} is too small",
                why=f"The least is {least}.",
                remedy=f"Pay {least} or more.",
            )
        if amount.amount > self.most:
            most = Money(self.most, amount.currency)
            raise PaymentLimitError(
                f"a payment of {amount} is too large",
                why=f"The most in one payment is {most}.",
                remedy="Pay in parts.",
            )
