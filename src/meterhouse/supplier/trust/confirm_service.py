"""The confirm service: a machine on the carrier's line that answers devices' queries under a key of its own (S0-73).

It dials the carrier, says hello, takes notes, and sends its answer to the hub the note came through. Whoever floods it
with words that are no genuine query gets nothing; a query that cannot be judged now, because the books are away, gets
no answer, so that the device asks again and the supply stays on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from meterhouse.companion.relay import Frame, FrameReader, Hello, Kind, Note, Role
from meterhouse.companion.sealed import (
    CONFIRM_ANSWER,
    Catalogue,
    ConfirmAnswer,
    ConfirmQuery,
    CounterClass,
    Mandate,
    Signer,
    decode_envelope,
    read_alert,
)
from meterhouse.crypto import KeyPair, PublicPoint, sha256
from meterhouse.model import (
    MINUTE,
    SECOND,
    Duration,
    Eui64,
    Event,
    Instant,
    MalformedError,
    MeterhouseError,
    Outgoing,
    RemoteError,
    StorageError,
)
from meterhouse.supplier.trust.confirm_judge import ConfirmJudge, Judgement, NoReason
from meterhouse.supplier.trust.signing import OrderCounters

__all__ = ["CARRIER", "AnswerBook", "ConfirmService", "ConfirmSettings", "DeviceKeys", "Given"]

CARRIER: Final = "carrier"
_LASTS: Final = 5 * MINUTE
_SLOW: Final = MINUTE
"""How far a device's clock may be before or behind ours without an answer being too early or too late for it."""


class DeviceKeys(Protocol):
    """The security centre's word about devices."""

    def signing_key(self, device: Eui64) -> PublicPoint | None:
        """The signature key of a device in service; None for any other."""

    def premises(self, device: Eui64) -> bytes | None:
        """The binding of its premises."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given.

    Attributes:
        query: SHA-256 of all the query's bytes.
        answer: the signed message.
        yes: what it said.
    """

    query: bytes
    answer: bytes
    yes: bool


class AnswerBook(Protocol):
    """The answers given, one for each order and device, newest; durable before it returns."""

    def given(self, order_hash: bytes, device: Eui64) -> Given | None:
        """The newest answer about an order to a device."""

    def give(self, order_hash: bytes, device: Eui64, given: Given, now: Instant) -> None:
        """Keep an answer."""


@dataclass(frozen=True, slots=True)
class ConfirmSettings:
    """How the service behaves.

    Attributes:
        name: of the machine.
        own: its identity.
        pair: its signature key.
        redial: ms before it dials again after its line was lost.
        ping: ms between two pings.
    """

    name: str
    own: Eui64
    pair: KeyPair
    redial: Duration = 5 * SECOND
    ping: Duration = 20 * SECOND


