"""What devices and hops signed, as it came: answers, alerts, results and receipts, by signer and by order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select

from meterhouse.model import Eui64, Instant
from meterhouse.store.schema import signed_words
from meterhouse.store.transaction import Transaction

__all__ = ["SignedWord", "SqlSignedWords", "WordKind"]


class WordKind(StrEnum):
    """What was signed."""

    ANSWER = "answer"
    ALERT = "alert"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class SignedWord:
    """One message.

    Attributes:
        at: when it was kept.
        signer: whose signature was verified before it was kept.
        kind: what it is.
        counter: the signer's own; of a receipt, its running number.
        order: the order's id; empty where it belongs to none that is known.
        octets: all of it, so that anybody can check it again.
    """

    at: Instant
    signer: Eui64
    kind: WordKind
    counter: int
    order: str
    octets: bytes


_C: Final = signed_words.c
_NEWEST: Final = select(func.max(_C.counter)).where(_C.signer == bindparam("by"), _C.kind == bindparam("of"))
_OF_ORDER: Final = select(signed_words).where(_C.order_id == bindparam("order")).order_by(_C.id)
_OF_SIGNER: Final = select(signed_words).where(_C.signer == bindparam("by"), _C.kind == bindparam("of")).order_by(_C.id)


class SqlSignedWords:
    """The words, within one transaction. None is ever changed or removed."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def keep(self, word: SignedWord) -> None:
        """Keep one more."""
        self._tx.execute(
            insert(signed_words),
            {
                "at": word.at,
                "signer": str(word.signer),
                "kind": word.kind.value,
                "counter": word.counter,
                "order_id": word.order,
                "octets": word.octets,
            },
        )

    def newest(self, signer: Eui64, kind: WordKind) -> int:
        """The highest counter kept of a signer's words of this kind; -1 before the first."""
        row = self._tx.first(_NEWEST, {"by": str(signer), "of": kind.value})
        return -1 if row is None or row[0] is None else int(row[0])

    def of_order(self, order: str) -> Iterator[SignedWord]:
        """All that was signed about an order, in the order in which it came."""
        return (_word(row) for row in self._tx.rows(_OF_ORDER, {"order": order}))

    def of_signer(self, signer: Eui64, kind: WordKind) -> Iterator[SignedWord]:
        """All of one kind that a signer signed, in the order in which it came."""
        return (_word(row) for row in self._tx.rows(_OF_SIGNER, {"by": str(signer), "of": kind.value}))


def _word(row: Any) -> SignedWord:
    kind, octets = WordKind(row.kind), bytes(row.octets)
    return SignedWord(Instant(row.at), Eui64.parse(row.signer), kind, row.counter, row.order_id, octets)
