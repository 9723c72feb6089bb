"""A hub is swapped under meters that go on: nothing of the gas account is lost or doubled, and the old one is out."""

from __future__ import annotations

import pytest

from fakes.other_module import OtherModule
from fakes.sealed_world import SealedWorld, sealed_world
from meterhouse.app.hub_swap import ask_swap, kept_swaps
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import DAY, SECOND, Fuel, Instant, Money
from meterhouse.premises.electricity_meter import ControlState
from meterhouse.simulation.street_invariants import street_invariants
from meterhouse.supplier.trust import ARM_SUPPLY, CUT_SUPPLY, LifeState, OrderRequest, supply_content

HEAD = """
[street]
name = "One home"
start = 2026-01-05T07:00:00Z

[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500

[[home]]
id = "01"
"""
PREPAID = HEAD.replace("07:00", "00:00") + 'gas = { mode = "prepay", opening_balance = "7.00" }\n'


@pytest.fixture
def held(tmp_path):
    with sealed_world(tmp_path, PREPAID) as world:
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


@pytest.mark.requirement("S0-98")
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


@pytest.mark.requirement("S0-98")
def test_a_hub_that_broke_is_replaced_from_its_last_record_and_the_books(held):
    """Dark at noon with a token that only its keypad has seen, and one that never reached it; replaced a day later."""
    street, world = held.street, held.world
    old = street.sites["01"]
    held.days(1)  # its record of the night is kept
    known = street.pay(old.account, Money.parse("3.00"), "known", "shop")
    held.minutes(120)
    assert street.books.vend("known")[1][-1].name == "accepted"
    world.cut(held.wires["wan/01"])
    on_paper = street.pay(old.account, Money.parse("4.00"), "on paper", "shop")
    held.minutes(120)
    world.remove(old.hub)
    balance = old.hub.account.balance
    held.minutes(200)
    world.add(old.hub)  # powered, and cut off: `driver.remove` takes it from the wall
    swapped(held)
    new = street.sites["01"]
    assert new.hub is not old.hub
    account = new.hub.account
    held.minutes(15)
    assert street.books.vend("on paper")[1][-1].name == "accepted"
    # One that the books know and the record did not, and one that waited for a hub: each once.
    assert (account.tokens, street.key_in("01", on_paper.token).why) == (2, TokenVerdict.USED.sentence)
    assert street.key_in("01", known.token).why == TokenVerdict.USED.sentence
    assert account.balance < balance + street.books.vend("on paper")[0].value.amount, "the gas of the dark hours costs"
    held.days(1)
    assert {violation.number for violation in world.violations} <= {6}
    assert not [one for one in world.violations if one.name.startswith(("money", "balances"))]


@pytest.mark.requirement("S0-98")
def test_a_module_of_another_maker_serves_the_same_meter_for_readings_and_for_a_whole_cut(tmp_path):
    with sealed_world(tmp_path, HEAD) as held:
        street, world, works = held.street, held.world, held.street.sealed.works
        held.minutes(60)
        old = street.sites["01"]
        meter, before = old.electricity, untouched_meter(old)

        def made(_old, names, _place, now):
            keys = held.keys.association("hub", names.electricity)
            entropy = world.entropy("another maker")
            first = now // SECOND - 1_577_836_800
            return OtherModule(_old.hub.name, names.hub, names.electricity.octets, keys, first, entropy)

        street.swaps._commissioned = made
        swapped(held)
        new = street.sites["01"]
        assert isinstance(new.hub, OtherModule)
        assert new.hub.online
        assert held.state_of(new.names.hub) is LifeState.IN_SERVICE
        assert (new.electricity, untouched_meter(new)) == (meter, before)

        asked = OrderRequest(
            new.names.electricity, "01", CUT_SUPPLY[Fuel.ELECTRICITY], supply_content(Fuel.ELECTRICITY, arm=False),
            "unpaid for ninety days", "case 4711 of 2026",
        )  # fmt: skip
        held.minutes(60)
        order = works.raise_order(asked, "Operator", "Operator's words", world.now)
        works.approve(order.number, "Approver", "Approver's words", world.now)
        held.minutes(120)
        ended = works.show(order.number).order
        assert (ended.state.value, ended.why) == ("done", "opened")
        assert meter.switch.state is ControlState.DISCONNECTED
        arm = OrderRequest(
            new.names.electricity, "01", ARM_SUPPLY[Fuel.ELECTRICITY], supply_content(Fuel.ELECTRICITY, arm=True),
            "paid", "case 4711 of 2026",
        )  # fmt: skip
        order = works.raise_order(arm, "Operator", "Operator's words", world.now)
        held.minutes(30)
        assert works.show(order.number).order.state.value == "done"
        assert meter.press_button(world.now)
        held.days(1)
        midnight = Instant(street.plan.start - street.plan.start % DAY)
        day = street.books.day(new.names.electricity, midnight)
        assert list(day.rows) == meter.log.between(Instant(midnight + 1), Instant(midnight + DAY))
        locked_out(held, old)


def untouched_meter(site):
    meter = site.electricity
    return meter.settings.identity, meter.serial, meter.gate.trust.signing.public, meter.register_wh > 0


def locked_out(held: SealedWorld, old) -> None:
    """The old module, with all its keys: the carrier's door, its calls and its certificate."""
    trust, hub = held.street.sealed.trust, old.names.hub
    assert held.state_of(hub) is LifeState.WITHDRAWN
    assert trust.shut(hub)
    assert not held.street._may_reach(trust.parties.supplier, hub)
    assert not held.street.carrier.online(hub)
    revived = type(old.hub)(old.hub.settings, held.world.entropy("revived"), held.world.now)
    revived.settings = old.hub.settings
    held.world.add(Renamed(revived))
    held.world.join(held.world.machines[-1], "wan", held.street.carrier, "hub/revived")
    held.minutes(30)
    assert not revived.online
    assert any(event.fields["said"].endswith(str(hub)) for event in held.told("line.impostor"))


class Renamed:
    """The same machine under a name of its own: two of one name stand in no world."""

    def __init__(self, machine) -> None:
        self._machine = machine
        self.name = f"{machine.name}/revived"

    def __getattr__(self, what: str):
        return getattr(self._machine, what)
