"""Electricity paid in advance, through a whole street: the account in the meter, in the hub, and beside one of gas."""

from __future__ import annotations

import pytest

from meterhouse.app.books import Books
from meterhouse.app.desk import AccountPlace, PaymentMode, Supply
from meterhouse.app.hand_desk import displays
from meterhouse.app.keys import SECRET_LENGTH, StreetKeys
from meterhouse.app.live_street import LiveStreet, StreetOptions
from meterhouse.app.memory_wires import join_street
from meterhouse.app.meter_views import electricity_said, electricity_view
from meterhouse.app.site import SUPPLY_GROUP
from meterhouse.app.street import StreetPlan
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import HALF_HOUR, ConfigurationError, Fuel, Instant, Money, PolicyError
from meterhouse.simulation.world import World
from meterhouse.store import Database
from meterhouse.supplier.headend import SetCreditLimits, SetTariff
from meterhouse.supplier.vending import KeyName, MemoryKeyStore, StsService
from street_worlds import Scene, steady

ELECTRICITY = 'electricity = {{ mode = "prepay", account = "{}", price = "0.25", opening_balance = "1.00"{} }}\n'
GAS = 'gas = { mode = "prepay", opening_balance = "50.00" }\n'
DEBT = 'debt = "50.00"\nshare_percent = 20\n'
SUPPLY = Fuel.ELECTRICITY
HALF_HOURS_OF_CREDIT = 20
"""1.00 at 0.25 a kWh, 200 Wh in each half hour."""

PLACES = pytest.mark.parametrize("place", list(AccountPlace))


def electricity(place: AccountPlace, more: str = "") -> str:
    return ELECTRICITY.format(place.value, more)


def supply(scene: Scene, home: str = "01") -> Supply:
    return scene.street.electricity_supply(scene.site(home))


def balance(scene: Scene, fuel: Fuel = SUPPLY, home: str = "01") -> int:
    return scene.site(home).held(fuel).balance


def pay(scene: Scene, fuel: Fuel = SUPPLY, home: str = "01", request: str = "r1"):
    account = scene.site(home).accounts[fuel]
    return scene.street.pay(account, Money.parse("20.00"), request, "shop")


def worth(scene: Scene, request: str = "r1") -> int:
    """What the token says: a token rounds, and never down."""
    return scene.street.books.vend(request)[0].value.amount


def stages(scene: Scene, request: str = "r1") -> list[str]:
    return [stage.name.value for stage in scene.street.books.vend(request)[1]]


def run_out(scene: Scene) -> None:
    scene.half_hours(HALF_HOURS_OF_CREDIT + 4)
    assert supply(scene) is Supply.OFF
    assert scene.site().electricity.register_wh == 4_000


def told(scene: Scene, kind: str) -> list[dict[str, object]]:
    return [event.fields for event in scene.events if event.kind == kind and event.source.startswith("home/01")]


@PLACES
def test_credit_ends_is_bought_and_a_hand_restores_the_supply(place):
    scene = Scene(electricity(place) + DEBT)
    run_out(scene)
    assert [event["by"] for event in told(scene, "switch.opened")] == ["credit"]
    view = electricity_view(scene.street, scene.site())
    assert (view.mode, view.balance, view.account_in) == (PaymentMode.PREPAY, Money(0), place)
    assert "credit is used up" in view.why
    assert place.value in view.why
    receipt = pay(scene)
    assert (receipt.to_debt, receipt.in_token) == (Money.parse("4.00"), Money.parse("16.00"))
    scene.half_hours(2)
    assert stages(scene) == ["made", "carried", "hub", "accepted"]
    assert balance(scene) == worth(scene) >= 1_600_000
    assert supply(scene) is Supply.ARMED
    assert scene.site().electricity.register_wh == 4_000
    assert scene.street.press_electricity("01") is Supply.ON
    scene.half_hours(2)
    view = electricity_view(scene.street, scene.site())
    assert scene.site().electricity.register_wh > 4_000
    assert (view.supply, view.debt) == (Supply.ON, Money.parse("46.00"))
    assert view.cutoff_wh is not None
    assert view.terms is not None
    assert (view.terms.price, view.terms.cv) == (Money.parse("0.25"), 0)
    assert scene.street.books.breaches() == ()
    assert scene.broken() == set()


