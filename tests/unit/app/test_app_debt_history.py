"""An account's debt as the counter shows it: out of the books, newest first; what was given back is not in it."""

from __future__ import annotations

from datetime import UTC

import pytest

from counter_street import NOW, SERVICE, build, payment
from meterhouse.app.debt_history import debt_history
from meterhouse.console.views.debt_view import debt_view
from meterhouse.model import DAY, Instant, Money, NotFoundError
from meterhouse.store import Database, SqlVendingRecords, Till
from meterhouse.supplier.vending import Agreement, DebtPlace, agree


@pytest.fixture
def database():
    with Database("sqlite://") as one:
        one.run(build)
        yield one


def seen(database):
    return database.read(lambda tx: debt_history(tx, "A0"))


def test_debt_agreements_and_payments_are_told_newest_first(database):
    till = Till(database, SERVICE, bytes)
    till.pay(payment("r1", "20.00"), NOW)
    terms = Agreement(Instant(NOW + DAY), 1_250, Money.parse("3.00"), why="by phone")
    database.run(lambda tx: agree(SqlVendingRecords(tx), "A0", terms))
    till.pay(payment("r2", "8.00"), Instant(NOW + 3 * DAY))
    till.pay(payment("r3", "40.00"), Instant(NOW + 4 * DAY))
    till.reverse("r3", "by mistake", Instant(NOW + 4 * DAY))
    history = seen(database)
    assert history.owed == Money.parse("5.00")
    assert [one.to_debt.decimal() for one in history.taken] == ["1.00", "4.00"]
    assert [one.left.decimal() for one in history.taken] == ["5.00", "6.00"]
    view = debt_view(history, UTC)
    assert view.owed == "£5.00 owed"
    assert view.now == "12.5 % of each payment pays debt, at most £3.00 a week."
    assert [what for _, what in view.agreed] == [
        "12.5 % of each payment pays debt, at most £3.00 a week (by phone)",
        "20 % of each payment pays debt (opening)",
    ]


@pytest.mark.parametrize(
    ("place", "says"), [(DebtPlace.METER, "The meter recovers it"), (DebtPlace.MOVING, "It moves from the meter")]
)
def test_where_a_debt_is_recovered_is_said(database, place, says):
    terms = Agreement(Instant(NOW + 1), 0, place=place)
    database.run(lambda tx: SqlVendingRecords(tx).save_agreement("A0", terms))
    assert debt_view(seen(database), UTC).now.startswith(says)


def test_an_account_that_nobody_has_is_said_so(database):
    with pytest.raises(NotFoundError):
        database.read(lambda tx: debt_history(tx, "nobody"))
