"""On real sockets, one party at a time is hostile: nothing opens, the trail names it, and afterwards a true order goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.sealed_street import SealedHouse, sealed_house
from meterhouse.app.order_room import StreetOrderRoom
from meterhouse.carrier.broker import Sealing
from meterhouse.companion.relay import Frame, Kind
from meterhouse.companion.sealed import seal
from meterhouse.links import run_loop
from meterhouse.model import PolicyError
from meterhouse.supplier.headend import Culprit


class Hostile:
    """What a carrier or a hub does to orders, until it is told to stop."""

    def __init__(self, house: SealedHouse) -> None:
        self.house = house
        self.on = True
        self.hits = 0

    def hit(self) -> bool:
        self.hits += self.on
        return self.on


def drops(house: SealedHouse) -> Hostile:
    """The carrier takes an order to be sealed, and says nothing."""
    hostile, services = Hostile(house), house.street.carrier.services
    assert services is not None
    honest = services.seal
    services.seal = lambda *told: None if hostile.hit() else honest(*told)  # type: ignore[method-assign]
    return hostile


def tampers(house: SealedHouse, change) -> Hostile:
    """The carrier seals something else than it was given; the MAC is its own to make."""
    hostile, services = Hostile(house), house.street.carrier.services
    assert services is not None
    honest = services._close

    def close(party, octets, now):
        done = honest(party, octets, now)
        if isinstance(done, Sealing) and hostile.hit():
            forged = change(done.envelope.with_mac(b""))
            return replace(done, envelope=seal(forged, house.sealed.trust.agreement(forged.target)))
        return done

    services._close = close  # type: ignore[method-assign]
    return hostile


def alters(house: SealedHouse) -> Hostile:
    return tampers(house, lambda order: replace(order, content=order.content[:-1] + b"\x35"))


def misroutes(house: SealedHouse) -> Hostile:
    return tampers(house, lambda order: replace(order, target=house.street.sites["02"].names.electricity))


def cuts_the_line(house: SealedHouse) -> Hostile:
    """The carrier seals, and lets no call to the hub come about."""
    hostile, carrier = Hostile(house), house.street.carrier
    honest = carrier._call
    carrier._call = lambda *told: None if hostile.hit() else honest(*told)  # type: ignore[method-assign]
    return hostile


def hub_swallows(house: SealedHouse) -> Hostile:
    """The hub answers for itself, and passes nothing on to its meter."""
    hostile, hub = Hostile(house), house.street.sites["01"].hub
    honest = hub._wan._forward
    hub._wan._forward = lambda *told: True if hostile.hit() else honest(*told)
    return hostile


PARTIES = {
    "the carrier drops orders": (drops, Culprit.CARRIER, "drop"),
    "the carrier alters orders": (alters, Culprit.CARRIER, "alter"),
    "the carrier misroutes orders": (misroutes, Culprit.CARRIER, "alter"),
    "the carrier holds the line": (cuts_the_line, Culprit.CARRIER, "drop"),
    "the hub swallows orders": (hub_swallows, Culprit.HUB, "drop"),
}


@pytest.mark.requirement("S0-75")
@pytest.mark.requirement("S0-37")
@pytest.mark.parametrize(("party", "culprit", "what"), PARTIES.values(), ids=PARTIES.keys())
def test_a_hostile_party_opens_nothing_and_is_named(party, culprit, what, tmp_path: Path) -> None:
    async def main() -> None:
        async with sealed_house(tmp_path) as house:
            hostile = party(house)
            order = house.raised()
            flow, database = house.sealed.flow, house.street.books.database

            def named() -> bool:
                return flow.judge(order.number, database, house.pump.now).culprit is not Culprit.NOBODY

            await house.until("finding", named)
            if culprit is Culprit.HUB:  # until the hub is called, the silence could be the carrier's
                await house.until("call", lambda: flow.judge(order.number, database, house.pump.now).culprit is culprit)
            finding = flow.judge(order.number, database, house.pump.now)
            assert (finding.culprit, finding.what) == (culprit, what)
            assert hostile.hits
            assert house.is_on("01")
            assert house.is_on("02")
            hostile.on = False
            assert (await house.ended(order)).why == "opened", "and the same order goes, once nobody holds it"
            assert not house.is_on("01")

    run_loop(main())


@pytest.mark.requirement("S0-11")
def test_a_hub_that_flips_a_byte_of_a_note_gets_it_refused_by_the_meter_and_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with sealed_house(tmp_path) as house:
            hub = house.street.sites["01"].hub
            honest, told = hub._wan._take, []
            house.pump.on_event(lambda event: told.append(event.kind), ("sealed.", "device."))
            flipping = True

            def take(frame: Frame, now) -> None:
                if flipping and frame.kind is Kind.NOTE:
                    frame = Frame(frame.kind, frame.session, frame.payload[:-1] + bytes((frame.payload[-1] ^ 1,)))
                honest(frame, now)

            hub._wan._take = take  # type: ignore[method-assign]
            order = house.raised()
            await house.until("alert", lambda: {"sealed.refused", "device.alert"} <= set(told))
            assert house.is_on()
            flipping = False
            assert (await house.ended(order)).why == "opened", "the device asks again, and is answered"

    run_loop(main())


@pytest.mark.parametrize("place", ["B3", "B4"])
def test_a_tripped_brake_at_carrier_or_confirm_service_holds_every_cut_until_two_officers_release_it(
    place: str, tmp_path: Path
) -> None:
    async def main() -> None:
        async with sealed_house(tmp_path) as house:
            told: list[str] = []
            house.pump.on_event(lambda event: told.append(event.kind))
            at = house.sealed.places[place]
            at.brake.trip("a test of the brake")
            at.keep(at.brake)
            order = house.raised()
            held = "order.held" if place == "B3" else "confirm.no.brake"
            await house.until("hold", lambda: held in told)
            assert house.is_on()
            room = StreetOrderRoom(house.street, house.sealed)
            with pytest.raises(PolicyError):
                await room.release(place, "Approver", "Approver's words")
            assert not await room.release(place, "officer-1", "officer-1's words")
            assert await room.release(place, "officer-3", "officer-3's words")
            assert [one.latched for one in await room.brakes() if one.name == place] == [False]
            if place == "B4":  # what was said no to stays no: somebody raises it again
                assert (await house.ended(order)).state.value == "refused"
                order = house.raised()
            assert (await house.ended(order)).why == "opened"

    run_loop(main())
