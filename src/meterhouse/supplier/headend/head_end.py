"""The head end: keeps a line to the carrier, calls hubs, talks DLMS with the devices behind them, tries again.

One session a hub at a time. Every day, after midnight UTC, each hub's missing days up to yesterday are collected;
payments go before other orders, orders before collections, the oldest first. What fails is tried again with growing
pauses; an order that outlives its expiry ends as expired, whatever line is down.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final

from meterhouse.companion import objects
from meterhouse.companion.relay import Frame, FrameReader, Hello, Kind, Refusal, Role
from meterhouse.model import (
    DAY,
    SECOND,
    Eui64,
    Event,
    Instant,
    LinkError,
    MalformedError,
    MeterhouseError,
    NotFoundError,
    Outgoing,
    day_start,
)
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.hub_queue import HubQueue
from meterhouse.supplier.headend.jobs import CollectDays, Job, ReadHubLog
from meterhouse.supplier.headend.link_watch import LinkWatch
from meterhouse.supplier.headend.ports import Clients, HubEntry, OrderBook, ReadingStore
from meterhouse.supplier.headend.ready import ReadyHubs
from meterhouse.supplier.headend.sealed_line import SealedBook, SealedLine
from meterhouse.supplier.headend.session import Session
from meterhouse.supplier.headend.settings import HeadEndSettings

__all__ = ["HeadEnd"]

CARRIER: Final = "carrier"


_NEVER: Final = Instant(0)
_IDENTITY: Final = 8
_SEALED: Final = frozenset({Kind.SEALED, Kind.NOTE})
"""Frames that belong to no call, whatever their number."""


class HeadEnd:
    """The machine. Port: `carrier`.

    Args:
        settings: see there.
        hubs: what it serves.
        clients: makes associations.
        readings: where half hours go.
        orders: where the life of orders is kept.
        links: watches the gas links; None for a new one.
        sealed: where sealed orders and signed words are kept; None for a supplier that sends no sealed orders.
    """

    def __init__(
        self,
        settings: HeadEndSettings,
        hubs: Iterable[HubEntry],
        clients: Clients,
        readings: ReadingStore,
        orders: OrderBook,
        links: LinkWatch | None = None,
        sealed: SealedBook | None = None,
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._readings = readings
        self._orders = orders
        self.links = LinkWatch(settings.name) if links is None else links
        self._queues = {hub.identity: HubQueue(hub) for hub in hubs}
        self._sessions: dict[int, Session] = {}
        self._ready = ReadyHubs(settings.sessions, settings.sessions_for_payments)
        self._expiries: list[tuple[Instant, int, Eui64]] = []
        self._next_number = 1
        self._entries = 0
        self._collect_next: Instant | None = None
        self._reader = FrameReader()
        self._welcomed = False
        self._dial_at: Instant | None = _NEVER
        self._word_by: Instant | None = None
        self._out: list[Outgoing] = []
        self._events: list[Event] = []
        self.sealed: SealedLine | None = None
        if sealed is not None:
            self.sealed = SealedLine(settings.identity, sealed, self.submit, self._number, self._send, self._tell)

    @property
    def name(self) -> str:
        """The machine's name."""
        return self._settings.name

    def note(self, now: Instant, kind: str, **fields: object) -> None:
        """Tell an event in its name, of somebody who works for it."""
        self._tell(now, kind, **fields)

    def submit(self, hub: Eui64, job: Job, now: Instant) -> None:
        """Take an order for a hub; it goes before collections and is tried at once.

        Raises:
            NotFoundError: no such hub.
        """
        queue = self._queues.get(hub)
        if queue is None:
            raise NotFoundError(f"the head end knows no hub {hub}", remedy="Register it first.")
        queue.add(job)
        queue.due = now
        if job.expires is not None:
            self._entries += 1
            heapq.heappush(self._expiries, (job.expires, self._entries, hub))
        self._ready.put(queue)
        self._start_ready(now)

    def release(self, hub: Eui64, meter: Eui64, now: Instant) -> None:
        """A meter is another supplier's: nothing is read of it any more, and what waits at its hub for it ends."""
        queue, why = self._queues.get(hub), "the home has changed its supplier"
        if queue is None:
            return
        held = self._sessions[queue.session].job if queue.session else None
        for job in queue.release(meter):
            if job is not held:
                queue.drop(job)
                if (book := getattr(job, "book", None)) is not None:  # a sealed order's is not a payment's
                    book.stage(job.order, "refused", now, why)
                self._tell(now, "order.refused", hub=str(hub), order=job.order, why=why)

    def replace_hub(self, old: Eui64, new: Eui64) -> None:
        """Another hub stands in the place of one: all that waits, and comes for the old, is for it."""
        queue = self._queues[new] = self._queues[old]
        queue.hub = HubEntry(new, queue.hub.meters)

    def collect(self, now: Instant) -> None:
        """Ask every hub for all days missing up to yesterday, spread over `collect_over`."""
        yesterday = Instant(day_start(now) - DAY)
        first = Instant(yesterday - self._settings.look_back * DAY)
        served = [one for key, one in self._queues.items() if one.hub.meters and one.hub.identity == key]
        for place, queue in enumerate(served):
            queue.collection = CollectDays(self._readings, first, yesterday, self.links)
            queue.collect_at = Instant(now + self._settings.collect_over * place // len(self._queues))
            queue.unfinished = 0
            self._ready.put(queue)

    # the machine shape -------------------------------------------------------------------------------------------

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Take bytes from the carrier; `b""`: the line is down."""
        del port
        if not data:
            self._line_down(now)
            return
        self._word_by = None
        try:
            for frame in self._reader.feed(data):
                self._take(frame, now)
        except MalformedError as error:
            self._tell(now, "carrier.garbled", why=error.what)
            self._hang_up_line(now)

    def outgoing(self) -> Iterable[Outgoing]:
        """Hand out the bytes to send."""
        out, self._out = self._out, []
        return out

    def events(self) -> Iterable[Event]:
        """Hand out what happened."""
        events, self._events = self._events, []
        return [*events, *self.links.events()]

    def deadline(self) -> Instant | None:
        """The earliest of redial, the day's collection, the next try, an answer overdue and an order's expiry."""
        ready = self._ready.next_due(len(self._sessions)) if self._welcomed else None
        sealed = None if self.sealed is None else self.sealed.deadline()
        expiry = self._expiries[0][0] if self._expiries else None
        due = min([session.answer_by for session in self._sessions.values()]) if self._sessions else None
        # Asked for at every touch of the machine: compared one by one, without a list of all.
        for at in (self._dial_at, self._word_by, self._collect_next, expiry, ready, sealed):
            if at is not None and (due is None or at < due):
                due = at
        return due

    def elapse(self, now: Instant) -> None:
        """Do what is due."""
        if self._collect_next is None:
            self._collect_next = now
        if self._dial_at is not None and now >= self._dial_at:
            self._dial_at = None
            self._word_by = Instant(now + self._settings.answer_within)
            self._send(Hello(Role.HEAD_END, self._settings.identity).frame())
        if now >= self._collect_next:
            self.collect(now)
            self._collect_next = Instant(day_start(now) + DAY + self._settings.collect_at)
        if self._word_by is not None and now >= self._word_by:
            self._tell(now, "carrier.silent")
            self._hang_up_line(now)
        if self.sealed is not None:
            self.sealed.elapse(now)
        self._give_up_waiting(now)
        self._expire(now)
        self._start_ready(now)

    def _give_up_waiting(self, now: Instant) -> None:
        overdue = [one for one in self._sessions.values() if now >= one.answer_by]
        for session in overdue:
            self._send(Frame(Kind.HANG_UP, session.number))
            self._failed(session, LinkError("no answer in time", remedy="It will be tried again."), now)
        if overdue and self._word_by is None:  # is it the hub that is silent, or the line?
            self._word_by = Instant(now + self._settings.answer_within)
            self._send(Frame(Kind.PING))

    # frames ------------------------------------------------------------------------------------------------------

    def _take(self, frame: Frame, now: Instant) -> None:
        if frame.kind is Kind.WELCOME:
            self._welcomed = True
            if self.sealed is not None:
                self.sealed.welcomed(now)
            self._start_ready(now)
            return
        if frame.kind is Kind.RING:
            self._rung(frame.payload, now)
            return
        session = None if frame.kind in _SEALED else self._sessions.get(frame.session)
        if session is None:
            if self.sealed is not None:
                self.sealed.take(frame, now)
            return
        if frame.kind is Kind.ANSWERED and not session.answered:
            session.answered = True
            self._ask(session, session.first, now)
        elif frame.kind is Kind.DATA:
            self._answered(session, frame.payload, now)
        elif frame.kind is Kind.REFUSED:
            code = frame.payload[0] if frame.payload else 0
            why = Refusal(code).sentence if code in tuple(Refusal) else f"reason {code}"
            self._failed(session, LinkError("call refused", why=why), now)
        elif frame.kind is Kind.HANG_UP:
            self._failed(session, LinkError("the other side hung up"), now)

    def _rung(self, hub: bytes, now: Instant) -> None:
        """A hub has something to tell. Anybody may ring in its name: it brings a call, not too often, and no more."""
        queue = self._queues.get(Eui64(hub)) if len(hub) == _IDENTITY else None
        if queue is None or queue.log is not None:
            return
        queue.log = ReadHubLog(self.links)
        queue.log_at = max(now, Instant(queue.log_read + self._settings.rung_again))
        self._ready.put(queue)
        self._start_ready(now)

    def _hang_up_line(self, now: Instant) -> None:
        self._out.append((CARRIER, b""))
        self._line_down(now)

    def _line_down(self, now: Instant) -> None:
        self._reader = FrameReader()
        self._welcomed = False
        self._word_by = None
        self._dial_at = Instant(now + self._settings.redial_after)
        if self.sealed is not None:
            self.sealed.down()
        for session in list(self._sessions.values()):
            self._failed(session, LinkError("the line to the carrier is down"), now)

    # sessions ----------------------------------------------------------------------------------------------------

    def _start_ready(self, now: Instant) -> None:
        while self._welcomed and (identity := self._ready.take(now, len(self._sessions))) is not None:
            queue = self._queues[identity]
            due = queue.next_due()
            if due is not None and due <= now and not queue.session:
                self._start(queue, now)

    def _expire(self, now: Instant) -> None:
        while self._expiries and self._expiries[0][0] <= now:
            _, _, identity = heapq.heappop(self._expiries)
            queue = self._queues[identity]
            held = self._sessions[queue.session].job if queue.session else None
            for job in queue.waiting():
                if job is not held and job.expires is not None and job.expires <= now:
                    self._end_expired(queue, job, now)

    def _end_expired(self, queue: HubQueue, job: Job, now: Instant) -> None:
        queue.drop(job)
        self._orders.stage(job.order, "expired", now, "it could not be delivered in time")
        self._tell(now, "order.expired", hub=str(queue.hub.identity), order=job.order, job=job.label)

    def _start(self, queue: HubQueue, now: Instant) -> None:
        job = queue.next_job(now)
        assert job is not None
        if job.expires is not None and now >= job.expires:
            self._end_expired(queue, job, now)
            self._ready.put(queue)
            return
        talk = job.talk(queue.hub, self._clients, now)
        try:
            route, first = next(talk)
        except StopIteration:  # nothing to ask: every day is here already
            queue.drop(job)
            self._ready.put(queue)
            return
        except MeterhouseError as error:
            self._postpone(queue, job, error, now)
            return
        number = self._number()
        answer_by = Instant(now + self._settings.answer_within)
        session = self._sessions[number] = Session(number, queue, job, talk, route, first, answer_by)
        queue.session = number
        self._send(session.call())

    def _ask(self, session: Session, apdu: bytes, now: Instant) -> None:
        session.answer_by = Instant(now + self._settings.answer_within)
        if session.route.device is not None:
            apdu = dlms.gateway.wrap(dlms.gateway.Prefixed(objects.METER_NETWORK, session.route.device, apdu))
        framed = dlms.wrapper.encode(objects.HEAD_END_SAP, objects.MANAGEMENT_DEVICE, apdu)
        self._send(Frame(Kind.DATA, session.number, framed))

    def _answered(self, session: Session, data: bytes, now: Instant) -> None:
        try:
            for frame in session.decoder.feed(data):
                apdu = frame.apdu
                prefixed = dlms.gateway.unwrap(apdu)
                if (None if prefixed is None else prefixed.device) != session.route.device:
                    raise MalformedError("an answer came from another device than was asked")
                session.route, apdu = session.talk.send(apdu if prefixed is None else prefixed.apdu)
                self._ask(session, apdu, now)
        except StopIteration:
            self._done(session, now)
        except MeterhouseError as error:
            self._send(Frame(Kind.HANG_UP, session.number))
            self._failed(session, error, now)

    def _done(self, session: Session, now: Instant) -> None:
        self._send(Frame(Kind.HANG_UP, session.number))
        queue, job = self._ended(session), session.job
        queue.succeeded(job, now)
        self._tell(now, "job.done", hub=str(queue.hub.identity), job=job.label, order=job.order)
        if job is queue.log:
            queue.log_read = now
        if job is queue.collection and self._unfinished(queue, job):
            queue.collect_at = Instant(now + (self._settings.collect_again << queue.unfinished))
            queue.unfinished += 1
        else:
            queue.drop(job)
        self._ready.put(queue)

    def _unfinished(self, queue: HubQueue, job: Job) -> bool:
        """Whether the newest day is still not whole: its last half hours may be at the meter yet (S0-31)."""
        if not isinstance(job, CollectDays):
            return False
        return any(self._readings.missing(meter.identity, job.last, job.last) for meter in queue.hub.meters)

    def _failed(self, session: Session, error: MeterhouseError, now: Instant) -> None:
        queue = self._ended(session)
        session.talk.close()
        self._postpone(queue, session.job, error, now)

    def _postpone(self, queue: HubQueue, job: Job, error: MeterhouseError, now: Instant) -> None:
        failures, pause = queue.failed(job, now, self._settings.first_pause, self._settings.longest_pause)
        self._tell(
            now,
            "job.failed",
            hub=str(queue.hub.identity),
            job=job.label,
            why=error.sentence(),
            tries=failures,
            again_in_s=pause // SECOND,
        )
        self._ready.put(queue)

    def _ended(self, session: Session) -> HubQueue:
        del self._sessions[session.number]
        session.queue.session = 0
        return session.queue

    def _number(self) -> int:
        number = self._next_number
        self._next_number = number % 0xFFFF_FFFF + 1
        return number

    def _send(self, frame: Frame) -> None:
        self._out.append((CARRIER, frame.encode()))

    def _tell(self, now: Instant, kind: str, **fields: object) -> None:
        self._events.append(Event(now, self.name, kind, fields))
