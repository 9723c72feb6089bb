"""The counter of a street: payments share commits, keep to the folder's limits, and are finished after a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

import counter_street as counter
from meterhouse.app.books import Books
from meterhouse.model import Instant
from meterhouse.store import Database, SqlVendingRecords, read_limits
from meterhouse.supplier.vending import PaymentLimitError, PaymentLimits, VendState, reserve

HOMES = 20


@pytest.fixture
def database(tmp_path: Path):
    with Database(f"sqlite:///{tmp_path / 'street.db'}") as opened:
        opened.run(lambda tx: counter.build(tx, homes=HOMES))
        yield opened


def test_payments_that_wait_together_are_all_durable_each_with_a_token_of_its_own(database: Database) -> None:
    books = Books(database, counter.SERVICE, bytes)
    waiting = [books.submit(counter.payment(f"r{n}", account=f"A{n}"), counter.NOW) for n in range(HOMES)]
    receipts = [one.result(timeout=10) for one in waiting]
    assert len({receipt.token for receipt in receipts}) == HOMES
    for receipt in receipts:
        assert books.vend(receipt.request_id)[0].token == receipt.token.replace(" ", "")
    assert len(books.claim_deliveries(counter.NOW)) == HOMES
    assert books.breaches() == ()


def test_books_in_memory_take_a_payment_before_the_call_returns() -> None:
    with Database("sqlite://") as database:
        database.run(counter.build)
        assert Books(database, counter.SERVICE, bytes).submit(counter.payment(), counter.NOW).done()


def test_the_limits_file_of_the_data_folder_is_kept_to(database: Database, tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text('[GBP]\nleast = "1.00"\nmost = "5.00"\n')
    books = Books(database, counter.SERVICE, bytes, limits=read_limits(tmp_path))
    with pytest.raises(PaymentLimitError, match="too large"):
        books.pay(counter.payment("dear", "5.01"), counter.NOW)
    assert books.pay(counter.payment("cheap", "5.00"), counter.NOW).paid.decimal() == "5.00"


def test_a_payment_that_a_crash_left_without_its_token_gets_it_at_the_next_start(database: Database) -> None:
    database.run(
        lambda tx: reserve(
            SqlVendingRecords(tx), counter.SERVICE, counter.payment(), counter.NOW, bytes, limits=PaymentLimits()
        )
    )
    books = Books(database, counter.SERVICE, bytes)
    before, _ = books.vend("r1")
    assert (before.state, before.token, books.claim_deliveries(counter.NOW)) == (VendState.PENDING, "", [])
    assert books.resume(Instant(counter.NOW + 1_000)) == 0
    after, _ = books.vend("r1")
    assert (after.state, len(after.token)) == (VendState.POSTED, 20)
    assert [order.token for order in books.claim_deliveries(counter.NOW)] == [after.token]
