"""Whole days as Parquet: `date=YYYY-MM-DD/fuel=…/part.parquet`, one wide row a meter, zstd (design D8).

A flush writes the partition anew from what has landed, in a file beside it that takes its place at once; so flushing
again is harmless, and a reader sees the old file or the new one, never half of one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from meterhouse.model import (
    HALF_HOUR,
    HALF_HOURS_A_DAY,
    DayProfile,
    Eui64,
    Fuel,
    HalfHour,
    Instant,
    Quality,
    StorageError,
    isoformat,
    parse_instant,
)

__all__ = ["SCHEMA", "partition_path", "partitions", "read_partition", "write_partition"]

SCHEMA: Final = pa.schema(
    [
        pa.field("meter", pa.string(), nullable=False),
        pa.field("opening", pa.int64()),
        pa.field("registers", pa.list_(pa.int64(), HALF_HOURS_A_DAY), nullable=False),
        pa.field("quality", pa.list_(pa.uint16(), HALF_HOURS_A_DAY), nullable=False),
    ]
)
"""Registers in Wh or litres; null where missing, whose quality has the bit MISSING."""

_PART: Final = "part.parquet"


def partition_path(root: Path, day: Instant, fuel: Fuel) -> Path:
    """Where the meter days of one UTC day and fuel are."""
    return root / f"date={isoformat(day)[:10]}" / f"fuel={fuel.value}" / _PART


def partitions(root: Path) -> tuple[tuple[Instant, Fuel], ...]:
    """The (day, fuel) of every partition, in order."""
    found = [
        (parse_instant(path.parent.parent.name.removeprefix("date=")), Fuel(path.parent.name.removeprefix("fuel=")))
        for path in root.glob(f"date=*/fuel=*/{_PART}")
    ]
    return tuple(sorted(found))


def write_partition(root: Path, day: Instant, fuel: Fuel, profiles: Sequence[DayProfile]) -> Path:
    """Write all meter days of one UTC day and fuel, in place of what was there.

    Raises:
        StorageError: it could not be written; what was there still is.
    """
    path = partition_path(root, day, fuel)
    fresh = path.with_suffix(".fresh")
    rows = [_row(profile) for profile in sorted(profiles, key=lambda profile: profile.meter)]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise StorageError(
            f"interval data of {isoformat(day)[:10]} could not be written",
            why=f"{error}.",
            remedy="Free some space or mend the rights of the data folder; it is written again by the next flush.",
        ) from error
    return path


def read_partition(root: Path, day: Instant, fuel: Fuel) -> Iterator[DayProfile]:
    """The meter days of one UTC day and fuel, by meter; none where there is no partition.

    Raises:
        StorageError: the file cannot be read.
    """
    path = partition_path(root, day, fuel)
    if not path.exists():
        return
    try:
        table = pq.read_table(path, schema=SCHEMA, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise StorageError(
            f"interval data {path.name} of {isoformat(day)[:10]} cannot be read", why=f"{error}."
        ) from error
    for row in table.to_pylist():
        yield _profile(row, day, fuel)


def _row(profile: DayProfile) -> dict[str, object]:
    registers: list[int | None] = [None] * HALF_HOURS_A_DAY
    quality = [int(Quality.MISSING)] * HALF_HOURS_A_DAY
    for half_hour in profile.rows:
        slot = (half_hour.end - profile.day) // HALF_HOUR - 1
        registers[slot], quality[slot] = half_hour.register, int(half_hour.quality)
    meter = profile.meter.octets.hex()
    return {"meter": meter, "opening": profile.opening, "registers": registers, "quality": quality}


def _profile(row: dict[str, Any], day: Instant, fuel: Fuel) -> DayProfile:
    rows = tuple(
        HalfHour(Instant(day + (slot + 1) * HALF_HOUR), register, Quality(row["quality"][slot]))
        for slot, register in enumerate(row["registers"])
        if register is not None
    )
    return DayProfile(Eui64(bytes.fromhex(row["meter"])), fuel, day, row["opening"], rows)
