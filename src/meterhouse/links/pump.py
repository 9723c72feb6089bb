"""The pump: drives any number of machines on asyncio, over TCP and over links in memory.

It owns the only real clock of the house. Nothing in it knows a protocol: bytes in, bytes out, and time. It must be used
from the thread of its loop only.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Callable
from typing import Final, TypeVar

from meterhouse.links.clock import Clock
from meterhouse.links.exchange import Exchange, Node, Tap
from meterhouse.links.memory import Channel, NullModem
from meterhouse.links.serial import Coder, Framing, SerialWire
from meterhouse.links.tcp import DIAL_TIMEOUT_S, Accepted, Connection, Dialled, Introduce
from meterhouse.model import ConfigurationError, Duration, Event, Instant, Machine, UsageError

__all__ = ["Pump"]

_R = TypeVar("_R")

_STEPS_A_TURN: Final = 256
"""After so many deliveries and wakes the loop gets its turn, so that chattering machines cannot starve sockets."""
_CLOSE_PATIENCE_S: Final = 1.0
_BACKLOG: Final = 1024
"""A street's hubs all dial at once after an outage."""

_REASONS: Final = {
    errno.EADDRINUSE: ("is in use", "Stop the program that uses it, or choose another port."),
    errno.EACCES: ("is not allowed to this user", "Choose a port above 1023."),
    errno.EADDRNOTAVAIL: ("is not an address of this computer", "Choose 127.0.0.1, or an address it has."),
}


