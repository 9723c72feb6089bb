"""The receipt: what was paid, for which fuel, what went to debt, what is in the token, and what is still owed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import Fuel, Instant, Money, isoformat
from meterhouse.supplier.vending.records import Vend, VendKind, VendState

__all__ = ["SMS_LENGTH", "Receipt", "grouped", "receipt_of", "receipt_sms", "receipt_text"]

SMS_LENGTH: Final = 160
"""Characters in one short message (3GPP TS 23.038, seven bits each)."""

_NO_TOKEN: Final = {
    VendState.POSTED: "No token: all of it went to debt.",
    VendState.PENDING: "The token is being made: ask again with the same request.",
    VendState.VOIDED: "No token was made: the payment was given back.",
    VendState.REVERSED: "The token was given back, and the payment with it.",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment's answer; the same for every repeat of the request. `paid = to_debt + in_token`.

    Attributes:
        rounding: on top of `in_token`, given by the token's coarse amount field in the customer's favour.
        debt_left: owed after this payment.
        token: its digits in groups of four; empty where all went to debt, while it is being made, and once given back.
        state: how the payment stands.
        kind: what the token is for; only a PAYMENT was paid for.
        at: when the payment was taken.
    """

    request_id: str
    account_id: str
    fuel: Fuel
    home: str
    network: str
    at: Instant
    paid: Money
    to_debt: Money
    in_token: Money
    rounding: Money
    debt_left: Money
    token: str
    state: VendState = VendState.POSTED
    kind: VendKind = VendKind.PAYMENT


def grouped(token: str) -> str:
    """Digits in groups of four, as a person reads and types them."""
    return " ".join(token[start : start + 4] for start in range(0, len(token), 4))


def receipt_of(vend: Vend) -> Receipt:
    """The receipt of a vend."""
    return Receipt(
        request_id=vend.request_id,
        account_id=vend.account_id,
        fuel=vend.fuel,
        home=vend.home,
        network=vend.network,
        at=vend.at,
        paid=vend.paid,
        to_debt=vend.to_debt,
        in_token=vend.in_token,
        rounding=vend.value - vend.in_token,
        debt_left=vend.debt_left,
        token="" if vend.state is VendState.REVERSED else grouped(vend.token),
        state=vend.state,
        kind=vend.kind,
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
    token = f"Token\n{receipt.token}" if receipt.token else _NO_TOKEN[receipt.state]
    when = f"{isoformat(receipt.at)}  {receipt.network}"
    whose = f"{str(receipt.fuel).capitalize()} account {receipt.account_id}  home {receipt.home}"
    return f"{whose}\n{when}\n{body}\n{token}\nRequest {receipt.request_id}\n"


def receipt_sms(receipt: Receipt) -> str:
    """The receipt as one short message of at most SMS_LENGTH characters: what was paid, the token, what is still owed.

    Where it would be too long, the account goes first, then the debt; never a digit of the token.
    """
    paid = f"Paid {receipt.paid.decimal()} {receipt.paid.currency} for {receipt.fuel}"
    what = f"Token {receipt.token}" if receipt.token else _NO_TOKEN[receipt.state]
    debt = f"To debt {receipt.to_debt.decimal()}, left {receipt.debt_left.decimal()}"
    for parts in ((f"A/c {receipt.account_id}", paid, what, debt), (paid, what, debt), (what,)):
        line = ". ".join(part.rstrip(".") for part in parts) + "."
        if len(line) <= SMS_LENGTH:
            return line
    return receipt.token
