"""The exchange: machines, the links between them in memory, and one heap of all that is due.

This is the one piece that calls machines. A pump drives it with a real clock, a world with a virtual one; so the
order of `receive`, `outgoing`, `events` and `deadline` is the same in both. Rules:

1. After each `receive`, `elapse` or outside action on a machine, that machine alone is drained: first all it sends,
   then all its events, then its deadline.
2. What is sent never arrives inside the sender's call: even without delay it goes through the heap.
3. Whatever is due at one instant is done in the order in which it was asked for; what is asked to be `last` at an
   instant is done when nothing else is left at it.
4. A machine is woken only if its deadline is still due when its turn comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final, Protocol, TypeVar

from meterhouse.links.dice import Dice
from meterhouse.links.memory import Channel, NullModem
from meterhouse.links.subscriptions import Subscriptions
from meterhouse.model import SECOND, Duration, Event, Instant, Machine, StateError, UsageError, isoformat

__all__ = ["Exchange", "Node", "Tap", "Wire"]

_log = logging.getLogger("meterhouse.links")

Tap = Callable[[Instant, str, bytes], None]
"""Told of each delivery: instant, `source:port -> target:port`, bytes."""

_R = TypeVar("_R")
_Entry = tuple[int, int, Callable[..., None], Any, Any, Any]

_LAST: Final = 1 << 62
_STEPS_A_MACHINE: Final = 10_000
"""At one instant. Beyond any honest conversation, and a stop to two machines that answer each other for ever."""
_FAULT_PAUSE: Final = SECOND
"""A machine that raised is not woken again before this, so that a bug in `elapse` does not eat the loop."""
_ROUSINGS: Final = 1_000
"""At one instant: a machine whose deadline is still due after so many has a bug, and would stop time for all."""


class Wire(Protocol):
    """What a port of a machine is plugged into."""

    def send(self, data: bytes) -> None:
        """Take bytes that left the machine; empty bytes ask for a close."""

    def unplug(self) -> None:
        """The machine is being taken away; do not call it any more."""


class Node:
    """A machine with its place in the exchange: its wires by port name, and when it will be looked at next."""

    __slots__ = ("faults", "gone", "machine", "name", "rest", "roused", "rousings", "wake", "wires")

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.name = machine.name
        self.wires: dict[str, Wire] = {}
        self.wake: int | None = None
        self.gone = False
        self.faults = 0
        self.rest = 0
        self.roused = -1
        self.rousings = 0


class _Plug:
    """One side of a null modem in a machine's port."""

    __slots__ = ("exchange", "label", "modem", "node", "other", "port", "side")

    other: _Plug

    def __init__(self, exchange: Exchange, node: Node, port: str, modem: NullModem, side: int) -> None:
        self.exchange = exchange
        self.node = node
        self.port = port
        self.modem = modem
        self.side = side
        self.label = ""

    def send(self, data: bytes) -> None:
        self.exchange.post(self, self.modem.send(self.side, data, self.exchange.now))

    def unplug(self) -> None:
        self.exchange.unjoin(self.modem)


