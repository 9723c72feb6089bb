"""What the head end still has to do at one hub."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from meterhouse.model import Instant
from meterhouse.supplier.headend.call_hub import CallHub
from meterhouse.supplier.headend.jobs import DeliverToken, Job
from meterhouse.supplier.headend.ports import HubEntry

__all__ = ["HubQueue"]

_NEVER: Final = Instant(0)


@dataclass(slots=True)
class HubQueue:
    """The work that waits for one hub: nothing before `due`; the log and the collection not before their times either.

    Payments have a queue of their own: however many settings wait, the next session carries the oldest token (S3-18).
    """

    hub: HubEntry
    payments: deque[Job] = field(default_factory=deque)
    orders: deque[Job] = field(default_factory=deque)
    log: Job | None = None
    log_at: Instant = _NEVER
    log_read: Instant = _NEVER
    collection: Job | None = None
    collect_at: Instant = _NEVER
    due: Instant = _NEVER
    failures: int = 0
    unfinished: int = 0
    session: int = 0

    def add(self, job: Job) -> None:
        """Queue an order, by its class. A mere call goes first: it is to tell why the others don't arrive."""
        if isinstance(job, CallHub):
            self.orders.appendleft(job)
        else:
            (self.payments if isinstance(job, DeliverToken) else self.orders).append(job)

    @property
    def urgent(self) -> bool:
        """Whether a payment waits."""
        return bool(self.payments)

    def next_due(self) -> Instant | None:
        """When something can be tried; None where there is nothing to do."""
        if self.payments or self.orders:
            return self.due
        wanted = ((self.log, self.log_at), (self.collection, self.collect_at))
        return min((max(self.due, at) for job, at in wanted if job is not None), default=None)

    def next_job(self, now: Instant) -> Job | None:
        """What is tried next."""
        waiting = self.payments or self.orders
        if waiting:
            return waiting[0]
        if self.log is not None and (self.log_at <= now or self.collection is None):
            return self.log
        return self.collection

    def waiting(self) -> tuple[Job, ...]:
        """Every order that has not ended."""
        return (*self.payments, *self.orders)

    def drop(self, job: Job) -> None:
        """It is over; a newer collection may have taken its place."""
        if self.collection is job:
            self.collection = None
        elif self.log is job:
            self.log = None
        elif job in self.payments:
            self.payments.remove(job)
        elif job in self.orders:
            self.orders.remove(job)
