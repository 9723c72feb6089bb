"""Counters that may only rise, reserved in blocks: invocation counters and the like (never reissued after a crash)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, insert, select, update

from meterhouse.model import UsageError
from meterhouse.store.schema import counters
from meterhouse.store.transaction import Transaction

__all__ = ["SEEN", "SqlCounters"]

SEEN: Final = "seen/"
"""How the names of counters begin that say what was believed of others; theirs to raise, so a restore leaves them."""

_SEE: Final = select(counters.c.reserved).where(counters.c.name == bindparam("id"))
_GET: Final = _SEE.with_for_update()
_RAISE: Final = (
    update(counters)
    .where(counters.c.name == bindparam("id"), counters.c.reserved < bindparam("upto"))
    .values(reserved=bindparam("upto"))
)


class SqlCounters:
    """The counters within one transaction. Use a block only after its commit: a crash then skips, and never repeats."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def reserved(self, name: str) -> int:
        """The first value that nobody has reserved yet; 0 for a new counter."""
        row = self._transaction.first(_SEE, {"id": name})
        return int(row[0]) if row else 0

    def reserve(self, name: str, block: int, floor: int = 0) -> range:
        """Reserve the next `block` values, from `floor` or above.

        Raises:
            UsageError: the block is empty.
        """
        if block < 1:
            raise UsageError(f"a block of {block} values of counter '{name}' is empty")
        row = self._transaction.first(_GET, {"id": name})
        first = max(int(row[0]) if row else 0, floor)
        self.raise_to(name, first + block)
        return range(first, first + block)

    def raise_to(self, name: str, value: int) -> None:
        """Let nobody reserve a value below this; a lower one than before changes nothing."""
        if self._transaction.first(_GET, {"id": name}) is None:
            self._transaction.execute(insert(counters), {"name": name, "reserved": value})
        else:
            self._transaction.execute(_RAISE, {"id": name, "upto": value})
