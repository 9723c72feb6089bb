"""Serial lines on asyncio: a POSIX terminal device, real or pseudo, without a library of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from meterhouse.links.exchange import Node
from meterhouse.model import ConfigurationError, UsageError

if sys.platform != "win32":
    import fcntl
    import termios

__all__ = ["Coder", "Framing", "SerialBoard", "SerialLine", "SerialWire"]

WRITE_LIMIT: Final = 1 << 20
"""Bytes that may wait for a line which takes none; one more drops them all and ends it."""
REOPEN_S: Final = 1.0
"""A line that went away (a probe that was pulled) is looked for this often."""
QUIET_S: Final = 0.1
"""A line still for this long is between two frames."""
_PIECE: Final = 4096

Parity = Literal["none", "even", "odd"]


@dataclass(frozen=True, slots=True)
class Framing:
    """How characters stand on the line.

    Attributes:
        baud: one of the rates that the system knows, 50 to 4000000.
        data_bits: 7 or 8.
        parity: none, even or odd.
        stop_bits: 1 or 2.
    """

    baud: int = 9600
    data_bits: int = 8
    parity: Parity = "none"
    stop_bits: int = 1

    def __post_init__(self) -> None:
        """Refuse what no port does."""
        if sys.platform != "win32" and not hasattr(termios, f"B{self.baud}"):
            raise UsageError(f"{self.baud} baud is not a rate of this system", remedy="Choose one such as 9600.")
        if self.data_bits not in {7, 8} or self.stop_bits not in {1, 2} or self.parity not in {"none", "even", "odd"}:
            raise UsageError(f"a serial line has 7 or 8 data bits, 1 or 2 stop bits and a known parity, not {self}")


class SerialLine:
    """One open terminal device: raw bytes in and out.

    Must be used from the thread of its loop only.

    Args:
        path: of the device.
        framing: see `Framing`.
        heard: told what arrives.
        lost: told, once and in words, when the device goes away; not after `close`.

    Raises:
        ConfigurationError: there is no such device, it is not a terminal, is not allowed, or is in use.
    """

    def __init__(
        self, path: str, framing: Framing, heard: Callable[[bytes], None], lost: Callable[[str], None]
    ) -> None:
        self.path = path
        self._heard = heard
        self._lost = lost
        self._queue = bytearray()
        self._empty = asyncio.Event()
        self._empty.set()
        self._loop = asyncio.get_running_loop()
        self._descriptor: int | None = _opened(path)
        try:
            self.set_framing(framing)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._loop.add_reader(self._descriptor, self._readable)

    @property
    def is_open(self) -> bool:
        """Whether the device is there."""
        return self._descriptor is not None

    def set_framing(self, framing: Framing) -> None:
        """Change rate, bits and parity at once; what is not to be changed on its way must have left (`drain`).

        Raises:
            ConfigurationError: the device does not do that.
        """
        if self._descriptor is None:
            raise ConfigurationError(f"serial port {self.path} is closed")
        try:
            termios.tcsetattr(self._descriptor, termios.TCSANOW, _attributes(self._descriptor, framing))
        except termios.error as error:
            raise ConfigurationError(f"serial port {self.path} does not do {framing}: {error.args[-1]}") from error

    def send(self, data: bytes) -> None:
        """Write; what the device does not take at once follows when it does."""
        if self._descriptor is None:
            return
        if len(self._queue) + len(data) > WRITE_LIMIT:
            self._fail("it takes no more bytes")
            return
        self._queue += data
        self._empty.clear()
        self._write()

    async def drain(self) -> None:
        """Wait until the last bit has left the wire."""
        await self._empty.wait()
        if self._descriptor is not None:
            with contextlib.suppress(termios.error, OSError):
                await self._loop.run_in_executor(None, termios.tcdrain, self._descriptor)

    def close(self) -> None:
        """End at once; what waits is dropped."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
            os.close(descriptor)
        self._queue.clear()
        self._empty.set()

    def _readable(self) -> None:
        if self._descriptor is None:
            return
        try:
            data = os.read(self._descriptor, _PIECE)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error.strerror or "it cannot be read")
            return
        if data:
            self._heard(data)
        else:
            self._fail("it hung up")

    def _write(self) -> None:
        if self._descriptor is None:
            return
        try:
            written = os.write(self._descriptor, self._queue) if self._queue else 0
        except BlockingIOError:
            written = 0
        except OSError as error:
            self._fail(error.strerror or "it cannot be written")
            return
        del self._queue[:written]
        if self._queue:
            self._loop.add_writer(self._descriptor, self._write)
        else:
            self._loop.remove_writer(self._descriptor)
            self._empty.set()

    def _fail(self, why: str) -> None:
        self.close()
        self._lost(why)


def _opened(path: str) -> int:
    if sys.platform == "win32":
        raise ConfigurationError(f"serial port {path}: serial lines need a POSIX system")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        remedy = {
            "FileNotFoundError": "Look for it with `ls /dev/serial/by-id`.",
            "PermissionError": "Join the group of the device, often `dialout`, and log in again.",
        }.get(type(error).__name__, "Close the program that uses it.")
        raise ConfigurationError(f"serial port {path} cannot be opened: {error.strerror}", remedy=remedy) from error
    if not os.isatty(descriptor):
        os.close(descriptor)
        raise ConfigurationError(f"{path} is not a serial port")
    fcntl.ioctl(descriptor, termios.TIOCEXCL)  # a second program on one optical head would eat half the answers
    return descriptor