class ConfirmService:
    """The machine; its one port is `carrier`.

    Args:
        settings: see there.
        judge: says yes or no.
        devices: whose signatures it believes.
        answers: what it has said.
        counters: its own, for its answers.
        catalogue: use cases.
    """

    def __init__(
        self,
        settings: ConfirmSettings,
        judge: ConfirmJudge,
        devices: DeviceKeys,
        answers: AnswerBook,
        counters: OrderCounters,
        catalogue: Catalogue,
    ) -> None:
        self._settings = settings
        self._judge = judge
        self._devices = devices
        self._answers = answers
        self._counters = counters
        self._signer = Signer(settings.own, settings.pair, catalogue)
        self._reader = FrameReader()
        self._out: deque[bytes] = deque()
        self._events: list[Event] = []
        self._up = False
        self._next = Instant(0)
        self._number = 0
        self.said: dict[NoReason, int] = {}

    @property
    def name(self) -> str:
        """The machine's name."""
        return self._settings.name

    # the machine shape -------------------------------------------------------------------------------------------

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Take bytes of the carrier; `b""` is the end of the line."""
        assert port == CARRIER
        if not data:
            self._lost(now)
            return
        try:
            frames = self._reader.feed(data)
            for frame in frames:
                self._take(frame, now)
        except MalformedError as error:
            self._tell(now, "line.dropped", why=error.what)
            self._out.append(b"")
            self._lost(now)

    def outgoing(self) -> Iterable[Outgoing]:
        """Hand out the bytes to send."""
        while self._out:
            yield CARRIER, self._out.popleft()

    def deadline(self) -> Instant | None:
        """When it dials, or pings."""
        return self._next

    def elapse(self, now: Instant) -> None:
        """Dial or ping."""
        if now < self._next:
            return
        if self._up:
            self._send(Frame(Kind.PING))
        else:
            self._up = True
            self._reader = FrameReader()
            self._send(Hello(Role.CONFIRM, self._settings.own).frame())
        self._next = Instant(now + self._settings.ping)

    def events(self) -> Iterable[Event]:
        """Hand out what happened."""
        events, self._events = self._events, []
        return events

    # inside ------------------------------------------------------------------------------------------------------

    def _take(self, frame: Frame, now: Instant) -> None:
        if frame.kind is Kind.PING:
            self._send(Frame(Kind.PONG))
        elif frame.kind is Kind.NOTE:
            note = Note.parse(frame.payload)
            answer = self._answer(note.octets, now)
            self._send(Frame(Kind.NOTED, frame.session))
            if answer:
                self._number += 1
                self._send(Note(note.other, answer).frame(self._number))
        elif frame.kind is Kind.REFUSED:
            self._tell(now, "confirm.undelivered", number=frame.session)

    def _answer(self, octets: bytes, now: Instant) -> bytes:
        """The signed answer to a query; empty where there is none to give."""
        try:
            device, query = self._query(octets)
        except MeterhouseError as error:
            self._tell(now, "confirm.not_believed", why=error.sentence())
            return b""
        digest = sha256(octets)
        try:
            before = self._answers.given(query.order, device)
            if before is not None and before.query == digest and before.yes is False:
                return before.answer
            counted = before is not None and before.yes
            judgement = self._judge.judge(device, query, now, counted=counted)
            if judgement.later:
                self._tell(now, "confirm.later", device=str(device), why=judgement.why)
                return b""
            answer = self._signed(device, query, judgement, now)
            if judgement.number:  # of orders that nobody has raised a broken device could invent any number
                self._answers.give(query.order, device, Given(digest, answer, judgement.yes), now)
        except StorageError as error:
            self._tell(now, "confirm.books_away", device=str(device), why=error.sentence())
            return b""
        self.said[judgement.reason] = self.said.get(judgement.reason, 0) + 1
        kind = "confirm.yes" if judgement.yes else f"confirm.no.{judgement.reason.name.lower()}"
        about = {"device": str(device), "order": query.order.hex(), "number": judgement.number, "why": judgement.why}
        self._tell(now, kind, **about)
        return answer

    def _query(self, octets: bytes) -> tuple[Eui64, ConfirmQuery]:
        """Who asks, and what; believed.

        Raises:
            MeterhouseError: it is no query, or not of a device in service.
        """
        device = decode_envelope(octets).originator
        key = self._devices.signing_key(device)
        if key is None:
            raise RemoteError(f"{device} is not in service")
        envelope, _ = read_alert(octets, self._settings.own, device, key, -1)
        return device, ConfirmQuery.decode(envelope.content)

    def _signed(self, device: Eui64, query: ConfirmQuery, judgement: Judgement, now: Instant) -> bytes:
        premises = self._devices.premises(device) or bytes(8)
        mandate = Mandate(premises, Instant(max(0, now - _SLOW)), Instant(max(0, now - _SLOW) + _LASTS))
        content = ConfirmAnswer(query.nonce, query.order, judgement.yes, int(judgement.reason)).encode()
        counter = self._counters.next(CounterClass.CONFIRM.value)
        return self._signer.order(device, CONFIRM_ANSWER, content, counter, mandate).encode()

    def _lost(self, now: Instant) -> None:
        self._up = False
        self._reader = FrameReader()
        self._next = Instant(now + self._settings.redial)

    def _send(self, frame: Frame) -> None:
        self._out.append(frame.encode())

    def _tell(self, now: Instant, kind: str, **about: object) -> None:
        self._events.append(Event(now, self.name, kind, about))
