"""A gas meter and a hub through two serial radio adapters: real host frames over pseudo-terminals."""

from __future__ import annotations

import asyncio
import os
import tty

import pytest

from home_bench import GAS_KEY, RADIO_HUB, RADIO_METER, START, make_hub
from meterhouse.links import Framing, Pump
from meterhouse.model import HALF_HOUR, Instant
from meterhouse.premises.gas_meter import GasMeter, GasMeterSettings
from meterhouse.protocols.wmbus import HostFrame, HostReader, RadioAdapter, encode_host_frame
from pumping import kinds, running, until

USB = Framing(57_600)


class FromThen:
    """The system's pace, beginning at an instant of our choice."""

    exact = False

    def __init__(self, start):
        self._start, self._began = start, asyncio.get_running_loop().time()

    def now(self):
        return Instant(self._start + int((asyncio.get_running_loop().time() - self._began) * 1000))

    def advance(self):
        return self.now()

    def pause(self, due):
        return None if due is None else max(0, due - self.now()) / 1000


class Stick:
    """An adapter of another make: takes requests on its pseudo-terminal, answers each, and hands telegrams on."""

    def __init__(self):
        self.far, self.near = os.openpty()
        tty.setraw(self.far)
        self.path = os.ttyname(self.near)
        self.reader, self.other, self.sent, self.heard = HostReader(), None, [], 0
        self.noise = b""
        asyncio.get_running_loop().add_reader(self.far, self._readable)

    def _readable(self):
        for frame in self.reader.feed(os.read(self.far, 4096)):
            assert (frame.endpoint, frame.message) == (2, 1)
            self.sent.append(frame.payload)
            os.write(self.far, encode_host_frame(HostFrame(2, 2, b"\1")))
            self.other.hear(frame.payload)

    def hear(self, body):
        self.heard += 1
        os.write(self.far, self.noise + encode_host_frame(HostFrame(2, 3, body, timestamp=77, strength=0x60)))

    def close(self):
        asyncio.get_running_loop().remove_reader(self.far)
        os.close(self.far)
        os.close(self.near)


def sticks():
    one, two = Stick(), Stick()
    one.other, two.other = two, one
    return one, two


@pytest.mark.asyncio
@pytest.mark.parametrize("noise", [b"", b"\x00\x13\x37"])
async def test_a_report_and_its_answer_pass_through_two_serial_radio_adapters(noise):
    ours, theirs = sticks()
    ours.noise = theirs.noise = noise
    pump = Pump(FromThen(START + HALF_HOUR - 100), strict=True)
    settings = GasMeterSettings(RADIO_METER, RADIO_HUB, GAS_KEY, wake_offset_ms=0, listen_window_ms=2_000)
    meter, hub = GasMeter(settings, Instant(START + HALF_HOUR - 200)), make_hub(now=Instant(START + HALF_HOUR - 200))
    for machine, stick in ((meter, ours), (hub, theirs)):
        pump.add(machine)
        pump.serial(machine, "gas_radio", stick.path, USB, RadioAdapter())
    async with running(pump) as heard:
        await until(lambda: "cutoff.written" in kinds(heard))
        await until(lambda: len(ours.sent) == 2)
    assert {"report.sent", "report.acknowledged"} <= set(kinds(heard))
    assert [body[0] for body in ours.sent] == [0x44, 0x08], "the report, then the answer to the order"
    assert [body[0] for body in theirs.sent] == [0x53], "a prepay home's hub answers with the cut-off"
    assert meter.backlog.acknowledged == START + HALF_HOUR
    for stick in (ours, theirs):
        stick.close()


@pytest.mark.asyncio
async def test_a_credit_home_s_report_is_acknowledged_through_the_adapters():
    ours, theirs = sticks()
    pump = Pump(FromThen(START + HALF_HOUR - 100), strict=True)
    born = Instant(START + HALF_HOUR - 200)
    settings = GasMeterSettings(
        RADIO_METER, RADIO_HUB, GAS_KEY, has_valve=False, wake_offset_ms=0, listen_window_ms=2_000
    )
    meter, hub = GasMeter(settings, born), make_hub(prepay=False, now=born)
    for machine, stick in ((meter, ours), (hub, theirs)):
        pump.add(machine)
        pump.serial(machine, "gas_radio", stick.path, USB, RadioAdapter())
    async with running(pump) as heard:
        await until(lambda: "report.acknowledged" in kinds(heard))
    assert [body[0] for body in theirs.sent] == [0x00]
    for stick in (ours, theirs):
        stick.close()