@PLACES
def test_a_token_typed_by_hand_restores_the_supply_with_the_network_down(place):
    scene = Scene(electricity(place))
    run_out(scene)
    scene.world.cut(scene.wires["wan/01"])
    receipt = pay(scene)
    other = AccountPlace.HUB if place is AccountPlace.METER else AccountPlace.METER
    wrong = scene.street.key_in("01", receipt.token, other)
    assert not wrong.accepted
    assert f"typed on the {place.value}" in wrong.remedy
    typed = scene.street.key_in("01", receipt.token, place)
    assert (typed.accepted, typed.amount, typed.fuel) == (True, Money(worth(scene)), SUPPLY)
    assert typed.balance == Money(worth(scene))
    assert not scene.street.key_in("01", receipt.token, place).accepted
    scene.half_hours(1)
    assert supply(scene) is Supply.ARMED
    assert scene.street.press_electricity("01") is Supply.ON
    scene.wires["wan/01"].mend()
    scene.half_hours(6)
    assert stages(scene)[-1] == "accepted"  # it was used already, which is as good
    assert scene.site().held(SUPPLY).credited == worth(scene)
    assert scene.broken() == set()


@PLACES
def test_both_fuels_prepaid_are_two_accounts_and_the_debt_is_with_the_gas(place):
    scene = Scene(electricity(place) + GAS + DEBT)
    accounts = scene.site().accounts
    assert list(accounts) == [Fuel.GAS, SUPPLY]
    assert accounts[Fuel.GAS] != accounts[SUPPLY]
    run_out(scene)
    of_electricity, of_gas = pay(scene), pay(scene, Fuel.GAS, request="r2")
    assert (of_electricity.to_debt, of_gas.to_debt) == (Money(0), Money.parse("4.00"))
    scene.half_hours(2)
    assert (stages(scene)[-1], stages(scene, "r2")[-1]) == ("accepted", "accepted")
    assert scene.site().held(SUPPLY).credited == worth(scene)
    assert scene.site().held(Fuel.GAS).credited == worth(scene, "r2")
    assert scene.street.press_electricity("01") is Supply.ON
    scene.days(1.2)
    assert told(scene, "debt.mismatch") == []
    assert (scene.site().held(Fuel.GAS).debt_note, scene.site().held(SUPPLY).debt_note) == (4_600_000, 0)
    assert scene.street.books.breaches() == ()
    assert scene.broken() == set()


def test_a_token_of_one_fuel_is_never_credited_to_the_other():
    scene = Scene(electricity(AccountPlace.HUB) + GAS)
    scene.half_hours(2)
    scene.world.cut(scene.wires["wan/01"])
    tokens = {SUPPLY: pay(scene).token, Fuel.GAS: pay(scene, Fuel.GAS, request="r2").token}
    before = {fuel: scene.site().held(fuel).credited for fuel in tokens}
    assert scene.street.key_in("01", tokens[Fuel.GAS]).fuel is Fuel.GAS
    assert scene.site().held(SUPPLY).credited == before[SUPPLY]
    assert scene.street.key_in("01", tokens[SUPPLY]).fuel is SUPPLY
    assert scene.site().held(Fuel.GAS).credited == before[Fuel.GAS] + worth(scene, "r2")


@PLACES
def test_a_tariff_and_limits_are_set_where_the_account_stands(place):
    scene = Scene(electricity(place))
    site, stages_of = scene.site(), []

    class Book:
        def stage(self, order, stage, now, why=""):
            stages_of.append((order, stage, why))

    address = site.address(SUPPLY)
    jobs = (
        SetTariff("t", 30_000, 0, 0, Book(), account=address),
        SetCreditLimits("l", 500_000, 100_000, 50_000, Book(), account=address),
        SetTariff("cv", 30_000, 0, 39_500, Book(), account=address),
    )
    for job in jobs:
        scene.world.call(
            scene.street.head_end, lambda now, job=job: scene.street.head_end.submit(site.names.hub, job, now)
        )
    scene.half_hours(2)
    assert [stage[:2] for stage in stages_of] == [("t", "accepted"), ("l", "accepted"), ("cv", "refused")]
    account = site.held(SUPPLY)
    assert (account.tariff.price, account.emergency_limit) == (30_000, 500_000)


@PLACES
def test_emergency_credit_is_selected_where_the_account_stands(place):
    scene = Scene(electricity(place, ', emergency_credit = "5.00", emergency_below = "0.50"'))
    assert not scene.street.select_emergency("01").accepted
    run_out(scene)
    taken = scene.street.select_emergency("01")
    assert (taken.accepted, taken.amount, taken.fuel) == (True, Money.parse("5.00"), SUPPLY)
    scene.half_hours(1)
    assert scene.street.press_electricity("01") is Supply.ON
    assert not scene.street.select_emergency("01").accepted


@PLACES
def test_without_credit_a_press_says_so(place):
    scene = Scene(electricity(place))
    run_out(scene)
    assert scene.street.press_electricity("01") is Supply.OFF
    assert electricity_said(scene.site(), Supply.OFF) == "There is no credit: the electricity stays off."


