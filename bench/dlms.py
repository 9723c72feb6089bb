"""DLMS/COSEM: a day of half hours out of a GET response, and what ciphering costs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count

from bench.outside import PeerError, contestant
from bench.registry import Figure, bench
from bench.rounds import Run, side_by_side
from bench.stopwatch import per_second, seconds
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
SCRIPTS = {"dlms-cosem": "bench/peers/dlms_dlms_cosem.py", "gurux": "bench/peers/dlms_gurux.py"}
TIMES = {"dlms-cosem": 25, "gurux": 50}
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


@bench
def dlms_day() -> Iterator[Figure]:
    """A day's profile, decoded: as plain data and as rows with instants, in turns with both peers."""
    apdu = _apdu()
    frame = bytes((0, 1, 0, 1, 0, 16)) + len(apdu).to_bytes(2, "big") + apdu
    assert sum(row.items()[-1].whole() for row in decode_data(_value(apdu)).items()) == sum(REGISTERS)
    assert [register for _, _, register in profile_rows(_value(apdu))] == REGISTERS
    runs: dict[str, Run] = {
        "data": partial(seconds, lambda: decode_data(_value(apdu))),
        "rows": partial(seconds, lambda: profile_rows(_value(apdu))),
    }
    names = {}
    with ExitStack() as stack:
        for peer, script in SCRIPTS.items():
            try:
                asked = stack.enter_context(contestant(peer, [script], {"frame": frame.hex()}))
            except PeerError as error:
                names[peer] = str(error)
                continue
            if asked.facts["registers"] != sum(REGISTERS):
                names[peer] = f"{asked.facts['name']} read other registers than were sent"
                continue
            names[peer] = str(asked.facts["name"])
            runs |= {f"{peer} {work}": partial(asked.seconds, work) for work in ("data", "rows")}
        rates = side_by_side(runs, most=10_000)
    for peer, name in names.items():
        data, rows = rates.get(f"{peer} data"), rates.get(f"{peer} rows")
        note = f"{INPUT}; times left as octets"
        yield Figure("DLMS day decoded to data", "1/s", rates["data"], data, name, note=note)
        floor = None if rows is None else TIMES[peer] * rows
        note = f"{INPUT}; times as instants, every tag and length checked"
        yield Figure("DLMS day decoded to rows", "1/s", rates["rows"], rows, name, limit=floor, note=note)
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
