"""A line between an HDLC client and a DLMS server, in virtual time, with whatever the line does to the bytes."""

from __future__ import annotations

from collections.abc import Callable

from meterhouse.model import Instant
from meterhouse.protocols.dlms import hdlc

START = Instant(1_800_000_000_000)
SERVER = hdlc.Address(1, 17)

Mangle = Callable[[bytes], bytes]


def untouched(octets: bytes) -> bytes:
    return octets


class Line:
    """Runs a client link against anything that answers bytes; `exchange` is what `converse` wants."""

    def __init__(self, settings, host, *, up: Mangle = untouched, down: Mangle = untouched):
        self.link = hdlc.HdlcClientLink(settings)
        self.host = host
        self.up, self.down = up, down
        self.now = START
        self.happened = []
        self.rounds = 0

    def connect(self):
        self.link.connect(self.now)
        self.run(lambda: self.link.connected or self.last(hdlc.Disconnected))
        return self

    def last(self, kind):
        found = [one for one in self.happened if isinstance(one, kind)]
        return found[-1] if found else None

    def run(self, done, limit=3000):
        while not done() and self.rounds < limit:
            self.rounds += 1
            octets = self.link.outgoing()
            if octets:
                arrived = self.up(octets)
                answer = self.host.receive(arrived, self.now) if arrived else b""
                if answer and (arrived := self.down(answer)):
                    self.happened += self.link.receive(arrived, self.now)
                continue
            due = [at for at in (self.link.deadline(), self.host.deadline()) if at is not None]
            if not due:
                break
            self.now = Instant(max(self.now, min(due)))
            answer = self.host.elapse(self.now)
            if answer and (arrived := self.down(answer)):
                self.happened += self.link.receive(arrived, self.now)
            self.happened += self.link.elapse(self.now)
        assert self.rounds < limit, "the line never comes to rest"

    def exchange(self, apdu):
        before = len([one for one in self.happened if isinstance(one, hdlc.Received)])
        self.link.send(apdu, self.now)

        def answered():
            received = [one for one in self.happened if isinstance(one, hdlc.Received)]
            return len(received) > before or not self.link.connected

        self.run(answered)
        received = [one for one in self.happened if isinstance(one, hdlc.Received)]
        return received[before].apdu if len(received) > before else None

    def disconnect(self):
        self.link.disconnect(self.now)
        self.run(lambda: self.last(hdlc.Disconnected))
