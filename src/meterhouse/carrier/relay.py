"""The blind relay: hubs dial in, head ends call them, bytes pass unread.

Rules: one connection a hub and a head end (a newer one replaces the older: who dials again has lost it), one session a
hub at a time (one association owner per meter saves both counters and batteries), and only pairs that the access list
allows. All that the carrier keeps is who called whom, how often, and how many bytes (the ground for its bill).

Where links prove who is at their other end (mutual TLS), a hello that says otherwise ends the connection. With an
access broker the carrier also closes orders with its MAC and passes notes (`services`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from meterhouse.carrier.broker import AccessBroker
from meterhouse.carrier.egress import Egress
from meterhouse.carrier.line import Line, Session
from meterhouse.carrier.services import Services
from meterhouse.carrier.usage import NOBODY, UsageBook
from meterhouse.companion.receipt import Scribe
from meterhouse.companion.relay import Call, Frame, Hello, Kind, LineClass, Refusal, Role
from meterhouse.model import Duration, Eui64, Event, Instant, MalformedError, Outgoing

__all__ = ["Carrier", "CarrierSettings"]


_PASSED_ON: Final = frozenset({Kind.DATA, Kind.ANSWERED, Kind.REFUSED, Kind.HANG_UP})
_ASKED: Final = frozenset({Kind.SEAL, Kind.NOTE})
_NEVER: Final = Instant(0)
_HELLO: Final = 16
"""Bytes of the only frame that is heard of a stranger."""
_STRANGERS: Final = 1_024
"""Connections that have spoken and not said hello; one more ends the oldest."""
_KNOWN: Final = 200_000
"""Hubs that were here once and are remembered, so that a call to one says more than that nobody knows it."""


@dataclass(frozen=True, slots=True)
class CarrierSettings:
    """How the carrier behaves.

    Attributes:
        name: of the machine.
        may_reach: whether a head end (first) may reach a hub (second). Asked at each call.
        silence: hubs are looked at this often, and one that said nothing since the last look is dropped; so hubs
            ping at least this often.
        attested: whether a hello is believed only on a connection whose other end was vouched for (`Carrier.vouch`).
        rate: bytes a second that may leave; None for no limit.
        calls: at the same time; beyond, collections are refused, so that payments and orders find a place.
    """

    name: str
    may_reach: Callable[[Eui64, Eui64], bool]
    silence: Duration
    attested: bool = False
    rate: int | None = None
    calls: int = 100_000


class Carrier:
    """The relay machine. Each port is one connection: a hub, head end or confirm service, told apart by its hello.

    Args:
        settings: see there.
        broker: closes orders with the carrier's MAC; None for a carrier that only relays calls.
        scribe: writes its receipts; given with the broker.
    """

    def __init__(
        self, settings: CarrierSettings, broker: AccessBroker | None = None, scribe: Scribe | None = None
    ) -> None:
        self._settings = settings
        self._lines: dict[str, Line] = {}
        self._hubs: dict[Eui64, Line] = {}
        self._parties: dict[Eui64, Line] = {}
        self._strangers: dict[str, Instant] = {}
        self._known: dict[Eui64, None] = {}
        self._vouched: dict[str, tuple[Hello, bool]] = {}
        self._calls = 0
        self.usage = UsageBook()
        self._next_number = 1
        self._look_at = _NEVER
        self._now = _NEVER
        self._egress = Egress(settings.rate)
        self._events: list[Event] = []
        self.services: Services | None = None
        if broker is not None and scribe is not None:
            self.services = Services(
                broker,
                scribe,
                self.usage,
                self._line_of,
                settings.may_reach,
                self._number,
                self._send,
                self._tell,
            )

    @property
    def name(self) -> str:
        """The machine's name."""
        return self._settings.name

    def online(self, hub: Eui64) -> bool:
        """Whether the hub is connected now."""
        return hub in self._hubs

    def vouch(self, port: str, who: Hello, *, lasting: bool = False) -> None:
        """The link has proved who is at the other end: until the connection ends, or for every one on this port."""
        self._vouched[port] = who, lasting

    def shut_out(self, who: Eui64, now: Instant) -> bool:
        """End the line of a hub or party that was suspended or withdrawn; True where it had one."""
        line = self._line_of(who)
        if line is None:
            return False
        self._now = now
        self._tell(now, "line.shut_out", identity=str(who))
        self._drop(line, now)
        return True

    # the machine shape -------------------------------------------------------------------------------------------

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Take bytes of a connection; `b""` is its end."""
        self._now = now
        if not data:
            self._closed(port, now)
            return
        line = self._lines.get(port)
        if line is None:
            line = self._meet(port, now)
        line.heard = now
        try:
            frames = line.reader.feed(data)
            for frame in frames:
                self._take(line, frame, now)
        except MalformedError as error:
            self._tell(now, "line.dropped", port=port, why=error.what)
            self._drop(line, now)
        if port in self._strangers and line.reader.waiting > _HELLO:
            self._send_away(port, now)

    def outgoing(self) -> Iterable[Outgoing]:
        """Hand out the bytes to send."""
        return self._egress.take(self._now)

    def events(self) -> Iterable[Event]:
        """Hand out what happened."""
        events, self._events = self._events, []
        return events

    def deadline(self) -> Instant | None:
        """When the longest-silent hub must have spoken, a note's time is up, or more may leave."""
        due = self._look_at if self._hubs or self._strangers else None
        waiting = self._egress.due(self._now)
        if due is None or (waiting is not None and waiting < due):
            due = waiting
        note = None if self.services is None else self.services.deadline()
        return note if due is None or (note is not None and note < due) else due

    def elapse(self, now: Instant) -> None:
        """Drop hubs that have been silent for too long and whoever said no hello; refuse notes that were not taken."""
        self._now = now
        if self.services is not None:
            self.services.elapse(now)
        if now < self._look_at or not (self._hubs or self._strangers):
            return
        self._look_at = Instant(now + self._settings.silence)
        silent = [line for line in self._hubs.values() if now - line.heard >= self._settings.silence]
        for line in silent:
            self._tell(now, "hub.silent", hub=str(line.who.identity) if line.who else "")
            self._drop(line, now)
        for port in [port for port, since in self._strangers.items() if now - since >= self._settings.silence]:
            self._send_away(port, now)

    def _meet(self, port: str, now: Instant) -> Line:
        """A connection speaks for the first time; who does not say hello soon is sent away."""
        if not self._strangers and not self._hubs:
            self._look_at = Instant(now + self._settings.silence)
        if len(self._strangers) >= _STRANGERS:
            self._send_away(next(iter(self._strangers)), now)
        self._strangers[port] = now
        line = self._lines[port] = Line(port)
        return line

    def _send_away(self, port: str, now: Instant) -> None:
        self._tell(now, "line.dropped", port=port, why="it has not said hello")
        self._drop(self._lines[port], now)

    # frames ------------------------------------------------------------------------------------------------------

    def _take(self, line: Line, frame: Frame, now: Instant) -> None:
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
        elif self.services is not None:
            self._serve(self.services, line, line.who, frame, now)
        elif frame.kind in _ASKED:
            self._send(line, Frame(Kind.REFUSED, frame.session, bytes([Refusal.NOT_ALLOWED])))

    def _serve(self, services: Services, line: Line, who: Hello, frame: Frame, now: Instant) -> None:
        if frame.kind is Kind.SEAL and who.role is not Role.HUB:
            services.seal(line, frame, now)
        elif frame.kind is Kind.NOTE:
            services.note(line, frame, now)
        elif frame.kind is Kind.NOTED:
            services.noted(line, frame)

    def _ring(self, hub: Eui64) -> None:
        """Tell the head ends that may call this hub that it wishes to be called."""
        for identity, line in self._parties.items():
            if line.who is not None and line.who.role is Role.HEAD_END and self._settings.may_reach(identity, hub):
                self._send(line, Frame(Kind.RING, 0, hub.octets))

    def _hello(self, line: Line, hello: Hello, now: Instant) -> None:
        proved, _ = self._vouched.get(line.port, (None, False))
        if self._settings.attested and proved != hello:
            said = f"{hello.role.name.lower()} {hello.identity}"
            self._tell(now, "line.impostor", said=said, proved=str(proved.identity) if proved else "nothing")
            self._drop(line, now)
            return
        lines = self._hubs if hello.role is Role.HUB else self._parties
        older = lines.get(hello.identity)
        if older is not None:
            self._drop(older, now)
        if hello.role is Role.HUB:
            self._known[hello.identity] = None
            if len(self._known) > _KNOWN:
                del self._known[next(iter(self._known))]
        lines[hello.identity] = line
        line.who = hello
        self._strangers.pop(line.port, None)
        self._send(line, Frame(Kind.WELCOME))
        self._tell(now, "line.hello", role=hello.role.name.lower(), identity=str(hello.identity))

    def _call(self, line: Line, frame: Frame, now: Instant) -> None:
        assert line.who is not None
        call = Call.parse(frame.payload)
        caller, hub = line.who.identity, call.hub
        refusal = self._refusal(caller, call)
        if refusal is not None or frame.session in line.sessions:
            reason = refusal or Refusal.BUSY
            counted = hub if self._settings.may_reach(caller, hub) else NOBODY
            self.usage.of(caller, counted, now).refused += 1
            self._send(line, Frame(Kind.REFUSED, frame.session, bytes([reason])))
            self._tell(now, "call.refused", hub=str(hub), why=reason.sentence)
            return
        self.usage.of(caller, hub, now).calls += 1
        self._calls += 1
        hub_line = self._hubs[hub]
        session = Session(line, frame.session, hub_line, self._number(), call.line_class, (caller, hub))
        line.sessions[session.head_end_number] = session
        hub_line.sessions[session.hub_number] = session
        self._send(hub_line, Frame(Kind.CALL, session.hub_number, caller.octets), call.line_class)

    def _refusal(self, head_end: Eui64, call: Call) -> Refusal | None:
        hub = call.hub
        if not self._settings.may_reach(head_end, hub):
            return Refusal.NOT_ALLOWED
        if self._calls >= self._settings.calls and call.line_class is LineClass.BULK:
            return Refusal.FULL
        if hub not in self._hubs:
            return Refusal.NOT_CONNECTED if hub in self._known else Refusal.UNKNOWN_HUB
        return Refusal.BUSY if self._hubs[hub].sessions else None

    def _pass_on(self, line: Line, frame: Frame, now: Instant) -> None:
        """DATA, ANSWERED, REFUSED and HANG_UP go to the session's other side; a session that is gone is hung up."""
        session = line.sessions.get(frame.session)
        if session is None:
            if frame.kind is Kind.DATA:
                self._send(line, Frame(Kind.HANG_UP, frame.session))
            return
        upward = line is session.hub
        if frame.kind is Kind.DATA:
            usage = self.usage.of(*session.parties, now)
            if upward:
                usage.bytes_up += len(frame.payload)
            else:
                usage.bytes_down += len(frame.payload)
        other, number = session.other(line)
        self._send(other, Frame(frame.kind, number, frame.payload), session.line_class)
        if frame.kind in (Kind.HANG_UP, Kind.REFUSED):
            self._end(session)
        if frame.kind is Kind.ANSWERED and upward:
            self._tell(now, "call.answered", session=session.hub_number)

    # ends --------------------------------------------------------------------------------------------------------

    def _end(self, session: Session) -> None:
        session.end()
        self._calls -= 1

    def _drop(self, line: Line, now: Instant) -> None:
        self._egress.close(line.port)
        self._closed(line.port, now)

    def _closed(self, port: str, now: Instant) -> None:
        line = self._lines.pop(port, None)
        self._strangers.pop(port, None)
        if not self._vouched.get(port, (None, True))[1]:
            del self._vouched[port]
        if line is None:
            return
        for session in list(line.sessions.values()):
            other, number = session.other(line)
            self._end(session)
            self._send(other, Frame(Kind.HANG_UP, number), session.line_class)
        if self.services is not None:
            self.services.gone(port)
        if line.who is None:
            return
        if self._hubs.get(line.who.identity) is line:
            del self._hubs[line.who.identity]
            self._tell(now, "hub.gone", hub=str(line.who.identity))
        elif self._parties.get(line.who.identity) is line:
            del self._parties[line.who.identity]

    def _line_of(self, identity: Eui64) -> Line | None:
        return self._hubs.get(identity) or self._parties.get(identity)

    def _number(self) -> int:
        number = self._next_number
        self._next_number = number % 0xFFFF_FFFF + 1
        return number

    def _send(self, line: Line, frame: Frame, line_class: LineClass = LineClass.VEND) -> None:
        self._egress.put(line.port, frame.encode(), line_class)

    def _tell(self, now: Instant, kind: str, **fields: object) -> None:
        self._events.append(Event(now, self.name, kind, fields))
