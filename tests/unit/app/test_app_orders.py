"""Orders in the books: held by one run, free for the next."""

from __future__ import annotations

from pathlib import Path

import pytest

import counter_street as counter
from meterhouse.app.books import Books
from meterhouse.model import DAY, Instant, NotFoundError
from meterhouse.store import Database

LATER = Instant(counter.NOW + 1_000)


@pytest.fixture
def database(tmp_path: Path):
    with Database(f"sqlite:///{tmp_path / 'street.db'}") as opened:
        opened.run(counter.build)
        opened.run(counter.paying(counter.payment()))
        yield opened


def books(database: Database) -> Books:
    return Books(database, counter.SERVICE, bytes)


def test_an_order_that_a_killed_run_had_claimed_is_handed_out_at_the_next_start(database: Database) -> None:
    killed = books(database)
    (order,) = killed.claim_deliveries(counter.NOW)
    fresh = books(database)
    assert fresh.claim_deliveries(LATER) == [], "its lease has not run out: without taking back nobody would carry it"
    fresh.take_back_orders()
    assert fresh.claim_deliveries(LATER) == [order]


def test_an_order_is_handed_out_once_a_run_even_when_its_lease_runs_out(database: Database) -> None:
    here = books(database)
    assert len(here.claim_deliveries(counter.NOW)) == 1
    assert here.claim_deliveries(Instant(counter.NOW + 2 * DAY)) == []


def test_the_life_line_goes_on_in_a_run_that_did_not_claim_the_order(database: Database) -> None:
    (order,) = books(database).claim_deliveries(counter.NOW)
    fresh = books(database)
    for stage in ("carried", "hub", "accepted"):
        fresh.stage(order.order, stage, LATER)
    _, stages = fresh.vend("r1")
    assert [stage.name.value for stage in stages] == ["made", "carried", "hub", "accepted"]
    assert fresh.open_orders() == []
    with pytest.raises(NotFoundError, match="no order '999'"):
        fresh.stage("999", "carried", LATER)
