"""pyMeterBus, an independent reader, reads a report of our gas meter's records in mode 5, and not with a wrong key."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from meterhouse.companion.gas import GasReport, ValveState
from meterhouse.companion.gas.profile import report_records
from meterhouse.model import HalfHour, parse_instant
from meterhouse.protocols.wmbus import (
    Address,
    Ci,
    Control,
    DeviceType,
    LinkFormat,
    MasterKey,
    Telegram,
    encode_telegram,
)

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-peers" / "pymeterbus" / "bin" / "python"
KEY = bytes(range(16))
METER = Address("MTH", 12345678, 1, DeviceType.GAS)
NOON = parse_instant("2026-11-21T12:00:00Z")
MODE_5 = 0x2000
"""The bit of the configuration word that OMS sets on telegrams which are sent by themselves."""

pytestmark = pytest.mark.peers


@pytest.fixture(autouse=True)
def _installed():
    if not PYTHON.exists():
        pytest.skip("NOT TESTED: the referee pymeterbus is not installed; run `make peers`")


def frame(volume, end=NOON):
    rows = (HalfHour(end, volume - 11),)
    report = GasReport(METER, 42, end, volume, 4_900_000, ValveState.OPEN, 144, battery_days=5_000, half_hours=rows)
    telegram = Telegram(
        Control.SND_NR, METER, Ci.RESPONSE_SHORT, None, 42, mode=5, flags=MODE_5, records=report_records(report)
    )
    return encode_telegram(telegram, MasterKey(KEY), LinkFormat.BARE)


def read(octets, key):
    command = [PYTHON, HERE / "pymeterbus_reader.py", octets.hex(), "12345678", key.hex()]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)


def litres(answer):
    """Its volumes, which it reckons in floating cubic metres, to the nearest litre."""
    return [
        round(1000 * Decimal(str(one["value"]))) for one in answer.get("records", ()) if one["type"] == "VIFUnit.VOLUME"
    ]


def times(answer):
    return [one["value"] for one in answer.get("records", ()) if one["type"] == "VIFUnit.DATE_TIME_GENERAL"]


@pytest.mark.parametrize("volume", [12_345_678, 11, 99_999_998])
def test_an_independent_reader_finds_volume_and_time_in_our_mode_5_telegram(volume):
    answer = read(frame(volume), KEY)
    assert answer["header"]["manufacturer"] == "MTH"
    assert answer["header"]["access_no"] == 42
    assert litres(answer) == [volume, 4_900_000, volume - 11], "register, cut-off, register at the half hour's end"
    assert times(answer) == ["2026-11-21T12:00"] * 2, "the meter's clock, and the half hour's end"


@pytest.mark.parametrize("day", ["2024-02-29", "2026-12-31", "2038-01-19", "2080-02-29"])
@pytest.mark.requirement("S0-82")
def test_an_independent_reader_sees_the_date_that_we_mean(day):
    # It takes no notice of the century bits, so for it 2081 is 1981: our own scenarios go on to 2100.
    end = parse_instant(f"{day}T23:30:00Z")
    assert times(read(frame(1_000, end), KEY)) == [f"{day}T23:30"] * 2


def test_with_a_wrong_key_an_independent_reader_finds_neither_volume_nor_time():
    answer = read(frame(12_345_678), bytes(16))
    assert 12_345_678 not in litres(answer)
    assert times(answer) == []
