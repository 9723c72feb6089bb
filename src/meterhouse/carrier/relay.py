"""The blind relay: hubs dial in, head ends call them, bytes pass unread.

Rules: one connection a hub and a head end (a newer one replaces the older: who dials again has lost it), one session a
hub at a time (one association owner per meter saves both counters and batteries), and only pairs that the access list
allows. All that the carrier keeps is who called whom, how often, and how many bytes (the ground for its bill).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from meterhouse.companion.relay import Frame, FrameReader, Hello, Kind, Refusal, Role
from meterhouse.model import Duration, Eui64, Event, Instant, MalformedError, Outgoing

__all__ = ["Carrier", "CarrierSettings", "Usage"]


_PASSED_ON: Final = frozenset({Kind.DATA, Kind.ANSWERED, Kind.REFUSED, Kind.HANG_UP})
_NEVER: Final = Instant(0)


@dataclass(frozen=True, slots=True)
class CarrierSettings:
    """How the carrier behaves.

    Attributes:
        name: of the machine.
        may_reach: whether a head end (first) may reach a hub (second). Asked at each call.
        silence: hubs are looked at this often, and one that said nothing since the last look is dropped; so hubs
            ping at least this often.
    """

    name: str
    may_reach: Callable[[Eui64, Eui64], bool]
    silence: Duration


@dataclass(slots=True)
class Usage:
    """What one head end used of one hub's line since the carrier started."""

    calls: int = 0
    refused: int = 0
    bytes_down: int = 0
    bytes_up: int = 0


@dataclass(slots=True)
class _Line:
    """One connection."""

    port: str
    reader: FrameReader = field(default_factory=FrameReader)
    who: Hello | None = None
    heard: Instant = _NEVER
    sessions: dict[int, _Session] = field(default_factory=dict)


@dataclass(slots=True)
class _Session:
    """One call: the same session has its own number on each side."""

    head_end: _Line
    head_end_number: int
    hub: _Line
    hub_number: int
    usage: Usage


