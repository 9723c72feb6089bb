from __future__ import annotations

import sqlite3
import threading

import pytest
from sqlalchemy import event, inspect

from counter_street import NOW, build, paying, payment
from meterhouse.model import ConfigurationError, StateError, StorageError
from meterhouse.store import Database, SqlCounters, SqlDeviceState, SqlVendingRecords, verify
from meterhouse.store.migrations import MIGRATIONS, migrate
from meterhouse.store.schema import metadata


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'house.db'}"


@pytest.fixture(params=["file", "memory"])
def database(request, url):
    with Database(url if request.param == "file" else "sqlite://") as opened:
        yield opened


def test_a_job_that_raises_is_undone_alone(database):
    def bad(transaction):
        SqlDeviceState(transaction).save("bad", {}, NOW)
        raise KeyError("mine")

    futures = [
        database.submit(lambda tx: SqlDeviceState(tx).save("before", {}, NOW)),
        database.submit(bad),
        database.submit(lambda tx: SqlDeviceState(tx).save("after", {}, NOW)),
    ]
    assert [type(future.exception(10)) for future in futures] == [type(None), KeyError, type(None)]
    assert set(database.read(lambda tx: SqlDeviceState(tx).all())) == {"before", "after"}


def test_many_jobs_share_a_commit_and_none_is_told_before_it(url):
    with Database(url) as database:
        gate, commits, early = threading.Event(), [], []
        futures = []

        def committed(_connection):
            early.extend(future for future in futures if future.done())
            commits.append(len(futures))

        started = threading.Event()
        first = database.submit(lambda _tx: (started.set(), gate.wait(10)))
        assert started.wait(10)
        futures.extend(
            database.submit(lambda tx, name=str(number): SqlDeviceState(tx).save(name, {}, NOW))
            for number in range(100)
        )
        event.listen(database._engine, "commit", committed)
        gate.set()
        assert first.result(10)[1]
        for future in futures:
            future.result(10)
        assert len(commits) == 2
        assert early == []


def test_what_was_told_as_stored_is_there_after_a_new_start(url):
    with Database(url) as database:
        database.run(build)
        receipts = [database.submit(paying(payment(f"r{number}"))) for number in range(50)]
        tokens = [future.result(10).token for future in receipts]
    with Database(url) as database:
        assert database.run(paying(payment("r17"))).token == tokens[17]
        assert len(database.read(lambda tx: SqlVendingRecords(tx).newest(100))) == 50
        assert database.read(verify) == ()


def test_sqlite_is_opened_durable(url):
    with Database(url) as database:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        values = database.run(lambda tx: [tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked])
    assert values == ["wal", 2, 1]


def test_a_job_that_asks_for_another_job_is_told_so_instead_of_waiting_for_ever(database):
    with pytest.raises(StateError, match="another job"):
        database.run(lambda _tx: database.run(lambda _inner: 1))


def test_a_read_cannot_write(url):
    with Database(url) as database, pytest.raises(StorageError):
        database.read(lambda tx: SqlDeviceState(tx).save("x", {}, NOW))


def test_a_closed_database_takes_no_job(database):
    database.close()
    database.close()
    with pytest.raises(StateError, match="closed"):
        database.submit(lambda _tx: 1)


def test_closing_finishes_what_is_queued(url):
    database = Database(url)
    futures = [database.submit(lambda tx: SqlCounters(tx).reserve("c", 1)) for _ in range(300)]
    database.close()
    assert sorted(future.result(0)[0] for future in futures) == list(range(300))


def test_a_full_disk_is_one_sentence_and_nothing_is_half_stored(url):
    with Database(url) as database:
        database.run(lambda tx: tx.connection.exec_driver_sql("SELECT count(*) FROM meta").scalar())
        pages = database.run(lambda tx: tx.connection.exec_driver_sql("PRAGMA page_count").scalar())
        database.run(lambda tx: tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar())
        with pytest.raises(StorageError, match="disk is full") as failure:
            database.run(lambda tx: SqlDeviceState(tx).save("big", {"x": "y" * 1_000_000}, NOW))
        assert failure.value.remedy
        database.run(lambda tx: tx.connection.exec_driver_sql("PRAGMA max_page_count=100000").scalar())
        database.run(lambda tx: SqlDeviceState(tx).save("small", {}, NOW))
        assert set(database.read(lambda tx: SqlDeviceState(tx).all())) == {"small"}


def test_a_broken_file_is_one_sentence(tmp_path):
    (tmp_path / "house.db").write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    with pytest.raises(StorageError, match="damaged"):
        Database(f"sqlite:///{tmp_path / 'house.db'}")


def test_data_of_a_newer_program_is_refused_and_left_alone(url, tmp_path):
    Database(url).close()
    with sqlite3.connect(tmp_path / "house.db") as raw:
        raw.execute("UPDATE meta SET version = 99")
    raw.close()
    with pytest.raises(ConfigurationError, match="version 99") as refusal:
        Database(url)
    assert "newer" in refusal.value.sentence()


def test_an_address_of_no_known_kind_is_refused():
    with pytest.raises(ConfigurationError):
        Database("parchment://cellar")


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(database):
    def shapes(transaction):
        look = inspect(transaction.connection)
        names = set(look.get_table_names()) - {"meta"}
        return {
            name: {
                (column["name"], column["nullable"] and not column["primary_key"]) for column in look.get_columns(name)
            }
            for name in names
            if not name.startswith("sqlite_")
        }

    meant = {
        table.name: {(column.name, column.nullable and not column.primary_key) for column in table.columns}
        for table in metadata.tables.values()
    }
    found = database.read(shapes)
    assert {name: {column for column, _ in columns} for name, columns in found.items()} == {
        name: {column for column, _ in columns} for name, columns in meant.items()
    }
    assert found == meant


def test_migrating_takes_only_the_missing_steps_and_keeps_the_data(url):
    with Database(url) as database:
        database.run(lambda tx: SqlDeviceState(tx).save("kept", {"a": 1}, NOW))
        further = (*MIGRATIONS, ("CREATE TABLE extra (x INTEGER)",))
        assert database.run(lambda tx: migrate(tx.connection, further)) == len(MIGRATIONS)
        assert database.run(lambda tx: migrate(tx.connection, further)) == len(further)
        assert database.read(lambda tx: SqlDeviceState(tx).load("kept")) == {"a": 1}
