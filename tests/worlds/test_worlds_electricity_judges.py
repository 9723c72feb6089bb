"""Prepaid electricity in a world, in meter and in hub: an honest street breaks nothing, and each planted breach is told."""

from __future__ import annotations

import pytest

from meterhouse.app.desk import AccountPlace
from meterhouse.model import MINUTE, Event, Instant, Money
from meterhouse.premises.prepay import PrepayAccount
from meterhouse.simulation.electricity_invariants import ElectricityPastCutoff
from street_worlds import START, Scene

PLACES = ("meter", "hub")


def prepaid(place: str, balance: str = "6.00", more: str = "") -> str:
    return (
        f'electricity = {{ mode = "prepay", account = "{place}", price = "0.25", standing_charge = "0.50",'
        f' opening_balance = "{balance}", no_comms_half_hours = 48{more} }}'
    )


def electricity(scene: Scene):
    site = scene.site()
    prepaid_account = site.hub.electricity_account or site.electricity.prepaid
    assert prepaid_account is not None
    return prepaid_account


def pay(scene: Scene, amount: str = "5.00", request: str = "e1"):
    site = scene.site()
    [account] = [number for fuel, number in site.accounts.items() if fuel == "electricity"]
    return scene.street.pay(account, Money.parse(amount), request, "shop")


@pytest.mark.parametrize("place", PLACES)
def test_credit_ends_the_switch_opens_a_payment_arms_and_a_hand_closes(place):
    """0.05 a half hour and 0.50 a day: 1.00 is gone after ten hours or so; the debt's share is taken of the payment."""
    scene = Scene(prepaid(place, "1.00") + '\ndebt = "3.00"\nshare_percent = 20')
    scene.days(0.6)
    meter, held = scene.site().electricity, electricity(scene)
    assert not meter.switch.closed
    register = meter.register_wh
    receipt = pay(scene)
    scene.half_hours(3)
    assert receipt.in_token == Money.parse("4.00")
    assert 400_000 <= held.account.credited < 400_100  # the amount next above that a token can say
    assert not meter.switch.closed
    assert meter.register_wh == register
    scene.street.press_electricity("01")
    scene.half_hours(4)
    assert meter.switch.closed
    assert meter.register_wh > register
    scene.days(2)
    assert scene.world.violations == ()


@pytest.mark.parametrize("place", PLACES)
def test_a_token_typed_with_every_network_down_brings_the_supply_back(place):
    scene = Scene(prepaid(place, "1.00"))
    scene.world.cut(scene.wires["wan/01"])
    scene.days(0.6)
    meter, held = scene.site().electricity, electricity(scene)
    assert not meter.switch.closed
    receipt = pay(scene)
    said = scene.street.key_in("01", receipt.token, AccountPlace(place))
    assert said.accepted
    again = scene.street.key_in("01", receipt.token, AccountPlace(place))
    assert not again.accepted
    scene.half_hours(1)
    scene.street.press_electricity("01")
    scene.half_hours(1)
    assert meter.switch.closed
    credited = held.account.credited
    assert 500_000 <= credited < 500_100
    scene.wires["wan/01"].mend()
    scene.days(2)
    assert held.account.credited == credited  # delivered by the network too, and counted once
    assert scene.world.violations == ()


@pytest.mark.parametrize("place", PLACES)
def test_both_places_spend_the_same_money_on_the_same_use(place):
    scene = Scene(
        prepaid(
            place,
            "6.00",
            ', prices = [["0.25", "0.10"], ["0.05", "0.02"]], blocks_kwh = [4], rates = ["daily 00:00-07:00 = 1"]',
        ).replace('price = "0.25", ', ""),
        wh=260,
    )
    scene.days(4)
    scene.world.run(Instant(scene.world.now + MINUTE))
    assert scene.world.violations == ()
    # 260 Wh a half hour, 14 of them at night: the first 16 begin below 4 kWh and are dear, all others cheap.
    first_day = 14 * 1_300 + 2 * 6_500 + 32 * 2_600
    other_day = 14 * 520 + 34 * 2_600
    assert electricity(scene).account.balance == 600_000 - first_day - 3 * other_day - 4 * 50_000


@pytest.mark.parametrize("place", PLACES)
def test_money_that_nobody_paid_breaks_1(place):
    scene = Scene(prepaid(place))
    scene.days(0.5)
    electricity(scene).account.credit(100)
    scene.days(1)
    assert 1 in scene.broken()


@pytest.mark.parametrize("place", PLACES)
def test_a_charge_that_is_a_unit_short_breaks_6(place):
    scene = Scene(prepaid(place))
    scene.days(0.5)
    electricity(scene).account.balance += 1
    scene.days(1)
    assert 6 in scene.broken()


@pytest.mark.parametrize("place", PLACES)
def test_a_switch_that_stays_closed_past_its_cut_off_breaks_3(place, monkeypatch):
    scene = Scene(prepaid(place, "1.00"))
    monkeypatch.setattr(type(scene.site().electricity.credit), "reached", lambda _self, _register: False)
    scene.days(2.5)
    assert 3 in scene.broken()


@pytest.mark.parametrize("place", PLACES)
def test_electricity_through_an_open_switch_breaks_3(place):
    scene = Scene(prepaid(place, "1.00"))
    scene.days(0.6)
    assert not scene.site().electricity.switch.closed
    scene.site().electricity.register_wh += 1
    scene.half_hours(2)
    assert 3 in scene.broken()


@pytest.mark.parametrize("place", PLACES)
def test_a_cut_off_beyond_its_means_breaks_3(place, monkeypatch):
    scene = Scene(prepaid(place))
    scene.days(0.5)
    monkeypatch.setattr(PrepayAccount, "cutoff", lambda account, *_shown: account.bought() + 1_000_000)
    scene.half_hours(3)
    assert 3 in scene.broken()


def test_credit_that_arms_what_an_order_has_opened_breaks_3():
    scene = Scene(prepaid("meter"))
    judge, name = ElectricityPastCutoff(scene.street), scene.site().electricity.name
    assert not list(judge.observe(Event(START, name, "switch.opened", {"by": "credit"})))
    assert not list(judge.observe(Event(START, name, "switch.armed", {"by": "credit"})))
    assert not list(judge.observe(Event(START, name, "switch.closed", {"by": "hand"})))
    assert not list(judge.observe(Event(START, name, "switch.opened", {"by": "order"})))
    assert list(judge.observe(Event(START, name, "switch.armed", {"by": "credit"})))


def test_a_hub_that_is_silent_stops_the_supply_one_delay_later_and_no_sooner():
    """The cut-off is passed while the wire is out: on it goes for the countdown, and stops when that has ended."""
    scene = Scene(prepaid("hub", "1.00"))
    scene.half_hours(4)
    scene.world.cut(scene.wires["m_bus/01"])
    scene.half_hours(46)
    meter = scene.site().electricity
    assert meter.credit.cutoff_wh < meter.register_wh
    assert meter.switch.closed
    scene.half_hours(4)
    assert not meter.switch.closed
    scene.wires["m_bus/01"].mend()
    scene.days(3)
    assert electricity(scene).account.balance < 0  # what the countdown let through is charged, by its own half hours
    assert scene.world.violations == ()
