"""A street as a process: data folder, keys, database, pump and sockets, opened and closed in order."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meterhouse.app.api_access import ApiAccess
from meterhouse.app.book_keeping import BookKeeping
from meterhouse.app.books import Books
from meterhouse.app.demand import MeasuredDemand, measured_demand, synthetic_demand
from meterhouse.app.key_plan import open_key_store
from meterhouse.app.keys import SECRET_FILE, SECRET_LENGTH, StreetKeys, kept_keys
from meterhouse.app.live_street import LiveStreet, StreetOptions
from meterhouse.app.order_room import StreetOrderRoom
from meterhouse.app.sign_client import SOCKET
from meterhouse.app.sign_daemon import serve_signing
from meterhouse.app.site import SUPPLY_GROUP
from meterhouse.app.street import StreetPlan, parse_street
from meterhouse.app.street_desk import StreetDesk
from meterhouse.app.street_office import open_office
from meterhouse.app.street_tls import StreetTls
from meterhouse.app.tcp_wires import Addresses, lay_tcp
from meterhouse.app.token_schemes import token_schemes
from meterhouse.app.webhooks import telling
from meterhouse.links import PacedClock, Pump, SystemClock
from meterhouse.model import MINUTE, SECOND, ConfigurationError, StorageError, UsageError
from meterhouse.store import Database, DataFolder, KeyUsage, read_limits
from meterhouse.store.profiles import ProfileOptions
from meterhouse.supplier.vending import KeyStore

__all__ = ["RunSettings", "RunningStreet", "open_street"]

_STREET_FILE: Final = "street.toml"
_TRUST_FILE: Final = "trust.path"
"""Where the trust folder is: a street that has once run with sealed orders never runs without again."""
_LOOKS_S: Final = 3
"""Seconds of the wall between two looks at the work orders."""
_LONGEST_STEP: Final = 4 * SECOND


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to run a street.

    Attributes:
        folder: the data folder, made if it is not there.
        street: text of the street file for a new folder; a folder that has one keeps it.
        source: what to call that text in a sentence about it.
        speed: street seconds in a second of the wall, 1 to 3600.
        profile: a measured file that drives the homes, and how to read it.
        seed: of the made-up households where there is no profile.
        trust: folder made by `meterhouse trust init`: orders about supplies come sealed from now on. None: as before.
    """

    folder: Path
    street: str
    source: str = "street file"
    speed: int = 300
    profile: Path | None = None
    profile_options: ProfileOptions | None = None
    seed: int = 1
    open_readers: bool = False
    carrier_port: int = 0
    first_meter_port: int = 0
    trust: Path | None = None


@dataclass(frozen=True, slots=True)
class RunningStreet:
    """An open street.

    Attributes:
        resumed: whether it goes on from an earlier run.
        measured: how the profile was read, where there is one.
        failed: ends with the error of the store, should it fail; nothing is kept from then on.
        pending: payments whose token could not be made yet.
        access: who may call its API.
        room: for orders about supplies, of a street whose orders are sealed.
    """

    street: LiveStreet
    desk: StreetDesk
    pump: Pump
    addresses: Addresses
    resumed: bool
    measured: MeasuredDemand | None
    failed: asyncio.Future[None]
    pending: int
    access: ApiAccess
    room: StreetOrderRoom | None = None


