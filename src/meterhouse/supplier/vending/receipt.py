"""The receipt: what was paid, what went to debt, what is in the token, and what is still owed."""

from __future__ import annotations

from dataclasses import dataclass

from meterhouse.model import Instant, Money, isoformat
from meterhouse.supplier.vending.records import Vend

__all__ = ["Receipt", "grouped", "receipt_of", "receipt_text"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment's answer; the same for every repeat of the request. `paid = to_debt + in_token`.

    Attributes:
        rounding: on top of `in_token`, given by the token's coarse amount field in the customer's favour.
        debt_left: owed after this payment.
        token: 20 digits in groups of four; empty where all went to debt.
        at: when the payment was taken.
    """

    request_id: str
    account_id: str
    home: str
    network: str
    at: Instant
    paid: Money
    to_debt: Money
    in_token: Money
    rounding: Money
    debt_left: Money
    token: str


def grouped(token: str) -> str:
    """Digits in groups of four, as a person reads and types them."""
    return " ".join(token[start : start + 4] for start in range(0, len(token), 4))


def receipt_of(vend: Vend) -> Receipt:
    """The receipt of a vend."""
    return Receipt(
        request_id=vend.request_id,
        account_id=vend.account_id,
        home=vend.home,
        network=vend.network,
        at=vend.at,
        paid=vend.paid,
        to_debt=vend.to_debt,
        in_token=vend.in_token,
        rounding=vend.value - vend.in_token,
        debt_left=vend.debt_left,
        token=grouped(vend.token),
    )


def receipt_text(receipt: Receipt) -> str:
    """The receipt on paper: one fact a line, money aligned on the right, the token on a line of its own."""
    lines = [
        ("Paid", str(receipt.paid)),
        ("To debt", str(receipt.to_debt)),
        ("In the token", str(receipt.in_token)),
        ("Debt left", str(receipt.debt_left)),
    ]
    width = max(len(money) for _, money in lines)
    body = "\n".join(f"{name:<14}{money:>{width}}" for name, money in lines)
    token = f"Token\n{receipt.token}" if receipt.token else "No token: all of it went to debt."
    when = f"{isoformat(receipt.at)}  {receipt.network}"
    return f"Account {receipt.account_id}  home {receipt.home}\n{when}\n{body}\n{token}\nRequest {receipt.request_id}\n"
