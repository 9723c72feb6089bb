"""The counter: payment in, debt first, token made, all durable before anybody is told; on SQLite and PostgreSQL."""

from __future__ import annotations

import gc
import os
import resource
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from bench.registry import Figure, bench
from bench.stopwatch import per_second
from meterhouse.model import DAY, UNIT, Eui64, Fuel, Instant, Money, parse_instant
from meterhouse.protocols.sts import MeterPan
from meterhouse.store import Database, HomeRecord, RegisteredMeter, SqlRegistry, Till, Transaction, verify
from meterhouse.supplier.vending import (
    DKGA04_KEY,
    AccountRecord,
    KeyName,
    MemoryKeyStore,
    MeterRecord,
    PaymentRequest,
    Receipt,
    StsService,
)
from tools import postgres

__all__: list[str] = []

HOMES = 2_000
SECONDS = 4
CLIENTS = 64
LONG_RUN = int(os.environ.get("BENCH_VENDS", "100000"))
MONTH = 1_400_000
"""Vends in a month of the scheme in requirement S3-06."""
TARGET = 5_000
NEEDED = 50
"""A million prepaid homes, one payment a week each, at thirty times the mean."""

NOON = parse_instant("2026-01-05T12:00:00Z")
_KEYS = MemoryKeyStore({KeyName("123456", 1): bytes(range(DKGA04_KEY))})


def _furnish(first: int, last: int, transaction: Transaction) -> None:
    registry = SqlRegistry(transaction)
    for number in range(first, last):
        hub, meter = (Eui64((number << 8 | device).to_bytes(8)) for device in (0, 1))
        registry.add_home(HomeRecord(f"{number:05}", hub))
        record = MeterRecord(meter, Fuel.GAS, hub, str(MeterPan.of_serial(1, number)), "123456")
        registry.add_meter(RegisteredMeter(f"{number:05}", f"G{number:05}", record))
        account = AccountRecord(f"A{number:05}", f"{number:05}", Money(10_000 * UNIT), 2_000)
        registry.open_account(account, meter, NOON)


def _request(number: int) -> tuple[PaymentRequest, Instant]:
    """Each account pays 20.00 once a day, in turn."""
    day, home = divmod(number, HOMES)
    return PaymentRequest(f"R{number}", f"A{home:05}", Money(20 * UNIT), "till"), Instant(NOON + day * DAY)


def _clients(till: Till, clients: int, *, seconds: float = 0, vends: int = 0, first: int = 0) -> tuple[float, float]:
    """Each client sends its next payment once it has its receipt. Gives vends in a second, by wall and by processor."""
    numbers, done = count(first), 0
    answers: SimpleQueue[Future[Receipt]] = SimpleQueue()
    start, worked = time.perf_counter(), time.process_time()
    waiting = clients
    for _ in range(clients):
        till.submit(*_request(next(numbers))).add_done_callback(answers.put)
    while waiting:
        answers.get().result()
        done += 1
        if (done < vends) if vends else (time.perf_counter() - start < seconds):
            till.submit(*_request(next(numbers))).add_done_callback(answers.put)
        else:
            waiting -= 1
    return done / (time.perf_counter() - start), done / (time.process_time() - worked)


def _measured(url: str, clients: int, *, vends: int = 0) -> tuple[float, str]:
    """Vends in a second, and a note of how many in a second of one processor: that one holds on a busy machine too."""
    with Database(url) as database:
        for first in range(0, HOMES, 500):
            database.run(lambda transaction, first=first: _furnish(first, min(first + 500, HOMES), transaction))
        till = Till(database, StsService(_KEYS), os.urandom, limits={})
        warm = HOMES if SECONDS >= 1 else CLIENTS  # each meter's key is derived, as on any day but the first
        _clients(till, CLIENTS, vends=warm)
        gc.freeze()  # as `meterhouse up` does once it stands
        try:
            rate, by_processor = _clients(till, clients, seconds=SECONDS, vends=vends, first=HOMES * 2)
        finally:
            gc.unfreeze()
        assert not database.read(verify), "the book does not balance"
    return rate, f"{by_processor:.0f} in a second of one processor, clients and all"


