"""A street is killed at any moment of an order's life: the order is never carried out twice, never lost, never too late."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from fakes.sealed_street import trust_folder
from meterhouse.companion.sealed import Hindrance
from meterhouse.model import HOUR, MINUTE, SECOND, Duration, Instant
from meterhouse.supplier.trust import ReadBack, WorkOrder, WorkState
from sealed_world import SealedWorld, sealed_world

ENDED = {WorkState.DONE, WorkState.REFUSED, WorkState.EXPIRED, WorkState.CANCELLED}
RESTARTED = Hindrance.RESTARTED.name.lower()


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    """A trust office, and the data of a street whose devices serve."""
    home = tmp_path_factory.mktemp("house")
    trust_folder(home / "trust")
    (home / "data").mkdir()
    with sealed_world(home / "data", home / "trust") as town:
        town.run(5 * MINUTE)
        town.street.checkpoint()
    return home


class House:
    """The folders of a house that is killed and started again; all that its switches did is counted."""

    def __init__(self, founded: Path, to: Path) -> None:
        self.home = to / "house"
        shutil.copytree(founded, self.home)
        self.opened: list[Instant] = []
        self.lives = 0

    def live(self):
        self.lives += 1
        return sealed_world(self.home / "data", self.home / "trust", self.lives)

    def note(self, town: SealedWorld) -> None:
        self.opened += [event.at for event in town.events if event.kind == "switch.opened"]


@pytest.fixture
def house(founded, tmp_path):
    return House(founded, tmp_path)


def check(house: House, town: SealedWorld, order: WorkOrder) -> WorkOrder:
    """To the end of its mandate and beyond."""
    town.until(lambda: town.order(order.number).state in ENDED, 8 * HOUR, 10 * SECOND)
    town.run(20 * MINUTE)
    house.note(town)
    ended = town.order(order.number)
    assert ended.state in ENDED, "lost"
    assert len(house.opened) <= 1, "carried out twice"
    assert all(ended.not_before <= at <= ended.not_after for at in house.opened), "too early, or too late"
    assert town.is_on() == (not house.opened)
    assert (ended.state is WorkState.DONE) == bool(house.opened), f"the supplier thinks {ended.state}: {ended.why}"
    if ended.state is WorkState.DONE:
        assert ended.read_back is ReadBack.MATCHES, "nobody looked"
    return ended


def moments() -> list[Duration]:
    """After the order may go: around each of its steps, to the millisecond."""
    return [0, 5, 10, 100, 15 * SECOND, 15_607, 16 * SECOND, 3 * MINUTE]


def test_a_street_that_is_killed_before_anybody_approved_goes_on_with_the_order(house: House):
    with house.live() as town:
        order = town.raised()
        house.note(town)
    with house.live() as town:
        town.approve(town.order(order.number))
        assert check(house, town, order).state is WorkState.DONE


@pytest.mark.parametrize("after", moments())
def test_killed_at_any_step_an_order_ends_once_and_everybody_knows_how(house: House, after: Duration):
    with house.live() as town:
        order = town.approve(town.raised())
        town.run(order.not_before - town.world.now + after)
        house.note(town)
    with house.live() as town:
        ended = check(house, town, order)
    assert ended.state is WorkState.DONE or RESTARTED in ended.why


def test_a_street_that_stands_still_for_longer_than_the_mandate_cuts_nobody(house: House):
    with house.live() as town:
        order = town.approve(town.raised())
        town.run(order.not_before - town.world.now - MINUTE)
        town.world.cut(town.street_links["wan/01"])
        town.run(2 * MINUTE)
        house.note(town)
        town.street.checkpoint()
    with house.live() as town:
        town.world.cut(town.street_links["wan/01"])
        town.run(order.not_after - town.world.now + MINUTE)
        town.street_links["wan/01"].mend()
        assert check(house, town, order).state is WorkState.EXPIRED


@pytest.mark.parametrize("seed", range(4))
def test_killed_again_and_again_and_cancelled_at_any_moment(house: House, seed: int):
    dice = random.Random(seed)
    with house.live() as town:
        order = town.approve(town.raised())
        town.run(order.not_before - town.world.now)
        house.note(town)
    cancelled = False
    for _ in range(3):
        with house.live() as town:
            town.run(dice.choice((3, 11, 60, 400, 9 * SECOND, 20 * SECOND)))
            if not cancelled and dice.random() < 0.5 and town.order(order.number).state not in ENDED:
                town.cancel(town.order(order.number))
                cancelled = True
                town.run(dice.choice((0, 7, 90, SECOND)))
            house.note(town)
    with house.live() as town:
        ended = check(house, town, order)
    assert not cancelled or ended.state in {WorkState.CANCELLED, WorkState.DONE}