def _attributes(descriptor: int, framing: Framing) -> list[int | list[bytes | int]]:
    attributes = termios.tcgetattr(descriptor)
    bits = termios.CS7 if framing.data_bits == 7 else termios.CS8
    mode = bits | termios.CREAD | termios.CLOCAL
    if framing.stop_bits == 2:
        mode |= termios.CSTOPB
    if framing.parity != "none":
        mode |= termios.PARENB | (termios.PARODD if framing.parity == "odd" else 0)
    rate = getattr(termios, f"B{framing.baud}")
    special = attributes[6]
    special[termios.VMIN], special[termios.VTIME] = 1, 0
    incoming = termios.ISTRIP if framing.data_bits == 7 else 0
    return [incoming, 0, mode, 0, rate, rate, special]


class Coder(Protocol):
    """What stands between a machine's frames and the bytes of a line, such as a radio adapter's host protocol."""

    def encode(self, data: bytes) -> bytes:
        """One frame of the machine, as it goes over the line."""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that the line's next bytes complete."""

    def quiet(self) -> list[bytes]:
        """The line has been still for a while: give up the beginning of a frame, and give what stood behind it."""


class SerialBoard(Protocol):
    """What a serial wire needs of the pump."""

    lines: set[SerialWire]

    def deliver(self, node: Node, port: str, data: bytes, label: str) -> None:
        """Bytes for a machine; empty: its line is down."""

    def report(self, node: Node, kind: str, **about: object) -> None:
        """Tell an event about a machine's line."""


class SerialWire:
    """A machine's port plugged into a serial device.

    The device is opened at once, because a meter must hear who speaks first. Where it goes away the machine is told
    by empty bytes, and it is looked for again each `REOPEN_S`. A serial line has no connection: empty bytes from the
    machine close nothing.

    Args:
        board: the pump.
        node: the machine's.
        port: of the machine.
        path: of the device.
        framing: see `Framing`.
        coder: between the machine's frames and the line's bytes; None where they are the same.

    Raises:
        ConfigurationError: see `SerialLine`.
    """

    def __init__(
        self, board: SerialBoard, node: Node, port: str, path: str, framing: Framing, coder: Coder | None = None
    ) -> None:
        self._board = board
        self._node = node
        self._port = port
        self._path = path
        self._framing = framing
        self._label = f"{path} -> {node.name}:{port}"
        self._coder = coder
        self._still: asyncio.TimerHandle | None = None
        self._again: asyncio.TimerHandle | None = None
        self._line: SerialLine | None = SerialLine(path, framing, self._heard, self._lost)
        board.lines.add(self)

    def send(self, data: bytes) -> None:
        """Bytes from the machine; it is told where the device is away."""
        if data and self._line is not None:
            self._line.send(data if self._coder is None else self._coder.encode(data))
        elif data:
            asyncio.get_running_loop().call_soon(self._board.deliver, self._node, self._port, b"", self._label)

    async def reframe(self, framing: Framing) -> None:
        """Let go out what was sent, then change the framing.

        Raises:
            ConfigurationError: the device is away or does not do that.
        """
        if self._line is None:
            raise ConfigurationError(f"serial port {self._path} is away")
        await self._line.drain()
        self._line.set_framing(framing)
        self._framing = framing

    def unplug(self) -> None:
        """The machine is gone."""
        self.close()

    def close(self) -> None:
        """End; the machine is told nothing."""
        self._board.lines.discard(self)
        for timer in (self._again, self._still):
            if timer is not None:
                timer.cancel()
        if self._line is not None:
            self._line.close()
            self._line = None

    def _heard(self, data: bytes) -> None:
        if self._coder is None:
            self._board.deliver(self._node, self._port, data, self._label)
            return
        if self._still is not None:
            self._still.cancel()
        self._still = asyncio.get_running_loop().call_later(QUIET_S, self._quiet, self._coder)
        self._deliver(self._coder.feed(data))

    def _quiet(self, coder: Coder) -> None:
        self._still = None
        self._deliver(coder.quiet())

    def _deliver(self, frames: list[bytes]) -> None:
        for frame in frames:
            self._board.deliver(self._node, self._port, frame, self._label)

    def _lost(self, why: str) -> None:
        self._line = None
        self._board.report(self._node, "link.lost", port=self._port, peer=self._path, why=why)
        self._look_again()
        self._board.deliver(self._node, self._port, b"", self._label)

    def _look_again(self) -> None:
        self._again = asyncio.get_running_loop().call_later(REOPEN_S, self._reopen)

    def _reopen(self) -> None:
        try:
            self._line = SerialLine(self._path, self._framing, self._heard, self._lost)
        except ConfigurationError:
            self._look_again()
        else:
            self._board.report(self._node, "link.up", port=self._port, peer=self._path)