def _raw_commits(path: Path, together: int) -> float:
    """What SQLite alone does on this disk with a vend's rows: one executemany a table, one commit a group."""
    database = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE a (k TEXT PRIMARY KEY, v)"):
        database.execute(statement)
    for table in ("vends", "transfers", "stages", "orders"):
        database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, request TEXT, leg TEXT, data TEXT)")
        database.execute(f"CREATE UNIQUE INDEX {table}_once ON {table} (request, leg)")
    database.executemany("INSERT INTO a VALUES (?, 0)", [(f"A{number}",) for number in range(HOMES)])
    done, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < SECONDS:
        requests = [f"R{done + step}" for step in range(together)]
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            "UPDATE a SET v = v + 1 WHERE k = ?", [(f"A{(done + n) % HOMES}",) for n in range(together)]
        )
        for table, legs in (("vends", 1), ("transfers", 4), ("stages", 1), ("orders", 1)):
            rows = [(request, str(leg), "x" * 150) for request in requests for leg in range(legs)]
            database.executemany(f"INSERT INTO {table} (request, leg, data) VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
        done += together
    database.close()
    return done / took


@bench
def vending() -> Iterator[Figure]:
    """Whole payments: one client that waits for each receipt, many at once, a long run, and what the disk allows."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        limits = {number: _raw_commits(folder / f"raw{number}", number) for number in (1, CLIENTS)}
        for clients, raw in limits.items():
            rate, note = _measured(f"sqlite:///{folder / f'{clients}.sqlite'}", clients)
            target = TARGET if clients > 1 else NEEDED
            yield Figure(
                f"durable vends, SQLite, {clients} clients",
                "1/s",
                rate,
                peer=raw,
                peer_name="raw sqlite3 with a vend's rows, the same disk, the same run",
                limit=target,
                note=f"payment, debt, token, ledger, order in one commit, by the wall's clock; {note}",
            )
        if reason := postgres.missing():
            print(f"bench: PostgreSQL skipped: {reason}")
        else:
            for clients in limits:
                url = stack.enter_context(postgres.server())
                rate, note = _measured(url, clients)
                yield Figure(f"durable vends, PostgreSQL, {clients} clients", "1/s", rate, limit=NEEDED, note=note)
        long = LONG_RUN if SECONDS >= 1 else 100
        rate, note = _measured(f"sqlite:///{folder / 'long.sqlite'}", CLIENTS, vends=long)
        note = f"{note}; measured over {long} vends; 1.4 million (a month of the scheme) then take {MONTH / rate:.0f} s"
        yield Figure(f"durable vends, SQLite, {CLIENTS} clients, long run", "1/s", rate, limit=TARGET, note=note)
        size = (folder / "long.sqlite").stat().st_size
        yield Figure("vends in a gigabyte of SQLite", "1", long * 10**9 / size, note=f"{size} bytes after {long} vends")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure(
        "peak memory of all of it", "MiB", peak, note="less is better; clients, counter and check in one process"
    )


@bench
def vending_tokens() -> Iterator[Figure]:
    """The encryption service alone: a new token for one of many meters, its decoder key kept or derived."""
    records = [
        MeterRecord(Eui64(bytes(8)), Fuel.GAS, Eui64(bytes(8)), str(MeterPan.of_serial(1, number)), "123456")
        for number in range(1_000)
    ]
    numbers = count()

    def issue(service: StsService) -> None:
        number = next(numbers)
        service.issue(records[number % len(records)], service.carried(Money(16 * UNIT)), number & 0xFFFFFF, 5)

    kept = StsService(_KEYS)
    yield Figure("STS tokens, keys kept", "1/s", per_second(lambda: issue(kept)), note="processor time of one core")
    fresh = per_second(lambda: issue(StsService(_KEYS)))
    yield Figure("STS tokens, key derived for each", "1/s", fresh, note="processor time of one core")
