"""A small meter behind a DLMS server, for tests: clock, register, load profile, switch, a settable text."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from meterhouse.model import HALF_HOUR, Instant, parse_instant
from meterhouse.protocols.dlms import (
    CLOCK,
    DATA,
    AccessRefusedError,
    ActionResult,
    CaptureObject,
    Client,
    ClientAccess,
    ClientSettings,
    Column,
    Counter,
    DataAccessResult,
    Keys,
    LogicalDevice,
    Mechanism,
    Obis,
    Policy,
    Rights,
    SeenCounter,
    Server,
    ServerConnection,
    ServerObject,
    Tag,
    clock,
    converse,
    data_object,
    disconnect_control,
    double_long_unsigned,
    loopback,
    octet_string,
    profile_generic,
    register,
    rights_to_all,
)

NOW = parse_instant("2026-11-21T05:30:07Z")
FIRST = parse_instant("2025-10-21T00:30:00Z")
REGISTER = Obis.parse("1-0:1.8.0.255")
PROFILE = Obis.parse("1-0:99.1.0.255")
SWITCH = Obis.parse("0-0:96.3.10.255")
TEXT = Obis.parse("0-0:96.13.0.255")
BROKEN = Obis.parse("0-0:96.5.0.255")
HIDDEN = Obis.parse("0-0:96.1.0.255")
STATUS = CaptureObject(1, Obis.parse("0-0:96.10.1.255"), 2)
KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
SERVER_TITLE, CLIENT_TITLE = b"MTH00001", b"MTHCLI01"
ROWS = [(Instant(FIRST + number * HALF_HOUR), number % 3, 100_000 + 37 * number) for number in range(19_000)]
PLAIN = ClientSettings()


class Rows:
    """Counts how many rows it hands out."""

    def __init__(self):
        self.given = 0

    def count(self):
        return len(ROWS)

    def rows(self, start, end):
        first = max(-(-(start - FIRST) // HALF_HOUR), 0)
        return self._counted(ROWS[first : max((end - FIRST) // HALF_HOUR + 1, 0)])

    def entries(self, first, last):
        return self._counted(ROWS[first - 1 : last])

    def _counted(self, rows):
        self.given += len(rows)
        return rows


class Meter:
    """The stores, and the server in front of them."""

    def __init__(self, max_pdu: int = 2048):
        self.rows = Rows()
        self.text = b""
        self.on = True
        self.asked = 0
        self.set_to = None
        self.counter, self.seen = Counter(5000), SeenCounter()
        numbers = count()
        objects = self._objects()
        self.server = Server(
            SERVER_TITLE,
            {1: LogicalDevice("MTH0000000000001", objects)},
            self._clients(objects),
            lambda size: (next(numbers) + 1).to_bytes(size, "big"),
            max_pdu,
        )

    def _text(self):
        self.asked += 1
        return octet_string(self.text)

    def _write_text(self, data, _now):
        self.text = data.octets()

    def _switch(self, state):
        def act(_now):
            if state == self.on:
                raise AccessRefusedError(ActionResult.TEMPORARY_FAILURE)
            self.on = state

        return act

    def _adjust(self, at, _now):
        self.set_to = at

    def _broken(self, _selection, _now):
        raise AccessRefusedError(DataAccessResult.HARDWARE_FAULT)

    def _objects(self):
        columns = [
            Column(CLOCK, Tag.OCTET_STRING),
            Column(STATUS, Tag.UNSIGNED),
            Column(CaptureObject(3, REGISTER, 2), Tag.DOUBLE_LONG_UNSIGNED),
        ]
        text = data_object(TEXT, self._text)
        return [
            clock(lambda now: now, self._adjust),
            register(REGISTER, lambda: double_long_unsigned(ROWS[-1][2]), scaler=0, unit=30),
            profile_generic(PROFILE, columns, self.rows, period=1800, capacity=19_000),
            disconnect_control(
                SWITCH,
                output=lambda: self.on,
                state=lambda: int(self.on),
                mode=lambda: 2,
                disconnect=self._switch(False),
                reconnect=self._switch(True),
            ),
            replace(text, write={2: self._write_text}),
            data_object(HIDDEN, lambda: octet_string(b"not for you")),
            ServerObject(DATA, BROKEN, read={2: self._broken}),
        ]

    def _clients(self, objects):
        seen = [item for item in objects if item.obis != HIDDEN]
        everything = rights_to_all(seen, write=True, invoke=True)
        shared = {"keys": KEYS, "counter": self.counter, "seen": self.seen}
        return {
            16: ClientAccess(16, rights=rights_to_all(seen) | {TEXT: Rights.of(methods=[1])}),
            2: ClientAccess(2, Mechanism.LLS, everything, secret=b"12345678"),
            1: ClientAccess(1, Mechanism.GMAC, everything, policy=Policy.BOTH, **shared),
            3: ClientAccess(3, Mechanism.GMAC, everything, policy=Policy.AUTHENTICATED, **shared),
            4: ClientAccess(4, Mechanism.GMAC, everything, **shared),
            5: ClientAccess(5, Mechanism.GMAC, everything, policy=Policy.ENCRYPTED, **shared),
        }


def proved(**changes) -> ClientSettings:
    """Settings of the client that proves itself and ciphers everything."""
    settings = ClientSettings(
        client_sap=1,
        mechanism=Mechanism.GMAC,
        system_title=CLIENT_TITLE,
        keys=KEYS,
        policy=Policy.BOTH,
        entropy=lambda size: b"\xc1" * size,
        counter=Counter(100),
        seen=SeenCounter(),
    )
    return replace(settings, **changes)


def fresh(settings: ClientSettings) -> ClientSettings:
    """The same settings with counters of their own, as a fresh meter expects."""
    return replace(settings, counter=Counter(100), seen=SeenCounter())


class Session:
    """A client talking to one connection of a meter."""

    def __init__(self, meter: Meter, settings: ClientSettings = PLAIN, *, connection: ServerConnection | None = None):
        self.connection = connection or meter.server.connection()
        self.client = Client(settings)
        self.sent: list[bytes] = []
        self.exchange = loopback(self.connection, settings, NOW)

    def run(self, procedure):
        return converse(procedure, self._recorded)

    def _recorded(self, apdu):
        self.sent.append(apdu)
        return self.exchange(apdu)

    def opened(self) -> Session:
        self.run(self.client.associate())
        return self
