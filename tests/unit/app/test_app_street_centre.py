"""A running street and its security centre: devices go through every state, and whoever is shut out is out at once."""

from __future__ import annotations

from pathlib import Path

from fakes.sealed_street import SealedHouse, sealed_house
from meterhouse.links import run_loop
from meterhouse.model import Eui64
from meterhouse.store import SqlCentreRecords, SqlDeviceKeys
from meterhouse.supplier.trust import LifeState, SecurityCentre

LIVES = ["manufactured", "installed", "registered", "proven", "in-service"]


def states(house: SealedHouse) -> dict[Eui64, LifeState]:
    devices = house.street.books.database.read(lambda tx: SqlCentreRecords(tx).devices())
    return {device.eui: device.state for device in devices}


def act(house: SealedHouse, deed) -> None:
    house.street.books.database.run(lambda tx: deed(SecurityCentre(SqlCentreRecords(tx))))


async def all_serve(house: SealedHouse) -> None:
    def serve() -> bool:
        now = states(house)
        return len(now) == 6 and set(now.values()) == {LifeState.IN_SERVICE}

    await house.until("service of all", serve)


def test_each_device_of_a_street_goes_through_every_state_and_a_suspended_one_is_out_at_once(tmp_path: Path) -> None:
    async def live() -> None:
        async with sealed_house(tmp_path) as house:
            await all_serve(house)
            database, trust = house.street.books.database, house.sealed.trust
            names = house.street.sites["01"].names
            for eui in (names.hub, names.electricity, names.gas):
                steps = database.read(lambda tx, who=eui: SqlCentreRecords(tx).history(who))
                assert [state for _, state, _, _ in steps] == LIVES

            act(house, lambda centre: centre.suspend(names.electricity, "found open", "Officer", house.pump.now))
            assert trust.hub_of(names.electricity) is None
            assert database.read(lambda tx: SqlDeviceKeys(tx).signing_key(names.electricity)) is None
            order = await house.ended(house.raised())
            assert order.state.value == "refused", order
            assert house.is_on()

            carrier = house.street.carrier
            act(house, lambda centre: centre.suspend(names.hub, "stolen", "Officer", house.pump.now))
            await house.until("end of the stolen hub's line", lambda: not carrier.online(names.hub))
            for _ in range(5):
                house.sealed.watch(house.pump.now)
                assert not carrier.online(names.hub)
            assert carrier.online(house.street.sites["02"].names.hub)
            done = await house.ended(house.raised(home="02"))
            assert done.state.value == "done", "the street's other orders go on"

    run_loop(live())
