"""A street is put off by a malfunction: one word arms all of it, and where nothing reaches a home a code does."""

from __future__ import annotations

from collections import Counter

import pytest

from fakes.sealed_world import SealedWorld, sealed_world
from meterhouse.app.bulk_arm import open_recovery
from meterhouse.app.street_desk import StreetDesk
from meterhouse.model import SECOND, Fuel, NotFoundError, PolicyError, UsageError
from meterhouse.premises.electricity_meter import ArmVerdict

ANN = ("off by our fault", "Operator", "Operator's words")


@pytest.fixture
def held(tmp_path):
    with sealed_world(tmp_path) as world:
        world.minutes(90)
        for site in world.street.sites.values():
            site.electricity.disconnect(world.world.now)
        yield world


def recovery(held: SealedWorld):
    return open_recovery(held.database, held.trust, held.street.sealed.works._signing._signing)


def armed(held, homes):
    service = recovery(held)
    for _ in service.arm_homes("outage", homes, Fuel.ELECTRICITY, *ANN):
        held.street.sealed.look(held.world.now)
    held.minutes(10)
    return Counter(line.standing.value for line in service.report("outage", homes, Fuel.ELECTRICITY))


@pytest.mark.requirement("S0-74")
def test_one_word_arms_the_street_over_the_real_line_and_a_hand_closes_each(held):
    homes = list(held.street.sites)
    assert armed(held, homes) == {"armed": len(homes)}
    for site in held.street.sites.values():
        assert not site.electricity.switch.closed
        assert site.electricity.press_button(held.world.now)


def test_orders_that_are_signed_in_portions_all_go_within_seconds(held, monkeypatch):
    monkeypatch.setattr("meterhouse.app.work_orders._SIGNED_AT_ONCE", 1)
    homes = list(held.street.sites)
    for _ in recovery(held).arm_homes("outage", homes, Fuel.ELECTRICITY, *ANN):
        pass
    begun = held.world.now
    held.street.sealed.look(begun)
    held.minutes(0.5)
    signed = [step.at for order in recovery(held).list() for step in recovery(held).show(order.number).history
              if step.state == "signed"]  # fmt: skip
    assert len(signed) == len(homes)
    assert max(signed) - begun < 10 * SECOND


def wan_down(held):
    for name, wire in held.wires.items():
        if name.startswith("wan"):
            held.world.cut(wire)
    held.minutes(5)


@pytest.mark.requirement("S0-74")
@pytest.mark.asyncio
async def test_with_the_wan_dead_a_code_of_the_office_and_a_hand_bring_the_supply_back(held):
    desk, site, service = StreetDesk(held.street, 1), held.street.sites["01"], recovery(held)
    wan_down(held)
    assert armed(held, ["01"]) == {"under way": 1}
    (shown,) = [view for view in await desk.displays("01") if view.title == "electricity meter"]
    number = int({name: value for name, value, _ in shown.lines}["number for a code"])
    other = held.street.sites["02"]
    order, code = service.tell_code("01", number, held.keys, *ANN)
    assert order.evidence == "a code was told for number 0000"
    assert "armed" not in {line.standing.value for line in service.report("outage", ["01"], Fuel.ELECTRICITY)}
    assert not (await desk.key_in_meter("02", code)).accepted
    assert (await desk.key_in_meter("01", code)).said == ArmVerdict.ACCEPTED.value
    assert not site.electricity.switch.closed
    assert (await desk.press_button("01", Fuel.ELECTRICITY)).supply == "on"
    assert not other.electricity.switch.closed
    assert not (await desk.key_in_meter("01", code)).accepted


def test_no_code_is_told_to_who_may_not_arm_nor_for_a_meter_that_is_not_there(held):
    service = recovery(held)
    with pytest.raises(PolicyError):
        service.tell_code("01", 0, held.keys, ANN[0], "Operator", "guessed")
    with pytest.raises(NotFoundError):
        service.tell_code("99", 0, held.keys, *ANN)
    with pytest.raises(UsageError):
        service.tell_code("01", 10_000, held.keys, *ANN)
    assert service.list() == ()
