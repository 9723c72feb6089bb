"""The bytes of one connection to a meter: TCP, or a serial line after its sign-on."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from meterhouse.app.reading.target import Target
from meterhouse.links import Framing, SerialLine
from meterhouse.model import Instant, LinkError
from meterhouse.protocols.dlms.mode_e import HandedOver, Identified, ModeEClient, SignOnFailed

__all__ = ["SerialStream", "Stream", "TcpStream", "monotonic", "open_stream"]

_ONE_READER = "Most meters take one connection at a time: see that nobody else is reading it."


def monotonic() -> Instant:
    """Milliseconds that only ever rise; for time-outs, not for dates."""
    return Instant(time.monotonic_ns() // 1_000_000)


class Stream(Protocol):
    """What a session needs."""

    async def read(self) -> bytes:
        """What has arrived; empty: no more will. Can be cancelled without loss."""

    def write(self, data: bytes) -> None:
        """Send."""

    async def close(self) -> None:
        """End."""


class TcpStream:
    """A TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """See `Stream`."""
        try:
            return await self._reader.read(65_536)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        """See `Stream`."""
        self._writer.write(data)

    async def close(self) -> None:
        """See `Stream`."""
        self._writer.close()
        try:
            async with asyncio.timeout(1):
                await self._writer.wait_closed()
        except OSError:
            self._writer.transport.abort()


class SerialStream:
    """A serial line.

    Args:
        path: of the device.
        framing: it begins with.

    Raises:
        ConfigurationError: see `SerialLine`.
    """

    def __init__(self, path: str, framing: Framing) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.line = SerialLine(path, framing, self._queue.put_nowait, lambda _why: self._queue.put_nowait(b""))

    async def read(self) -> bytes:
        """See `Stream`."""
        return await self._queue.get()

    def write(self, data: bytes) -> None:
        """See `Stream`."""
        self.line.send(data)

    def put_back(self, data: bytes) -> None:
        """Let the next `read` give these bytes, which were read too early."""
        if data:
            self._queue.put_nowait(data)

    async def close(self) -> None:
        """See `Stream`."""
        await self.line.drain()
        self.line.close()


async def open_stream(target: Target, patience_s: float) -> Stream:
    """Connect, or open the device and sign on.

    Raises:
        LinkError: the meter cannot be reached, or does not answer the sign-on.
        ConfigurationError: the device cannot be opened.
    """
    if target.kind == "serial":
        return await _open_serial(target)
    try:
        async with asyncio.timeout(patience_s):
            return TcpStream(*await asyncio.open_connection(target.host, target.port))
    except OSError as error:
        why = f"no answer within {patience_s:g} s" if isinstance(error, TimeoutError) else error.strerror or str(error)
        raise LinkError(f"{target} cannot be reached", why=f"The network says: {why}.", remedy=_ONE_READER) from error


async def _open_serial(target: Target) -> SerialStream:
    if not target.mode_e:
        return SerialStream(target.path, Framing(target.baud))
    stream = SerialStream(target.path, Framing(300, 7, "even"))
    try:
        await _sign_on(stream, target)
    except BaseException:
        stream.line.close()
        raise
    return stream


async def _sign_on(stream: SerialStream, target: Target) -> None:
    machine = ModeEClient(target.device, fastest=target.baud)
    machine.start(monotonic())
    while True:
        stream.write(machine.outgoing())
        due = machine.deadline()
        try:
            async with asyncio.timeout(None if due is None else max(due - monotonic(), 0) / 1000):
                data = await stream.read()
        except TimeoutError:
            happened = machine.elapse(monotonic())
        else:
            if not data:
                raise LinkError(f"{target} went away during the sign-on")
            happened = machine.receive(data, monotonic())
        for one in happened:
            if isinstance(one, SignOnFailed):
                raise LinkError(
                    f"{target}: no sign-on", why=one.why, remedy="Check the optical head, or leave &mode-e out."
                )
            stream.write(machine.outgoing())
            await stream.line.drain()
            if isinstance(one, Identified):
                stream.line.set_framing(Framing(one.baud, 7, "even"))
            elif isinstance(one, HandedOver):
                stream.line.set_framing(Framing(one.baud))
                stream.put_back(one.rest)
                return
