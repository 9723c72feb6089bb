"""The judge over TCP and a terminal: our electricity meter is on the DLMS level; what is wrong with gurux's is named."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from meterhouse.companion import objects
from meterhouse.conformance.companion_checks import OBJECTS
from meterhouse.links import PacedClock, Pump
from meterhouse.model import HALF_HOUR, Eui64, Instant, parse_instant
from meterhouse.premises.electricity_meter import ElectricityMeter, ElectricityMeterSettings
from meterhouse.protocols.dlms import Keys

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-peers" / "gurux" / "bin" / "python"
MADE = Path(sys.executable).parent / "meterhouse"
NOW = parse_instant("2026-11-21T05:40:00Z")
HEAD_END_KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
HUB_KEYS = Keys(bytes(range(0x20, 0x30)), bytes(range(0x40, 0x50)))
OURS = """
product = "electricity meter"
maker = "Meterhouse"
public = 16
profile = "1-0:99.1.0.255"
[keys]
sap = 1
encryption_key = "000102030405060708090a0b0c0d0e0f"
authentication_key = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
"""
THEIRS = """
product = "server"
maker = "Gurux"
public = 0
read = "1-0:1.8.0.255/3:2"
write = "0-0:96.1.0.255/1:2"
profile = "1-0:99.1.0.255"
[keys]
sap = 1
encryption_key = "000102030405060708090a0b0c0d0e0f"
authentication_key = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
"""
NOT_KEPT = {
    "security.wrong-authentication-key",
    "security.flipped-tag",
    "security.flipped-text",
    "security.replay",
    "security.old-counter",
    "security.plain",
    "security.weaker",
}
"""What gurux-dlms's server takes under suite 0 and must not: it checks neither tags nor counters nor policies."""


def lived_meter():
    start = Instant(NOW - NOW % HALF_HOUR - 6 * HALF_HOUR)
    settings = ElectricityMeterSettings(
        "meter", Eui64(b"\x02MH\x02\x00\x00\x00\x07"), "MTHE00000007", HEAD_END_KEYS, HUB_KEYS
    )
    meter = ElectricityMeter(settings, os.urandom, start)
    for number in range(1, 7):
        meter.use(100 * number, Instant(start + number * HALF_HOUR - 1000))
        meter.elapse(Instant(start + number * HALF_HOUR))
    meter.elapse(NOW)
    return meter


@asynccontextmanager
async def pumped(meter):
    pump = Pump(PacedClock(NOW))
    pump.add(meter)
    port = await pump.listen(meter, "m_bus", "127.0.0.1", 0)
    driving = asyncio.create_task(pump.run())
    try:
        yield port
    finally:
        driving.cancel()
        await asyncio.wait([driving])


