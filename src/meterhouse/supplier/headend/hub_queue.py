"""What the head end still has to do at one hub."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from meterhouse.model import Duration, Eui64, Fuel, Instant
from meterhouse.supplier.headend.account_address import GAS_ACCOUNT, AccountAddress
from meterhouse.supplier.headend.call_hub import CallHub
from meterhouse.supplier.headend.jobs import DeliverToken, Job
from meterhouse.supplier.headend.ports import HubEntry

__all__ = ["HubQueue", "SetAside"]

_NEVER: Final = Instant(0)


@dataclass(slots=True)
class SetAside:
    """A job for an account in the meter that has failed: the wire behind the hub may be down for days.

    It is tried again at its own times, and holds up nothing that the hub itself could take.
    """

    job: Job
    failures: int
    due: Instant


def _account(job: Job) -> AccountAddress:
    """What it is about; work that names no account is about the hub, whose own is that of the gas."""
    found = getattr(job, "account", GAS_ACCOUNT)
    assert isinstance(found, AccountAddress)
    return found


def _due(one: SetAside) -> tuple[Instant, bool]:
    """Of two at the same time the token first."""
    return one.due, not isinstance(one.job, DeliverToken)


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
    aside: list[SetAside] = field(default_factory=list)

    def add(self, job: Job) -> None:
        """Queue an order, by its class. A mere call goes first: it is to tell why the others don't arrive."""
        if isinstance(job, CallHub):
            self.orders.appendleft(job)
        else:
            (self.payments if isinstance(job, DeliverToken) else self.orders).append(job)

    @property
    def urgent(self) -> bool:
        """Whether a payment waits: one that was set aside only where it is itself the next."""
        if self.payments:
            return True
        first = min(self.aside, key=_due, default=None)
        return first is not None and isinstance(first.job, DeliverToken) and first.due == self.next_due()

    def next_due(self) -> Instant | None:
        """When something can be tried; None where there is nothing to do."""
        again = [one.due for one in self.aside]
        if self.payments or self.orders:
            return min([self.due, *again])
        wanted = ((self.log, self.log_at), (self.collection, self.collect_at))
        return min((*(max(self.due, at) for job, at in wanted if job is not None), *again), default=None)

    def next_job(self, now: Instant) -> Job | None:
        """What is tried next."""
        if self.payments and self.due <= now:
            return self.payments[0]
        if (again := min(self.aside, key=_due, default=None)) is not None and again.due <= now:
            return again.job
        waiting = self.payments or self.orders
        if waiting:
            return waiting[0]
        if self.log is not None and (self.log_at <= now or self.collection is None):
            return self.log
        return self.collection

    def waiting(self) -> tuple[Job, ...]:
        """Every order that has not ended."""
        return (*self.payments, *(one.job for one in self.aside), *self.orders)

    def failed(self, job: Job, now: Instant, first_pause: Duration, longest: Duration) -> tuple[int, Duration]:
        """A try has failed: how many by now, and how long until the next."""
        kept = next((one for one in self.aside if one.job is job), None)
        if kept is None and _account(job).meter is not None:
            self.drop(job)
            kept = SetAside(job, 0, now)
            self.aside.append(kept)
        failures = (self.failures if kept is None else kept.failures) + 1
        pause = min(first_pause << min(failures - 1, 16), longest)
        if kept is None:
            self.failures, self.due = failures, Instant(now + pause)
        else:
            kept.failures, kept.due = failures, Instant(now + pause)
        return failures, pause

    def succeeded(self, job: Job, now: Instant) -> None:
        """A try has reached its end: nothing needs to wait for the same way any longer."""
        self.failures, self.due = 0, now
        if _account(job).meter is not None:
            for one in self.aside:
                one.due = min(one.due, now)

    def release(self, meter: Eui64) -> tuple[Job, ...]:
        """A meter is another supplier's: which jobs end with that; the caller drops them."""
        gone = next((each for each in self.hub.meters if each.identity == meter), None)
        if gone is None:
            return ()
        self.hub = HubEntry(self.hub.identity, tuple(each for each in self.hub.meters if each is not gone))
        if not self.hub.meters:
            self.collection = None
        if not self.hub.meters or gone.fuel is Fuel.GAS:
            self.log = None
        # Of a home whose gas is still served, only what is about an account of electricity ends.
        return tuple(job for job in self.waiting() if not self.hub.meters or _account(job).fuel is gone.fuel)

    def drop(self, job: Job) -> None:
        """It is over; a newer collection may have taken its place."""
        if self.collection is job:
            self.collection = None
        elif self.log is job:
            self.log = None
        elif kept := [one for one in self.aside if one.job is job]:
            self.aside.remove(kept[0])
        elif job in self.payments:
            self.payments.remove(job)
        elif job in self.orders:
            self.orders.remove(job)
