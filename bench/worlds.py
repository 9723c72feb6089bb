"""Worlds: a whole street of machines on virtual time: each telegram sealed, sent, opened, obeyed and stored."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.registry import Figure, bench
from bench.stopwatch import per_second
from meterhouse.app.demand import synthetic_demand
from meterhouse.app.street import parse_street
from meterhouse.companion.gas import (
    GasAddress,
    GasReport,
    HubEnd,
    MeterEnd,
    OrderAnswer,
    ValveState,
    WriteCutoff,
)
from meterhouse.crypto.cbc import CbcKey
from meterhouse.crypto.cmac import CmacKey
from meterhouse.crypto.gcm import GcmKey
from meterhouse.model import HALF_HOUR, HalfHour, Instant, parse_instant
from meterhouse.protocols.wmbus import DeviceType, telegram
from meterhouse.simulation.street_world import StreetReport, StreetWorld

__all__: list[str] = []

STREET = Path(__file__).parents[1] / "examples" / "street.toml"
SEED = 7
DAYS = 30
FLOOR_DAYS = 2
NEEDED = 200
"""Home-days a second of one core: a year of a hundred homes in three minutes."""

_CIPHERS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (CmacKey, ("tag",)),
    (telegram, ("cmac", "cmac_verifies")),
    (CbcKey, ("__init__", "encrypt", "decrypt")),
    (GcmKey, tuple(name for name in vars(GcmKey) if not name.startswith("_"))),
)

_Call = tuple[Callable[..., object], tuple[Any, ...]]


def _run(days: int) -> tuple[StreetReport, float]:
    """A run that broke no invariant, and the processor's seconds it took without its building."""
    plan = parse_street(STREET.read_text(encoding="utf-8"), STREET.name)
    world = StreetWorld(plan, SEED, synthetic_demand(SEED))
    start = time.process_time()
    report = world.run(days)
    assert not report.violations, report.violations[0].line()
    return report, time.process_time() - start


def _noting(call: Callable[..., object], calls: list[_Call], nested: Counter[str]) -> Callable[..., object]:
    @wraps(call)
    def noted(*arguments: object) -> object:
        # One cipher may call another: only the outer call is kept.
        nested["depth"] += 1
        if nested["depth"] == 1:
            calls.append((call, arguments))
        try:
            return call(*arguments)
        finally:
            nested["depth"] -= 1

    return noted


def _floor() -> tuple[float, int]:
    """Home-days a second if nothing were done but the ciphers' calls, with their arguments; and calls a home-day."""
    calls: list[_Call] = []
    nested: Counter[str] = Counter()
    with ExitStack() as stack:
        for owner, names in _CIPHERS:
            for name in names:
                stack.enter_context(patch.object(owner, name, _noting(getattr(owner, name), calls, nested)))
        report, _ = _run(FLOOR_DAYS)
    home_days = report.homes * report.days
    start = time.process_time()
    for call, arguments in calls:
        call(*arguments)
    return home_days / (time.process_time() - start), len(calls) // home_days


@bench
def street_world() -> Iterator[Figure]:
    """The street of the examples, every invariant watched."""
    report, seconds = _run(DAYS)
    floor, calls = _floor()
    on = f"{STREET.name}, seed {SEED}, {report.days} days, all bytes and ciphers, SQLite in memory, invariants watched"
    yield Figure(
        "world home-days",
        "1/s",
        report.homes * report.days / seconds,
        limit=NEEDED,
        note=f"{on}; its {calls} cipher calls a home-day alone would allow {floor:,.0f}",
    )
    yield Figure("world deliveries", "1/s", report.deliveries / seconds, note=on)


@bench
def gas_exchange() -> Iterator[Figure]:
    """A prepay home's half hour on the air: report, order with the new cut-off, answer; each sealed and opened."""
    noon = parse_instant("2026-01-05T12:00:00Z")
    key, numbers = bytes(range(16)), count()
    address = GasAddress("MTH", 12345678, 1, DeviceType.GAS)
    station = GasAddress("MTH", 87654321, 1, DeviceType.CONVERTER_METER_SIDE)
    meter, hub = MeterEnd(key, address, station), HubEnd(key, address, station)
    rows = (HalfHour(Instant(noon - HALF_HOUR), 4_711_000),)
    order = WriteCutoff(4_900_000, 144)

    def exchange() -> object:
        number = next(numbers) & 0xFF
        report = GasReport(address, number, noon, 4_711_250, 4_900_000, ValveState.OPEN, 144, half_hours=rows)
        hub.understand(meter.report(report))
        heard = meter.understand(hub.order(order, number))
        assert heard == order
        return hub.understand(meter.answer(order, 4_711_250, order.cutoff_l, ValveState.OPEN, 144))

    answer = exchange()
    assert isinstance(answer, OrderAnswer)
    assert answer.cutoff_l == order.cutoff_l
    yield Figure("gas exchange, both ends", "1/s", per_second(exchange), note="three telegrams, each sealed and opened")
