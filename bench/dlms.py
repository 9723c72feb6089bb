"""DLMS/COSEM: a day of half hours out of a GET response, and what ciphering costs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count

from bench.outside import PeerError, ask
from bench.registry import Figure, bench
from bench.stopwatch import per_second
from meterhouse.model import HALF_HOUR, HALF_HOURS_A_DAY, Instant, parse_instant
from meterhouse.protocols.dlms import (
    CLOCK,
    CaptureObject,
    Channel,
    Client,
    ClientAccess,
    ClientSettings,
    Column,
    Counter,
    Keys,
    LogicalDevice,
    Mechanism,
    Obis,
    Policy,
    Range,
    SeenCounter,
    Server,
    Tag,
    array,
    converse,
    date_time,
    decode_data,
    double_long_unsigned,
    encode_data,
    instant_from,
    loopback,
    profile_generic,
    profile_rows,
    rights_to_all,
    structure,
    unsigned,
)
from meterhouse.protocols.dlms.responses import GetResponse, Result, decode_response, encode_response

__all__: list[str] = []

DAY_START = parse_instant("2026-01-05T00:00:00Z")
REGISTERS = [1_234_567 + 150 * row for row in range(1, HALF_HOURS_A_DAY + 1)]
INPUT = "GET response of 48 rows: date-time, status, register"


def _apdu() -> bytes:
    rows = [
        structure(date_time(Instant(DAY_START + HALF_HOUR * row)), unsigned(0), double_long_unsigned(register))
        for row, register in enumerate(REGISTERS, 1)
    ]
    return encode_response(GetResponse(0x40, Result(encode_data(array(rows)))))


def _value(apdu: bytes) -> bytes:
    response = decode_response(apdu)
    assert isinstance(response, GetResponse)
    assert response.result.encoded is not None
    return response.result.encoded


def _beside(peer: str, script: str, frame: bytes) -> tuple[float | None, float | None, str]:
    """The peer's rates, to plain data and typed, and its name; without rates, why there are none."""
    try:
        answer = ask(peer, script, {"frame": frame.hex()})
    except PeerError as error:
        return None, None, str(error)
    if answer["registers"] != sum(REGISTERS):
        return None, None, f"{answer['name']} read other registers than were sent"
    return float(str(answer["per_second"])), float(str(answer["typed"])), str(answer["name"])


@bench
def dlms_day() -> Iterator[Figure]:
    """A day's profile, decoded: as plain data beside both peers, and as rows with instants."""
    apdu = _apdu()
    frame = bytes((0, 1, 0, 1, 0, 16)) + len(apdu).to_bytes(2, "big") + apdu
    assert sum(row.items()[-1].whole() for row in decode_data(_value(apdu)).items()) == sum(REGISTERS)
    ours = per_second(lambda: decode_data(_value(apdu)))
    assert [register for _, _, register in profile_rows(_value(apdu))] == REGISTERS
    rows = per_second(lambda: profile_rows(_value(apdu)))
    for peer, script, times in (("dlms-cosem", "dlms_dlms_cosem.py", 25), ("gurux", "dlms_gurux.py", 50)):
        rate, typed, name = _beside(peer, script, frame)
        yield Figure("DLMS day decoded to data", "1/s", ours, rate, name, note=f"{INPUT}; times left as octets")
        floor = None if typed is None else times * typed
        note = f"{INPUT}; times as instants, every tag and length checked"
        yield Figure("DLMS day decoded to rows", "1/s", rows, typed, name, limit=floor, note=note)
    slow = per_second(lambda: [instant_from(row.items()[0]) for row in decode_data(_value(apdu)).items()])
    yield Figure("DLMS day decoded to data and instants", "1/s", slow, note=INPUT)


@bench
def dlms_cipher() -> Iterator[Figure]:
    """Suite 0, authenticated and encrypted: the same day sealed by one side and opened by the other."""
    apdu = _apdu()
    keys = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
    meter, reader = b"MTHMETR1", b"MTHREAD1"
    sender = Channel(keys, meter, reader, Counter(), SeenCounter())

    def round_trip() -> bytes:
        receiver = Channel(keys, reader, meter, Counter(), SeenCounter())
        return receiver.open(sender.seal(apdu)).apdu

    assert round_trip() == apdu
    yield Figure(
        "DLMS day sealed and opened", "1/s", per_second(round_trip), note=f"{len(apdu)} bytes, suite 0, both sides"
    )


class _Recorded:
    """A day of half hours, as a meter keeps them."""

    def count(self) -> int:
        return HALF_HOURS_A_DAY

    def rows(self, start: Instant, end: Instant) -> list[Sequence[int]]:
        return [row for row in ROWS if start <= row[0] <= end]

    def entries(self, first: int, last: int) -> Sequence[Sequence[int]]:
        return ROWS[first - 1 : last]


ROWS = [(Instant(DAY_START + HALF_HOUR * row), 0, register) for row, register in enumerate(REGISTERS, 1)]
PROFILE = Obis.parse("1-0:99.1.0.255")


@bench
def dlms_session() -> Iterator[Figure]:
    """The whole of a nightly reading, client and server on one core: associate, read 48 rows by range, release."""
    keys = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
    columns = [
        Column(CLOCK, Tag.OCTET_STRING),
        Column(CaptureObject(1, Obis.parse("0-0:96.10.1.255"), 2), Tag.UNSIGNED),
        Column(CaptureObject(3, Obis.parse("1-0:1.8.0.255"), 2), Tag.DOUBLE_LONG_UNSIGNED),
    ]
    objects = [profile_generic(PROFILE, columns, _Recorded(), period=1800, capacity=HALF_HOURS_A_DAY)]
    rights = rights_to_all(objects)
    access = {
        16: ClientAccess(16, rights=rights),
        1: ClientAccess(1, Mechanism.GMAC, rights, keys=keys, policy=Policy.BOTH, counter=Counter()),
    }
    server = Server(b"MTH00001", {1: LogicalDevice("MTH0000000000001", objects)}, access, os.urandom)
    starts = count(1, 100)

    def read(*, secured: bool) -> list[tuple[Instant, int, int]]:
        settings = ClientSettings()
        if secured:
            settings = ClientSettings(
                1,
                1,
                Mechanism.GMAC,
                b"",
                b"MTHREAD1",
                keys=keys,
                policy=Policy.BOTH,
                counter=Counter(next(starts)),
                entropy=os.urandom,
            )
        client, exchange = Client(settings), loopback(server.connection(), settings, ROWS[-1][0])
        converse(client.associate(), exchange)
        rows = converse(client.profile(PROFILE, Range(ROWS[0][0], ROWS[-1][0])), exchange)
        converse(client.release(), exchange)
        return rows

    for secured, words in ((False, "plain"), (True, "HLS 5 GMAC, suite 0")):
        assert read(secured=secured) == ROWS
        rate = per_second(partial(read, secured=secured))
        yield Figure(
            f"DLMS session, {words}", "1/s", rate, note="both sides on one core: associate, 48 rows by range, release"
        )
