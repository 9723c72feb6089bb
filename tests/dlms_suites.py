"""Two sides of a DLMS association with every kind of key, for the tests of suites 0 to 2."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from meterhouse.crypto import KeyPair
from meterhouse.model import parse_instant
from meterhouse.protocols.dlms import (
    Client,
    ClientAccess,
    ClientSettings,
    Counter,
    Keys,
    LogicalDevice,
    Mechanism,
    Obis,
    Policy,
    SeenCounter,
    Server,
    converse,
    data_object,
    double_long_unsigned,
    loopback,
    octet_string,
    register,
    rights_to_all,
)
from meterhouse.protocols.dlms.credentials import Credentials
from meterhouse.protocols.dlms.guard import Wrapping
from meterhouse.protocols.dlms.protection import KeyChoice, Manner, Signing
from meterhouse.protocols.dlms.suites import SUITES

NOW = parse_instant("2026-11-21T05:30:07Z")
CLIENT, SERVER = b"MTHCLI01", b"MTH00001"
REGISTER, TEXT = Obis.parse("1-0:1.8.0.255"), Obis.parse("0-0:96.13.0.255")
SECRET = b"a shared secret!"
VALUE = 4_711


class Dice:
    """Entropy that never repeats and is the same in every run."""

    def __init__(self, seed: int = 1) -> None:
        self._numbers = count(seed << 32)

    def __call__(self, size: int) -> bytes:
        block = next(self._numbers).to_bytes(8, "big")
        return (block * (size // 8 + 1))[:size]


def keys(suite: int, *, master: bool = True, seed: int = 0) -> Keys:
    length = SUITES[suite].key_length
    names = [bytes((base + seed + place) & 0xFF for place in range(length)) for base in (0, 0xD0, 0x60)]
    return Keys(names[0], names[1], suite, names[2] if master else b"")


def pair(suite: int, number: int) -> KeyPair:
    curve = SUITES[suite].curve
    return KeyPair(curve, number.to_bytes(curve.size, "big"))


def credentials(suite: int, own: int, peer: int, seed: int = 3) -> Credentials:
    """Numbers 10 and 11 are one side's pairs, 20 and 21 the other's."""
    if suite == 0:
        return Credentials(0, Counter(), SeenCounter(), Dice(seed))
    return Credentials(
        suite,
        Counter(),
        SeenCounter(),
        Dice(seed),
        pair(suite, own),
        pair(suite, own + 1),
        pair(suite, peer).public,
        pair(suite, peer + 1).public,
    )


def objects(written: list[bytes]):
    text = data_object(TEXT, lambda: octet_string(written[-1] if written else b""))
    return [
        register(REGISTER, lambda: double_long_unsigned(VALUE), scaler=0, unit=30),
        replace(text, write={2: lambda data, _now: written.append(data.octets())}),
    ]


class Pair:
    """A server with one client entry, and that client."""

    def __init__(
        self,
        suite: int = 0,
        mechanism: Mechanism = Mechanism.GMAC,
        policy: Policy = Policy.BOTH,
        *,
        demanded: Policy | None = None,
        extra=(),
        ring=None,
        **settings,
    ) -> None:
        self.written: list[bytes] = []
        secret = SECRET if mechanism.has_secret else b""
        items = [*objects(self.written), *extra]
        own = {"keys": keys(suite), "counter": Counter(), "credentials": credentials(suite, 20, 10, 7)}
        self.access = ClientAccess(
            1,
            mechanism,
            rights_to_all(items, write=True, invoke=True),
            secret=secret,
            policy=policy if demanded is None else demanded,
            title=CLIENT,
            **(own if ring is None else {"ring": ring}),
        )
        self.server = Server(SERVER, {1: LogicalDevice("METER", items)}, {1: self.access}, Dice(5))
        self.settings = replace(
            ClientSettings(
                1,
                1,
                mechanism,
                secret,
                CLIENT,
                SERVER,
                keys(suite),
                policy & Policy.BOTH,
                counter=Counter(),
                credentials=credentials(suite, 10, 20),
                entropy=Dice(9),
            ),
            policy=policy,
            **settings,
        )
        self.connect()

    def connect(self, settings: ClientSettings | None = None) -> None:
        if settings is not None:
            self.settings = settings
        self.connection = self.server.connection()
        self.client = Client(self.settings)
        self.wire: list[tuple[bytes, bytes | None]] = []
        answer = loopback(self.connection, self.settings, NOW)

        def exchange(apdu: bytes) -> bytes | None:
            self.wire.append((apdu, answer(apdu)))
            return self.wire[-1][1]

        self.exchange = exchange

    def run(self, procedure):
        return converse(procedure, self.exchange)

    def session(self) -> None:
        """Associate, read, write, read what was written, release."""
        self.run(self.client.associate())
        assert self.connection.associations == {(1, 1)}
        assert self.run(self.client.get(3, REGISTER, 2)).whole() == VALUE
        self.run(self.client.set(1, TEXT, 2, octet_string(b"hello")))
        assert self.written[-1] == b"hello"
        assert self.run(self.client.get(1, TEXT, 2)).octets() == b"hello"
        self.run(self.client.release())
        assert self.connection.associations == frozenset()
        assert self.connection.audit() == []


MODES = {
    "service tags, authenticated": (0, Wrapping(0x10)),
    "service tags, encrypted": (0, Wrapping(0x20)),
    "service tags, both": (0, Wrapping(0x30)),
    "service tags, suite 1": (1, Wrapping(0x30)),
    "service tags, suite 2": (2, Wrapping(0x30)),
    "general-glo": (0, Wrapping(0x30, Manner.GENERAL)),
    "dedicated": (0, Wrapping(0x30, dedicated=True)),
    "general-ded": (1, Wrapping(0x30, Manner.GENERAL, dedicated=True)),
    "general-ciphering, identified": (0, Wrapping(0x30, Manner.CIPHERING)),
    "general-ciphering, authenticated": (0, Wrapping(0x10, Manner.CIPHERING)),
    "general-ciphering, wrapped": (0, Wrapping(0x30, Manner.CIPHERING, KeyChoice.WRAPPED)),
    "general-ciphering, wrapped, suite 2": (2, Wrapping(0x30, Manner.CIPHERING, KeyChoice.WRAPPED)),
    "general-ciphering, C(1e,1s)": (1, Wrapping(0x30, Manner.CIPHERING, KeyChoice.ONE_PASS)),
    "general-ciphering, C(1e,1s), suite 2": (2, Wrapping(0x30, Manner.CIPHERING, KeyChoice.ONE_PASS)),
    "general-ciphering, C(0e,2s)": (1, Wrapping(0x30, Manner.CIPHERING, KeyChoice.STATIC)),
    "signed": (1, Wrapping(0, signing=Signing.OUTSIDE)),
    "signed, suite 2": (2, Wrapping(0, signing=Signing.OUTSIDE)),
    "signed inside general-glo": (1, Wrapping(0x30, Manner.GENERAL, signing=Signing.INSIDE)),
    "signed outside glo": (1, Wrapping(0x30, signing=Signing.OUTSIDE)),
    "signed inside C(0e,2s)": (1, Wrapping(0x30, Manner.CIPHERING, KeyChoice.STATIC, Signing.INSIDE)),
    "signed outside C(1e,1s)": (1, Wrapping(0x30, Manner.CIPHERING, KeyChoice.ONE_PASS, Signing.OUTSIDE)),
    "signed inside C(1e,1s), suite 2": (2, Wrapping(0x30, Manner.CIPHERING, KeyChoice.ONE_PASS, Signing.INSIDE)),
}
"""Suite and protection, by name."""
