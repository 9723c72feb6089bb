"""Opening measured files: Parquet, CSV and NEM12, plain or gzipped. The only part of this room that touches a disk."""

from __future__ import annotations

import csv
import gzip
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from meterhouse.model import UsageError
from meterhouse.store.profiles.columns import recognise
from meterhouse.store.profiles.nem12 import profile_of_nem12
from meterhouse.store.profiles.options import ProfileOptions
from meterhouse.store.profiles.profile import ProfileReport
from meterhouse.store.profiles.table import Table, WallTime, profile_of_table

__all__ = ["read_profile", "table_of_csv"]

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  wall times have no zone; that is their point
_MILLISECOND: Final = timedelta(milliseconds=1)
_LARGEST_TEXT: Final = 1 << 30
"""A gzipped file that unpacks to more than this is refused."""


def read_profile(path: Path | str, options: ProfileOptions | None = None) -> ProfileReport:
    """What the homes in a measured file used, and a report of everything in it that was not plain.

    Args:
        path: `.parquet`, `.csv` or `.csv.gz`; a CSV that begins with a 100 or 200 record is read as NEM12.
        options: where the file's own names leave a doubt.

    Raises:
        UsageError: the file cannot be read, or something about it would have to be guessed; says what to do.
    """
    path = Path(path)
    chosen = options or ProfileOptions()
    if path.name.endswith((".parquet", ".pq")):
        return profile_of_table(_table_of_parquet(path, chosen), chosen)
    try:
        return _profile_of_text(_text(path), path.name, chosen)
    except csv.Error as error:
        raise UsageError(f"{path.name} is not CSV: {error}", remedy="Give commas between plain cells.") from error


def _profile_of_text(text: str, name: str, chosen: ProfileOptions) -> ProfileReport:
    if text.startswith(("100,NEM12", "200,")):
        return profile_of_nem12(text, name, chosen)
    return profile_of_table(table_of_csv(text, name, chosen), chosen)


def _text(path: Path) -> str:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as packed:
                octets = packed.read(_LARGEST_TEXT + 1)
        else:
            octets = path.read_bytes()
        if len(octets) > _LARGEST_TEXT:
            raise UsageError(f"{path.name} holds more than {_LARGEST_TEXT >> 20} MiB", remedy="Split it by home.")
        return octets.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name} cannot be read: {error}", remedy="Give a Parquet, CSV or NEM12 file in UTF-8."
        ) from error


def table_of_csv(text: str, source: str, options: ProfileOptions) -> Table:
    """The table in a CSV text whose first line names its columns; amounts stay text, so they stay exact.

    Raises:
        UsageError: no header, or its time column is in doubt.
    """
    rows = csv.reader(text.splitlines())
    header = [name.strip() for name in next(rows, [])]
    if not header:
        raise UsageError(f"{source} is empty", remedy="Give a CSV file whose first line names its columns.")
    time = recognise(header, options).time
    columns: dict[str, list[object]] = {name: [] for name in header}
    for row in rows:
        cells = [cell.strip() for cell in row] + [""] * (len(header) - len(row))
        for name, cell in zip(header, cells, strict=False):
            columns[name].append(_moment(cell) or cell if name == time else cell)
    return Table(source, columns, first_row=2)


def _moment(text: str) -> WallTime | None:
    try:
        moment = datetime.fromisoformat(text)
        utc = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return (utc - _EPOCH) // _MILLISECOND, moment.tzinfo is not None


def _table_of_parquet(path: Path, options: ProfileOptions) -> Table:
    try:
        roles = recognise(pq.read_schema(path).names, options)
        names = list(dict.fromkeys(name for name in (roles.time, roles.home, *(c.name for c in roles.amounts)) if name))
        read = pq.read_table(path, columns=names)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path.name} cannot be read: {error}", remedy="Give a readable Parquet file.") from error
    columns: dict[str, list[object]] = {name: read[name].to_pylist() for name in names if name != roles.time}
    columns[roles.time] = _moments(read[roles.time])
    return Table(path.name, columns, first_row=1)


def _moments(column: pa.ChunkedArray) -> list[object]:
    """Timestamps as wall times; a text column is parsed as ISO 8601."""
    if not pa.types.is_timestamp(column.type):
        return [_moment(str(cell)) or cell for cell in column.to_pylist()]
    utc = column.type.tz is not None
    walls = column.cast(pa.timestamp("ms", column.type.tz), safe=False).cast(pa.int64()).to_pylist()
    return [None if wall is None else (wall, utc) for wall in walls]
