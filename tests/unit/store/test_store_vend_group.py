"""Payments that share their statements: each sees what those before it did, and one that fails leaves nothing."""

from __future__ import annotations

import os

import pytest

from counter_street import NOW, SERVICE, build, payment
from meterhouse.model import Money
from meterhouse.store import Database, SqlBook, SqlCommands, SqlVendingRecords, verify
from meterhouse.store.vend_group import run_payments
from meterhouse.supplier.vending import PaymentLimits, pay

LIMITS = PaymentLimits(account_day=5_000_000, key_day=6_000_000)


class LateError(Exception):
    pass


def taking(request, *, fail=False):
    def take(records):
        receipt = pay(records, SERVICE, request, NOW, os.urandom, limits=LIMITS)
        if fail:
            raise LateError
        return receipt

    return request, take


@pytest.fixture
def database():
    with Database("sqlite://") as opened:
        opened.run(build)
        yield opened


def together(database, *payments):
    """In one go: were the group refused and run one by one, this would raise."""
    return database.run(lambda tx: run_payments(tx, payments))


def test_payments_for_one_meter_in_one_group_take_identifiers_one_after_the_other(database):
    outcomes = together(database, *(taking(payment(f"r{n}", "10.00")) for n in range(4)))
    assert [error for _, error in outcomes] == [None] * 4
    vends = database.read(lambda tx: SqlVendingRecords(tx).of_account("A0"))
    assert [vend.tid for vend in vends] == list(range(vends[0].tid, vends[0].tid + 4))
    assert [str(vend.debt_left.decimal()) for vend in vends] == ["8.00", "6.00", "4.00", "2.00"]
    assert database.read(verify) == ()


def test_a_payment_that_fails_after_its_writes_leaves_none_of_them(database):
    first, late, last = together(
        database,
        taking(payment("r0", "20.00")),
        taking(payment("r1", "20.00"), fail=True),
        taking(payment("r2", "20.00")),
    )
    assert isinstance(late[1], LateError)
    assert (first[0].debt_left, last[0].debt_left) == (Money.parse("6.00"), Money.parse("2.00"))
    records = database.read(lambda tx: [vend.request_id for vend in SqlVendingRecords(tx).of_account("A0")])
    assert records == ["r0", "r2"]
    assert database.read(lambda tx: list(SqlBook(tx).transfers_of("r1"))) == []
    assert len(database.read(lambda tx: SqlCommands(tx).open())) == 2
    assert database.read(lambda tx: SqlVendingRecords(tx).stages("r1")) == []
    assert database.read(verify) == ()


def test_limits_of_account_and_key_hold_within_a_group(database):
    outcomes = together(
        database, *(taking(payment(f"r{n}", "20.00", account)) for n, account in enumerate(("A0", "A0", "A0", "A1")))
    )
    told = [type(error).__name__ if error else "" for _, error in outcomes]
    assert told == ["", "", "PaymentLimitError", ""]
    (over,) = together(database, taking(payment("r9", "20.00", "A1")))
    assert "vending key" in str(over[1])
