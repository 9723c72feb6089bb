"""What the head end still has to do at one hub."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from meterhouse.model import Instant
from meterhouse.supplier.headend.jobs import DeliverToken, Job
from meterhouse.supplier.headend.ports import HubEntry

__all__ = ["HubQueue"]

_NEVER: Final = Instant(0)


@dataclass(slots=True)
class HubQueue:
    """The work that waits for one hub: nothing before `due`, and the collection not before `collect_at` either.

    Payments have a queue of their own: however many settings wait, the next session carries the oldest token (S3-18).
    """

    hub: HubEntry
    payments: deque[Job] = field(default_factory=deque)
    orders: deque[Job] = field(default_factory=deque)
    collection: Job | None = None
    collect_at: Instant = _NEVER
    due: Instant = _NEVER
    failures: int = 0
    unfinished: int = 0
    session: int = 0

    def add(self, job: Job) -> None:
        """Queue an order, by its class."""
        (self.payments if isinstance(job, DeliverToken) else self.orders).append(job)

    @property
    def urgent(self) -> bool:
        """Whether a payment waits."""
        return bool(self.payments)

    def next_due(self) -> Instant | None:
        """When something can be tried; None where there is nothing to do."""
        if self.payments or self.orders:
            return self.due
        return None if self.collection is None else max(self.due, self.collect_at)

    def next_job(self) -> Job | None:
        """What is tried next."""
        waiting = self.payments or self.orders
        return waiting[0] if waiting else self.collection

    def waiting(self) -> tuple[Job, ...]:
        """Every order that has not ended."""
        return (*self.payments, *self.orders)

    def drop(self, job: Job) -> None:
        """It is over; a newer collection may have taken its place."""
        if self.collection is job:
            self.collection = None
        elif job in self.payments:
            self.payments.remove(job)
        elif job in self.orders:
            self.orders.remove(job)
