"""A meter in memory for the judge: sound, or with one rule broken on its way in or out."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlms_meter import KEYS, NOW, PROFILE, REGISTER, SWITCH, TEXT, Meter
from meterhouse.conformance import Bench, KeyClient, PasswordClient, Subject
from meterhouse.model import MalformedError
from meterhouse.protocols.dlms import Counter, hdlc, wrapper
from meterhouse.protocols.dlms.requests import Target

__all__ = ["FULL", "PLAIN", "Broken", "MemoryWire", "bench_for"]

PLAIN = Subject(
    "test meter",
    "Meterhouse",
    public=16,
    password=PasswordClient(2, b"12345678"),
    read=Target(3, REGISTER, 2),
    write=Target(1, TEXT, 2),
    profile=PROFILE,
    method=Target(70, SWITCH, 1),
)
FULL = Subject(
    "test meter",
    "Meterhouse",
    public=16,
    password=PasswordClient(2, b"12345678"),
    keys=KeyClient(1, KEYS),
    read=Target(3, REGISTER, 2),
    write=Target(1, TEXT, 2),
    profile=PROFILE,
)


@dataclass
class Broken:
    """One rule broken; what is left as it is breaks nothing.

    Attributes:
        wire: what the device makes of the bytes that come in one piece.
        stream: makes the answer to bytes by itself, or None.
        address: (client, device) as the device takes them.
        request: what the device makes of an APDU.
        answer: what it makes of its own answer to an APDU.
        dies: told an APDU, whether the device never answers again.
    """

    wire: object = staticmethod(lambda data: data)
    stream: object = staticmethod(lambda data: None)
    address: object = staticmethod(lambda client, device: (client, device))
    request: object = staticmethod(lambda apdu: apdu)
    answer: object = staticmethod(lambda apdu, answer: answer)
    dies: object = staticmethod(lambda apdu: False)
    whole_frames: bool = False
    one_answer: bool = False
    dead: bool = field(default=False, init=False)


class Connection:
    """A server's connection, broken so."""

    def __init__(self, connection, broken):
        self._connection, self._broken = connection, broken

    def receive(self, client, device, apdu, now):
        broken = self._broken
        broken.dead = broken.dead or broken.dies(apdu)
        if broken.dead:
            return None
        source, destination = broken.address(client, device)
        return broken.answer(apdu, self._connection.receive(source, destination, broken.request(apdu), now))

    def audit(self):
        return self._connection.audit()


class Server:
    """A server whose connections are broken so."""

    def __init__(self, server, broken):
        self.logical_devices, self._server, self._broken = server.logical_devices, server, broken

    def connection(self):
        return Connection(self._server.connection(), self._broken)


class MemoryWire:
    """A wire of the judge's that ends in a server, at once.

    Attributes:
        seconds: how long the judge has waited.
    """

    def __init__(self, server, broken=None, *, over_hdlc=False):
        self._broken = broken or Broken()
        self._server = Server(server, self._broken)
        self._hdlc = over_hdlc
        self._answers = None
        self.seconds = 0.0

    def open(self):
        self._answers, self._closed = bytearray(), False
        if self._hdlc:
            parameters = hdlc.Parameters(1024, 1024, 7, 7)
            settings = hdlc.HdlcServerSettings(tuple(self._server.logical_devices), None, parameters)
            self._host = hdlc.HdlcHost(self._server, settings)
        else:
            self._decoder, self._connection = wrapper.Decoder(), self._server.connection()

    def write(self, data):
        if self._answers is None or self._closed:
            return
        own = self._broken.stream(data)
        if own is not None:
            self._answers += own
            return
        data = self._broken.wire(data)
        if self._hdlc:
            self._answers += self._host.receive(data, NOW)
            return
        if self._broken.whole_frames:
            self._decoder = wrapper.Decoder()
        try:
            frames = self._decoder.feed(data)
        except MalformedError:
            self._closed = True
            return
        for frame in frames[: 1 if self._broken.one_answer else None]:
            answer = self._connection.receive(frame.source, frame.destination, frame.apdu, NOW)
            if answer is not None:
                self._answers += wrapper.encode(frame.destination, frame.source, answer)

    def read(self, patience):
        if self._answers is None:
            return b""
        if self._answers:
            came = bytes(self._answers)
            self._answers.clear()
            return came
        self.seconds += patience  # silence costs no time of ours
        return b"" if self._closed else None

    def close(self):
        self._answers = None


def bench_for(subject, broken=None, *, over_hdlc=False, meter=None):
    """A bench with a fresh meter."""
    wire = MemoryWire((meter or Meter()).server, broken, over_hdlc=over_hdlc)
    return Bench(subject, wire, hdlc=over_hdlc, counter=Counter(100), clock=lambda: wire.seconds)
