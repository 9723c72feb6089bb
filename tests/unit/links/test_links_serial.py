"""Serial lines, over pseudo-terminals."""

from __future__ import annotations

import asyncio
import os
import termios
import tty

import pytest

from meterhouse.links import Framing, Pump, SerialLine, SystemClock
from meterhouse.model import ConfigurationError, UsageError
from pumping import kinds, running, until


class Terminal:
    """A pseudo-terminal: our side is `path`, the other is `far`."""

    def __init__(self):
        self.far, self.near = os.openpty()
        tty.setraw(self.far)
        self.path = os.ttyname(self.near)

    def read(self):
        return os.read(self.far, 4096)

    def settings(self):
        return termios.tcgetattr(self.near)

    def close(self):
        for descriptor in {self.far, self.near}:
            os.close(descriptor)
        self.far = self.near = -1


@pytest.fixture
def terminal():
    one = Terminal()
    yield one
    if one.far >= 0:
        one.close()


class Echo:
    name = "echo"

    def __init__(self):
        self.got, self.out, self.downs = b"", [], 0

    def receive(self, port, data, now):
        self.got += data
        self.downs += not data
        if data:
            self.out.append((port, data.upper()))

    def outgoing(self):
        out, self.out = self.out, []
        return out

    def events(self):
        return ()

    def deadline(self):
        return None

    def elapse(self, now):
        pass


@pytest.mark.asyncio
async def test_every_byte_passes_unchanged_both_ways(terminal):
    heard = bytearray()
    line = SerialLine(terminal.path, Framing(), heard.extend, lambda _why: None)
    octets = bytes(range(256))
    os.write(terminal.far, octets)
    await until(lambda: len(heard) == 256)
    assert heard == octets
    line.send(octets)
    await line.drain()
    assert terminal.read() == octets
    line.close()


@pytest.mark.asyncio
async def test_the_framing_is_what_was_asked_for_and_can_be_changed(terminal):
    line = SerialLine(terminal.path, Framing(300, 7, "even"), lambda _data: None, lambda _why: None)
    # A pseudo-terminal keeps 8 bits whatever is asked of it, but it keeps rate and echo.
    assert terminal.settings()[4] == termios.B300
    assert not terminal.settings()[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
    line.set_framing(Framing(9600))
    assert terminal.settings()[4:6] == [termios.B9600, termios.B9600]
    line.close()


@pytest.mark.asyncio
async def test_more_than_the_line_takes_at_once_leaves_in_order(terminal):
    line = SerialLine(terminal.path, Framing(), lambda _data: None, lambda _why: None)
    octets = os.urandom(100_000)
    line.send(octets)
    read = bytearray()
    loop = asyncio.get_running_loop()
    loop.add_reader(terminal.far, lambda: read.extend(os.read(terminal.far, 4096)))
    await until(lambda: len(read) == len(octets))
    loop.remove_reader(terminal.far)
    assert read == octets
    line.close()


@pytest.mark.asyncio
async def test_a_line_that_takes_nothing_is_ended_before_it_fills_the_memory(terminal):
    lost = []
    line = SerialLine(terminal.path, Framing(), lambda _data: None, lost.append)
    for _ in range(20):
        line.send(bytes(100_000))
    assert lost == ["it takes no more bytes"]
    assert not line.is_open


@pytest.mark.asyncio
@pytest.mark.parametrize(("path", "what"), [("/dev/no-such-port", "No such file"), ("/dev/null", "not a serial port")])
async def test_a_port_that_cannot_be_opened_is_told_in_one_sentence(path, what):
    with pytest.raises(ConfigurationError, match=what):
        SerialLine(path, Framing(), lambda _data: None, lambda _why: None)


def test_a_framing_that_no_port_does_is_refused():
    for make in (lambda: Framing(12345), lambda: Framing(data_bits=9), lambda: Framing(stop_bits=3)):
        with pytest.raises(UsageError):
            make()


@pytest.mark.asyncio
async def test_a_machine_hears_and_speaks_by_a_serial_port(terminal):
    pump, echo = Pump(SystemClock(), strict=True), Echo()
    pump.add(echo)
    async with running(pump):
        wire = pump.serial(echo, "optical", terminal.path, Framing(300))
        os.write(terminal.far, b"hello")
        await until(lambda: echo.got == b"hello")
        assert terminal.read() == b"HELLO"
        await wire.reframe(Framing(9600))
        assert terminal.settings()[4] == termios.B9600
        with pytest.raises(UsageError, match="already"):
            pump.serial(echo, "optical", terminal.path, Framing())


@pytest.mark.asyncio
async def test_a_machine_is_told_when_its_port_goes_away(terminal):
    pump, echo = Pump(SystemClock(), strict=True), Echo()
    pump.add(echo)
    async with running(pump) as heard:
        pump.serial(echo, "optical", terminal.path, Framing())
        terminal.close()
        await until(lambda: echo.downs == 1)
        assert "link.lost" in kinds(heard)
        pump.call(echo, lambda _now: echo.out.append(("optical", b"?")))
        await until(lambda: echo.downs == 2)
