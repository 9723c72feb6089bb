"""A communications module of another maker: a deaf-and-dumb pipe with a mailbox, written from the documents alone.

It shares nothing with `premises.hub` but the protocol: line frames are packed here, wrapper headers are parsed here, and
its one DLMS client speaks with the meter under the key of the wire. It has no gas, no account and no display.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable
from types import SimpleNamespace

from meterhouse.model import Eui64, Event, Instant, MeterhouseError, Outgoing
from meterhouse.protocols import dlms

HELLO, WELCOME, CALL, ANSWERED, REFUSED, DATA, HANG_UP, PING, NOTE, NOTED = 1, 2, 3, 4, 5, 6, 7, 8, 12, 13
SECOND = 1_000
HUB_CLIENT, MANAGEMENT = 2, 1
DOWNLINK, QUEUE, STATUS, SEQUENCE = (dlms.Obis.parse(f"0-0:30.128.{part}.255") for part in (0, 2, 3, 4))


class OtherModule:
    """Ports: `wan`, `m_bus`. It asks the meter for mail every 20 s, whatever there is."""

    settings = SimpleNamespace(serial="OTHER MAKER")
    account = mirror = slot = by_hand = None
    electricity_link = (True, None)
    electricity = None

    def __init__(self, name: str, identity: Eui64, meter: bytes, keys: dlms.Keys, first: int, entropy) -> None:
        self.name, self.identity, self.online = name, identity, False
        self._keys, self._meter, self._entropy = keys, meter, entropy
        self._counter, self._seen = dlms.Counter(first, lambda _limit: None), dlms.SeenCounter(-1, lambda _value: None)
        self._line = self._wire = self._up = b""
        self._call = None
        self._client = self._talk = None
        self._asked: dict[int, bytes] = {}
        self._inbox: deque[tuple[int, bytes]] = deque()
        self._told: dict[int, int] = {}
        self._newest = self._number = 0
        self._dial_at, self._ping_at, self._mail_at, self._wait = Instant(0), None, Instant(0), None
        self._out: list[Outgoing] = []

    # the machine shape

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        if not data:
            self._lost(port, now)
        elif port == "wan":
            self._line += data
            while len(self._line) >= 7 and len(self._line) >= 2 + struct.unpack_from(">H", self._line)[0]:
                length, kind, session = struct.unpack_from(">HBI", self._line)
                payload, self._line = self._line[7 : 2 + length], self._line[2 + length :]
                self._frame(kind, session, payload, now)
        else:
            self._wire += data
            while len(self._wire) >= 8 and len(self._wire) >= 8 + struct.unpack_from(">H", self._wire, 6)[0]:
                _, source, to, size = struct.unpack_from(">HHHH", self._wire)
                apdu, self._wire = self._wire[8 : 8 + size], self._wire[8 + size :]
                self._answered(source, to, apdu, now)

    def outgoing(self) -> Iterable[Outgoing]:
        out, self._out = self._out, []
        return out

    def events(self) -> Iterable[Event]:
        return ()

    def deadline(self) -> Instant:
        return min(at for at in (self._dial_at, self._ping_at, self._wait or self._mail_at) if at is not None)

    def elapse(self, now: Instant) -> None:
        if self._dial_at is not None and now >= self._dial_at:
            self._dial_at, self._ping_at = None, Instant(now + 1_200 * SECOND)
            self._say(HELLO, 0, bytes([1]) + self.identity.octets)
        if self._ping_at is not None and now >= self._ping_at:
            self._ping_at = Instant(now + 1_200 * SECOND)
            self._say(PING, 0)
        if self._wait is not None and now >= self._wait:
            self._lost("m_bus", now)
            self._out.append(("m_bus", b""))
        elif self._wait is None and now >= self._mail_at:
            self._talk = self._mail()
            self._ask(next(self._talk), now)

    def state(self) -> dict[str, object]:
        return {"serial": self.settings.serial}

    # the line

    def _say(self, kind: int, session: int, payload: bytes = b"") -> None:
        self._out.append(("wan", struct.pack(">HBI", 5 + len(payload), kind, session) + payload))

    def _frame(self, kind: int, session: int, payload: bytes, now: Instant) -> None:
        if kind == WELCOME:
            self.online = True
        elif kind == CALL:
            self._call, self._up = session, b""
            self._say(ANSWERED, session)
        elif kind == HANG_UP and session == self._call:
            self._call = None
        elif kind == DATA and session == self._call:
            self._up += payload
            while len(self._up) >= 8 and len(self._up) >= 8 + struct.unpack_from(">H", self._up, 6)[0]:
                _, source, to, size = struct.unpack_from(">HHHH", self._up)
                apdu, self._up = self._up[8 : 8 + size], self._up[8 + size :]
                if apdu[:4] == b"\xe6\x00\x01\x01":  # to the meter on network 0, address 01: as it is
                    self._asked[source] = apdu[:4]
                    self._out.append(("m_bus", struct.pack(">HHHH", 1, source, to, len(apdu) - 4) + apdu[4:]))
                else:
                    self._say(HANG_UP, session)
        elif kind == NOTE:
            self._inbox.append((session, payload[8:]))
            self._mail_at = now
        elif kind in {NOTED, REFUSED}:
            self._told.pop(session, None)

    # the wire

    def _answered(self, source: int, to: int, apdu: bytes, now: Instant) -> None:
        if to != HUB_CLIENT:
            if self._asked.pop(to, None) and self._call is not None:
                back = b"\xe7\x00\x01\x01" + apdu
                self._say(DATA, self._call, struct.pack(">HHHH", 1, source, to, len(back)) + back)
            return
        try:
            self._ask(self._talk.send(apdu), now)
        except StopIteration:
            self._wait, self._mail_at = None, Instant(now + 20 * SECOND)
        except MeterhouseError:
            self._lost("m_bus", now)
            self._out.append(("m_bus", b""))

    def _ask(self, apdu: bytes, now: Instant) -> None:
        self._wait = Instant(now + 30 * SECOND)
        self._out.append(("m_bus", struct.pack(">HHHH", 1, HUB_CLIENT, MANAGEMENT, len(apdu)) + apdu))

    def _mail(self) -> dlms.Procedure[None]:
        if self._client is None:
            self._client = dlms.Client(
                dlms.ClientSettings(
                    client_sap=HUB_CLIENT,
                    server_sap=MANAGEMENT,
                    mechanism=dlms.Mechanism.GMAC,
                    system_title=self.identity.octets,
                    server_title=self._meter,
                    keys=self._keys,
                    policy=dlms.Policy.BOTH,
                    counter=self._counter,
                    seen=self._seen,
                    entropy=self._entropy,
                )
            )
            yield from self._client.associate()
        while self._inbox:
            number, octets = self._inbox[0]
            yield from self._client.set(dlms.DATA, DOWNLINK, 2, dlms.octet_string(octets))
            self._inbox.popleft()
            self._say(NOTED, number)
        rows = yield from self._client.get(dlms.PROFILE_GENERIC, QUEUE, 2)
        for row in rows.items():
            _, sequence, message = row.items(3)
            if sequence.whole() > self._newest and self.online:
                self._newest, self._number = sequence.whole(), self._number + 1
                octets = message.octets()
                self._told[self._number] = self._newest
                self._say(NOTE, self._number, self._target(octets) + octets)

    @staticmethod
    def _target(message: bytes) -> bytes:
        """Whom a sealed message names (GBCS's general-ciphering header: originator, then recipient)."""
        from meterhouse.companion.sealed import decode_envelope

        return decode_envelope(message).target.octets

    def _lost(self, port: str, now: Instant) -> None:
        if port == "wan":
            self.online, self._line, self._call, self._ping_at = False, b"", None, None
            self._dial_at = Instant(now + 10 * SECOND)
        else:
            self._wire, self._client, self._talk, self._wait = b"", None, None, None
            self._asked.clear()
            self._mail_at = Instant(now + 60 * SECOND)
