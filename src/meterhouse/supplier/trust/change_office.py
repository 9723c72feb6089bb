"""The change-of-supplier party on its line: brings its orders to the devices, and hears them say that it is done.

Whoever has a line to the carrier and this party's key can move homes from supplier to supplier, so it is a party of its
own, and the device wants the gainer's signature besides. It reads nothing of a home, and sends nothing but this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from meterhouse.companion.relay import Frame, FrameReader, Hello, Kind, Note, Refusal, Role
from meterhouse.companion.sealed import ORDER_RESULT, OrderResult, Outcome, SealedError, decode_envelope, read_alert
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
    StorageError,
)
from meterhouse.supplier.trust.confirm_service import CARRIER, DeviceKeys

__all__ = ["ChangeOffice", "ChangeOrder"]

_NEVER: Final = Instant(0)
_REDIAL: Final[Duration] = 5 * SECOND
_PING: Final[Duration] = 20 * SECOND
_AGAIN: Final[Duration] = 10 * MINUTE
"""A device that has not answered is sent the same order again, and does it once. Each time counts for the brake."""


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """An order that one device change its supplier.

    Attributes:
        device: which.
        hub: behind which it hangs.
        octets: the signed envelope, without a MAC.
        not_after: of its mandate.
    """

    device: Eui64
    hub: Eui64
    octets: bytes
    not_after: Instant


@dataclass(slots=True)
class _Sent:
    """One that has not ended."""

    order: ChangeOrder
    identity: bytes
    at: Instant
    number: int = 0
    kept_again: Instant = _NEVER


class ChangeOffice:
    """The machine; its one port is `carrier`.

    Args:
        name: of the machine.
        own: its identity.
        devices: whose signatures it believes.
        ended: told (device, whether it changed, why not, when); raises StorageError where it cannot keep that.
    """

    def __init__(
        self, name: str, own: Eui64, devices: DeviceKeys, ended: Callable[[Eui64, bool, str, Instant], None]
    ) -> None:
        self._name = name
        self._own = own
        self._devices = devices
        self._ended = ended
        self._reader = FrameReader()
        self._out: deque[bytes] = deque()
        self._events: list[Event] = []
        self._up = False
        self._welcomed = False
        self._next = Instant(0)
        self._number = 0
        self._sent: dict[Eui64, _Sent] = {}

    @property
    def name(self) -> str:
        """The machine's name."""
        return self._name

    def submit(self, order: ChangeOrder, now: Instant) -> None:
        """Bring an order to its device, until that has said what became of it or the order's time is over.

        Raises:
            SealedError: the bytes are no order.
        """
        self._sent[order.device] = _Sent(order, decode_envelope(order.octets).identity, now)
        self.elapse(now)

    @property
    def waiting(self) -> frozenset[Eui64]:
        """Devices that have not said what became of it."""
        return frozenset(self._sent)

    # the machine shape -------------------------------------------------------------------------------------------

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Take bytes of the carrier; `b""` is the end of the line."""
        assert port == CARRIER
        if not data:
            self._lost(now)
            return
        try:
            for frame in self._reader.feed(data):
                self._take(frame, now)
        except MalformedError as error:
            self._tell(now, "line.dropped", why=error.what)
            self._out.append(b"")
            self._lost(now)

    def outgoing(self) -> Iterable[Outgoing]:
        """Hand out the bytes to send."""
        while self._out:
            yield CARRIER, self._out.popleft()

    def events(self) -> Iterable[Event]:
        """Hand out what happened."""
        events, self._events = self._events, []
        return events

    def deadline(self) -> Instant | None:
        """When it dials or pings, sends an order again, or one is over."""
        due = [max(one.order.not_after, one.kept_again) for one in self._sent.values()]
        due += [one.at for one in self._sent.values() if self._welcomed and one.at < one.order.not_after]
        return min([*due, self._next])

    def elapse(self, now: Instant) -> None:
        """Do what is due."""
        if now >= self._next:
            if self._up:
                self._send(Frame(Kind.PING))
            else:
                self._up, self._reader = True, FrameReader()
                self._send(Hello(Role.CHANGE_OF_SUPPLIER, self._own).frame())
            self._next = Instant(now + _PING)
        for one in list(self._sent.values()):
            if now >= max(one.order.not_after, one.kept_again):
                self._expire(one, now)
            elif self._welcomed and now >= one.at and now < one.order.not_after:
                self._number += 1
                one.number, one.at = self._number, Instant(now + _AGAIN)
                self._send(Note(one.order.hub, one.order.octets).frame(one.number))

    # inside ------------------------------------------------------------------------------------------------------

    def _take(self, frame: Frame, now: Instant) -> None:
        if frame.kind is Kind.WELCOME:
            self._welcomed = True
            self.elapse(now)
        elif frame.kind is Kind.PING:
            self._send(Frame(Kind.PONG))
        elif frame.kind is Kind.NOTE:
            try:
                self._heard(Note.parse(frame.payload).octets, now)
            except StorageError as error:  # not safely taken: whoever brought it brings it again
                self._tell(now, "change.unkept", why=error.sentence())
                return
            self._send(Frame(Kind.NOTED, frame.session))
        elif frame.kind is Kind.REFUSED:
            one = next((one for one in self._sent.values() if one.number == frame.session), None)
            if one is not None:
                code = frame.payload[0] if frame.payload else 0
                why = Refusal(code).sentence if code in tuple(Refusal) else f"reason {code}"
                self._tell(now, "change.held", device=str(one.order.device), why=why)

    def _heard(self, octets: bytes, now: Instant) -> None:
        try:
            device = decode_envelope(octets).originator
            one, key = self._sent.get(device), self._devices.signing_key(device)
            if one is None or key is None:
                return  # said again, after it was heard
            alert, _ = read_alert(octets, self._own, device, key, -1)
            if alert.code != ORDER_RESULT:
                raise SealedError("it is no result of an order")
            result = OrderResult.decode(alert.content)
        except StorageError:
            raise
        except MeterhouseError as error:
            self._tell(now, "note.refused", why=error.sentence())
            return
        if result.order == one.identity:
            changed = result.outcome is Outcome.HANDED_OVER
            self._end(one, changed=changed, why="" if changed else result.hindrance.name.lower(), now=now)

    def _expire(self, one: _Sent, now: Instant) -> None:
        try:
            self._end(one, changed=False, why="the device did not answer in time", now=now)
        except StorageError as error:
            one.kept_again = Instant(now + _AGAIN)
            self._tell(now, "change.unkept", why=error.sentence())

    def _end(self, one: _Sent, *, changed: bool, why: str, now: Instant) -> None:
        self._ended(one.order.device, changed, why, now)
        del self._sent[one.order.device]
        kind = "change.done" if changed else "change.failed"
        self._tell(now, kind, device=str(one.order.device), why=why)

    def _lost(self, now: Instant) -> None:
        self._up = self._welcomed = False
        self._reader = FrameReader()
        self._next = Instant(now + _REDIAL)

    def _send(self, frame: Frame) -> None:
        self._out.append(frame.encode())

    def _tell(self, now: Instant, kind: str, **about: object) -> None:
        self._events.append(Event(now, self._name, kind, about))
