"""The debt on a home's display is the supplier's own, after every way that it can change; a difference is an alarm."""

from __future__ import annotations

import pytest

from meterhouse.console.views.happening import said_of
from meterhouse.model import DAY, HOUR, Fuel, Instant, Money
from meterhouse.store import SqlRegistry, SqlVendingRecords
from meterhouse.supplier.vending import (
    Agreement,
    ClosedKind,
    DebtPlace,
    Leaving,
    Proof,
    StageName,
    advance,
    agree,
    end_account,
    meter_took_debt,
)
from street_worlds import Scene

_HOME = 'debt = "85.00"\nshare_percent = 20\ngas = { mode = "prepay", opening_balance = "20.00" }\n'


@pytest.fixture
def scene():
    one = Scene(_HOME, litres=20)
    one.half_hours(3)
    yield one
    assert not one.broken()


def shown(scene) -> int | None:
    return scene.site().hub.account.debt_note


def owed(scene) -> int:
    return _read(scene, lambda tx: SqlRegistry(tx).account(scene.site().account)).debt.amount


def alarms(scene):
    events = scene.street.books.events_of([scene.site().hub.name], 100)
    return [event for event in events if event.kind == "debt.mismatch"]


def _read(scene, act):
    return scene.street.books.database.read(act)


def change(scene, act):
    """An act at the books, then its order is carried."""
    scene.street.books.database.run(lambda tx: act(SqlVendingRecords(tx)))
    scene.street.carry_orders()
    scene.world.run(Instant(scene.world.now + HOUR))


@pytest.mark.requirement("S3-89")
def test_a_home_shows_what_is_owed_after_every_way_that_a_debt_can_change(scene):
    account, now = scene.site().account, scene.world.now
    assert shown(scene) == owed(scene) == 8_500_000, "what it began with"
    scene.pay(request="p1")
    scene.half_hours(2)
    assert shown(scene) == owed(scene) == 8_100_000, "a payment"
    scene.street.books._till.pay(_request(scene, "p2"), scene.world.now)
    scene.street.books._till.reverse("p2", "by mistake", scene.world.now)
    scene.street.carry_orders()
    scene.half_hours(2)
    assert shown(scene) == owed(scene) == 8_100_000, "a payment that was taken back before it left"
    scene.pay(request="p3")
    scene.half_hours(2)
    change(scene, lambda records: agree(records, account, Agreement(now, 0, place=DebtPlace.METER)))
    change(scene, lambda records: meter_took_debt(records, account, "m1", Money.parse("7.00"), now))
    assert shown(scene) == owed(scene) == 7_000_000, "an old meter that recovers it"
    change(scene, lambda records: end_account(records, account, Leaving(ClosedKind.TENANCY, Money.parse("0")), now))
    assert shown(scene) == 0, "who moves in is not shown the debt of who moved out"
    scene.days(3)
    assert alarms(scene) == []


@pytest.mark.requirement("S3-89")
def test_a_token_that_was_given_back_and_is_used_all_the_same_is_shown_as_debt(scene):
    till = scene.street.books._till
    token = till.pay(_request(scene, "p1"), scene.world.now)
    assert token.token
    till.reverse("p1", "stolen", scene.world.now, Proof.METER_GONE)
    change(scene, lambda records: advance(records, "p1", StageName.ACCEPTED, scene.world.now))
    assert shown(scene) == owed(scene) > 8_500_000


@pytest.mark.requirement("S3-89")
@pytest.mark.parametrize("wrong", [0, 8_499_999])
def test_a_home_that_shows_another_debt_is_an_alarm_within_a_day_and_is_put_right(scene, wrong):
    scene.days(1.2)
    assert alarms(scene) == []
    scene.site().hub.account.debt_note = wrong
    scene.days(1)
    [alarm] = alarms(scene)
    assert alarm.fields["owed"] == "85.00 GBP"
    assert alarm.fields["shown"] == str(Money(wrong))
    assert "Alarm" in said_of(alarm, "GBP")
    assert shown(scene) == owed(scene)
    scene.days(2)
    assert len(alarms(scene)) == 1


def test_while_an_order_is_on_its_way_nothing_is_compared(scene):
    scene.site().hub.account.debt_note = 5
    scene.street.books._till.pay(_request(scene, "p1"), scene.world.now)
    compared = scene.street.books.compare_debt(scene.site().names.hub, Fuel.GAS, 5, scene.world.now)
    assert compared is None
    scene.world.run(Instant(scene.world.now + DAY))
    assert shown(scene) == owed(scene)


def _request(scene, name):
    from meterhouse.supplier.vending import PaymentRequest

    return PaymentRequest(name, scene.site().account, Money.parse("20.00"), "shop")
