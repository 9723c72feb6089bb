"""Flushing landed meter days to Parquet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from meterhouse.model import DAY, DayProfile, Fuel, Instant
from meterhouse.store.database import Database
from meterhouse.store.intervals import write_partition
from meterhouse.store.meter_days import SqlIntervals
from meterhouse.store.transaction import Transaction

__all__ = ["flush_days"]


def flush_days(database: Database, root: Path, first: Instant, end: Instant) -> tuple[Path, ...]:
    """Write the partitions of every day from `first` until before `end` that has landed data; again does no harm.

    Raises:
        StorageError: a partition could not be written; those before it are.
    """
    days = database.read(lambda transaction: SqlIntervals(transaction).days(first, end))
    written: list[Path] = []
    for day in days:
        for fuel in Fuel:
            profiles = database.read(_exported(day, fuel))
            if profiles:
                written.append(write_partition(root, day, fuel, profiles))
    return tuple(written)


def _exported(day: Instant, fuel: Fuel) -> Callable[[Transaction], list[DayProfile]]:
    return lambda transaction: list(SqlIntervals(transaction).export(day, Instant(day + DAY), fuel))
