"""A hub is swapped under meters that go on: nothing of the gas account is lost or doubled, and the old one is out."""

from __future__ import annotations

import pytest

from fakes.sealed_world import SealedWorld, sealed_world
from meterhouse.app.hub_swap import ask_swap, kept_swaps
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import DAY, Instant, Money
from meterhouse.simulation.street_invariants import street_invariants
from meterhouse.supplier.trust import LifeState


@pytest.fixture
def held(tmp_path):
    with sealed_world(tmp_path) as world:
        for invariant in street_invariants(world.street):
            world.world.watch(invariant)
        world.minutes(90)
        yield world


def swapped(held: SealedWorld, home: str = "01") -> None:
    ask_swap(held.database, home, "its radio is of the last generation", held.world.now)
    held.minutes(40)
    assert held.database.read(kept_swaps)[home]["state"] == "done"


def untouched(site):
    meter, gas = site.electricity, site.gas
    return (
        meter.settings.identity, meter.serial, meter.gate.trust.signing.public, meter.switch.state, gas.settings.address
    )  # fmt: skip


def test_a_hub_is_swapped_and_the_meters_go_on_as_they_were(held):
    street, world = held.street, held.world
    old = street.sites["01"]
    meter, gas, before = old.electricity, old.gas, untouched(old)
    sold = street.pay(old.account, Money.parse("15.00"), "before", "shop")
    held.days(1.3)
    balance, tokens = old.hub.account.balance, old.hub.account.tokens
    swapped(held)
    new = street.sites["01"]
    assert new.hub is not old.hub
    assert new.names.hub != old.names.hub
    assert (new.electricity, new.gas, untouched(new)) == (meter, gas, before)
    assert new.hub.online
    assert held.state_of(new.names.hub) is LifeState.IN_SERVICE
    assert held.state_of(old.names.hub) is LifeState.WITHDRAWN
    assert new.hub.account.tokens == tokens == 1
    used = 3 * 60 * 102_264 * 39_500 * 7_370 // (1000 * 100_000 * 3600) + 5
    assert 0 <= balance - new.hub.account.balance <= used
    assert street.key_in("01", sold.token).why == TokenVerdict.USED.sentence
    later = street.pay(old.account, Money.parse("5.00"), "after", "shop")
    held.days(2)
    assert street.books.vend(later.request_id)[1][-1].name == "accepted"
    assert new.hub.account.tokens == 2
    for device, _ in new.fuels:
        for day in (0, 1, 2):
            assert street.books.day(device, Instant(street.plan.start + day * DAY)).complete
    world.judge()
