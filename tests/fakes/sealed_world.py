"""A street with its trust office on virtual time, and a second supplier beside it: all over real bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fakes.sealed_street import trust_folder
from meterhouse.app.books import Books
from meterhouse.app.change_desk import Change, kept_changes, office_papers, order_change
from meterhouse.app.gainer_papers import GainerPapers, gainer_papers
from meterhouse.app.gaining_supplier import GainedMeter, GainingSupplier
from meterhouse.app.keys import StreetKeys
from meterhouse.app.live_street import LiveStreet, StreetOptions
from meterhouse.app.memory_wires import BACK_LINE, join_street
from meterhouse.app.site import SUPPLY_GROUP
from meterhouse.app.street import parse_street
from meterhouse.app.street_office import open_office
from meterhouse.app.trust_folder import open_trust
from meterhouse.companion.certificate import CertifiedRole
from meterhouse.companion.relay import Hello, Role
from meterhouse.crypto import Purpose
from meterhouse.links import SystemClock
from meterhouse.model import DAY, MINUTE, Eui64, Event, Instant
from meterhouse.simulation.world import World
from meterhouse.store import Database, SqlCentreRecords
from meterhouse.supplier.trust import LifeState
from meterhouse.supplier.vending import KeyName, MemoryKeyStore, StsService

__all__ = ["GAINER", "SealedWorld", "gainer_of", "sealed_world"]

STREET = """
[street]
name = "Two homes"
start = 2026-01-05T00:00:00Z

[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500

[[home]]
id = "01"
gas = { mode = "prepay", opening_balance = "7.00" }

[[home]]
id = "02"
gas = { mode = "credit" }
"""
GAINER, GAINERS_CONFIRM = Eui64(b"\x02MH\x09\0\0\0\x41"), Eui64(b"\x02MH\x09\0\0\0\x42")


class WorldClock:
    def __init__(self) -> None:
        self.world: World | None = None
        self.start = Instant(0)

    def now(self) -> Instant:
        return self.start if self.world is None else self.world.now


def gainer_of(trust: Path, folder: Path) -> GainerPapers:
    """Another supplier, certified by the same root."""
    wall = SystemClock().now()
    if not folder.exists():
        opened = open_trust(trust)
        opened.make(GAINER, CertifiedRole.SUPPLIER, [Purpose.SIGN, Purpose.AGREE], wall, to=folder)
        opened.make(GAINERS_CONFIRM, CertifiedRole.CONFIRM, [Purpose.SIGN], wall, to=folder / "confirm")
    return gainer_papers(folder, trust / "root.pem", wall, lambda size: bytes(range(size)))


@dataclass
class SealedWorld:
    world: World
    street: LiveStreet
    keys: StreetKeys
    database: Database
    trust: Path
    wires: dict
    events: list[Event] = field(default_factory=list)

    def minutes(self, count: float) -> None:
        self.world.run(Instant(self.world.now + int(count * MINUTE)))

    def days(self, count: float) -> None:
        self.world.run(Instant(self.world.now + int(count * DAY)))

    def told(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]

    def state_of(self, device: Eui64) -> LifeState:
        return self.database.read(lambda tx: SqlCentreRecords(tx).device(device)).state

    # a second supplier ----------------------------------------------------------------------------------------------

    def gained(self, *devices: Eui64) -> list[GainedMeter]:
        """What the security centre tells a supplier of the devices that it gains."""
        found = []
        for site in self.street.sites.values():
            for device, fuel in site.fuels:
                if device in devices:
                    known = self.database.read(lambda tx, one=device: SqlCentreRecords(tx).device(one))
                    pan = site.names.pan_of(fuel) if fuel in site.accounts else None
                    found.append(
                        GainedMeter(
                            device, site.names.hub, site.plan.home, fuel, site.serial(fuel), known.agreement,
                            known.signing, pan,
                        )
                    )  # fmt: skip
        return found

    def second_supplier(self, papers: GainerPapers, *devices: Eui64) -> GainingSupplier:
        """Its own house, on a line of its own to the same carrier."""
        parties = self.street.sealed.trust.parties
        carrier = parties.carrier, parties.carrier_signing.public
        database, entropy = Database("sqlite://"), self.world.entropy("second supplier")
        second = GainingSupplier(papers, self.gained(*devices), database, carrier, entropy, self.world.now)
        self.world.add(second.head_end)
        self.world.join(second.head_end, "carrier", self.street.carrier, "second/1", BACK_LINE)
        self.street.carrier.vouch("second/1", Hello(Role.HEAD_END, papers.eui), lasting=True)
        return second

    def hand_over(self, papers: GainerPapers, device: Eui64) -> Change:
        """Ordered at the desk of the change-of-supplier party, as another process would."""
        office = office_papers(self.trust, SystemClock().now())
        own = self.street.sealed.trust.parties.supplier
        return order_change(self.database, office, papers, device, own, self.world.now)

    def change(self, device: Eui64) -> Change:
        return self.database.read(kept_changes)[device]


@contextmanager
def sealed_world(folder: Path, street: str = STREET, *, litres: int = 60, seed: int = 7) -> Iterator[SealedWorld]:
    """Open it; let time pass by `minutes` and `days`."""
    trust = folder / "trust"
    if not trust.exists():
        trust_folder(trust)
    plan, clock = parse_street(street), WorldClock()
    clock.start = plan.start
    world = World(seed, plan.start)
    keys = StreetKeys(world.entropy("street secret")(32))
    vending = MemoryKeyStore({KeyName(SUPPLY_GROUP, 1): keys.vending(SUPPLY_GROUP)})
    with Database("sqlite://") as database, open_office(trust, keys, database, clock) as (office, _):
        clock.world = world
        books = Books(database, StsService(vending), world.entropy("counter"))
        demand = lambda _home, _number: lambda _end: (200, litres)  # noqa: E731 -- it is handed on
        live = LiveStreet(plan, keys, books, world, demand, world.entropy, plan.start, StreetOptions(), office=office)
        wires = join_street(world, live)
        held = SealedWorld(world, live, keys, database, trust, wires)
        world.on_event(held.events.append)
        for look in (live.sealed.look, live.sealed.watch, live.swaps.look):
            world.every(MINUTE, partial(look))
        yield held