class Exchange:
    """Drives machines in the order of what is due.

    Args:
        start: the first instant.
        seed: of the dice of its links.
        strict: True: an exception out of a machine (a bug) stops the run; False: it becomes an event `machine.fault`.
        tap: told of each delivery, before the machine is.
    """

    __slots__ = ("_heap", "_links", "_sequence", "_strict", "_tap", "events", "nodes", "now", "seed", "undelivered")

    def __init__(self, start: Instant, *, seed: int = 0, strict: bool = True, tap: Tap | None = None) -> None:
        self.now = start
        self.seed = seed
        self.nodes: dict[str, Node] = {}
        self.events = Subscriptions(strict=strict)
        self.undelivered = 0
        self._strict = strict
        self._tap = tap
        self._heap: list[_Entry] = []
        self._links: dict[NullModem, _Plug] = {}
        self._sequence = 0

    # -- building

    def laid(self) -> tuple[tuple[str, str, str, str, Channel], ...]:
        """The links in memory as they are laid now: machine, port, machine, port, channel."""
        return tuple(
            (plug.node.name, plug.port, plug.other.node.name, plug.other.port, modem.channel)
            for modem, plug in self._links.items()
        )

    def add(self, machine: Machine) -> Node:
        """Take a machine in; it is drained for the first time at the present instant, by the next `run`.

        Raises:
            UsageError: a machine of this name is already in.
        """
        if machine.name in self.nodes:
            raise UsageError(f"two machines are named {machine.name}", remedy="Names are unique in a street.")
        node = self.nodes[machine.name] = Node(machine)
        self._push(self.now, self._begin, node)
        return node

    def remove(self, machine: Machine) -> None:
        """Take a machine out, as if its power failed: its links break, and it is never called again."""
        node = self.node(machine)
        node.gone = True
        del self.nodes[node.name]
        for wire in tuple(node.wires.values()):
            wire.unplug()

    def unjoin(self, modem: NullModem) -> None:
        """Break a link for good and free its two ports."""
        plug = self._links.pop(modem)
        self.post(plug, modem.cut(self.now))
        for end in (plug, plug.other):
            end.node.wires.pop(end.port, None)

    def holds(self, machine: Machine) -> bool:
        """Whether this very machine is in."""
        node = self.nodes.get(machine.name)
        return node is not None and node.machine is machine

    def node(self, machine: Machine) -> Node:
        """The place of a machine.

        Raises:
            UsageError: this machine is not in.
        """
        node = self.nodes.get(machine.name)
        if node is None or node.machine is not machine:
            raise UsageError(f"machine {machine.name} was not added", remedy="Call add(machine) first.")
        return node

    def join(self, first: Machine, first_port: str, second: Machine, second_port: str, channel: Channel) -> NullModem:
        """Lay a link in memory between two ports; its faults depend on the seed and these four names only.

        Raises:
            UsageError: a port is already taken, or a machine was not added.
        """
        ends = ((self.node(first), first_port), (self.node(second), second_port))
        dice = Dice.of(self.seed, ends[0][0].name, first_port, ends[1][0].name, second_port)
        modem = NullModem(channel, dice)
        plugs = [_Plug(self, node, port, modem, side) for side, (node, port) in enumerate(ends)]
        for plug, other in zip(plugs, reversed(plugs), strict=True):
            self.plug(plug.node, plug.port, plug)
            plug.other = other
            plug.label = f"{other.node.name}:{other.port} -> {plug.node.name}:{plug.port}"
        self._links[modem] = plugs[0]
        for begin, end in channel.outages:
            self._push(begin, self._cut, modem)
            self._push(end, self._mend, modem)
        return modem

    def plug(self, node: Node, port: str, wire: Wire) -> None:
        """Put a wire into a port.

        Raises:
            UsageError: the port is taken.
        """
        if port in node.wires:
            raise UsageError(f"port {port} of {node.name} is already joined")
        node.wires[port] = wire

    def cut(self, modem: NullModem) -> None:
        """Break a link now; its sides are told at this instant, in their turn."""
        self.post(self._links[modem], modem.cut(self.now))

    # -- acting

    def at(self, instant: Instant, act: Callable[[Instant], None], *, last: bool = False) -> None:
        """Do `act(now)` at `instant`; `last`: when nothing else is left at that instant. The past means now."""
        self._push(max(instant, self.now), self._act, act, last=last)

    def every(
        self, period: Duration, act: Callable[[Instant], None], offset: Duration = 0, *, last: bool = False
    ) -> None:
        """Do `act(now)` at now + offset, and then once a period for ever; `last` as in `at`.

        Raises:
            UsageError: the period is below 1 ms, or the offset below 0.
        """
        if period < 1 or offset < 0:
            raise UsageError(f"period {period} ms must be at least 1, offset {offset} ms at least 0")
        due = Instant(self.now + offset)

        def again(now: Instant) -> None:
            nonlocal due
            due = Instant(due + period)
            self.at(due, again, last=last)
            act(now)

        self.at(due, again, last=last)

    def call(self, machine: Machine, act: Callable[[Instant], _R]) -> _R:
        """Do `act(now)` to a machine from outside, then drain it. What `act` raises comes back to the caller."""
        node = self.node(machine)
        try:
            return act(self.now)
        finally:
            self._drain(node)

    def receive(self, node: Node, port: str, data: bytes, label: str) -> None:
        """Deliver bytes that came from outside the exchange."""
        if node.gone:
            return
        if self._tap is not None:
            self._tap(self.now, label, data)
        try:
            node.machine.receive(port, data, self.now)
        except Exception as error:  # noqa: BLE001  a bug in one machine is reported, not spread
            self._fault(node, error)
        self._drain(node)

    def next_due(self) -> Instant | None:
        """The earliest instant at which something is due; None where nothing is."""
        return Instant(self._heap[0][0]) if self._heap else None

    def run(self, until: Instant, *, budget: int | None = None, exact: bool = True) -> bool:
        """Do what is due at or before `until`, in order; `now` ends there. True where nothing of it is left.

        Args:
            until: the last instant, included.
            budget: at most so many steps; None for all.
            exact: True: each step sees the instant it was due; False: each sees `until`.

        Raises:
            StateError: the machines talk forever at one instant (never with a budget).
        """
        heap = self._heap
        spins = 0
        left = -1 if budget is None else budget
        patience = _STEPS_A_MACHINE * (len(self.nodes) + 1)
        if not exact and until > self.now:
            self.now = until
        while heap and heap[0][0] <= until:
            if not left:
                return False
            left -= 1
            at, _, act, first, second, third = heappop(heap)
            if at > self.now:
                self.now = Instant(at)
                spins = 0
            elif spins > patience:
                raise StateError(
                    f"more than {patience} steps at {isoformat(self.now)}",
                    why=f"Time does not move on; the next step is for {getattr(first, 'label', first)}.",
                )
            spins += 1
            act(first, second, third)
        self.now = max(self.now, until)
        return True

    # -- inside

    def post(self, plug: _Plug, parcels: list[tuple[Instant, int, bytes, int]]) -> None:
        """Put parcels of `plug`'s modem on the heap."""
        for arrival, side, data, session in parcels:
            self._sequence = sequence = self._sequence + 1
            target = plug if side == plug.side else plug.other
            heappush(self._heap, (arrival, sequence, self._arrive, target, data, session))

    def _push(self, at: int, act: Callable[..., None], first: object, *, last: bool = False) -> None:
        self._sequence += 1
        heappush(self._heap, (at, self._sequence + (_LAST if last else 0), act, first, None, None))

    def _arrive(self, plug: _Plug, data: bytes, session: int) -> None:
        node = plug.node
        if node.gone or not plug.modem.admit(plug.side, data, session):
            self.undelivered += 1
            return
        now = self.now
        if self._tap is not None:
            self._tap(now, plug.label, data)
        try:
            node.machine.receive(plug.port, data, now)
        except Exception as error:  # noqa: BLE001  a bug in one machine is reported, not spread
            self._fault(node, error)
        self._drain(node)

    def _rouse(self, node: Node, due: int, _: object) -> None:
        if node.gone or node.wake != due:
            return
        node.wake = None
        try:
            deadline = node.machine.deadline()
            if deadline is None:
                return
            if deadline > self.now or node.rest > self.now:
                self._arm(node, max(deadline, node.rest))
                return
            self._count_rousing(node)
            node.machine.elapse(self.now)
        except Exception as error:  # noqa: BLE001  a bug in one machine is reported, not spread
            self._fault(node, error)
        self._drain(node)

    def _count_rousing(self, node: Node) -> None:
        if node.roused != self.now:
            node.roused, node.rousings = self.now, 0
        node.rousings += 1
        if node.rousings > _ROUSINGS:
            node.rousings = 0
            raise StateError(f"{node.name} was woken {_ROUSINGS} times at one instant", why="Its deadline stays due.")

    def _begin(self, node: Node, _: object, __: object) -> None:
        if not node.gone:
            self._drain(node)

    def _act(self, act: Callable[[Instant], None], _: object, __: object) -> None:
        try:
            act(self.now)
        except Exception:
            if self._strict:
                raise
            _log.exception("a scripted act failed at %s", isoformat(self.now))

    def _cut(self, modem: NullModem, _: object, __: object) -> None:
        if modem in self._links:
            self.cut(modem)

    def _mend(self, modem: NullModem, _: object, __: object) -> None:
        modem.mend()

    def _drain(self, node: Node) -> None:
        machine = node.machine
        wires = node.wires
        try:
            for port, data in machine.outgoing():
                wire = wires.get(port)
                if wire is None:
                    self.undelivered += 1
                else:
                    wire.send(data)
            # A listener may call the same machine again: take the events before the first is told.
            events = machine.events()
            if events:
                for event in tuple(events):
                    self.events.tell(event)
            due = machine.deadline()
            # Written out, as is `_arm`: this is done at every touch, and most machines are armed already.
            if due is not None and (node.wake is None or due < node.wake):
                self._arm(node, max(due, self.now, node.rest))
        except Exception as error:  # noqa: BLE001  a bug in one machine is reported, not spread
            self._fault(node, error)

    def _arm(self, node: Node, due: int) -> None:
        # A later deadline needs no new entry: the earlier wake finds it not yet due and arms again.
        if node.wake is None or due < node.wake:
            node.wake = due
            self._sequence = sequence = self._sequence + 1
            heappush(self._heap, (due, sequence, self._rouse, node, due, None))

    def _fault(self, node: Node, error: Exception) -> None:
        if self._strict:
            error.add_note(f"in machine {node.name} at {isoformat(self.now)}, seed {self.seed}")
            raise error
        node.faults += 1
        node.rest = self.now + _FAULT_PAUSE
        self._arm(node, node.rest)
        _log.error("machine %s raised at %s", node.name, isoformat(self.now), exc_info=error)
        self.events.tell(Event(self.now, node.name, "machine.fault", {"error": repr(error), "faults": node.faults}))