@asynccontextmanager
async def open_street(settings: RunSettings) -> AsyncIterator[RunningStreet]:
    """Open a street; drive it with `await running.pump.run()`. On leaving, a last checkpoint is kept and all is closed.

    Raises:
        ConfigurationError: folder, port, keys or street file don't fit; one sentence says what to do.
        StorageError: the folder cannot be written.
        UsageError: the street file or the profile is wrong.
    """
    if not 1 <= settings.speed <= 3_600:
        raise UsageError(f"speed {settings.speed} is not 1 to 3600", remedy="Choose, say, --speed 300.")
    with DataFolder(settings.folder) as folder:
        plan = _plan(folder, settings)
        keys = _keys(folder)
        with closing(KeyUsage(folder.keys)) as usage, Database(folder.url) as database, ExitStack() as opened:
            services = token_schemes(folder.path, _key_store(folder, plan, keys, usage))
            books = Books(database, services, os.urandom, limits=read_limits(folder.path), apart=plan.keys.apart)
            resumed = books.resumed_at()
            start = plan.start if resumed is None else resumed
            pending = books.resume(start)
            pump = Pump(PacedClock(start, settings.speed, max(_LONGEST_STEP, settings.speed * 4)))
            measured = _measured(settings, plan)
            demand = synthetic_demand(settings.seed) if measured is None else measured.demands
            options = StreetOptions(open_readers=settings.open_readers)
            office, tls = None, None
            trusted = _trusted(folder, settings.trust)
            if trusted is not None:
                office, daemon = opened.enter_context(open_office(trusted, keys, database, pump.clock))
                _keep_trusted(folder, trusted)
                server = await serve_signing(daemon, trusted / "signing" / SOCKET)
                opened.callback(server.close)
                tls = StreetTls(folder.keys / "tls", keys, os.urandom, SystemClock().now())
            street = LiveStreet(plan, keys, books, pump, demand, _entropy, start, options, office=office)
            addresses = await lay_tcp(
                pump, street, carrier_port=settings.carrier_port, first_meter_port=settings.first_meter_port, tls=tls
            )
            gc.freeze()  # what stands by now stays: the collector took a tenth of each payment to look at it again
            opened.callback(gc.unfreeze)
            pump.every(max(MINUTE, _LOOKS_S * settings.speed * SECOND), street.swaps.look)
            if street.sealed is not None:  # orders that were raised on the command line
                looks = max(MINUTE, _LOOKS_S * settings.speed * SECOND)
                pump.every(looks, street.sealed.look)
                pump.every(looks, street.sealed.watch)
            failed = BookKeeping(pump, street, books).failed
            try:
                async with telling(database):
                    yield RunningStreet(
                        street,
                        StreetDesk(street, settings.speed),
                        pump,
                        addresses,
                        resumed is not None,
                        measured,
                        failed,
                        pending,
                        ApiAccess(database),
                        None if street.sealed is None else StreetOrderRoom(street, street.sealed),
                    )
            finally:
                await pump.close()
                street.checkpoint()


def _entropy(_purpose: str) -> Callable[[int], bytes]:
    return os.urandom


def _plan(folder: DataFolder, settings: RunSettings) -> StreetPlan:
    """The street that the folder belongs to; a new folder takes the one given."""
    path = folder.path / _STREET_FILE
    if path.exists():
        return parse_street(path.read_text(encoding="utf-8"), str(path))
    plan = parse_street(settings.street, settings.source)
    _write_private(path, settings.street.encode())
    return plan


def _trusted(folder: DataFolder, asked: Path | None) -> Path | None:
    """The street's trust folder: the one of its first run with one, or the one asked for now."""
    path = folder.path / _TRUST_FILE
    kept = Path(path.read_text(encoding="utf-8").strip()) if path.exists() else None
    if kept is not None and asked is not None and asked.resolve() != kept:
        raise ConfigurationError(
            f"the street trusts {kept}, not {asked}",
            why="Its devices hold the keys of that folder's parties.",
            remedy="Start it without --trust, or with that folder.",
        )
    return asked.resolve() if kept is None and asked is not None else kept


def _keep_trusted(folder: DataFolder, trusted: Path) -> None:
    """Once it has opened, and not before: a folder that was mistyped must not be the street's for ever."""
    path = folder.path / _TRUST_FILE
    if not path.exists():
        _write_private(path, str(trusted).encode())


def _keys(folder: DataFolder) -> StreetKeys:
    path = folder.keys / SECRET_FILE
    if not path.exists():
        _write_private(path, os.urandom(SECRET_LENGTH))
    return kept_keys(folder.keys)


def _write_private(path: Path, content: bytes) -> None:
    """All of it or nothing: a disk that fills half-way must not leave a file that the next start believes."""
    fresh = path.with_name(f"{path.name}.fresh")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written",
            why=f"The system says: {error.strerror or error}.",
            remedy="Free some space or mend the rights of the data folder, then try again.",
        ) from error


def _key_store(folder: DataFolder, plan: StreetPlan, keys: StreetKeys, usage: KeyUsage) -> KeyStore:
    store = open_key_store(plan.keys, folder.keys, usage)
    if not store.has(SUPPLY_GROUP, 1):
        store.add(SUPPLY_GROUP, 1, keys.vending(SUPPLY_GROUP))
    return store


def _measured(settings: RunSettings, plan: StreetPlan) -> MeasuredDemand | None:
    if settings.profile is None:
        return None
    return measured_demand(settings.profile, settings.profile_options or ProfileOptions(), plan.start)
