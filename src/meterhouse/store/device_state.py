"""Snapshots of machines, by name, so that a street resumes where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from meterhouse.model import Instant
from meterhouse.store.schema import device_state
from meterhouse.store.transaction import Transaction

__all__ = ["SqlDeviceState"]

_GET: Final = select(device_state).where(device_state.c.name == bindparam("id"))
_SET: Final = (
    update(device_state)
    .where(device_state.c.name == bindparam("id"))
    .values(at=bindparam("when"), state=bindparam("snapshot"))
)


class SqlDeviceState:
    """The snapshots within one transaction. A snapshot is JSON values; whoever made it knows what it means."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def save(self, name: str, state: Mapping[str, object], at: Instant) -> None:
        """Keep the newest snapshot of a machine in place of the one before."""
        text = json.dumps(state, separators=(",", ":"))
        if self._transaction.execute(_SET, {"id": name, "when": at, "snapshot": text}).rowcount == 0:
            self._transaction.execute(insert(device_state), {"name": name, "at": at, "state": text})

    def load(self, name: str) -> dict[str, object] | None:
        """The newest snapshot, or None."""
        row = self._transaction.first(_GET, {"id": name})
        return dict(json.loads(row.state)) if row else None

    def all(self) -> dict[str, dict[str, object]]:
        """Every snapshot, by name."""
        rows = self._transaction.rows(select(device_state).order_by(device_state.c.name))
        return {row.name: dict(json.loads(row.state)) for row in rows}
