"""Counters that may only rise, reserved in blocks: invocation counters and the like (never reissued after a crash)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, insert, select, update

from meterhouse.model import UsageError
from meterhouse.store.prepared import Prepared
from meterhouse.store.schema import counters
from meterhouse.store.transaction import Transaction

__all__ = ["SEEN", "SqlCounters"]

SEEN: Final = "seen/"
"""How the names of counters begin that say what was believed of others; theirs to raise, so a restore leaves them."""

_OF_NAME: Final = select(counters.c.reserved).where(counters.c.name == bindparam("id"))
_SEE: Final = Prepared(_OF_NAME)
_GET: Final = Prepared(_OF_NAME.with_for_update())
_NEW: Final = Prepared(insert(counters), ("name", "reserved"))
_RAISE: Final = Prepared(
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
        rows = self._transaction.quick(_SEE, {"id": name})
        return int(rows[0].reserved) if rows else 0

    def reserve(self, name: str, block: int, floor: int = 0) -> range:
        """Reserve the next `block` values, from `floor` or above.

        Raises:
            UsageError: the block is empty.
        """
        if block < 1:
            raise UsageError(f"a block of {block} values of counter '{name}' is empty")
        rows = self._transaction.quick(_GET, {"id": name})
        first = max(int(rows[0].reserved) if rows else 0, floor)
        self.raise_to(name, first + block)
        return range(first, first + block)

    def raise_to(self, name: str, value: int) -> None:
        """Let nobody reserve a value below this; a lower one than before changes nothing."""
        if self._transaction.quick(_GET, {"id": name}):
            self._transaction.quick(_RAISE, {"id": name, "upto": value})
        else:
            self._transaction.quick(_NEW, {"name": name, "reserved": value})
