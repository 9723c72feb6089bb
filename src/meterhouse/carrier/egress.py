"""What leaves the carrier, and in which order when the line to the outside is full: payments, orders, collections."""

from __future__ import annotations

from collections import deque
from typing import Final

from meterhouse.companion.relay import LineClass
from meterhouse.model import SECOND, Instant, Outgoing

__all__ = ["Egress"]

_BURST: Final = SECOND
"""So much time's worth of bytes may leave at once after a pause."""


class Egress:
    """A queue for each class, and an allowance of bytes that time refills.

    What one class sends keeps its order, so a session, which has one class, is never shuffled.

    Args:
        rate: bytes a second; None for no limit: everything leaves at once.
    """

    __slots__ = ("_allowance", "_at", "_queues", "_rate")

    def __init__(self, rate: int | None) -> None:
        self._rate = rate
        self._queues: tuple[deque[Outgoing], ...] = tuple(deque() for _ in LineClass)
        self._allowance = 0
        self._at: Instant | None = None

    def put(self, port: str, data: bytes, line_class: LineClass = LineClass.VEND) -> None:
        """Queue bytes for a connection."""
        self._queues[line_class].append((port, data))

    def close(self, port: str) -> None:
        """End a connection: what still waits for it is dropped."""
        for number, queue in enumerate(self._queues):
            if any(one[0] == port for one in queue):
                kept = [one for one in queue if one[0] != port]
                self._queues[number].clear()
                self._queues[number].extend(kept)
        self._queues[LineClass.VEND].append((port, b""))

    def waiting(self) -> int:
        """Bytes that have not left."""
        return sum(len(data) for queue in self._queues for _, data in queue)

    def take(self, now: Instant) -> list[Outgoing]:
        """What may leave at this instant."""
        if self._rate is None:
            out = [one for queue in self._queues for one in queue]
            for queue in self._queues:
                queue.clear()
            return out
        self._refill(now, self._rate)
        out = []
        for queue in self._queues:
            while queue and self._allowance > 0:
                out.append(queue.popleft())
                self._allowance -= len(out[-1][1]) * SECOND
        return out

    def due(self, now: Instant) -> Instant | None:
        """When more may leave; None where nothing waits."""
        if self._rate is None or not any(self._queues):
            return None
        short = max(0, 1 - self._allowance)
        return Instant(max(now, self._at or now) + -(-short // self._rate))

    def _refill(self, now: Instant, rate: int) -> None:
        """Allowance is in byte-milliseconds, so that no millisecond's share is rounded away; a debt is paid first."""
        passed = _BURST if self._at is None else max(0, now - self._at)
        self._allowance = min(self._allowance + passed * rate, _BURST * rate)
        self._at = now
