"""What each party used of each hub's line, by UTC day: the rows that a carrier settles by (S3-39)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from meterhouse.carrier import Usage, UsageRow
from meterhouse.model import Eui64, Instant
from meterhouse.store.schema import carrier_usage
from meterhouse.store.transaction import Transaction

__all__ = ["SqlCarrierUsage"]

_C: Final = carrier_usage.c
_COUNTS: Final = ("calls", "refused", "bytes_down", "bytes_up", "orders", "notes")
_KEY: Final = (_C.day == bindparam("on"), _C.party == bindparam("by"), _C.hub == bindparam("at"))
_ADD: Final = (
    update(carrier_usage).where(*_KEY).values({name: _C[name] + bindparam(f"more_{name}") for name in _COUNTS})
)
_BETWEEN: Final = (
    select(carrier_usage)
    .where(_C.day >= bindparam("first"), _C.day < bindparam("end"))
    .order_by(_C.day, _C.party, _C.hub)
)


class SqlCarrierUsage:
    """The rows, within one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, rows: Iterable[UsageRow]) -> None:
        """Add counts to what is kept of their days; several carriers may do so."""
        for row in rows:
            key = {"on": row.day, "by": str(row.party), "at": str(row.hub)}
            counts = dict(zip(_COUNTS, astuple(row.usage), strict=True))
            added = self._tx.execute(_ADD, key | {f"more_{name}": value for name, value in counts.items()})
            if not added.rowcount:
                whole = {"day": row.day, "party": str(row.party), "hub": str(row.hub)} | counts
                self._tx.execute(insert(carrier_usage), whole)

    def between(self, first: Instant, end: Instant) -> Iterator[UsageRow]:
        """The rows of the UTC days from `first` up to, not including, `end`; by day, party and hub."""
        for row in self._tx.rows(_BETWEEN, {"first": first, "end": end}):
            usage = Usage(row.calls, row.refused, row.bytes_down, row.bytes_up, row.orders, row.notes)
            yield UsageRow(Instant(row.day), Eui64.parse(row.party), Eui64.parse(row.hub), usage)
