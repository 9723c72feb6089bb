"""A running street and its security centre: devices go through every state, and whoever is shut out is out at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.sealed_street import SealedHouse, sealed_house
from meterhouse.app.centre_desk import CentreDesk
from meterhouse.app.kept_limits import tighten
from meterhouse.app.use_cases import own_catalogue
from meterhouse.carrier.broker import Refused, Sealing
from meterhouse.companion.limits import FieldRange
from meterhouse.companion.sealed import Component, Mandate, SealedError, Signer, ZclFrame, encode_components, seal
from meterhouse.links import SystemClock, run_loop
from meterhouse.model import HOUR, Eui64, Instant
from meterhouse.store import PartyKeys, SqlCentreRecords, SqlDeviceKeys, SqlTrustRecords, StaffKeys
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

            desk = CentreDesk(database, "Officer", house.pump.now)
            desk.admit(names.electricity, "it was shut again")
            await all_serve(house)
            assert [step[1] for step in desk.device(names.electricity).history][-4:] == ["suspended", *LIVES[2:]]
            assert trust.hub_of(names.electricity) == names.hub

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


CALORIFIC = 0x007C


def calorific(value: int) -> bytes:
    """The content of an order that sets calorific value, 0.1 MJ/m3."""
    payload = bytes(8) + value.to_bytes(4, "little") + bytes((1, 0x10))
    return encode_components((Component(0x0700, ZclFrame(True, True, 0, 0x03, payload)),))


def test_a_limit_that_is_tightened_while_the_street_runs_is_in_force_at_every_place(tmp_path: Path) -> None:
    async def live() -> None:
        async with sealed_house(tmp_path) as house:
            await all_serve(house)
            street, sealed, trust = house.street, house.sealed, house.sealed.trust
            gas = street.sites["01"].names.gas
            key = PartyKeys(tmp_path / "trust" / "signing" / "keys").pair("sign")
            gate = street.sites["01"].hub.orders.gate
            services = street.carrier.services
            assert gate is not None
            assert services is not None
            broker = replace(services._broker, brake=lambda *_: True)  # which has a test of its own

            def order(value: int, counter: int):
                """Of somebody who has the supplier's key, and a program without limits."""
                now = house.pump.now
                mandate = Mandate(trust.premises(gas) or b"", Instant(now - HOUR), Instant(now + HOUR))
                signer = Signer(trust.parties.supplier, key, own_catalogue())
                return signer.order(gas, CALORIFIC, calorific(value), counter, mandate)

            def carried(value: int, counter: int) -> Sealing | Refused:
                return broker.close(trust.parties.supplier, order(value, counter).encode(), house.pump.now)

            def taken(value: int, counter: int):
                octets = seal(order(value, counter), trust.agreement(gas)).encode()
                return gate.take(octets, house.pump.now)

            def desks():
                return [
                    sealed.works._catalogue,
                    sealed._signing._signing._desk.catalogue,
                    sealed.confirm._judge.catalogue,
                ]

            assert isinstance(carried(430, 1 << 60), Sealing)
            staff = StaffKeys(tmp_path / "trust" / "signing" / "staff.json").staff()
            talk, now = sealed._signing, SystemClock().now()
            words = ("officer-1", "officer-1's words")
            tighten(street.books.database, talk, staff, "calorific-value", FieldRange(350, 420), *words, now)
            sealed.watch(house.pump.now)
            refusal = carried(430, 1 << 60)
            assert isinstance(refusal, Refused)
            assert "calorific value" in refusal.why
            assert taken(430, 1 << 60) is not None
            for desk in desks():
                with pytest.raises(SealedError):
                    desk[CALORIFIC].check(calorific(430))
            assert isinstance(carried(400, 1 << 60), Sealing), "what is within it still goes"
            assert taken(400, (1 << 60) + 1) is None

            told: list[str] = []
            house.pump.on_event(lambda event: told.append(event.kind))
            forged = {
                "name": "calorific-value",
                "least": 400,
                "most": 401,
                "officer": "officer-1",
                "signature": "0" * 128,
            }
            database = street.books.database
            database.run(lambda tx: SqlTrustRecords(tx).put("limit", "calorific-value", "x", forged, now))
            sealed.watch(house.pump.now)
            await house.until("alarm", lambda: "limits.not_believed" in told)
            assert isinstance(carried(410, 1 << 61), Sealing), "what nobody signed changes nothing"
            assert isinstance(carried(430, 1 << 61), Refused)

    run_loop(live())
