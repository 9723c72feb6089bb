"""Independent clients read a server of ours over TCP: gurux-dlms and dlms-cosem, each in its own environment."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from meterhouse.model import HALF_HOUR, Instant, parse_instant
from meterhouse.protocols.dlms import (
    CLOCK,
    CaptureObject,
    ClientAccess,
    Column,
    Counter,
    Keys,
    LogicalDevice,
    Mechanism,
    Obis,
    Policy,
    Server,
    Tag,
    clock,
    double_long_unsigned,
    profile_generic,
    register,
    rights_to_all,
)
from served_meter import ServedMeter

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
NOW = parse_instant("2026-11-21T05:30:07Z")
FIRST = parse_instant("2026-11-19T00:30:00Z")
REGISTER = Obis.parse("1-0:1.8.0.255")
STATUS = CaptureObject(1, Obis.parse("0-0:96.10.1.255"), 2)
KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
ROWS = [(Instant(FIRST + number * HALF_HOUR), number % 3, 100_000 + 37 * number) for number in range(96)]


class Rows:
    def count(self):
        return len(ROWS)

    def rows(self, start, end):
        return [row for row in ROWS if start <= row[0] <= end]

    def entries(self, first, last):
        return ROWS[first - 1 : last]


def make_server() -> Server:
    columns = [
        Column(CLOCK, Tag.OCTET_STRING),
        Column(STATUS, Tag.UNSIGNED),
        Column(CaptureObject(3, REGISTER, 2), Tag.DOUBLE_LONG_UNSIGNED),
    ]
    objects = [
        clock(lambda now: now),
        register(REGISTER, lambda: double_long_unsigned(ROWS[-1][2]), scaler=0, unit=30),
        profile_generic(Obis.parse("1-0:99.1.0.255"), columns, Rows(), period=1800, capacity=19_000),
    ]
    rights = rights_to_all(objects)
    clients = {
        16: ClientAccess(16, rights=rights),
        1: ClientAccess(1, mechanism=Mechanism.GMAC, rights=rights, keys=KEYS, policy=Policy.BOTH, counter=Counter()),
    }
    return Server(b"MTH00001", {1: LogicalDevice("MTH0000000000001", objects)}, clients, os.urandom)


def command(python: Path, script: str, host: str, port: object, mode: str, pdu: int) -> list[str]:
    words = [host, port, mode, KEYS.encryption.hex(), KEYS.authentication.hex(), ROWS[20][0], ROWS[67][0], pdu]
    return [str(python), str(HERE / script), *map(str, words)]


async def read_with(script: str, python: Path, way: str, mode: str, pdu: int) -> dict:
    served = ServedMeter(make_server(), NOW, lower=17 if way != "wrapper" else None)
    terminal = way == "hdlc on a terminal"
    place = served.on_terminal() if terminal else served.on_tcp(over_hdlc=way != "wrapper")
    async with place as where:
        host, port = (where, "hdlc") if terminal else ("127.0.0.1", where if way == "wrapper" else f"hdlc/{where}")
        process = await asyncio.create_subprocess_exec(
            *command(python, script, host, port, mode, pdu),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, (err.decode()[-3000:], served.audit)
    assert served.audit == []
    return json.loads(out.decode().splitlines()[-1])


@pytest.mark.peers
@pytest.mark.parametrize("way", ["wrapper", "hdlc over tcp", "hdlc on a terminal"])
@pytest.mark.parametrize(("mode", "pdu"), [("plain", 65535), ("gmac", 65535), ("plain", 300), ("gmac", 300)])
@pytest.mark.parametrize(("peer", "script"), [("gurux", "gurux_client.py"), ("dlms-cosem", "dlms_cosem_client.py")])
def test_an_independent_client_reads_exactly_what_the_server_stores(peer, script, way, mode, pdu):
    python = ROOT / ".venv-peers" / peer / "bin" / "python"
    if not python.exists():
        pytest.skip(f"NOT TESTED: the referee {peer} is not installed; run `make peers`")
    read = asyncio.run(read_with(script, python, way, mode, pdu))
    assert read["clock"] == NOW
    assert read["register"] == ROWS[-1][2]
    assert [tuple(row) for row in read["rows"]] == ROWS[20:68]
    if peer == "gurux":
        assert read["objects"] == [
            "15 0.0.40.0.0.255",
            "3 1.0.1.8.0.255",
            "7 1.0.99.1.0.255",
            "8 0.0.1.0.0.255",
        ]
