"""The hub's line to the carrier: dials out, stays connected, answers one session at a time.

Inside a session travels DLMS in wrapper frames. An APDU with the gateway prefix is for the electricity meter and goes
to the M link unread; any other is for the hub itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.companion.relay import MAX_PAYLOAD, Frame, FrameReader, Hello, Kind, Refusal, Role
from meterhouse.model import MINUTE, SECOND, Eui64, Instant, MalformedError
from meterhouse.protocols import dlms

__all__ = ["WanLine"]

_REDIAL_FIRST: Final = 5 * SECOND
_REDIAL_LONGEST: Final = 15 * MINUTE
_SPREAD: Final = 4_999
"""Hubs that lost their line together dial again in as many different instants, over one pause more, by identity."""
_PING_EVERY: Final = 25 * MINUTE
_SILENT_TOO_LONG: Final = 3 * _PING_EVERY
"""Carriers answer pings; without a word for so long the line is dead, whatever TCP believes."""


_NOTES: Final = frozenset({Kind.NOTE, Kind.NOTED, Kind.REFUSED})
_IDLE_TOO_LONG: Final = 2 * MINUTE
"""A session that was silent for so long gives way to the next call: whoever held it may have died."""


class _Session:
    """The one call in progress."""

    def __init__(self, number: int, connection: dlms.ServerConnection, now: Instant) -> None:
        self.number = number
        self.heard = now
        self.decoder = dlms.wrapper.Decoder()
        self.connection = connection


class WanLine:
    """The protocol of the `wan` port.

    Args:
        identity: what the hub calls itself.
        server: answers for the hub's own objects.
        forward: takes (client SAP, server SAP, APDU, now) for the electricity meter; False where there is none.
        forget: told that the session is over: what the meter still answers in it is for nobody.
        send: puts bytes on the port; empty bytes close it.
        tell: notes an event.
    """

    def __init__(
        self,
        identity: Eui64,
        server: dlms.Server,
        forward: Callable[[int, int, bytes, Instant], bool],
        forget: Callable[[Instant], None],
        send: Callable[[bytes], None],
        tell: Callable[..., None],
    ) -> None:
        self._identity = identity
        self._server = server
        self._forward = forward
        self._forget = forget
        self._send_bytes = send
        self._tell = tell
        self._reader = FrameReader()
        self._session: _Session | None = None
        self.notes: Callable[[Frame, Instant], None] | None = None
        """Takes what comes outside the call: notes, and what becomes of the hub's own."""
        self.online = False
        self._dial_at: Instant | None = Instant(0)
        self._pause = _REDIAL_FIRST
        self._place = int.from_bytes(identity.octets, "big") % _SPREAD
        self._ping_at: Instant | None = None
        self._heard = Instant(0)

    def deadline(self) -> Instant | None:
        """When to dial or ping."""
        return self._dial_at if self._dial_at is not None else self._ping_at

    def elapse(self, now: Instant) -> None:
        """Dial or ping if it is time."""
        if self._dial_at is not None and now >= self._dial_at:
            self._dial_at = None
            self._heard = now
            self._ping_at = Instant(now + _PING_EVERY)
            self._send(Hello(Role.HUB, self._identity).frame())
        elif self._ping_at is not None and now >= self._ping_at:
            if now - self._heard >= _SILENT_TOO_LONG:
                self._send_bytes(b"")
                self.down(now)
            else:
                self._ping_at = Instant(now + _PING_EVERY)
                self._send(Frame(Kind.PING))

    def receive(self, data: bytes, now: Instant) -> None:
        """Bytes from the carrier."""
        self._heard = now
        try:
            for frame in self._reader.feed(data):
                self._take(frame, now)
        except MalformedError as error:
            self._tell(now, "wan.garbled", why=error.what)
            self._send_bytes(b"")
            self.down(now)

    def down(self, now: Instant) -> None:
        """The line is down: dial again, each time a little later."""
        if self.online:
            self._tell(now, "wan.down")
            self._pause = _REDIAL_FIRST
        self.online = False
        self._end_session(now)
        self._reader = FrameReader()
        self._ping_at = None
        self._dial_at = Instant(now + self._pause + self._pause * self._place // _SPREAD)
        self._pause = min(2 * self._pause, _REDIAL_LONGEST)

    def serve(self, server: dlms.Server, now: Instant) -> None:
        """Another supplier is served from here on; the call in progress was the old one's."""
        self._server = server
        if self._session is not None:
            self._hang_up(self._session, "the supplier has changed", now)

    def ring(self) -> None:
        """Ask to be called: something urgent stands in the log. Says nothing of what it is."""
        self._send(Frame(Kind.RING))

    def from_meter(self, source: int, destination: int, apdu: bytes, prefix: dlms.gateway.Prefixed) -> None:
        """Pass the meter's answer on to the head end, prefixed as the request was."""
        if self._session is not None:
            answer = dlms.gateway.Prefixed(prefix.network, prefix.device, apdu, answer=True)
            self._answer(self._session, source, destination, dlms.gateway.wrap(answer))

    def _take(self, frame: Frame, now: Instant) -> None:
        if frame.kind is Kind.WELCOME:
            self.online, self._pause = True, _REDIAL_FIRST
            self._tell(now, "wan.up")
        elif frame.kind is Kind.CALL:
            if self._session is not None and now - self._session.heard < _IDLE_TOO_LONG:
                self._send(Frame(Kind.REFUSED, frame.session, bytes([Refusal.BUSY])))
                return
            self._end_session(now)
            self._session = _Session(frame.session, self._server.connection(), now)
            self._send(Frame(Kind.ANSWERED, frame.session))
        elif frame.kind in _NOTES:
            if self.notes is not None:
                self.notes(frame, now)
        elif self._session is not None and frame.session == self._session.number:
            if frame.kind is Kind.HANG_UP:
                self._end_session(now)
            elif frame.kind is Kind.DATA:
                self._session.heard = now
                self._ask(self._session, frame.payload, now)

    def _ask(self, session: _Session, data: bytes, now: Instant) -> None:
        try:
            for frame in session.decoder.feed(data):
                prefixed = dlms.gateway.unwrap(frame.apdu)
                if prefixed is None:
                    answer = session.connection.receive(frame.source, frame.destination, frame.apdu, now)
                    self._tell_refusals(session.connection, now)
                    if answer is not None:
                        self._answer(session, frame.destination, frame.source, answer)
                elif not self._forward(frame.source, frame.destination, frame.apdu, now):
                    self._hang_up(session, "there is no meter behind this address", now)
        except MalformedError as error:
            self._hang_up(session, error.what, now)

    def _tell_refusals(self, connection: dlms.ServerConnection, now: Instant) -> None:
        for record in connection.audit():
            what = f"{record.kind} {record.what}"
            self._tell(now, "access.refused", client=record.client, what=what, why=record.why)

    def _hang_up(self, session: _Session, why: str, now: Instant) -> None:
        self._tell(now, "session.ended", why=why)
        self._send(Frame(Kind.HANG_UP, session.number))
        self._end_session(now)

    def _end_session(self, now: Instant) -> None:
        if self._session is not None:
            self._session = None
            self._forget(now)

    def _answer(self, session: _Session, source: int, destination: int, apdu: bytes) -> None:
        framed = dlms.wrapper.encode(source, destination, apdu)
        for start in range(0, len(framed), MAX_PAYLOAD):
            self._send(Frame(Kind.DATA, session.number, framed[start : start + MAX_PAYLOAD]))

    def _send(self, frame: Frame) -> None:
        self._send_bytes(frame.encode())
