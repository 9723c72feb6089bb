"""A meter's record follows its key change: identifiers go on rising, and only a new base date begins anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counter_street import NOW, SERVICE, build, meter_of, payment
from meterhouse.model import Eui64, Instant, NotFoundError, UsageError, parse_instant
from meterhouse.store import Database, SqlRegistry, Till, rekey_meter
from meterhouse.supplier.vending import KeyName, MemoryKeyStore, StsService

KEYS = MemoryKeyStore({KeyName("123457", revision): bytes(range(20)) for revision in (1, 2)})


@pytest.fixture
def database():
    with Database("sqlite://") as one:
        one.run(build)
        Till(one, SERVICE, bytes).pay(payment(), NOW)
        yield one


def record(database):
    return next(m.record for m in database.read(lambda tx: SqlRegistry(tx).meters()) if m.record.meter == meter_of(0))


def test_a_new_key_of_the_same_base_date_never_gives_an_identifier_twice(database):
    before = record(database)
    kept = database.run(lambda tx: rekey_meter(tx, replace(before, key_revision=2, last_tid=5)))
    assert (kept.key_revision, kept.last_tid) == (2, before.last_tid)
    Till(database, StsService(KEYS), bytes).pay(payment("r2"), NOW)
    assert record(database).last_tid == before.last_tid + 1


def test_a_new_base_date_counts_from_its_own_beginning(database):
    new = replace(record(database), key_revision=2, base_date=2035)
    kept = database.run(lambda tx: rekey_meter(tx, new))
    assert (kept.base_date, kept.last_tid) == (2035, None)
    at = parse_instant("2035-01-02T00:00:00Z")
    assert Till(database, StsService(KEYS), bytes).pay(payment("r2"), Instant(at)).token


@pytest.mark.parametrize("change", [{"pan": "600727000000000009"}, {"base_date": 1993}, {"scheme": "utrn"}])
def test_a_key_change_changes_keys_and_nothing_else(database, change):
    before = record(database)
    with pytest.raises(UsageError):
        database.run(lambda tx: rekey_meter(tx, replace(before, **change)))
    assert record(database) == before


def test_a_meter_that_nobody_knows_is_said_so(database):
    stranger = replace(record(database), meter=Eui64(b"\7" * 8))
    with pytest.raises(NotFoundError):
        database.run(lambda tx: rekey_meter(tx, stranger))
