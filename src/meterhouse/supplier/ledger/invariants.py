"""What must be true of the book at every moment, checked from the journal alone.

- each line moves more than nothing, between two different accounts, once;
- debits = credits, and each balance the keeper gives is the sum of its lines;
- of each request: paid = to debt + in tokens + pending + refunded, each less what came back;
- debt is never below zero, after any line, and nothing pending ever is;
- value accepted at the premises = value of the token (with its rounding), each once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from meterhouse.model import Money
from meterhouse.supplier.ledger.accounts import AccountCode, AccountKind
from meterhouse.supplier.ledger.book import Book
from meterhouse.supplier.ledger.transfer import Transfer, TransferKind

__all__ = ["Breach", "breaches", "debt_breaches"]

_Place = tuple[AccountCode, str]
_Parts = dict[TransferKind, int]


@dataclass(frozen=True, slots=True)
class Breach:
    """One law that the book breaks.

    Attributes:
        law: which.
        detail: where and by how much.
    """

    law: str
    detail: str


def breaches(book: Book) -> tuple[Breach, ...]:
    """Every breach in the book; empty is what must be. Reads the whole journal: memory grows with the accounts and
    the requests, not with the lines.
    """
    found: list[Breach] = []
    balances: dict[_Place, int] = defaultdict(int)
    legs: dict[str, dict[TransferKind, int]] = defaultdict(dict)
    for line in book.journal():
        _follow(line, balances, legs[line.request_id], found)
    for request_id, parts in legs.items():
        found.extend(_request_breaches(request_id, parts))
    found.extend(_balance_breaches(book, balances))
    return tuple(found)


def debt_breaches(book: Book, held: Mapping[str, Money]) -> tuple[Breach, ...]:
    """Accounts whose debt as held beside the account (and shown to the customer) is not the debt in the book."""
    found: list[Breach] = []
    booked = book.balances()
    for account, debt in held.items():
        owed = booked.get((AccountCode(AccountKind.DEBT, account), debt.currency), Money(0, debt.currency))
        if owed != debt:
            found.append(Breach("debt as held = debt in the book", f"account {account}: {debt}, book {owed}"))
    return tuple(found)


def _follow(line: Transfer, balances: dict[_Place, int], parts: dict[TransferKind, int], found: list[Breach]) -> None:
    amount, currency = line.amount.amount, line.amount.currency
    if line.kind in parts:
        found.append(Breach("each line once", f"request {line.request_id} has two of {line.kind.value}"))
    parts[line.kind] = parts.get(line.kind, 0) + amount
    balances[line.debit, currency] += amount
    balances[line.credit, currency] -= amount
    if line.credit.kind is AccountKind.DEBT and balances[line.credit, currency] < 0:
        found.append(Breach("debt never below zero", f"{line.credit} after request {line.request_id}"))


def _request_breaches(request_id: str, parts: _Parts) -> list[Breach]:
    def of(*kinds: TransferKind) -> int:
        return sum(parts.get(kind, 0) for kind in kinds)

    kind = TransferKind
    found: list[Breach] = []
    paid = of(kind.PAYMENT)
    pending = of(kind.TO_PENDING) - of(kind.PENDING_TOKEN, kind.PENDING_BACK)
    token = of(kind.TO_TOKEN, kind.PENDING_TOKEN) - of(kind.TOKEN_BACK)
    shared = of(kind.TO_DEBT) - of(kind.DEBT_BACK) + token + pending + of(kind.REFUND)
    if paid != shared:
        found.append(
            Breach("paid = to debt + in tokens + refunded", f"request {request_id}: paid {paid}, shared out {shared}")
        )
    if pending < 0 or token < 0:
        found.append(Breach("nothing below zero", f"request {request_id}: pending {pending}, in token {token}"))
    rounding = of(kind.ROUNDING) - of(kind.ROUNDING_BACK)
    token += of(kind.FREE, kind.OPENING_CREDIT) - of(kind.FREE_BACK)
    if rounding and not token:
        found.append(Breach("rounding only with a token", f"request {request_id}: {rounding}"))
    accepted = parts.get(kind.ACCEPTED)
    if accepted is not None and accepted != token + rounding:
        found.append(Breach("accepted = token", f"request {request_id}: token {token + rounding}, accepted {accepted}"))
    if accepted is not None and kind.USED_ANYWAY in parts:
        found.append(Breach("accepted once", f"request {request_id}: accepted, and used after it was given back"))
    return found


def _balance_breaches(book: Book, balances: dict[_Place, int]) -> list[Breach]:
    found: list[Breach] = []
    totals: dict[str, int] = defaultdict(int)
    held = book.balances()
    for place in sorted(balances.keys() | held.keys()):
        account, currency = place
        kept, expected = held.get(place, Money(0, currency)).amount, balances.get(place, 0)
        totals[currency] += kept
        if kept != expected:
            found.append(Breach("balance = sum of its lines", f"{account}: kept {kept}, lines {expected} {currency}"))
    found.extend(
        Breach("debits = credits", f"{currency}: out by {total}") for currency, total in totals.items() if total
    )
    return found
