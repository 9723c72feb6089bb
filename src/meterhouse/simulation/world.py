"""The world: machines on virtual time, with lossy links, scripted acts, a trace and invariants.

It is the exchange (`links`) with a clock that jumps to the next thing due. The same seed and the same script give the
same trace, byte by byte; a failure is a seed and a commit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from meterhouse.links import Channel, Dice, Exchange, NullModem
from meterhouse.model import DAY, Duration, Event, Instant, Machine
from meterhouse.simulation.invariants import Invariant, InvariantBrokenError, Violation, Watch
from meterhouse.simulation.trace import Trace

__all__ = ["World"]

_R = TypeVar("_R")


class World:
    """Runs machines from `start` on virtual time.

    An exception out of a machine is a bug, and goes through `run` to the caller with machine, instant and seed noted.

    Args:
        seed: of everything that is left to chance: links, `entropy`, `dice`.
        start: the first instant.
        trace: where it is written; a new one without a sink by default.
    """

    __slots__ = ("_exchange", "_violations", "trace")

    def __init__(self, seed: int, start: Instant, *, trace: Trace | None = None) -> None:
        self.trace = trace or Trace()
        self._exchange = Exchange(start, seed=seed, strict=True, tap=self.trace.delivery)
        self._exchange.events.add(self.trace.event)
        self._violations: list[Violation] = []

    @property
    def now(self) -> Instant:
        """The virtual instant."""
        return self._exchange.now

    @property
    def seed(self) -> int:
        """The seed it was made with."""
        return self._exchange.seed

    @property
    def machines(self) -> tuple[Machine, ...]:
        """All machines, in the order of adding."""
        return tuple(node.machine for node in self._exchange.nodes.values())

    @property
    def violations(self) -> tuple[Violation, ...]:
        """All breaches found so far, in the order of finding."""
        return tuple(self._violations)

    @property
    def links(self) -> tuple[tuple[str, str, str, str, Channel], ...]:
        """The links as they are laid now: machine, port, machine, port, channel."""
        return self._exchange.laid()

    # -- building

    def add(self, machine: Machine) -> None:
        """Take a machine in. Raises UsageError where its name is taken."""
        self._exchange.add(machine)

    def remove(self, machine: Machine) -> None:
        """Take a machine out, as if its power failed: its links break and its ports are free again."""
        self._exchange.remove(machine)

    def join(
        self, first: Machine, first_port: str, second: Machine, second_port: str, channel: Channel | None = None
    ) -> NullModem:
        """Lay a link between two ports; without a channel a perfect stream.

        Raises:
            UsageError: a port is taken, or a machine was not added.
        """
        return self._exchange.join(first, first_port, second, second_port, channel or Channel())

    def cut(self, modem: NullModem) -> None:
        """Break a link now; it stays down until `modem.mend()`."""
        self._exchange.cut(modem)

    def dice(self, *names: str) -> Dice:
        """Dice for a named thing of this world, independent of all others."""
        return Dice.of(self.seed, *names)

    def entropy(self, *names: str) -> Callable[[int], bytes]:
        """Bytes for a named machine's keys and challenges: the same in each run, so fit for worlds only."""
        return Dice.of(self.seed, "entropy", *names).octets

    def on_event(self, callback: Callable[[Event], None], prefix: str | tuple[str, ...] = "") -> None:
        """Tell `callback` of each event whose kind begins with `prefix`, or one of them, after it was traced."""
        self._exchange.events.add(callback, prefix)

    # -- acting

    def at(self, instant: Instant, act: Callable[[Instant], None]) -> None:
        """Do `act(now)` at an instant; the past means at once, in the next `run`."""
        self._exchange.at(instant, act)

    def every(
        self, period: Duration, act: Callable[[Instant], None], offset: Duration = 0, *, last: bool = False
    ) -> None:
        """Do `act(now)` at now + offset, and then once a period for ever.

        Args:
            period: ms, at least 1.
            act: what to do.
            offset: ms from now until the first time; 0 for now.
            last: do it when nothing else is left at its instant.
        """
        self._exchange.every(period, act, offset, last=last)

    def runs(self, machine: Machine) -> bool:
        """Whether a machine has power: it was added, and not taken out since."""
        return self._exchange.holds(machine)

    def call(self, machine: Machine, act: Callable[[Instant], _R]) -> _R:
        """Do `act(now)` to a machine from outside, such as a hand on a button; then drain it.

        What `act` raises comes back to the caller.
        """
        return self._exchange.call(machine, act)

    def run(self, until: Instant) -> None:
        """Let time pass up to and including `until`.

        Raises:
            StateError: the machines talk for ever at one instant.
            Exception: whatever a machine raised: a bug.
        """
        self._exchange.run(until)

    # -- invariants

    def watch(self, invariant: Invariant, period: Duration = DAY) -> None:
        """From now on, hold the world to an invariant: at each event it wants to see, and at the end of each period."""
        watch = Watch(invariant, set())
        if invariant.kinds:
            self._exchange.events.add(partial(self._observe, watch), invariant.kinds)
        self.every(period, partial(self._check, watch), period, last=True)

    def judge(self) -> None:
        """Raise InvariantBrokenError if any breach was found up to now."""
        if self._violations:
            raise InvariantBrokenError(self.violations)

    def _observe(self, watch: Watch, event: Event) -> None:
        self._record(watch, watch.fresh(watch.invariant.observe(event)))

    def _check(self, watch: Watch, now: Instant) -> None:
        self._record(watch, watch.fresh(watch.invariant.check(now)))

    def _record(self, watch: Watch, findings: tuple[str, ...]) -> None:
        about = watch.invariant
        for what in findings:
            self._violations.append(Violation(about.number, about.name, what, self.now, self.seed, self.trace.tail()))
