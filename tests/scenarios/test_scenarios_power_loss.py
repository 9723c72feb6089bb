"""The street's power fails at any byte of what its disk was writing: every device goes on from one and the same instant."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from meterhouse.app.books import Books
from meterhouse.app.keys import SECRET_LENGTH, StreetKeys
from meterhouse.app.live_street import LiveStreet, StreetOptions
from meterhouse.app.memory_wires import join_street
from meterhouse.app.site import SUPPLY_GROUP
from meterhouse.app.street import parse_street
from meterhouse.model import HALF_HOUR, MINUTE, Instant, Money
from meterhouse.simulation.world import World
from meterhouse.store import Database
from meterhouse.supplier.vending import KeyName, MemoryKeyStore, StsService

PLAN = parse_street("""
[street]
start = 2026-01-05T00:00:00Z
[[home]]
id = "01"
gas = { mode = "prepay", price = "0.0737", standing_charge = "0.2911", cv = 39_500, opening_balance = "5.00" }
""")
KEYS = StreetKeys(bytes(range(SECRET_LENGTH)))
HUB = "home/01/hub"
FRAME = 24
"""Bytes in front of each page of a write-ahead log; the log itself begins with 32."""


@contextmanager
def living(folder: Path, seed: int):
    """The street of a folder: new, or as it was at its last checkpoint."""
    with Database(f"sqlite:///{folder / 'street.db'}") as database:
        services = StsService(MemoryKeyStore({KeyName(SUPPLY_GROUP, 1): KEYS.vending(SUPPLY_GROUP)}))
        world_start = PLAN.start
        books = Books(database, services, bytes)
        resumed = books.resumed_at()
        world = World(seed, world_start if resumed is None else resumed)
        books.resume(world.now)
        demand = lambda _home, _number: lambda _end: (150, 60)  # noqa: E731
        street = LiveStreet(PLAN, KEYS, books, world, demand, world.entropy, world.now, StreetOptions(steps=2))
        join_street(world, street)
        yield world, street


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder as it stood when the power failed, its log not yet in its database, and every checkpoint it had made."""
    live, dead = tmp_path_factory.mktemp("live"), tmp_path_factory.mktemp("dead")
    kept = {}
    with living(live, 1) as (world, street):

        def keep():
            street.checkpoint()
            states = {name: state for site in street.sites.values() for name, state in site.states().items()}
            kept[int(world.now)] = json.loads(json.dumps(states[HUB]["account"]))

        world.run(Instant(world.now + HALF_HOUR))
        keep()
        with Database(f"sqlite:///{live / 'street.db'}"):
            pass  # all so far goes from the log into the database
        for number in range(4):
            if number == 2:
                street.pay(street.site("01").account, Money.parse("10.00"), f"r{number}", "shop")
            world.run(Instant(world.now + 2 * HALF_HOUR + MINUTE))
            keep()
        for part in live.iterdir():
            shutil.copy(part, dead / part.name)
    return dead, kept


def cut(written, to: Path, at: int) -> Path:
    dead, _ = written
    to.mkdir()
    shutil.copy(dead / "street.db", to / "street.db")
    (to / "street.db-wal").write_bytes((dead / "street.db-wal").read_bytes()[:at])
    return to


def places(log: bytes) -> list[int]:
    """Around each page's begin and end, and in between; the whole log too."""
    page = int.from_bytes(log[8:12], "big") + FRAME
    edges = [32 + number * page for number in range((len(log) - 32) // page + 1)]
    return sorted(
        {at + by for at in edges for by in (-1, 0, 1, 13, page // 2) if 0 <= at + by <= len(log)} | {0, len(log)}
    )


def test_whatever_the_disk_had_written_the_devices_of_one_instant_come_back(written, tmp_path):
    dead, kept = written
    log = (dead / "street.db-wal").read_bytes()
    assert len(log) > 10_000
    cuts = places(log)
    found = []
    for at in cuts[:: max(1, len(cuts) // 120)] + cuts[-1:]:
        folder = cut(written, tmp_path / str(at), at)
        with Database(f"sqlite:///{folder / 'street.db'}") as database:
            books = Books(database, StsService(MemoryKeyStore({})), bytes)
            now = books.resumed_at()
            if now is None:
                found.append(0)
                continue
            state = json.loads(json.dumps(dict(books.state_of(HUB))))
            assert state["account"] == kept[int(now)], f"cut at {at}: a hub of another instant than the street's"
            found.append(int(now))
    assert found == sorted(found), "the more was written, the later it goes on"
    assert len(set(found) & set(kept)) >= 4
    assert found[-1] == max(kept)


@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_the_street_that_goes_on_charges_all_gas_once_and_repeats_no_counter(written, tmp_path, share):
    dead, _ = written
    log = (dead / "street.db-wal").read_bytes()
    folder = cut(written, tmp_path / "again", int(len(log) * share))
    with living(folder, 2) as (world, street):
        kept = Books(street.books.database, StsService(MemoryKeyStore({})), bytes)
        first = street.site("01").hub._gas_end.sent
        resumed = kept.resumed_at() is not None  # else nothing was whole yet: meter, hub and time begin together
        if resumed:
            assert kept.state_of(HUB)["gas_sent"] >= first, "what it will say is kept before it says a word"
        world.run(Instant(world.now + 6 * HALF_HOUR))
        site = street.site("01")
        rows = site.gas.backlog.log.between(Instant(0), site.hub.account.charged_until)
        litres = rows[-1].register - rows[0].register
        cost = litres * 102_264 * 39_500 * 7_370 // (3_600 * 100_000 * 1_000)
        assert site.hub.account.balance == 500_000 + site.hub.account.credited - cost
        assert site.gas.comms_ok
        assert site.hub.account.credited in (0, 1_000_024), "once or not yet; the token rounds up to what it can say"
    with living(folder, 3) as (_, street):
        assert street.site("01").hub._gas_end.sent >= first + resumed
