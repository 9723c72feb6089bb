"""The gas link: a half hour's telegram over wireless M-Bus, sealed by the meter and opened by the hub."""

from __future__ import annotations

from collections.abc import Iterator

from bench.registry import Figure, bench
from bench.stopwatch import per_second
from meterhouse.companion.gas import GasAddress, GasReport, HubEnd, MeterEnd, ValveState
from meterhouse.model import HALF_HOUR, HalfHour, Instant, parse_instant
from meterhouse.protocols.wmbus import DeviceType

__all__: list[str] = []

NOBODY = "no peer: nothing on the Python index encodes wireless M-Bus"


@bench
def gas_telegram() -> Iterator[Figure]:
    """Mode 7, one half hour in it: both ends, each telegram under its own derived keys."""
    noon = parse_instant("2026-01-05T12:00:00Z")
    key = bytes(range(16))
    address = GasAddress("MTH", 12345678, 1, DeviceType.GAS)
    station = GasAddress("MTH", 87654321, 1, DeviceType.CONVERTER_METER_SIDE)
    meter, hub = MeterEnd(key, address, station), HubEnd(key, address, station)
    rows = (HalfHour(Instant(noon - HALF_HOUR), 4_711_000), HalfHour(noon, 4_711_250))
    report = GasReport(address, 42, noon, 4_711_250, 4_900_000, ValveState.OPEN, 144, half_hours=rows)

    def exchange() -> object:
        return hub.understand(meter.report(report))

    assert exchange() == report
    length = len(meter.report(report))
    note = f"{length} bytes, mode 7, key derivation, cipher and MAC at both ends"
    yield Figure("gas report sealed and opened", "1/s", per_second(exchange), peer_name=NOBODY, note=note)
