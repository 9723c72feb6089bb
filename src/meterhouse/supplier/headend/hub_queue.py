"""What the head end still has to do at one hub."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from meterhouse.model import Instant
from meterhouse.supplier.headend.jobs import Job
from meterhouse.supplier.headend.ports import HubEntry

__all__ = ["HubQueue"]

_NEVER: Final = Instant(0)


@dataclass(slots=True)
class HubQueue:
    """The work that waits for one hub: nothing before `due`, and the collection not before `collect_at` either."""

    hub: HubEntry
    orders: deque[Job] = field(default_factory=deque)
    collection: Job | None = None
    collect_at: Instant = _NEVER
    due: Instant = _NEVER
    failures: int = 0
    unfinished: int = 0
    session: int = 0

    def next_due(self) -> Instant | None:
        """When something can be tried; None where there is nothing to do."""
        if self.orders:
            return self.due
        return None if self.collection is None else max(self.due, self.collect_at)

    def next_job(self) -> Job | None:
        """What is tried next."""
        return self.orders[0] if self.orders else self.collection

    def drop(self, job: Job) -> None:
        """It is over; a newer collection may have taken its place."""
        if self.collection is job:
            self.collection = None
        elif job in self.orders:
            self.orders.remove(job)