class Pump:
    """Machines in real, or paced, time.

    After whatever happens to a machine, all that it wants to send is sent, its events are told and its deadline is
    read again. With an exact clock (`PacedClock`) the links in memory keep their delays in virtual time to the
    millisecond, however coarse the real ticks are.

    Args:
        clock: what time it is.
        seed: of the faults of the links in memory.
        strict: True (tests): what a machine raises ends `run`; False: it is logged, told as `machine.fault`, and the
            other machines go on.
        tap: told of each delivery: instant, `source -> target`, bytes.
    """

    def __init__(self, clock: Clock, *, seed: int = 0, strict: bool = False, tap: Tap | None = None) -> None:
        self.clock = clock
        self.connections: set[Connection] = set()
        self.dialling: set[asyncio.Task[None]] = set()
        self.lines: set[SerialWire] = set()
        self._exchange = Exchange(clock.now(), seed=seed, strict=strict, tap=tap)
        self._servers: dict[str, list[asyncio.Server]] = {}
        self._accepted: dict[tuple[str, str], int] = {}
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._timer_at = 0.0
        self._ended: asyncio.Future[None] | None = None
        self._inside = False
        self._closed = False

    @property
    def now(self) -> Instant:
        """The instant that the machines have been told last."""
        return self._exchange.now

    # -- building

    def add(self, machine: Machine) -> None:
        """Take a machine in; what it wants to send from birth leaves at the next turn.

        Raises:
            UsageError: a machine of this name is already in.
        """
        self._exchange.add(machine)
        self._schedule()

    def remove(self, machine: Machine) -> None:
        """Take a machine out, close its links and stop its listeners."""
        for server in self._servers.pop(self._exchange.node(machine).name, ()):
            server.close()
        self._exchange.remove(machine)
        self._schedule()

    def join(
        self, first: Machine, first_port: str, second: Machine, second_port: str, channel: Channel | None = None
    ) -> NullModem:
        """Lay a link in memory between two ports; without a channel a perfect stream.

        Raises:
            UsageError: a port is taken, or a machine was not added.
        """
        return self._exchange.join(first, first_port, second, second_port, channel or Channel())

    def cut(self, modem: NullModem) -> None:
        """Break a link in memory; `modem.mend()` lets it be dialled again."""
        self._exchange.cut(modem)
        self._schedule()

    async def listen(
        self,
        machine: Machine,
        prefix: str,
        host: str,
        tcp_port: int,
        *,
        tls: ssl.SSLContext | None = None,
        introduce: Introduce | None = None,
    ) -> int:
        """Accept TCP connections for a machine: the k-th is its port `prefix/k`, k from 1, never used twice.

        Args:
            machine: added before.
            prefix: of the port names.
            host: an address of this computer.
            tcp_port: 0 for any free one.
            tls: for TLS; None for plain TCP.
            introduce: told who is at the other end before anything is heard of it; False sends it away.

        Returns:
            The TCP port that it listens on.

        Raises:
            ConfigurationError: the port is in use, or not allowed.
        """
        node = self._exchange.node(machine)

        def answer() -> Connection:
            number = self._accepted[node.name, prefix] = self._accepted.get((node.name, prefix), 0) + 1
            return Accepted(self, node, f"{prefix}/{number}", introduce).connection

        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                answer,
                host,
                tcp_port,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else DIAL_TIMEOUT_S,
                backlog=_BACKLOG,
            )
        except OSError as error:
            what, remedy = _REASONS.get(error.errno or 0, (f"cannot be used ({error.strerror})", "Choose another."))
            raise ConfigurationError(f"port {tcp_port} of {host} {what}", remedy=remedy) from error
        self._servers.setdefault(node.name, []).append(server)
        return int(server.sockets[0].getsockname()[1])

    def dial(
        self,
        machine: Machine,
        port: str,
        host: str,
        tcp_port: int,
        *,
        tls: ssl.SSLContext | None = None,
        expects: Callable[[bytes], bool] | None = None,
    ) -> None:
        """Give a machine's port an address, dialled each time that bytes leave while no connection stands.

        A failure is told to the machine by empty bytes, and as an event `link.unreachable`. With `expects`, whose
        answer says whether the other end's certificate (DER) is the right one, nothing is sent to anybody else:
        `link.impostor`.

        Raises:
            UsageError: the port is taken, or the machine was not added.
        """
        node = self._exchange.node(machine)
        self._exchange.plug(node, port, Dialled(self, node, port, (host, tcp_port), tls, expects))

    def serial(
        self, machine: Machine, port: str, path: str, framing: Framing, coder: Coder | None = None
    ) -> SerialWire:
        """Plug a machine's port into a serial device, such as `/dev/ttyUSB0`; to be called with the loop running.

        With a coder the machine's frames travel in those of what hangs on the line, such as a radio adapter.

        Returns:
            The wire, whose `reframe` changes the rate.

        Raises:
            UsageError: the port is taken, or the machine was not added.
            ConfigurationError: the device cannot be opened.
        """
        node = self._exchange.node(machine)
        wire = SerialWire(self, node, port, path, framing, coder)
        try:
            self._exchange.plug(node, port, wire)
        except UsageError:
            wire.close()
            raise
        return wire

    def on_event(self, callback: Callable[[Event], None], prefix: str | tuple[str, ...] = "") -> None:
        """Tell `callback` of each event whose kind begins with `prefix`, or one of them.

        What it raises is logged, and the next is told; unless strict.
        """
        self._exchange.events.add(callback, prefix)

    # -- acting

    def runs(self, machine: Machine) -> bool:
        """Whether a machine has power: it was added, and not taken out since."""
        return self._exchange.holds(machine)

    def call(self, machine: Machine, act: Callable[[Instant], _R]) -> _R:
        """Do `act(now)` to a machine from outside, such as a hand on a button, then drain it.

        What `act` raises comes back to the caller. May be called from a listener.
        """
        if not self._inside:
            self._catch_up()
        try:
            return self._exchange.call(machine, act)
        finally:
            self._after()

    def at(self, instant: Instant, act: Callable[[Instant], None]) -> None:
        """Do `act(now)` at an instant of the pump's clock; the past means at the next turn."""
        self._exchange.at(instant, act)
        self._schedule()

    def every(self, period: Duration, act: Callable[[Instant], None], offset: Duration = 0) -> None:
        """Do `act(now)` at now + offset, and then once a period (ms) for ever.

        What it raises is logged, and it is done again; unless strict.
        """
        self._exchange.every(period, act, offset)
        self._schedule()

    async def run(self) -> None:
        """Drive all machines until cancelled; then close all links and listeners.

        Raises:
            Exception: strict only: whatever a machine raised.
        """
        self._ended = asyncio.get_running_loop().create_future()
        self._turn()
        try:
            await self._ended
        finally:
            await self.close()

    async def close(self) -> None:
        """Stop listening, let go out what was written, and end all connections. The machines are told nothing."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for server in (server for servers in self._servers.values() for server in servers):
            server.close()
        self._servers.clear()
        for wire in tuple(self.lines):
            wire.close()
        for task in tuple(self.dialling):
            task.cancel()
        await asyncio.gather(*self.dialling, return_exceptions=True)
        connections = tuple(self.connections)
        for connection in connections:
            connection.close()
        if connections:
            await asyncio.wait([connection.ended for connection in connections], timeout=_CLOSE_PATIENCE_S)
        for connection in tuple(self.connections):
            connection.abort()

    # -- for the wires

    def deliver(self, node: Node, port: str, data: bytes, label: str) -> None:
        """Bytes from outside for a machine."""
        if self._closed:
            return
        try:
            self._catch_up()
            self._exchange.receive(node, port, data, label)
            self._after()
        except Exception as error:  # noqa: BLE001  only a strict exchange raises, and then `run` does
            self._stop(error)

    def report(self, node: Node, kind: str, **about: object) -> None:
        """Tell an event about a machine's link."""
        self._exchange.events.tell(Event(self._exchange.now, node.name, kind, about))

    # -- time

    def _catch_up(self) -> None:
        self._run(self.clock.now())

    def _after(self) -> None:
        # What was sent without delay arrives now, not at the next tick.
        self._schedule(done=self._inside or self._run(self._exchange.now))

    def _run(self, until: Instant) -> bool:
        self._inside = True
        try:
            return self._exchange.run(until, budget=_STEPS_A_TURN, exact=self.clock.exact)
        finally:
            self._inside = False

    def _turn(self) -> None:
        self._timer = None
        try:
            # Time stands while there is a backlog: an exact clock would only make it longer.
            due = self._exchange.next_due()
            behind = due is not None and due <= self.clock.now()
            self._schedule(done=self._run(self.clock.now() if behind else self.clock.advance()))
        except Exception as error:  # noqa: BLE001  only a strict exchange raises, and then `run` does
            self._stop(error)

    def _schedule(self, *, done: bool = True) -> None:
        if self._ended is None or self._closed:
            return
        loop = asyncio.get_running_loop()
        pause = self.clock.pause(self._exchange.next_due()) if done else 0.0
        if pause is None:
            return
        when = loop.time() + pause
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
        self._timer_at = when
        self._timer = loop.call_later(pause, self._turn) if pause > 0 else loop.call_soon(self._turn)

    def _stop(self, error: Exception) -> None:
        if self._ended is None:
            raise error
        if not self._ended.done():
            self._ended.set_exception(error)
