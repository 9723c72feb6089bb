"""The same store on PostgreSQL; and every earlier version of the schema, brought forward with its data, on both."""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, inspect

from counter_street import NOW, SERVICE, build, meter_of, payment
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    DayProfile,
    Duration,
    Fuel,
    HalfHour,
    Instant,
    Money,
    Quality,
    StorageError,
    day_start,
)
from meterhouse.store import (
    Database,
    NewCommand,
    SqlBook,
    SqlCommands,
    SqlCounters,
    SqlDeviceState,
    SqlIntervals,
    SqlRegistry,
    SqlVendingRecords,
    Till,
    verify,
)
from meterhouse.store.migrations import MIGRATIONS, migrate
from meterhouse.store.schema import metadata
from meterhouse.supplier.vending import Issue, PaymentLimitError, PaymentLimits, StageName, VendKind, advance
from tools import postgres


@pytest.fixture(scope="module")
def server():
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.server() as url:
        yield url


@contextmanager
def emptied(url):
    """One server for all tests here: each begins in an empty schema."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'house.db'}"
        return
    with emptied(request.getfixturevalue("server")) as address:
        yield address


OLD_ROWS = (
    "INSERT INTO homes VALUES ('00', '0000000000000100', '')",
    """INSERT INTO meters (meter, home, fuel, serial, hub, pan, supply_group, tariff_index, key_revision, base_date, last_tid)
       VALUES ('0000000000000200', '00', 'gas', 'G1', '0000000000000100', '600727000000000009', '123457', 1, 1, 2014, 7)""",
    """INSERT INTO accounts (account, home, meter, currency, debt, debt_share, state, closed_why)
       VALUES ('A0', '00', '0000000000000200', 'GBP', 600000, 2000, 'open', '')""",
    """INSERT INTO vends (request, account, home, meter, network, at, currency, paid, to_debt, in_token, value, debt_left, token, tid)
       VALUES ('old', 'A0', '00', '0000000000000200', 'shop', 1, 'GBP', 2000000, 400000, 1600000, 1600024, 600000, '12345678901234567890', 7)""",
    "INSERT INTO transfers (request, kind, debit, credit, amount, currency, at) VALUES ('opening:A0', 'opening_debt', 'debt:A0', 'opening:', 1000000, 'GBP', 1)",
    "INSERT INTO transfers (request, kind, debit, credit, amount, currency, at) VALUES ('old', 'payment', 'network:shop', 'customer:A0', 2000000, 'GBP', 1)",
    "INSERT INTO transfers (request, kind, debit, credit, amount, currency, at) VALUES ('old', 'to_debt', 'customer:A0', 'debt:A0', 400000, 'GBP', 1)",
    "INSERT INTO transfers (request, kind, debit, credit, amount, currency, at) VALUES ('old', 'to_token', 'customer:A0', 'tokens:A0', 1600000, 'GBP', 1)",
    "INSERT INTO transfers (request, kind, debit, credit, amount, currency, at) VALUES ('old', 'rounding', 'rounding:', 'tokens:A0', 24, 'GBP', 1)",
)


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_data_of_every_earlier_version_comes_forward_and_is_sold_on(url, version):
    engine = create_engine(url)
    with engine.begin() as connection:
        migrate(connection, MIGRATIONS[:version])
        for row in OLD_ROWS:
            connection.exec_driver_sql(row)
    engine.dispose()
    with Database(url) as database:
        till = Till(database, SERVICE, os.urandom)
        assert till.last_response("old").token == "1234 5678 9012 3456 7890"
        assert till.pay(payment(), NOW).debt_left == Money.parse("2.00")
        assert till.issue(Issue("free", "A0", VendKind.FREE, Money.parse("5.00")), NOW).in_token == Money.parse("5.00")
        assert database.read(verify) == ()
        tids = [vend.tid for vend in database.read(lambda tx: SqlVendingRecords(tx).of_account("A0"))]
        assert len(set(tids)) == len(tids) == 3


def test_the_migrations_make_the_tables_and_indexes_that_the_code_uses(url):
    def shape(transaction):
        look = inspect(transaction.connection)
        return {
            name: ({one["name"] for one in look.get_columns(name)}, {one["name"] for one in look.get_indexes(name)})
            for name in set(look.get_table_names()) - {"meta"}
        }

    with Database(url) as database:
        found = database.read(shape)
    assert found.keys() == metadata.tables.keys()
    for name, table in metadata.tables.items():
        columns, indexes = found[name]
        assert columns == {column.name for column in table.columns}
        assert {index.name for index in table.indexes} <= indexes


def test_a_group_of_payments_is_as_good_as_one_after_the_other(url):
    with Database(url) as database:
        database.run(lambda tx: build(tx, homes=3, debt="30.00"))
        limits = {"GBP": PaymentLimits(key_day=100 * 100_000)}
        till = Till(database, SERVICE, os.urandom, limits=limits)
        asked = [payment(f"r{number % 40}", "2.00", f"A{number % 40 % 3}") for number in range(60)]
        asked += [
            payment("r0", "3.00"),
            payment("r1", "2.00", "A2"),
            payment("x", "2.00", "nobody"),
            payment("y", "500.00"),
        ]
        answers = [till.submit(one, NOW) for one in asked]
        receipts = [answer.result(30) for answer in answers[:60]]
        assert receipts[:20] == receipts[40:]
        assert len({receipt.token for receipt in receipts}) == 40
        assert [type(answer.exception(30)).__name__ for answer in answers[60:]] == [
            "RequestConflictError",
            "RequestConflictError",
            "UnknownAccountError",
            "PaymentLimitError",
        ]
        assert database.read(verify) == ()
        with pytest.raises(PaymentLimitError, match="vending key"):
            [
                answer.result(30)
                for answer in [till.submit(payment(f"z{n}", "20.00", f"A{n % 3}"), NOW) for n in range(9)]
            ]
        assert database.read(verify) == ()


def test_where_the_database_refuses_a_group_only_the_guilty_payment_fails(url):
    with Database(url) as database:
        database.run(build)
        till = Till(database, SERVICE, os.urandom)
        clash = {"hub": "00", "kind": "x", "payload": "{}", "state": "done", "reason": "", "request": "vend:r3"}
        words = "INSERT INTO commands (hub, kind, payload, state, due, lease_until, attempts, expiry, reason, request)"
        values = ", ".join(f"'{clash[name]}'" if name in clash else "0" for name in ("hub", "kind", "payload", "state"))
        database.run(lambda tx: tx.connection.exec_driver_sql(f"{words} VALUES ({values}, 0, 0, 0, 0, '', 'vend:r3')"))
        answers = [till.submit(payment(f"r{number}", "2.00"), NOW) for number in range(8)]
        failed = [number for number, answer in enumerate(answers) if answer.exception(30) is not None]
        assert failed == [3]
        assert isinstance(answers[3].exception(), StorageError)
        assert database.read(verify) == ()


def test_a_crash_is_undone_and_what_was_told_stays(url):
    with Database(url) as database:
        database.run(build)
        database.run(lambda tx: SqlDeviceState(tx).save("kept", {"a": 1}, NOW))
        receipt = Till(database, SERVICE, os.urandom).pay(payment(), NOW)
    with Database(url) as database:
        assert Till(database, SERVICE, os.urandom).last_response("r1") == receipt
        assert Till(database, SERVICE, os.urandom).last_response("never") is None
        assert database.read(lambda tx: SqlDeviceState(tx).load("kept")) == {"a": 1}


def test_the_whole_life_of_an_account_in_sql(url):
    with Database(url) as database:
        database.run(build)
        till = Till(database, SERVICE, os.urandom, apart=True)
        till.pay(payment(), NOW)
        till.reverse("r1", "wrong customer", NOW)
        till.pay(payment("r2"), NOW)
        database.run(lambda tx: advance(SqlVendingRecords(tx), "r2", StageName.ACCEPTED, NOW))
        till.pay(payment("r3", network="stolen"), Instant(NOW + 1))
        assert till.revoke("stolen", NOW, Instant(NOW + 1), "till stolen", NOW).revoked == ("r3",)
        database.run(lambda tx: SqlRegistry(tx).add_card("c1", "A0"))
        database.run(lambda tx: SqlRegistry(tx).add_card("c2", "A0"))
        assert till.pay(payment("r4", account="c2"), NOW).account_id == "A0"
        assert database.read(verify) == ()
        assert database.read(lambda tx: SqlRegistry(tx).account("A0")).debt == Money.parse("2.00")
        assert len(database.read(lambda tx: list(SqlBook(tx).journal()))) > 10


def test_days_of_readings_counters_and_the_outbox_are_the_same_on_both(url):
    day = day_start(NOW)
    rows = [HalfHour(Instant(day + (slot + 1) * HALF_HOUR), 1000 + slot, Quality.MEASURED) for slot in range(4)]
    half = DayProfile(meter_of(0), Fuel.GAS, day, 990, tuple(rows[:2]))
    whole = DayProfile(meter_of(0), Fuel.GAS, day, 990, tuple(rows))
    hub = meter_of(1)
    with Database(url) as database:
        for part in (half, whole, whole):
            database.run(lambda tx, part=part: SqlIntervals(tx).put_day(part, NOW))
        assert database.read(lambda tx: SqlIntervals(tx).get_day(meter_of(0), day)) == whole

        def reserve(tx):
            counters = SqlCounters(tx)
            first = counters.reserve("c", 10, 5)
            counters.raise_to("c", 40)
            return first, counters.reserve("c", 10), counters.reserved("c"), counters.reserved("none")

        assert database.run(reserve) == (range(5, 15), range(40, 50), 50, 0)

        order = NewCommand(hub, "credit.add", {"token": "1"}, NOW, Instant(NOW + DAY), "r1")
        for _ in range(2):
            database.run(lambda tx: SqlCommands(tx).enqueue(order))
        claim = lambda tx, at: SqlCommands(tx).claim(at, lease=Duration(HALF_HOUR))  # noqa: E731
        (claimed,) = database.run(lambda tx: claim(tx, NOW))
        assert (claimed.hub, claimed.payload, claimed.attempts) == (hub, {"token": "1"}, 1)
        assert database.run(lambda tx: claim(tx, NOW)) == ()
        (again,) = database.run(lambda tx: claim(tx, Instant(NOW + HALF_HOUR)))
        assert database.run(lambda tx: SqlCommands(tx).complete(again.command_id))
        assert database.read(lambda tx: SqlCommands(tx).get(again.command_id)).state.value == "done"
