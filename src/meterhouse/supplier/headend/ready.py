"""Which hubs can be called now, payments first: two lanes, and sessions that only payments may use (S3-18)."""

from __future__ import annotations

import heapq

from meterhouse.model import Eui64, Instant
from meterhouse.supplier.headend.hub_queue import HubQueue

__all__ = ["ReadyHubs"]


class ReadyHubs:
    """Hubs in the order in which they are due.

    Args:
        sessions: how many at the same time.
        for_payments: how many more, which nothing but payments may take: a flood of settings never holds all.
    """

    __slots__ = ("_entries", "_for_payments", "_others", "_payments", "_sessions")

    def __init__(self, sessions: int, for_payments: int) -> None:
        self._sessions = sessions
        self._for_payments = for_payments
        self._payments: list[tuple[Instant, int, Eui64]] = []
        self._others: list[tuple[Instant, int, Eui64]] = []
        self._entries = 0

    def put(self, queue: HubQueue) -> None:
        """Note when a hub is due; one that is noted twice is found idle the second time."""
        due = queue.next_due()
        if due is not None:
            self._entries += 1
            lane = self._payments if queue.urgent else self._others
            heapq.heappush(lane, (due, self._entries, queue.hub.identity))

    def next_due(self, busy: int) -> Instant | None:
        """When the next can be called, with so many sessions open; None where none can."""
        lanes = self._open_lanes(busy)
        return min([lane[0][0] for lane in lanes]) if lanes else None

    def take(self, now: Instant, busy: int) -> Eui64 | None:
        """The next hub to call at `now`, with so many sessions open."""
        for lane in self._open_lanes(busy):
            if lane[0][0] <= now:
                return heapq.heappop(lane)[2]
        return None

    def _open_lanes(self, busy: int) -> list[list[tuple[Instant, int, Eui64]]]:
        lanes = []
        if self._payments and busy < self._sessions + self._for_payments:
            lanes.append(self._payments)
        if self._others and busy < self._sessions:
            lanes.append(self._others)
        return lanes