def judged(meter, profile, report, *only):
    """What `meterhouse conform dlms --companion --json` says of a meter behind a pump, and its exit code."""

    async def run():
        async with pumped(meter) as port:
            # Checks that wait for a silence take as long as this; the few named ones can wait for a busy machine.
            patience = "5" if only else "1"
            words = [
                "--tcp",
                f"127.0.0.1:{port}",
                "--profile",
                profile,
                "--report",
                report,
                "--timeout",
                patience,
                *only,
            ]
            process = await asyncio.create_subprocess_exec(
                *(MADE, "conform", "dlms", "--companion", "--json", *map(str, words)),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await asyncio.wait_for(process.communicate(), 120)
        assert out, err.decode()
        return json.loads(out), process.returncode

    return asyncio.run(run())


def failed(document):
    return {one["check"] for one in document["judgements"] if one["verdict"] == "fail"}


def not_applicable(document):
    return {one["check"] for one in document["judgements"] if one["verdict"] == "not applicable"}


@pytest.fixture
def ours(tmp_path):
    profile = tmp_path / "ours.toml"
    profile.write_text(OURS, encoding="utf-8")
    return profile


@pytest.mark.requirement("S0-103")
def test_our_meter_on_the_m_link_keeps_to_dlms_and_to_the_companion_specification(ours, tmp_path):
    document, code = judged(lived_meter(), ours, tmp_path / "reports")
    assert failed(document) == set()
    assert code == 0
    assert document["levels"] == {"HES": "not judged", "SEP": "not judged", "DLMS": "reached", "prepay": "not judged"}
    assert not_applicable(document) == {
        "association.password",
        "association.wrong-password",
        "set.value",
        "set.blocks",
        "set.wrong-block",
        "set.wrong-type",
        "action.method",
    }
    companion = {one["check"] for one in document["judgements"] if one["check"].startswith("companion.")}
    assert len(companion) == 11
    page = (tmp_path / "reports" / "meterhouse-electricity-meter-wrapper.md").read_text(encoding="utf-8")
    assert "| DLMS | reached |" in page
    assert json.loads((tmp_path / "reports" / "meterhouse-electricity-meter-wrapper.json").read_text()) == document


@pytest.mark.requirement("S0-103")
@pytest.mark.parametrize(
    ("breach", "check"),
    [
        (lambda read: read | {2: read[3]}, "companion.electricity-import"),
        (lambda read: read | {3: read[2]}, "companion.electricity-import"),
        (lambda read: {1: read[2]}, "companion.electricity-import"),
    ],
)
def test_a_meter_that_differs_from_the_companion_specification_is_named(breach, check, ours, tmp_path):
    meter = lived_meter()
    item = meter._server.logical_devices[1].objects[objects.ELECTRICITY_IMPORT]
    object.__setattr__(item, "read", breach(dict(item.read)))
    document, code = judged(meter, ours, tmp_path, "--only", "companion.")
    assert failed(document) == {check}
    assert code == 1


def test_the_list_that_the_judge_holds_is_the_companion_specifications():
    for item in OBJECTS:
        assert getattr(objects, item.name) == item.obis


async def judge_theirs(interface, patience, profile, *words):
    process = await asyncio.create_subprocess_exec(
        PYTHON,
        HERE / "gurux_meter.py",
        interface,
        "suite",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        where = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
        place = ["--serial", where] if interface == "terminal" else ["--tcp", f"127.0.0.1:{where}"]
        judging = await asyncio.create_subprocess_exec(
            *(MADE, "conform", "dlms", "--json", "--timeout", patience, "--profile", profile, *place, *words),
            *(["--hdlc"] if interface == "hdlc" else []),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(judging.communicate(), 120)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    assert out, err.decode()
    return json.loads(out)


@pytest.fixture
def theirs(tmp_path):
    if not PYTHON.exists():
        pytest.skip("NOT TESTED: the referee gurux is not installed; run `make peers`")
    profile = tmp_path / "theirs.toml"
    profile.write_text(THEIRS, encoding="utf-8")
    return profile


@pytest.mark.peers
def test_what_an_independent_server_believes_and_must_not_is_named(theirs):
    document = asyncio.run(judge_theirs("wrapper", "0.3", theirs, "--only", "security.", "--only", "association."))
    assert failed(document) >= NOT_KEPT
    passed = {one["check"] for one in document["judgements"] if one["verdict"] == "pass"}
    assert passed >= {"association.proof", "association.wrong-proof", "association.fresh-challenge", "security.nonces"}
    assert document["levels"]["DLMS"] == "not reached"


@pytest.mark.peers
@pytest.mark.parametrize("interface", ["wrapper", "hdlc", "terminal"])
def test_what_an_independent_server_does_right_is_passed_on_each_link(theirs, interface):
    right = ["association.proof", "get.invoke-id", "get.unknown-object", "set.read-only", "set.value", "set.blocks"]
    document = asyncio.run(judge_theirs(interface, "3", theirs, *(word for name in right for word in ("--only", name))))
    assert [(one["check"], one["came"]) for one in document["judgements"]] == [(name, "") for name in right]
