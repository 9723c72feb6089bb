"""The two smallest honest machines: one calls and counts, the other answers. For tests of whatever drives machines."""

from __future__ import annotations

from collections import defaultdict

from meterhouse.model import SECOND, Event, Instant

BALL = 4


class Caller:
    """Sends ball n on its port `line` and waits for it to come back, `rounds` times; dials again after a break."""

    def __init__(self, name: str = "caller", rounds: int = 3, retry: int = SECOND, timeout: int | None = None) -> None:
        self.name = name
        self.rounds = rounds
        self.retry = retry
        self.timeout = timeout
        self.ball = 0
        self.ups_and_downs: list[Instant] = []
        self._buffer = b""
        self._out: list[tuple[str, bytes]] = []
        self._events: list[Event] = []
        self._due: Instant | None = Instant(0)
        self._waiting = False

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        if not data:
            self._buffer = b""
            self._waiting = False
            self.ups_and_downs.append(now)
            self._tell(now, "line.down")
            self._due = Instant(now + self.retry)
            return
        self._buffer += data
        while len(self._buffer) >= BALL:
            ball, self._buffer = int.from_bytes(self._buffer[:BALL], "big"), self._buffer[BALL:]
            self._tell(now, "ball.back", ball=ball)
            self.ball = ball + 1
            if self.ball < self.rounds:
                self._serve(now)
            else:
                self._due = None
                self._out.append((port, b""))
                self._tell(now, "game.over")

    def outgoing(self) -> list[tuple[str, bytes]]:
        out, self._out = self._out, []
        return out

    def deadline(self) -> Instant | None:
        return self._due

    def elapse(self, now: Instant) -> None:
        if self._due is None or now < self._due:
            return
        if self._waiting:
            self._tell(now, "ball.lost")
        self._serve(now)

    def events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _serve(self, now: Instant) -> None:
        self._waiting = True
        self._due = None if self.timeout is None else Instant(now + self.timeout)
        self._out.append(("line", self.ball.to_bytes(BALL, "big")))

    def _tell(self, now: Instant, kind: str, **about: object) -> None:
        self._events.append(Event(now, self.name, kind, about))


class Answerer:
    """Sends each ball back on the port that it came by; knows any number of ports."""

    def __init__(self, name: str = "answerer") -> None:
        self.name = name
        self.ports: list[str] = []
        self._buffers: dict[str, bytes] = defaultdict(bytes)
        self._out: list[tuple[str, bytes]] = []
        self._events: list[Event] = []

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        if port not in self.ports:
            self.ports.append(port)
        if not data:
            self._buffers.pop(port, None)
            self._events.append(Event(now, self.name, "caller.gone"))
            return
        buffer = self._buffers[port] + data
        whole = len(buffer) - len(buffer) % BALL
        for start in range(0, whole, BALL):
            ball = buffer[start : start + BALL]
            self._events.append(Event(now, self.name, "ball.hit", {"ball": int.from_bytes(ball, "big")}))
            self._out.append((port, ball))
        self._buffers[port] = buffer[whole:]

    def outgoing(self) -> list[tuple[str, bytes]]:
        out, self._out = self._out, []
        return out

    def deadline(self) -> Instant | None:
        return None

    def elapse(self, now: Instant) -> None:
        """Has no deadlines."""

    def events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def hang_up(self, now: Instant) -> None:
        self._out += [(port, b"") for port in self._buffers]
        self._buffers.clear()
