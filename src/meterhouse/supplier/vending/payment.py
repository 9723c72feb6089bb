"""A payment as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from meterhouse.model import Money, UsageError

__all__ = ["REQUEST_ID_LENGTH", "PaymentRequest"]

REQUEST_ID_LENGTH = 128
"""Longest request id, in characters."""


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What a payment network asks.

    Attributes:
        request_id: the network's own id of this payment; the same id again means the same payment.
        account_id: whose account; or the number of the customer's card, the meter's number (MeterPAN), or what
            stands on the meter's identification card (`IdRecord`).
        amount: paid in.
        network: the payment network that took the money and owes it to us.
        supplier: whom the customer means to pay, where the network knows it; empty where it does not.
    """

    request_id: str
    account_id: str
    amount: Money
    network: str
    supplier: str = ""

    def __post_init__(self) -> None:
        """Refuse a request that nobody could be answered for."""
        if not 0 < len(self.request_id) <= REQUEST_ID_LENGTH:
            raise UsageError(f"a request id has 1 to {REQUEST_ID_LENGTH} characters, not {len(self.request_id)}")
        if not self.network:
            raise UsageError(f"payment {self.request_id} names no payment network")
