"""A payment network's batch file: payments that it took while it could not ask, with totals, and the answer to it.

::

    H,corner-shops,2026-11-21-01,2026-11-21,GBP      header: network, name of the batch, date, currency
    P,000017,A1007,20.00                             payment: the network's own id, account or card, amount
    T,1,20.00                                        trailer: how many payments, and their total

CSV (RFC 4180), UTF-8. A file without its trailer, or one whose totals are not those of its payments, is half a file: it
is refused whole, and nothing of it happens. A payment that is refused by itself goes into the file of rejects.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from meterhouse.model import Instant, MalformedError, Money, UsageError, isoformat, parse_instant
from meterhouse.supplier.vending.payment import REQUEST_ID_LENGTH, PaymentRequest

__all__ = ["BATCH_BYTES", "BATCH_LINES", "Batch", "BatchError", "Reject", "parse_batch", "rejects_text"]

BATCH_BYTES: Final = 64 * 1024 * 1024
"""Longest file."""
BATCH_LINES: Final = 1_000_000
"""Most payments in one file."""
_NAME_LENGTH: Final = 64


class BatchError(MalformedError):
    """The file is not a whole batch. Nothing of it was taken."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A whole batch.

    Attributes:
        network: who took the payments.
        name: the network's own name of the batch; a name is one content for ever.
        at: the date of the batch, at midnight UTC.
        currency: of every payment.
        payments: in the order of the file; the request id is `network/id`.
        total: of them all.
    """

    network: str
    name: str
    at: Instant
    currency: str
    payments: tuple[PaymentRequest, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class Reject:
    """A payment of a batch that was refused.

    Attributes:
        code: one word for a program.
        why: a sentence for a person.
    """

    request: PaymentRequest
    code: str
    why: str


class _Text:
    """What `csv` writes to."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(line)


def parse_batch(content: bytes) -> Batch:
    """The batch in a file, once all of it has been found to be there.

    Raises:
        BatchError: it is not whole, or not a batch; its line is named.
    """
    if len(content) > BATCH_BYTES:
        raise BatchError(f"the file has {len(content)} bytes; the most is {BATCH_BYTES}", remedy="Send it in parts.")
    try:
        lines = (f"{line}\n" for line in content.decode("utf-8").split("\n"))
        rows = [row for row in csv.reader(lines, strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BatchError("the file is not CSV in UTF-8", why=f"{error}.") from error
    if len(rows) < 2 or rows[-1][0] != "T":
        raise BatchError(
            "the file has no trailer at its end",
            why="It is half a file, or not a batch.",
            remedy="Send it again, whole.",
        )
    network, name, at, currency = _header(rows[0])
    if len(rows) - 2 > BATCH_LINES:
        raise BatchError(
            f"the file has {len(rows) - 2} payments; the most is {BATCH_LINES}", remedy="Send it in parts."
        )
    payments = tuple(_payment(number, row, network, currency) for number, row in enumerate(rows[1:-1], 2))
    if len({payment.request_id for payment in payments}) != len(payments):
        raise BatchError("two payments of the file have the same id", why="An id names one payment.")
    total = Money(sum(payment.amount.amount for payment in payments), currency)
    _check_trailer(rows[-1], len(payments), total)
    return Batch(network, name, at, currency, payments, total)


def rejects_text(batch: Batch, rejects: Sequence[Reject]) -> str:
    """The file of rejects: header, one line a refused payment with the reason, and totals."""
    total = Money(sum(reject.request.amount.amount for reject in rejects), batch.currency)
    text = _Text()
    write = csv.writer(text, lineterminator="\r\n")
    write.writerow(("H", batch.network, batch.name, isoformat(batch.at)[:10], batch.currency))
    write.writerows(_reject_rows(batch, rejects))
    write.writerow(("T", len(rejects), total.decimal()))
    return "".join(text.lines)


def _reject_rows(batch: Batch, rejects: Sequence[Reject]) -> Iterable[tuple[str, ...]]:
    for reject in rejects:
        request = reject.request
        own_id = request.request_id.removeprefix(f"{batch.network}/")
        yield ("R", own_id, request.account_id, request.amount.decimal(), reject.code, reject.why)


def _header(row: Sequence[str]) -> tuple[str, str, Instant, str]:
    if len(row) != 5 or row[0] != "H" or not all(row):
        raise BatchError("line 1 is no header", remedy="Write it like H,network,name,2026-11-21,GBP.")
    _, network, name, date, currency = row
    if max(len(network), len(name)) > _NAME_LENGTH or not (network + name).isprintable() or "/" in network:
        raise BatchError(f"line 1: a name has up to {_NAME_LENGTH} printing characters, and a network's no slash")
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise BatchError(f"line 1: '{currency}' is no currency", remedy="Write it like GBP.")
    try:
        return network, name, parse_instant(date), currency
    except UsageError as error:
        raise BatchError(f"line 1: {error.what}", remedy=error.remedy) from error


def _payment(number: int, row: Sequence[str], network: str, currency: str) -> PaymentRequest:
    if len(row) != 4 or row[0] != "P" or not all(row):
        raise BatchError(f"line {number} is no payment", remedy="Write it like P,id,account,20.00.")
    _, own_id, account, amount = row
    if len(network) + 1 + len(own_id) > REQUEST_ID_LENGTH or len(account) > REQUEST_ID_LENGTH:
        raise BatchError(f"line {number}: an id or an account is longer than {REQUEST_ID_LENGTH} characters")
    try:
        money = Money.parse(amount, currency)
    except UsageError as error:
        raise BatchError(f"line {number}: {error.what}", remedy=error.remedy) from error
    if money.amount <= 0:
        raise BatchError(f"line {number}: a payment of {money} is none")
    return PaymentRequest(f"{network}/{own_id}", account, money, network)


def _check_trailer(row: Sequence[str], count: int, total: Money) -> None:
    try:
        said = (int(row[1]), Money.parse(row[2], total.currency)) if len(row) == 3 and row[1].isdecimal() else None
    except (UsageError, ValueError) as error:
        raise BatchError(f"the trailer's total is none: {row[2]}") from error
    if said != (count, total):
        raise BatchError(
            f"the trailer says {' and '.join(row[1:])}, and the file holds {count} payments, {total.decimal()} in all",
            why="Part of the file is missing or changed.",
            remedy="Send it again, whole.",
        )
