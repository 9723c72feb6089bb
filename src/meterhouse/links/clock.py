"""Clocks for the pump: the real one, and one that runs faster but never faster than the machine can follow."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from meterhouse.model import SECOND, Duration, Instant, UsageError

__all__ = ["Clock", "PacedClock", "SystemClock"]

_NANOSECONDS_A_MS: Final = 1_000_000
_LONGEST_PAUSE_S: Final = 1.0
_SHORTEST_TICK_S: Final = 0.001
_LONGEST_TICK_S: Final = 0.005


class Clock(Protocol):
    """What a pump needs of a clock. Never runs backwards."""

    @property
    def exact(self) -> bool:
        """True: what was due is done as of the instant it was due; False: as of the instant it is done."""

    def now(self) -> Instant:
        """The present instant. Calling it moves nothing."""

    def advance(self) -> Instant:
        """Called by the pump once a turn of the loop: let time move, and say what it is now."""

    def pause(self, due: Instant | None) -> float | None:
        """Real seconds until the pump should take its next turn; None for no need. `due` is the next thing due."""


class SystemClock:
    """The computer's own clock, UTC. If it is set back, this one stands still until it is overtaken."""

    __slots__ = ("_latest",)

    exact: Final = False

    def __init__(self) -> None:
        self._latest = 0

    def now(self) -> Instant:
        """Milliseconds since 1970 by the computer's clock, never less than before."""
        wall = time.time_ns() // _NANOSECONDS_A_MS
        self._latest = max(self._latest, wall)
        return Instant(self._latest)

    def advance(self) -> Instant:
        """Same as `now`."""
        return self.now()

    def pause(self, due: Instant | None) -> float | None:
        """Until `due`, but look again at least once a second, because the clock may be set."""
        if due is None:
            return None
        return min(max(due - self.now(), 0) / SECOND, _LONGEST_PAUSE_S)


class PacedClock:
    """Virtual time that runs `speed` times as fast as real time, moved only by the pump's turns.

    A turn moves it by at most `longest_step`. So where the machine cannot keep up, or something blocks the loop,
    time holds back, and no timeout expires while its answer waits to be read. Choose the timeouts of what it drives as
    several steps at least.

    Args:
        start: its first instant.
        speed: virtual milliseconds a real one; at least 1.
        longest_step: the furthest that one turn moves it, ms; at least 1.
        source: real time in nanoseconds, never backwards.
    """

    __slots__ = ("_carry", "_first", "_last", "_now", "_source", "_tick", "longest_step", "speed", "start")

    exact: Final = True

    def __init__(
        self,
        start: Instant,
        speed: int = 1,
        longest_step: Duration = SECOND,
        source: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        if speed < 1 or longest_step < 1:
            raise UsageError(f"speed {speed} and longest step {longest_step} ms must be at least 1")
        self.start = start
        self.speed = speed
        self.longest_step = longest_step
        self._source = source
        self._first: int | None = None
        self._last = 0
        self._carry = 0
        self._now: int = start
        self._tick = min(max(longest_step / speed / SECOND / 2, _SHORTEST_TICK_S), _LONGEST_TICK_S)

    def now(self) -> Instant:
        """The virtual instant that the last turn reached."""
        return Instant(self._now)

    def advance(self) -> Instant:
        """Move by the real time since the last turn times `speed`, at most `longest_step`."""
        real = self._source()
        if self._first is None:
            self._first = self._last = real
        # The rest below one virtual millisecond is carried over, so that slow clocks do not lose time.
        step, self._carry = divmod((real - self._last) * self.speed + self._carry, _NANOSECONDS_A_MS)
        self._last = real
        if step > self.longest_step:
            step, self._carry = self.longest_step, 0
        self._now += step
        return Instant(self._now)

    def pause(self, due: Instant | None) -> float | None:  # noqa: ARG002  the tick does not depend on what is due
        """One tick: half of what a longest step takes, within 1 to 5 ms."""
        return self._tick

    def real_speed(self) -> float:
        """Virtual milliseconds a real one, measured since the first turn; below `speed` where time held back."""
        if self._first is None:
            return 0.0
        real = self._source() - self._first
        return (self._now - self.start) * _NANOSECONDS_A_MS / real if real > 0 else 0.0
