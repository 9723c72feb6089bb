"""What happened, for people to read: the newest events, bounded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select

from meterhouse.model import Event, Instant, UsageError
from meterhouse.store.schema import events
from meterhouse.store.transaction import Transaction

__all__ = ["EVENTS_KEPT", "SqlEvents"]

EVENTS_KEPT: Final = 100_000

_BYTES: Final = "hex:"
"""Before a field that was bytes."""

_NEWEST: Final = select(func.max(events.c.id))
_OLD: Final = delete(events).where(events.c.id <= bindparam("last"))


class SqlEvents:
    """The event log within one transaction.

    Args:
        transaction: of the job.
        kept: how many of the newest are kept.
    """

    __slots__ = ("_kept", "_transaction")

    def __init__(self, transaction: Transaction, kept: int = EVENTS_KEPT) -> None:
        self._transaction = transaction
        self._kept = kept

    def append(self, happened: Sequence[Event]) -> None:
        """Add events, and forget the oldest beyond the bound."""
        if not happened:
            return
        rows = [
            {"at": event.at, "source": event.source, "kind": event.kind, "fields": _written(event)}
            for event in happened
        ]
        self._transaction.execute(insert(events), rows)
        newest = self._transaction.first(_NEWEST)
        if newest is not None:
            self._transaction.execute(_OLD, {"last": newest[0] - self._kept})

    def newest(self, limit: int, source: str | None = None) -> tuple[Event, ...]:
        """The newest events, newest first; of one source, or of all."""
        wanted = select(events).order_by(events.c.id.desc()).limit(limit)
        rows = self._transaction.rows(wanted if source is None else wanted.where(events.c.source == source))
        return tuple(Event(Instant(row.at), row.source, row.kind, _read(row.fields)) for row in rows)


def _written(event: Event) -> str:
    fields = {name: _BYTES + value.hex() if isinstance(value, bytes) else value for name, value in event.fields.items()}
    try:
        return json.dumps(fields, separators=(",", ":"))
    except TypeError as error:
        raise UsageError(f"event {event.kind} of {event.source} has a field that is no number or text") from error


def _read(text: str) -> dict[str, object]:
    fields: dict[str, object] = json.loads(text)
    return {
        name: bytes.fromhex(value[len(_BYTES) :]) if isinstance(value, str) and value.startswith(_BYTES) else value
        for name, value in fields.items()
    }
