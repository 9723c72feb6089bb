"""The trace of a world: what was delivered and what happened, readable by a person and comparable by its hash."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Final
from zlib import crc32

from meterhouse.model import Event, Instant, isoformat

__all__ = ["Level", "Trace"]

_BATCH: Final = 1024
"""Pieces between two updates of the hash: one large update is several times as fast as many small ones."""


class Level(IntEnum):
    """What goes to the sink. The hash always covers everything."""

    NOTHING = 0
    EVENTS = 1
    DELIVERIES = 2


class Trace:
    """Collects deliveries and events in the order in which they happen.

    The hash is SHA-256 over, for each delivery, its instant, ends, length and all its bytes, and for each event its
    line. Two worlds with equal hashes have seen the same bytes at the same instants. Level and sink do not change it.

    Args:
        sink: takes each line as it comes, without line end; None for none.
        level: what goes to the sink.
        keep: how many of the latest lines `tail` gives.
    """

    __slots__ = ("_batch", "_hash", "_level", "_recent", "_sink", "delivered_bytes", "deliveries", "events")

    def __init__(
        self, sink: Callable[[str], None] | None = None, level: Level = Level.DELIVERIES, keep: int = 200
    ) -> None:
        self._sink = sink
        self._level = level if sink is not None else Level.NOTHING
        self._hash = hashlib.sha256()
        self._batch: list[bytes] = []
        self._recent: deque[tuple[Instant, str, bytes] | str] = deque(maxlen=keep)
        self.deliveries = 0
        self.delivered_bytes = 0
        self.events = 0

    def delivery(self, at: Instant, label: str, data: bytes) -> None:
        """Bytes reached a machine; `label` is `source:port -> target:port`; empty bytes: its link is down."""
        self.deliveries += 1
        self.delivered_bytes += len(data)
        batch = self._batch
        batch.append(f"{at} {label} {len(data)}\n".encode())
        batch.append(data)
        if len(batch) > _BATCH:
            self._flush()
        # The line is written only if somebody reads it.
        self._recent.append((at, label, data))
        if self._sink is not None and self._level >= Level.DELIVERIES:
            self._sink(_line(at, label, data))

    def event(self, event: Event) -> None:
        """Something happened in a machine."""
        self.events += 1
        line = event.line()
        self._batch.append(f"! {len(line)} {line}\n".encode())
        self._recent.append(line)
        if self._sink is not None and self._level >= Level.EVENTS:
            self._sink(line)

    def tail(self) -> tuple[str, ...]:
        """The latest lines, oldest first, whatever the level."""
        return tuple(item if isinstance(item, str) else _line(*item) for item in self._recent)

    def hash(self) -> str:
        """SHA-256 of everything up to now, in hex."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update(b"".join(self._batch))
        self._batch.clear()


def _line(at: Instant, label: str, data: bytes) -> str:
    what = f"len={len(data)} crc={crc32(data):08x}" if data else "down"
    return f"{isoformat(at)} {label} {what}"
