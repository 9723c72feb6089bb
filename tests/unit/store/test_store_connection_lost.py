"""The database server drops the connection: who was waiting is told, nothing is half done, and the next is served."""

from __future__ import annotations

import os
import time

from sqlalchemy import create_engine
from test_store_postgres import emptied, server

from counter_street import NOW, SERVICE, build, payment
from meterhouse.model import StorageError
from meterhouse.store import Database, SqlVendingRecords, Till, verify

__all__ = ["server"]


def drop_all_others(url):
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    engine.dispose()


def paid_in_the_end(till, asked):
    end = time.monotonic() + 30
    while True:
        try:
            return till.submit(asked, NOW).result(10)
        except StorageError:
            assert time.monotonic() < end, "the connection is never made again"
            time.sleep(0.02)


def test_a_dropped_connection_is_made_again_and_each_payment_is_taken_once(server):
    with emptied(server) as url, Database(url) as database:
        database.run(lambda tx: build(tx, homes=3, debt="1000.00"))
        till = Till(database, SERVICE, os.urandom, limits={})
        for turn in range(5):
            waiting = [till.submit(payment(f"{turn}.{n}", "2.00", f"A{n % 3}"), NOW) for n in range(20)]
            drop_all_others(url)
            for number, one in enumerate(waiting):
                try:
                    receipt = one.result(30)
                except StorageError:
                    receipt = paid_in_the_end(till, payment(f"{turn}.{number}", "2.00", f"A{number % 3}"))
                assert receipt.token
            assert database.read(verify) == (), "readers must come back too"
        vends = database.read(lambda tx: SqlVendingRecords(tx).newest(1_000))
        assert sorted(vend.request_id for vend in vends) == sorted(f"{t}.{n}" for t in range(5) for n in range(20))


def test_any_other_job_is_served_again_after_a_dropped_connection(server):
    with emptied(server) as url, Database(url) as database:
        database.run(build)
        drop_all_others(url)
        failed = 0
        for _ in range(3):
            try:
                database.run(lambda tx: SqlVendingRecords(tx).customer("A0"))
            except StorageError:
                failed += 1
        assert failed <= 1
        assert database.run(lambda tx: SqlVendingRecords(tx).customer("A0")) is not None
