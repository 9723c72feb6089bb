"""Steps of the schema with data in it, on both databases: nothing is lost, halves are undone, two may begin at once."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError
from test_store_postgres import OLD_ROWS, server, url

from meterhouse.model import ConfigurationError, Instant
from meterhouse.store import Database, SqlCommands, SqlCounters, SqlDeviceState, SqlVendingRecords, verify
from meterhouse.store.migrations import MIGRATIONS, migrate, version_of
from meterhouse.store.sqlite import open_writer

__all__ = ["server", "url"]

RELEASED = ("786c451b", "b8d2727e", "f1426d85", "486b253c")
"""The first digits of each released step's digest: whoever has taken it will never take it again."""

MORE_ROWS = (
    "INSERT INTO vend_stages (request, stage, at, reason) VALUES ('old', 'made', 1, '')",
    """INSERT INTO commands (hub, kind, payload, state, due, lease_until, attempts, expiry, reason, request)
       VALUES ('0000000000000100', 'token.deliver', '{"request": "old"}', 'queued', 1, 0, 0, 9, '', 'vend:old')""",
    "INSERT INTO counters VALUES ('dlms/x', 4000)",
    """INSERT INTO device_state VALUES ('home/00/hub', 5, '{"balance": -7}')""",
    """INSERT INTO events (at, source, kind, fields) VALUES (3, 'home/00/hub', 'valve.closed', '{}')""",
)


def at_version(url, version, rows=()):
    engine = create_engine(url)
    with engine.begin() as connection:
        migrate(connection, MIGRATIONS[:version])
        for row in rows:
            connection.exec_driver_sql(row)
    engine.dispose()


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_orders_counters_states_and_life_lines_of_every_earlier_version_come_forward(url, version):
    at_version(url, version, [*OLD_ROWS, *MORE_ROWS])
    for _ in range(2):  # again changes nothing
        with Database(url) as database:
            (order,) = database.read(lambda tx: SqlCommands(tx).open())
            assert (order.payload, order.expiry) == ({"request": "old"}, Instant(9))
            assert database.read(lambda tx: SqlCounters(tx).reserved("dlms/x")) == 4_000
            assert database.read(lambda tx: SqlDeviceState(tx).load("home/00/hub")) == {"balance": -7}
            assert [one.name.value for one in database.read(lambda tx: SqlVendingRecords(tx).stages("old"))] == ["made"]
            assert database.read(verify) == ()


@pytest.mark.parametrize("version", [0, 2, 3, len(MIGRATIONS) - 1])
def test_a_step_that_fails_in_its_middle_is_undone_whole(url, version):
    at_version(url, version, [*OLD_ROWS, *MORE_ROWS] if version else ())
    broken = [*MIGRATIONS[version][:1], "CREATE TABLE half (id INTEGER)", "INSERT INTO nowhere VALUES (1)"]
    with pytest.raises(SQLAlchemyError):
        opened_with([*MIGRATIONS[:version], broken], url)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert version_of(connection) == version
        assert not inspect(connection).has_table("half")
    engine.dispose()
    with Database(url) as database:
        assert database.read(verify) == ()
        assert database.read(lambda tx: SqlCounters(tx).reserved("dlms/x")) == (4_000 if version else 0)


def opened_with(steps, url):
    """As `Database` does it, its transactions begun by hand where the driver would not begin one for a CREATE."""
    engine = open_writer(make_url(url)) if url.startswith("sqlite") else create_engine(url)
    try:
        with engine.begin() as connection:
            migrate(connection, steps)
    finally:
        engine.dispose()


@pytest.mark.parametrize("version", [0, 3])
def test_two_programs_that_begin_at_once_take_each_step_once(url, version):
    at_version(url, version, OLD_ROWS if version else ())

    def begin(_number):
        with Database(url) as database:
            return database.read(verify)

    with ThreadPoolExecutor(4) as together:
        assert list(together.map(begin, range(4))) == [()] * 4


def test_data_of_a_newer_program_is_refused_and_stays(url):
    with Database(url):
        pass
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE meta SET version = {len(MIGRATIONS) + 1}")
    with pytest.raises(ConfigurationError, match="this program speaks"):
        Database(url)
    with engine.connect() as connection:
        assert version_of(connection) == len(MIGRATIONS) + 1
    engine.dispose()


def test_no_released_step_is_changed():
    digests = [hashlib.sha256("\n".join(step).encode()).hexdigest()[:8] for step in MIGRATIONS]
    assert tuple(digests[: len(RELEASED)]) == RELEASED