def test_with_the_wire_down_a_token_for_the_meter_waits_and_holds_up_nothing_of_the_gas():
    scene = Scene(electricity(AccountPlace.METER) + GAS)
    scene.half_hours(2)
    scene.world.cut(scene.wires["m_bus/01"])
    pay(scene)
    scene.half_hours(1)
    of_gas = pay(scene, Fuel.GAS, request="r2")
    scene.half_hours(1)
    assert of_gas.token
    assert stages(scene) == ["made"]
    assert stages(scene, "r2")[-1] == "accepted"
    scene.wires["m_bus/01"].mend()
    scene.half_hours(8)
    assert stages(scene)[-1] == "accepted"
    assert scene.site().held(SUPPLY).credited == worth(scene)


@PLACES
def test_a_street_that_was_stopped_goes_on_with_the_account_as_it_was(place):
    plan = Scene(electricity(place, ', emergency_credit = "5.00", emergency_below = "0.50"')).plan
    keys = StreetKeys(bytes(range(SECRET_LENGTH)))
    services = StsService(MemoryKeyStore({KeyName(SUPPLY_GROUP, 1): keys.vending(SUPPLY_GROUP)}))
    with Database("sqlite://") as database:

        def opened(seed: int) -> tuple[World, LiveStreet]:
            books = Books(database, services, bytes)
            world = World(seed, books.resumed_at() or plan.start)
            street = LiveStreet(plan, keys, books, world, steady(), world.entropy, world.now, StreetOptions(steps=2))
            join_street(world, street)
            return world, street

        world, street = opened(1)
        world.run(Instant(world.now + 5 * HALF_HOUR))
        sold = street.pay(street.site("01").account, Money.parse("1.00"), "r1", "shop")
        world.run(Instant(world.now + 3 * HALF_HOUR))
        street.checkpoint()
        before = street.site("01").held(SUPPLY)
        assert before.tokens == 1
        world, street = opened(2)
        after = street.site("01").held(SUPPLY)
        assert after is not before
        assert after.state() == before.state()
        assert street.key_in("01", sold.token, place).why == TokenVerdict.USED.sentence
        world.run(Instant(world.now + 40 * HALF_HOUR))
        site = street.site("01")
        assert street.electricity_supply(site) is Supply.OFF
        account, worth_it = site.held(SUPPLY), street.books.vend("r1")[0].value.amount
        assert account.consumed == site.electricity.register_wh * 25
        assert account.balance == 100_000 + worth_it - account.consumed
        assert -25 < account.balance <= 0


@pytest.mark.parametrize("then", [*AccountPlace, None])
@pytest.mark.parametrize("now", [*AccountPlace, None])
def test_an_account_does_not_move_by_a_word_in_the_street_file(then, now):
    plans = [Scene("" if place is None else electricity(place)).plan for place in (then, now)]
    keys = StreetKeys(bytes(range(SECRET_LENGTH)))
    services = StsService(MemoryKeyStore({KeyName(SUPPLY_GROUP, 1): keys.vending(SUPPLY_GROUP)}))
    with Database("sqlite://") as database:

        def opened(plan: StreetPlan) -> LiveStreet:
            world = World(1, plan.start)
            books = Books(database, services, bytes)
            return LiveStreet(plan, keys, books, world, steady(), world.entropy, world.now, StreetOptions(steps=2))

        opened(plans[0]).checkpoint()
        if then is now:
            opened(plans[1])
        else:
            with pytest.raises(ConfigurationError, match="electricity account of home 01"):
                opened(plans[1])


@PLACES
def test_the_displays_tell_what_is_left_and_where_to_press(place):
    scene = Scene(electricity(place, ', emergency_credit = "5.00", emergency_below = "0.50"'))
    scene.half_hours(4)
    assert "electricity left" in shown_at_meter(scene)
    run_out(scene)
    shown = shown_at_meter(scene)
    assert (shown["supply"], shown["electricity left"]) == ("off", "0.000 kWh")
    assert ("balance" in shown) == (place is AccountPlace.METER)
    pay(scene)
    scene.half_hours(1)
    assert "press" in shown_at_meter(scene)["supply"]


def shown_at_meter(scene: Scene) -> dict[str, str]:
    (view,) = [view for view in displays(scene.street, "01") if view.title == "electricity meter"]
    return {name: value for name, value, _ in view.lines}


def test_a_home_on_credit_has_no_account_of_electricity_and_no_new_object():
    scene = Scene(GAS)
    site = scene.site()
    assert list(site.accounts) == [Fuel.GAS]
    assert (site.electricity.prepaid, site.electricity.credit, site.hub.electricity_account) == (None, None, None)
    view = electricity_view(scene.street, site)
    assert (view.mode, view.account, view.account_in, view.balance) == (PaymentMode.CREDIT, "", None, None)
    with pytest.raises(PolicyError):
        Scene("").street.press("01", Fuel.GAS)
