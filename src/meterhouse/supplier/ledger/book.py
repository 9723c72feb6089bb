"""The book: an append-only journal of transfers, and the one way to write in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from meterhouse.model import Money, StateError
from meterhouse.supplier.ledger.accounts import AccountCode
from meterhouse.supplier.ledger.transfer import Transfer

__all__ = ["Book", "ConflictError", "post"]


class ConflictError(StateError):
    """A request id was used again with other contents. Nothing was written."""


class Book(Protocol):
    """What the ledger needs of its keeper. All calls of one `post` happen in one transaction."""

    def append(self, transfers: Sequence[Transfer]) -> None:
        """Write transfers that are not there yet; the keeper refuses a second (request id, kind)."""

    def transfers_of(self, request_id: str) -> Sequence[Transfer]:
        """All transfers of one request, in the order written."""

    def balance(self, account: AccountCode, currency: str) -> Money:
        """Debits minus credits of one account."""

    def balances(self) -> Mapping[tuple[AccountCode, str], Money]:
        """Debits minus credits of every account that has lines, by account and currency, in one look."""

    def journal(self) -> Iterable[Transfer]:
        """Every transfer, in the order written."""


def post(book: Book, transfers: Sequence[Transfer]) -> tuple[Transfer, ...]:
    """Write each transfer once, however often it is posted.

    Returns:
        Those that were new.

    Raises:
        ConflictError: one is there already with another amount or other accounts; nothing was written.
    """
    written = {
        (line.request_id, line.kind): line
        for request_id in dict.fromkeys(transfer.request_id for transfer in transfers)
        for line in book.transfers_of(request_id)
    }
    fresh: list[Transfer] = []
    for transfer in transfers:
        before = written.setdefault((transfer.request_id, transfer.kind), transfer)
        if before is transfer:
            fresh.append(transfer)
        elif not before.same_content(transfer):
            raise ConflictError(
                f"request {before.request_id} has another {before.kind.value}: {before.amount}, not {transfer.amount}",
                why="A request id names one content for ever.",
                remedy="Use a new request id for a new payment.",
            )
    if fresh:
        book.append(fresh)
    return tuple(fresh)
