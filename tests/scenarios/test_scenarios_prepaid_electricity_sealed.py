"""Prepaid electricity in a street whose orders are sealed: tokens, a swapped hub, a change of supplier."""

from __future__ import annotations

import pytest

from fakes.sealed_world import SealedWorld, gainer_of, sealed_world
from meterhouse.app.desk import AccountPlace, Supply
from meterhouse.app.hub_swap import ask_swap, kept_swaps
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import Fuel, Money, PolicyError
from meterhouse.simulation.street_invariants import street_invariants
from meterhouse.supplier.vending import PaymentRequest

STREET = """
[street]
name = "One home"
start = 2026-01-05T00:00:00Z

[electricity]
mode = "prepay"
price = "0.25"
opening_balance = "1.00"

[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500

[[home]]
id = "01"
"""
GAS = 'gas = { mode = "prepay", opening_balance = "7.00" }\n'
SUPPLY = Fuel.ELECTRICITY


def street_of(place: AccountPlace, more: str = "") -> str:
    return f'{STREET}electricity = {{ account = "{place.value}" }}\n{more}'


def watched(held: SealedWorld) -> SealedWorld:
    for invariant in street_invariants(held.street):
        held.world.watch(invariant)
    return held


def worth(books, request: str) -> int:
    return books.vend(request)[0].value.amount


def stage(books, request: str) -> str:
    return books.vend(request)[1][-1].name.value


@pytest.mark.parametrize("place", list(AccountPlace))
def test_credit_ends_and_comes_back_under_sealed_orders_too(tmp_path, place):
    with sealed_world(tmp_path, street_of(place, GAS)) as held:
        street, site = watched(held).street, held.street.sites["01"]
        held.minutes(24 * 30)
        assert street.electricity_supply(site) is Supply.OFF
        units = street.sealed.trust.units
        assert units[site.names.electricity].supply_number == site.names.pan_of(SUPPLY).digits
        assert units[site.names.gas].supply_number == site.names.pan.digits
        street.pay(site.accounts[SUPPLY], Money.parse("5.00"), "one", "shop")
        held.minutes(60)
        assert stage(street.books, "one") == "accepted"
        assert street.press_electricity("01") is Supply.ON
        assert not held.world.violations


def test_a_hub_that_holds_the_account_is_swapped_and_nothing_of_it_is_lost_or_doubled(tmp_path):
    with sealed_world(tmp_path, street_of(AccountPlace.HUB)) as held:
        street, old = watched(held).street, held.street.sites["01"]
        held.minutes(90)
        sold = street.pay(old.accounts[SUPPLY], Money.parse("15.00"), "before", "shop")
        held.days(1.3)
        balance = old.held(SUPPLY).balance
        assert stage(street.books, "before") == "accepted"
        ask_swap(held.database, "01", "its radio is of the last generation", held.world.now)
        held.minutes(40)
        assert held.database.read(kept_swaps)["01"]["state"] == "done"
        new = street.sites["01"]
        assert new.hub is not old.hub
        assert 0 <= balance - new.held(SUPPLY).balance <= 3 * 200 * 25_000 // 1_000
        assert street.key_in("01", sold.token).why == TokenVerdict.USED.sentence
        street.pay(old.accounts[SUPPLY], Money.parse("5.00"), "after", "shop")
        held.days(1)
        assert stage(street.books, "after") == "accepted"
        assert new.held(SUPPLY).credited == worth(street.books, "before") + worth(street.books, "after")
        assert new.electricity.switch.closed
        held.world.judge()
        assert not held.world.violations


def test_the_record_of_a_hub_without_gas_is_read_each_day_where_it_holds_an_account(tmp_path):
    with sealed_world(tmp_path, street_of(AccountPlace.HUB)) as held:
        street, old = held.street, held.street.sites["01"]
        held.days(1.2)
        street.pay(old.accounts[SUPPLY], Money.parse("3.00"), "known", "shop")
        held.minutes(120)
        held.world.cut(held.wires["wan/01"])  # broken: it is replaced from its last record and the books
        held.minutes(200)
        ask_swap(held.database, "01", "it went dark", held.world.now)
        held.minutes(60)
        new = street.sites["01"]
        assert new.hub is not old.hub
        assert new.held(SUPPLY).credited == worth(street.books, "known")


def test_an_account_in_the_meter_changes_hands_with_it(tmp_path):
    with sealed_world(tmp_path, street_of(AccountPlace.METER)) as held:
        street, site, world = held.street, held.street.sites["01"], held.world
        held.minutes(90)
        papers = gainer_of(held.trust, tmp_path / "gainer")
        second = held.second_supplier(papers, site.names.electricity)
        with pytest.raises(PolicyError, match="nothing was kept yet"):
            held.hand_over(papers, site.names.electricity)
        street.checkpoint()
        waits = street.pay(site.accounts[SUPPLY], Money.parse("6.00"), "of the loser", "shop")
        held.hand_over(papers, site.names.electricity)
        held.minutes(30)
        assert held.change(site.names.electricity).state == "done"
        request = PaymentRequest("first", site.accounts[SUPPLY], Money.parse("20.00"), "other shop")
        before = site.held(SUPPLY).credited
        second.books.pay(request, world.now)
        world.call(second.head_end, second.carry_orders)
        held.minutes(30)
        assert stage(second.books, "first") == "accepted"
        assert site.held(SUPPLY).credited == before + worth(second.books, "first")
        assert not street.key_in("01", waits.token, AccountPlace.METER).accepted


def test_a_home_whose_hub_holds_the_account_is_handed_to_nobody(tmp_path):
    with sealed_world(tmp_path, street_of(AccountPlace.HUB, GAS)) as held:
        site = held.street.sites["01"]
        held.minutes(90)
        held.street.checkpoint()
        papers = gainer_of(held.trust, tmp_path / "gainer")
        for device in (site.names.electricity, site.names.gas):
            with pytest.raises(PolicyError, match="stands in its hub"):
                held.hand_over(papers, device)
        assert held.street.sealed.trust.gained == {}


def test_when_the_gas_alone_changes_hands_the_account_in_the_meter_is_served_as_before(tmp_path):
    with sealed_world(tmp_path, street_of(AccountPlace.METER, GAS)) as held:
        street, site, world = held.street, held.street.sites["01"], held.world
        held.minutes(90)
        papers = gainer_of(held.trust, tmp_path / "gainer")
        second = held.second_supplier(papers, site.names.gas)
        world.cut(held.wires["wan/01"])
        street.checkpoint()
        waits = street.pay(site.accounts[SUPPLY], Money.parse("4.00"), "waits", "shop")
        held.hand_over(papers, site.names.gas)
        held.minutes(5)
        held.wires["wan/01"].mend()
        held.minutes(60)
        assert held.change(site.names.gas).state == "done"
        assert stage(street.books, waits.request_id) == "accepted"
        street.pay(site.accounts[SUPPLY], Money.parse("6.00"), "after", "shop")
        request = PaymentRequest("gas", site.accounts[Fuel.GAS], Money.parse("20.00"), "other shop")
        second.books.pay(request, world.now)
        world.call(second.head_end, second.carry_orders)
        held.minutes(60)
        assert (stage(street.books, "after"), stage(second.books, "gas")) == ("accepted", "accepted")
        assert site.held(SUPPLY).credited == worth(street.books, "waits") + worth(street.books, "after")
        assert site.held(Fuel.GAS).credited == worth(second.books, "gas")
