"""A meter of ours, served for a test: over TCP by wrapper or HDLC, or on a pseudo-terminal with or without mode E."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from contextlib import asynccontextmanager

from meterhouse.model import Instant
from meterhouse.protocols.dlms import hdlc, wrapper
from meterhouse.protocols.dlms.mode_e import HandedOver, ModeEServer

__all__ = ["ServedMeter"]


class ServedMeter:
    """Gives a DLMS server's connections to whoever comes.

    Args:
        server: a `dlms.Server`.
        now: the time that its stores are told.
        lower: HDLC physical device.
        parameters: HDLC, most that it agrees to.
    """

    def __init__(self, server, now, *, lower=None, parameters=hdlc.Parameters(1024, 1024, 7, 7)):  # noqa: B008 -- frozen
        self.server, self.now = server, now
        self.settings = hdlc.HdlcServerSettings(tuple(server.logical_devices), lower, parameters)
        self.audit = []
        self.dropped = 0
        self.drop_after = None
        """Bytes of answers after which a TCP connection is cut, once."""

    @asynccontextmanager
    async def on_tcp(self, *, over_hdlc=False):
        serve = self._hdlc if over_hdlc else self._wrapped
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with listener:
            yield listener.sockets[0].getsockname()[1]

    async def _wrapped(self, reader, writer):
        decoder, connection = wrapper.Decoder(), self.server.connection()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                for frame in decoder.feed(data):
                    answer = connection.receive(frame.source, frame.destination, frame.apdu, self.now)
                    self.audit += connection.audit()
                    while answer is not None and not self._cut(writer, answer):
                        writer.write(wrapper.encode(frame.destination, frame.source, answer))
                        answer = connection.streamed()
        writer.close()

    async def _hdlc(self, reader, writer):
        host = hdlc.HdlcHost(self.server, self.settings)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                answer = host.receive(data, self.now)
                self.audit += host.audit()
                if answer and not self._cut(writer, answer):
                    writer.write(answer)
        writer.close()

    def _cut(self, writer, answer):
        if self.drop_after is None:
            return False
        self.drop_after -= len(answer)
        if self.drop_after > 0:
            return False
        self.drop_after = None
        self.dropped += 1
        writer.transport.abort()
        return True

    @asynccontextmanager
    async def on_terminal(self, *, mode_e=False):
        """The path of the terminal that a reader opens."""
        far, near = os.openpty()
        tty.setraw(far)
        tty.setraw(near)
        os.set_blocking(far, False)
        loop, host = asyncio.get_running_loop(), hdlc.HdlcHost(self.server, self.settings)
        sign_on = ModeEServer("MTH", "served", fastest=9600) if mode_e else None
        state = {"sign_on": sign_on}

        def readable():
            try:
                data = os.read(far, 65536)
            except OSError:
                return
            machine = state["sign_on"]
            if machine is None:
                os.write(far, host.receive(data, self.now))
                self.audit += host.audit()
                return
            happened = machine.receive(data, Instant(0))
            os.write(far, machine.outgoing())
            if any(isinstance(one, HandedOver) for one in happened):
                state["sign_on"] = None

        loop.add_reader(far, readable)
        try:
            yield os.ttyname(near)
        finally:
            loop.remove_reader(far)
            os.close(far)
            os.close(near)
