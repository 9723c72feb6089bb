"""Independent clients read our electricity meter itself, behind the pump on TCP, and find what it has logged."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from meterhouse.companion.objects import OPEN_READER_SAP, PUBLIC_SAP
from meterhouse.links import PacedClock, Pump
from meterhouse.model import DAY, HALF_HOUR, MINUTE, Eui64, Instant, parse_instant
from meterhouse.premises.electricity_meter import ElectricityMeter, ElectricityMeterSettings
from meterhouse.protocols.dlms import Keys

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
START = parse_instant("2026-11-19T00:00:00Z")
NOW = parse_instant("2026-11-21T05:40:00Z")
FIRST = Instant(START + DAY + HALF_HOUR)
LAST = Instant(START + 2 * DAY)
HEAD_END_KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
HUB_KEYS = Keys(bytes(range(0x20, 0x30)), bytes(range(0x40, 0x50)))
PEERS = [("gurux", "gurux_client.py"), ("dlms-cosem", "dlms_cosem_client.py")]
OBJECTS = [
    "1 0.0.42.0.0.255",
    "1 0.0.43.1.0.255",
    "1 0.0.96.10.1.255",
    "15 0.0.40.0.0.255",
    "3 1.0.1.8.0.255",
    "7 1.0.99.1.0.255",
    "70 0.0.96.3.10.255",
    "8 0.0.1.0.0.255",
]


def lived_meter(*, open_reader: bool) -> ElectricityMeter:
    """A meter of two days and more: it used another amount in each half hour, and none in some."""
    settings = ElectricityMeterSettings(
        "meter", Eui64(b"\x02MH\x02\x00\x00\x00\x07"), "MTHE00000007", HEAD_END_KEYS, HUB_KEYS, open_reader=open_reader
    )
    meter = ElectricityMeter(settings, os.urandom, START)
    end = START + HALF_HOUR
    while end <= NOW:
        meter.use(end // HALF_HOUR * 7_919 % 1_000 if end // HALF_HOUR % 9 else 0, Instant(end - MINUTE))
        meter.elapse(Instant(end))
        end += HALF_HOUR
    meter.use(123, NOW)
    return meter


async def read_with(meter: ElectricityMeter, script: str, python: Path, mode: str, pdu: int) -> dict:
    pump = Pump(PacedClock(NOW))
    pump.add(meter)
    port = await pump.listen(meter, "m_bus", "127.0.0.1", 0)
    driving = asyncio.create_task(pump.run())
    keys = HEAD_END_KEYS.encryption.hex(), HEAD_END_KEYS.authentication.hex()
    words = ["127.0.0.1", port, mode, *keys, FIRST, LAST, pdu]
    process = await asyncio.create_subprocess_exec(
        python, HERE / script, *map(str, words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    driving.cancel()
    await asyncio.wait([driving])
    if process.returncode:
        return {"failed": err.decode()[-3000:]}
    return dict(json.loads(out.decode().splitlines()[-1]))


def environment(peer: str) -> Path:
    python = ROOT / ".venv-peers" / peer / "bin" / "python"
    if not python.exists():
        pytest.skip(f"NOT TESTED: the referee {peer} is not installed; run `make peers`")
    return python


@pytest.mark.peers
@pytest.mark.parametrize("mode", [f"plain/{OPEN_READER_SAP}", "gmac"])
@pytest.mark.parametrize("pdu", [65535, 300])
@pytest.mark.parametrize(("peer", "script"), PEERS)
def test_an_independent_client_reads_what_the_meter_has_logged(peer, script, mode, pdu):
    meter = lived_meter(open_reader=mode != "gmac")
    read = asyncio.run(read_with(meter, script, environment(peer), mode, pdu))
    assert "failed" not in read, read["failed"]
    assert NOW <= read["clock"] <= NOW + MINUTE
    assert read["register"] == meter.register_wh > 0
    logged = [(row.end, int(row.quality), row.register) for row in meter.log.between(FIRST, LAST)]
    assert len(logged) == 48
    assert len({register for _, _, register in logged}) > 40
    assert [tuple(row) for row in read["rows"]] == logged
    assert list(meter.events()) == []
    if peer == "gurux":
        assert read["objects"] == OBJECTS


@pytest.mark.peers
@pytest.mark.parametrize(("peer", "script"), PEERS)
def test_a_client_without_keys_reads_no_register_of_a_meter_that_is_not_open(peer, script):
    for sap in (OPEN_READER_SAP, PUBLIC_SAP):
        meter = lived_meter(open_reader=False)
        read = asyncio.run(read_with(meter, script, environment(peer), f"plain/{sap}", 65535))
        assert set(read) == {"failed"}
