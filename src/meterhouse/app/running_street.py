"""A street as a process: data folder, keys, database, pump and sockets, opened and closed in order."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meterhouse.app.books import Books
from meterhouse.app.customers import Customers
from meterhouse.app.demand import MeasuredDemand, measured_demand, synthetic_demand
from meterhouse.app.keys import SECRET_LENGTH, StreetKeys
from meterhouse.app.live_street import LiveStreet, StreetOptions
from meterhouse.app.site import SUPPLY_GROUP
from meterhouse.app.street import StreetPlan, parse_street
from meterhouse.app.street_desk import StreetDesk
from meterhouse.app.tcp_wires import Addresses, lay_tcp
from meterhouse.links import PacedClock, Pump
from meterhouse.model import HOUR, MINUTE, SECOND, ConfigurationError, Event, Instant
from meterhouse.store import Database, DataFolder, FileKeyStore
from meterhouse.store.profiles import ProfileOptions
from meterhouse.supplier.vending import StsService

__all__ = ["RunSettings", "RunningStreet", "open_street"]

_STREET_FILE: Final = "street.toml"
_SECRET_FILE: Final = "street.secret"  # noqa: S105 -- a file's name
_LONGEST_STEP: Final = 4 * SECOND
_CHECKPOINT_EVERY: Final = 6 * HOUR
_EVENTS_EVERY: Final = MINUTE
_AT_ONCE: Final = ("token.accepted", "counter.reserved", "state.due", "switch.", "valve.")
"""What must not be forgotten by a power cut: a checkpoint follows at once."""
_ROUTINE: Final = frozenset(
    {"report.sent", "report.acknowledged", "cutoff.written", "call.answered", "counter.reserved", "state.due"}
)
"""Told every half hour or to nobody: not kept for people."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to run a street.

    Attributes:
        folder: the data folder, made if it is not there.
        street: text of the street file for a new folder; a folder that has one keeps it.
        speed: street seconds in a second of the wall, 1 to 3600.
        profile: a measured file that drives the homes, and how to read it.
        seed: of the made-up households where there is no profile.
    """

    folder: Path
    street: str
    speed: int = 300
    profile: Path | None = None
    profile_options: ProfileOptions | None = None
    seed: int = 1
    open_readers: bool = False
    carrier_port: int = 0
    first_meter_port: int = 0


@dataclass(frozen=True, slots=True)
class RunningStreet:
    """An open street.

    Attributes:
        resumed: whether it goes on from an earlier run.
        measured: how the profile was read, where there is one.
    """

    street: LiveStreet
    desk: StreetDesk
    pump: Pump
    addresses: Addresses
    resumed: bool
    measured: MeasuredDemand | None


@asynccontextmanager
async def open_street(settings: RunSettings) -> AsyncIterator[RunningStreet]:
    """Open a street; drive it with `await running.pump.run()`. On leaving, a last checkpoint is kept and all is closed.

    Raises:
        ConfigurationError: folder, port, keys or street file don't fit; one sentence says what to do.
        StorageError: the folder cannot be written.
        UsageError: the street file or the profile is wrong.
    """
    if not 1 <= settings.speed <= 3_600:
        raise ConfigurationError(f"speed {settings.speed} is not 1 to 3600", remedy="Choose, say, --speed 300.")
    with DataFolder(settings.folder) as folder:
        plan = _plan(folder, settings)
        keys = _keys(folder)
        with Database(folder.url) as database:
            books = Books(database, StsService(_key_store(folder, keys)))
            resumed = books.resumed_at()
            start = plan.start if resumed is None else resumed
            pump = Pump(PacedClock(start, settings.speed, max(_LONGEST_STEP, settings.speed * 4)))
            measured = _measured(settings, plan)
            demand = synthetic_demand(settings.seed) if measured is None else measured.demands
            options = StreetOptions(open_readers=settings.open_readers)
            street = LiveStreet(plan, keys, books, pump, demand, _entropy, start, options)
            addresses = await lay_tcp(
                pump, street, carrier_port=settings.carrier_port, first_meter_port=settings.first_meter_port
            )
            _keep_books(pump, street, books)
            try:
                yield RunningStreet(
                    street, StreetDesk(street, settings.speed), pump, addresses, resumed is not None, measured
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
    plan = parse_street(settings.street)
    path.write_text(settings.street, encoding="utf-8")
    return plan


def _keys(folder: DataFolder) -> StreetKeys:
    path = folder.keys / _SECRET_FILE
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(SECRET_LENGTH))
            file.flush()
            os.fsync(file.fileno())
    secret = path.read_bytes()
    if len(secret) != SECRET_LENGTH:
        raise ConfigurationError(f"{path} is damaged", remedy="Restore it from a backup, or start with a new folder.")
    return StreetKeys(secret)


def _key_store(folder: DataFolder, keys: StreetKeys) -> FileKeyStore:
    store = FileKeyStore(folder.keys)
    if not store.has(SUPPLY_GROUP, 1):
        store.add(SUPPLY_GROUP, 1, keys.vending(SUPPLY_GROUP))
    return store


def _measured(settings: RunSettings, plan: StreetPlan) -> MeasuredDemand | None:
    if settings.profile is None:
        return None
    return measured_demand(settings.profile, settings.profile_options or ProfileOptions(), plan.start)


def _keep_books(pump: Pump, street: LiveStreet, books: Books) -> None:
    """Customers look, checkpoints are kept, events are noted, all by the street's own clock."""
    pump.every(Customers.LOOKS, Customers(street).look, Customers.LOOKS)
    pump.every(_CHECKPOINT_EVERY, lambda _now: street.checkpoint(), _CHECKPOINT_EVERY)
    waiting: list[Event] = []
    asked = False

    def checkpoint(_now: Instant) -> None:
        nonlocal asked
        asked = False
        street.checkpoint()

    def ask(event: Event) -> None:
        nonlocal asked
        if not asked:
            asked = True
            pump.at(event.at, checkpoint)

    def note(event: Event) -> None:
        if event.kind not in _ROUTINE:
            waiting.append(event)

    def keep(_now: Instant) -> None:
        if waiting:
            books.note_events(tuple(waiting))
            waiting.clear()

    pump.on_event(ask, _AT_ONCE)
    pump.on_event(note)
    pump.every(_EVENTS_EVERY, keep, _EVENTS_EVERY)