class Carrier:
    """The relay machine. Each port is one connection, of a hub or of a head end, told apart by its hello."""

    def __init__(self, settings: CarrierSettings) -> None:
        self._settings = settings
        self._lines: dict[str, _Line] = {}
        self._hubs: dict[Eui64, _Line] = {}
        self._head_ends: dict[Eui64, _Line] = {}
        self._known: set[Eui64] = set()
        self._usage: dict[tuple[Eui64, Eui64], Usage] = {}
        self._next_session = 1
        self._look_at = _NEVER
        self._out: list[Outgoing] = []
        self._events: list[Event] = []

    @property
    def name(self) -> str:
        """The machine's name."""
        return self._settings.name

    def online(self, hub: Eui64) -> bool:
        """Whether the hub is connected now."""
        return hub in self._hubs

    def usage(self) -> dict[tuple[Eui64, Eui64], Usage]:
        """Use by (head end, hub)."""
        return dict(self._usage)

    # the machine shape -------------------------------------------------------------------------------------------

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Take bytes of a connection; `b""` is its end."""
        if not data:
            self._closed(port, now)
            return
        line = self._lines.setdefault(port, _Line(port))
        line.heard = now
        try:
            frames = line.reader.feed(data)
            for frame in frames:
                self._take(line, frame, now)
        except MalformedError as error:
            self._tell(now, "line.dropped", port=port, why=error.what)
            self._drop(line, now)

    def outgoing(self) -> Iterable[Outgoing]:
        """Hand out the bytes to send."""
        out, self._out = self._out, []
        return out

    def events(self) -> Iterable[Event]:
        """Hand out what happened."""
        events, self._events = self._events, []
        return events

    def deadline(self) -> Instant | None:
        """When the longest-silent hub must have spoken."""
        return self._look_at if self._hubs else None

    def elapse(self, now: Instant) -> None:
        """Drop hubs that have been silent for too long."""
        if now < self._look_at:
            return
        self._look_at = Instant(now + self._settings.silence)
        silent = [line for line in self._hubs.values() if now - line.heard >= self._settings.silence]
        for line in silent:
            self._tell(now, "hub.silent", hub=str(line.who.identity) if line.who else "")
            self._drop(line, now)

    # frames ------------------------------------------------------------------------------------------------------

    def _take(self, line: _Line, frame: Frame, now: Instant) -> None:
        if frame.kind is Kind.HELLO:
            if line.who is not None:
                raise MalformedError("a connection says hello once")
            self._hello(line, Hello.parse(frame.payload), now)
        elif line.who is None:
            raise MalformedError("a connection must begin with hello")
        elif frame.kind is Kind.PING:
            self._send(line, Frame(Kind.PONG))
        elif frame.kind is Kind.CALL and line.who.role is Role.HEAD_END:
            self._call(line, frame, now)
        elif frame.kind is Kind.RING and line.who.role is Role.HUB:
            self._ring(line.who.identity)
        elif frame.kind in _PASSED_ON:
            self._pass_on(line, frame, now)

    def _ring(self, hub: Eui64) -> None:
        """Tell the head ends that may call this hub that it wishes to be called."""
        for identity, line in self._head_ends.items():
            if line.who is not None and line.who.role is Role.HEAD_END and self._settings.may_reach(identity, hub):
                self._send(line, Frame(Kind.RING, 0, hub.octets))

    def _hello(self, line: _Line, hello: Hello, now: Instant) -> None:
        lines = self._hubs if hello.role is Role.HUB else self._head_ends
        older = lines.get(hello.identity)
        if older is not None:
            self._drop(older, now)
        if hello.role is Role.HUB:
            if not self._hubs:
                self._look_at = Instant(now + self._settings.silence)
            self._known.add(hello.identity)
        lines[hello.identity] = line
        line.who = hello
        self._send(line, Frame(Kind.WELCOME))
        self._tell(now, "line.hello", role=hello.role.name.lower(), identity=str(hello.identity))

    def _call(self, line: _Line, frame: Frame, now: Instant) -> None:
        assert line.who is not None
        if len(frame.payload) != 8:
            raise MalformedError(f"a call names a hub by 8 bytes, not {len(frame.payload)}")
        hub = Eui64(frame.payload)
        usage = self._usage.setdefault((line.who.identity, hub), Usage())
        refusal = self._refusal(line.who.identity, hub)
        if refusal is not None or frame.session in line.sessions:
            reason = refusal or Refusal.BUSY
            usage.refused += 1
            self._send(line, Frame(Kind.REFUSED, frame.session, bytes([reason])))
            self._tell(now, "call.refused", hub=str(hub), why=reason.sentence)
            return
        usage.calls += 1
        hub_line = self._hubs[hub]
        session = _Session(line, frame.session, hub_line, self._next_session, usage)
        self._next_session = self._next_session % 0xFFFF_FFFF + 1
        line.sessions[session.head_end_number] = session
        hub_line.sessions[session.hub_number] = session
        self._send(hub_line, Frame(Kind.CALL, session.hub_number, line.who.identity.octets))

    def _refusal(self, head_end: Eui64, hub: Eui64) -> Refusal | None:
        if not self._settings.may_reach(head_end, hub):
            return Refusal.NOT_ALLOWED
        if hub not in self._hubs:
            return Refusal.NOT_CONNECTED if hub in self._known else Refusal.UNKNOWN_HUB
        return Refusal.BUSY if self._hubs[hub].sessions else None

    def _pass_on(self, line: _Line, frame: Frame, now: Instant) -> None:
        """DATA, ANSWERED, REFUSED and HANG_UP go to the session's other side; a session that is gone is hung up."""
        session = line.sessions.get(frame.session)
        if session is None:
            if frame.kind is Kind.DATA:
                self._send(line, Frame(Kind.HANG_UP, frame.session))
            return
        upward = line is session.hub
        if frame.kind is Kind.DATA:
            if upward:
                session.usage.bytes_up += len(frame.payload)
            else:
                session.usage.bytes_down += len(frame.payload)
        other, number = (session.head_end, session.head_end_number) if upward else (session.hub, session.hub_number)
        self._send(other, Frame(frame.kind, number, frame.payload))
        if frame.kind in (Kind.HANG_UP, Kind.REFUSED):
            self._end(session)
        if frame.kind is Kind.ANSWERED and upward:
            self._tell(now, "call.answered", session=session.hub_number)

    # ends --------------------------------------------------------------------------------------------------------

    def _end(self, session: _Session) -> None:
        session.head_end.sessions.pop(session.head_end_number, None)
        session.hub.sessions.pop(session.hub_number, None)

    def _drop(self, line: _Line, now: Instant) -> None:
        self._out.append((line.port, b""))
        self._closed(line.port, now)

    def _closed(self, port: str, now: Instant) -> None:
        line = self._lines.pop(port, None)
        if line is None:
            return
        for session in list(line.sessions.values()):
            upward = line is session.hub
            other, number = (session.head_end, session.head_end_number) if upward else (session.hub, session.hub_number)
            self._end(session)
            self._send(other, Frame(Kind.HANG_UP, number))
        if line.who is None:
            return
        if self._hubs.get(line.who.identity) is line:
            del self._hubs[line.who.identity]
            self._tell(now, "hub.gone", hub=str(line.who.identity))
        elif self._head_ends.get(line.who.identity) is line:
            del self._head_ends[line.who.identity]

    def _send(self, line: _Line, frame: Frame) -> None:
        self._out.append((line.port, frame.encode()))

    def _tell(self, now: Instant, kind: str, **fields: object) -> None:
        self._events.append(Event(now, self.name, kind, fields))
