"""A copy of a data folder while it is in use, and its return without any number being given out twice.

A backup is always older than what it is restored over: meters have taken tokens, and hubs have seen counters, that it
does not know. So a restore lifts every token identifier and every counter past anything the lost time can have used.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import update

from meterhouse.model import MINUTE, ConfigurationError, Instant, StorageError, parse_instant
from meterhouse.store.counters import SEEN
from meterhouse.store.database import Database
from meterhouse.store.folder import DataFolder
from meterhouse.store.registry import verify
from meterhouse.store.schema import counters, meters
from meterhouse.store.transaction import Transaction

__all__ = ["CODES_SKIPPED", "COUNTERS_SKIPPED", "TIDS_SKIPPED", "Restored", "back_up", "lift", "restore"]

TIDS_SKIPPED: Final = 1_440
"""STS identifiers skipped beyond the clock's minute, for each meter: tokens that were sold faster than one a minute."""
CODES_SKIPPED: Final = 50
"""Counters skipped where a scheme counts codes, not minutes: its devices look only so far ahead (UTRN: 512)."""
COUNTERS_SKIPPED: Final = 1_000_000
"""Values skipped of every counter: more than a device uses in years."""

_DATABASE: Final = "meterhouse.db"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        meters: whose token identifiers were lifted.
        counters: how many counters were.
        pending: payments whose tokens were being made at the moment of the copy.
    """

    meters: int
    counters: int
    pending: int


def back_up(folder: Path, to: Path) -> None:
    """Copy a data folder that may be in use; the copy is one consistent state.

    Keys are copied too: guard the copy as you guard the folder.

    Raises:
        ConfigurationError: there is no data folder, or the copy's place is taken.
        StorageError: it could not be written; what was begun is removed.
    """
    if not (folder / _DATABASE).exists():
        raise ConfigurationError(f"{folder} is not a data folder", remedy="Name the folder that `meterhouse up` uses.")
    if to.exists():
        raise ConfigurationError(f"{to} is there already", remedy="Name a new folder for the copy.")
    part = to.with_name(to.name + ".part")
    try:
        part.mkdir(parents=True, mode=0o700)
        for entry in sorted(folder.iterdir()):
            if entry.is_dir():
                shutil.copytree(entry, part / entry.name)
            elif entry.name != "lock" and not entry.name.startswith(_DATABASE):
                shutil.copy2(entry, part / entry.name)
        _copy_database(folder / _DATABASE, part / _DATABASE)
        part.rename(to)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise StorageError(f"the copy {to} could not be made", why=f"{error}.", remedy="Free some space.") from error


def restore(backup: Path, folder: Path, now: Instant) -> Restored:
    """Make a data folder from a backup, with every identifier and counter lifted past what the lost time can have used.

    Args:
        backup: what `back_up` made; it is not changed.
        folder: new or empty.
        now: the last moment at which the lost folder can have sold anything, by its own clock.

    The street's own checkpoint comes back as it was; devices that live outside it are ahead of it.

    Raises:
        ConfigurationError: there is no backup, the folder is there already, or the book of the copy does not add up.
        StorageError: it could not be written; what was begun is removed.
    """
    if not (backup / _DATABASE).exists():
        raise ConfigurationError(f"{backup} is not a backup", remedy="Name the folder that `meterhouse backup` made.")
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(
            f"{folder} is not empty",
            why="A restore never writes over a folder: what is in it may be newer than the backup.",
            remedy="Move it away first.",
        )
    try:
        shutil.copytree(backup, folder, dirs_exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} could not be written", why=f"{error}.", remedy="Free some space.") from error
    with DataFolder(folder) as opened, Database(opened.url) as database:
        found = database.run(lambda tx: lift(tx, now))
        broken = database.read(verify)
    if broken:
        raise ConfigurationError(f"the book of {backup} does not add up: {broken[0].law}", why=f"{broken[0].detail}.")
    return found


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def lift(transaction: Transaction, now: Instant) -> Restored:
    """Lift every identifier and counter past what may have been given out up to `now`, and leave nothing else changed.

    For a PostgreSQL database that its own tools have restored; `restore` does it by itself.
    """
    # An STS identifier is the minute it was made in, or later: so the present minute is past all of them but few.
    lifted = 0
    for row in transaction.rows(meters.select().where(meters.c.scheme.like("sts%"))):
        base = (now - parse_instant(f"{row.base_date}-01-01")) // MINUTE
        newest = max(row.last_tid or 0, base) + TIDS_SKIPPED
        transaction.execute(update(meters).where(meters.c.meter == row.meter).values(last_tid=newest))
        lifted += 1
    others = (
        update(meters)
        .where(meters.c.scheme.not_like("sts%"), meters.c.last_tid.is_not(None))
        .values(last_tid=meters.c.last_tid + CODES_SKIPPED)
    )
    lifted += transaction.execute(others).rowcount
    ours = update(counters).where(counters.c.name.not_like(f"{SEEN}%"))
    raised = transaction.execute(ours.values(reserved=counters.c.reserved + COUNTERS_SKIPPED)).rowcount
    pending = transaction.connection.exec_driver_sql("SELECT count(*) FROM vends WHERE state = 'pending'").scalar_one()
    return Restored(lifted, raised, int(pending))
