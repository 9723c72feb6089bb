"""Homes that 2.4 GHz does not join, in a world: all commission over what the model gives them, and not over 2.4 GHz."""

from __future__ import annotations

from itertools import count, islice

import pytest

from meterhouse.simulation.bearer import Bearer
from meterhouse.simulation.reach import FLAGGED_PERMILLE, TOLERANCE_PERMILLE, fleet, home_reach
from meterhouse.simulation.reach_street import ReachStreet
from meterhouse.simulation.topology import topology

SEED = 8
HOMES = 40


@pytest.fixture(scope="module")
def homes():
    drawn = [home_reach(SEED, number) for number in range(1, HOMES + 1)]
    assert not any(home.doubtful for home in drawn), "on the edge of reach a single day may go either way"
    return drawn


@pytest.fixture(scope="module")
def street(homes):
    street = ReachStreet(homes, SEED)
    return street, street.run()


@pytest.mark.requirement("S0-19")
def test_of_a_fleet_three_in_ten_are_flagged_and_every_home_of_its_street_commissions_over_another_bearer(street):
    laid, run = street
    counted = fleet(10_000, SEED)
    assert abs(counted.flagged_permille - FLAGGED_PERMILLE) <= TOLERANCE_PERMILLE
    assert counted.unreached == 0
    assert len(run) == HOMES
    assert [one.home.number for one in run if not one.done] == []
    flagged = [one.home for one in run if one.home.no_2400]
    assert len(flagged) >= HOMES // 5
    found = topology(laid.world, laid.street)
    for name, home in laid.homes.items():
        hub, gas = laid.street.sites[name].hub.name, laid.street.sites[name].gas.name
        bearers = found.of(hub)
        if home.gas.bearer is Bearer.POWER_LINE:
            assert bearers[f"home/{name}/repeater"] is Bearer.POWER_LINE
            assert found.of(gas) == {f"home/{name}/repeater": Bearer.RADIO_868}
        else:
            assert bearers[gas] is home.gas.bearer
        assert home.no_2400 is (Bearer.RADIO_2400 not in (home.gas.bearer, home.display.bearer))
    assert {home.gas.bearer for home in flagged} == {Bearer.RADIO_868, Bearer.POWER_LINE}, "both ways out are taken"


@pytest.mark.requirement("S0-19")
def test_over_2400_mhz_exactly_the_flagged_homes_do_not_commission(homes):
    """The control: the same homes, the same day, every link at 2.4 GHz with the loss that the model gives it there."""
    street = ReachStreet(homes, SEED, only=Bearer.RADIO_2400)
    run = street.run()
    assert {one.home.number for one in run if not one.done} == {home.number for home in homes if home.no_2400}
    without_gas = {one.home.number for one in run if not one.gas_done}
    assert without_gas == {home.number for home in homes if not home.gas.reached_over(Bearer.RADIO_2400)}
    assert without_gas, "in some it is the gas meter that is not joined"
    assert street.world.violations == (), "a link that does not work costs nobody money, or gas beyond the cut-off"


def test_homes_that_868_mhz_does_not_reach_need_the_mains():
    """The second control: their gas meters stay silent over 868 MHz, and come into service over mains and repeater."""
    far = (home_reach(SEED, number) for number in count(1))
    hopeless = (home for home in far if home.gas.margins[Bearer.RADIO_868] < -30)
    homes = list(islice(hopeless, 5))
    over_radio = ReachStreet(homes, SEED, only=Bearer.RADIO_868).run()
    assert not any(one.gas_done for one in over_radio)
    assert not any(one.acknowledged or one.collected or one.paid for one in over_radio)
    over_mains = ReachStreet(homes, SEED).run()
    assert {one.home.gas.bearer for one in over_mains} == {Bearer.POWER_LINE}
    assert [one for one in over_mains if not one.done] == []


def test_a_street_with_its_bearers_breaks_no_invariant_and_runs_twice_the_same(homes, street):
    laid, run = street
    assert laid.world.violations == ()
    again = ReachStreet(homes[:5], SEED)
    twice = ReachStreet(homes[:5], SEED)
    assert again.run() == twice.run() != run
    assert again.world.trace.hash() == twice.world.trace.hash()


def test_the_payment_of_a_prepay_home_is_on_its_balance_and_in_its_gas_meter(street):
    laid, run = street
    prepay = [one for one in run if one.paid is not None]
    assert len(prepay) == HOMES // 2
    for one in prepay:
        site = laid.street.sites[f"{one.home.number:05d}"]
        assert site.hub.account.credited >= 1_000_000, "ten pounds, and what 16 bits of a token round up"
        assert site.gas.cutoff_l == site.hub.account.cutoff()
