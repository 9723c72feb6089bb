"""The audit chain in SQL: lines are only added, and each names the one before (`supplier.trust.audit`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select

from meterhouse.crypto import PublicPoint
from meterhouse.model import Instant
from meterhouse.store.transaction import Transaction
from meterhouse.store.trust_tables import audit_heads, audit_lines
from meterhouse.store.turns import take_turns
from meterhouse.supplier.trust.audit import (
    AuditBreach,
    AuditHead,
    AuditLine,
    due_head,
    next_line,
    verify_chain,
)

__all__ = ["SqlAuditChain"]

_PAGE: Final = 5_000
_NEWEST: Final = select(audit_lines).order_by(audit_lines.c.number.desc()).limit(1)
_NEWEST_HEAD: Final = select(audit_heads).order_by(audit_heads.c.number.desc()).limit(1)
_AFTER: Final = (
    select(audit_lines).where(audit_lines.c.number > bindparam("n")).order_by(audit_lines.c.number).limit(_PAGE)
)


class SqlAuditChain:
    """The chain within one transaction."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def write(self, at: Instant, who: str, deed: str, subject: str, fields: Mapping[str, Any]) -> AuditLine:
        """Add a line; it is part of the transaction that it tells of."""
        take_turns(self._transaction)
        line = next_line(self.newest(), at, who, deed, subject, fields)
        row = {
            "number": line.number,
            "at": at,
            "who": who,
            "deed": deed,
            "subject": subject,
            "fields": line.fields,
            "digest": line.digest.hex(),
        }
        self._transaction.execute(insert(audit_lines), row)
        return line

    def newest(self) -> AuditLine | None:
        """The last line."""
        row = self._transaction.first(_NEWEST)
        return None if row is None else _line(row)

    def newest_head(self) -> AuditHead | None:
        """The last signed head: to be kept elsewhere too."""
        row = self._transaction.first(_NEWEST_HEAD)
        return None if row is None else _head(row)

    def due(self, now: Instant) -> AuditLine | None:
        """The line for which a head is due now, if any."""
        newest = self.newest()
        return newest if due_head(self.newest_head(), newest, now) else None

    def keep(self, head: AuditHead) -> None:
        """Keep a signed head; again changes nothing."""
        take_turns(self._transaction)
        last = self.newest_head()
        if last is None or last.number < head.number:
            row = {"number": head.number, "at": head.at, "digest": head.digest.hex(), "signature": head.signature.hex()}
            self._transaction.execute(insert(audit_heads), row)

    def lines(self) -> Iterator[AuditLine]:
        """Every line, in order."""
        after = 0
        while rows := self._transaction.rows(_AFTER, {"n": after}):
            after = rows[-1].number
            yield from map(_line, rows)

    def verify(self, public: PublicPoint, witness: AuditHead | None = None) -> list[AuditBreach]:
        """Everything that is not as it was written."""
        heads = [_head(row) for row in self._transaction.rows(select(audit_heads).order_by(audit_heads.c.number))]
        return verify_chain(self.lines(), heads, public, witness)


def _line(row: Row[Any]) -> AuditLine:
    return AuditLine(row.number, Instant(row.at), row.who, row.deed, row.subject, row.fields, _hex(row.digest))


def _head(row: Row[Any]) -> AuditHead:
    return AuditHead(row.number, Instant(row.at), _hex(row.digest), _hex(row.signature))


def _hex(text: str) -> bytes:
    """The bytes of what should be hex; what somebody wrote there instead is no digest."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
