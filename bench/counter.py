"""The counter: payment in, debt first, token made, everything durable in SQLite before anybody is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.registry import Figure, bench
from meterhouse.model import UNIT, Eui64, Fuel, Money, parse_instant
from meterhouse.protocols.sts import MeterPan
from meterhouse.store.database import Database
from meterhouse.store.registry import HomeRecord, RegisteredMeter, SqlRegistry, verify
from meterhouse.store.transaction import Transaction
from meterhouse.store.vending import SqlVendingRecords
from meterhouse.supplier.vending import (
    AccountRecord,
    KeyName,
    MemoryKeyStore,
    MeterRecord,
    PaymentRequest,
    Receipt,
    pay,
)
from meterhouse.supplier.vending.sts_service import StsService

__all__: list[str] = []

HOMES = 500
SECONDS = 3
AT_ONCE = 256
NEEDED = 50
"""A million prepaid homes, one payment a week each, at thirty times the mean."""

NOON = parse_instant("2026-01-05T12:00:00Z")


def _furnish(transaction: Transaction) -> None:
    registry = SqlRegistry(transaction)
    for number in range(HOMES):
        hub, meter = (Eui64((number << 8 | device).to_bytes(8)) for device in (0, 1))
        registry.add_home(HomeRecord(f"{number:04}", hub))
        record = MeterRecord(meter, Fuel.GAS, hub, str(MeterPan.of_serial(1, number)), "123456")
        registry.add_meter(RegisteredMeter(f"{number:04}", f"G{number:04}", record))
        account = AccountRecord(f"A{number:04}", f"{number:04}", Money(10_000 * UNIT), 2_000)
        registry.open_account(account, meter, NOON)


def _paying(number: int, service: StsService) -> Callable[[Transaction], Receipt]:
    request = PaymentRequest(f"R{number}", f"A{number % HOMES:04}", Money(20 * UNIT), "till")
    return lambda transaction: pay(SqlVendingRecords(transaction), service, request, NOON, bytes)


def _rate(database: Database, at_once: int) -> float:
    service, numbers = StsService(MemoryKeyStore({KeyName("123456", 1): bytes(range(20))})), count()
    paid, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < SECONDS:
        jobs = [database.submit(_paying(next(numbers), service)) for _ in range(at_once)]
        paid += len([job.result() for job in jobs])
    return paid / took


@bench
def vends() -> Iterator[Figure]:
    """Whole payments in SQLite on this disk: one till that waits for each receipt, and many tills at once."""
    measures: dict[str, Callable[[Database], float]] = {
        "one till": partial(_rate, at_once=1),
        f"{AT_ONCE} tills": partial(_rate, at_once=AT_ONCE),
    }
    for who, measure in measures.items():
        with TemporaryDirectory() as folder, Database(f"sqlite:///{Path(folder) / 'bench.sqlite'}") as database:
            database.run(_furnish)
            rate = measure(database)
            assert not database.read(verify), "the book does not balance"
        note = "by the wall's clock; debt, token, ledger and outbox in one durable commit"
        yield Figure(f"payments taken, {who}", "1/s", rate, limit=NEEDED, note=note)
