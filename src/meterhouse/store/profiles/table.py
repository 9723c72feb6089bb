"""From a table in memory to a profile: pure, so a test or a web upload can use it as well as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from fractions import Fraction
from typing import Final

from meterhouse.model import Fuel, Instant, UsageError
from meterhouse.store.profiles.amounts import nano_of
from meterhouse.store.profiles.columns import Roles, recognise
from meterhouse.store.profiles.findings import FindingLog, Problem
from meterhouse.store.profiles.home_series import (
    Channel,
    Row,
    fold,
    interval_of,
    looks_like_register,
    note_gaps,
    one_channel,
    ordered,
)
from meterhouse.store.profiles.options import ProfileOptions, SeriesKind
from meterhouse.store.profiles.profile import HomeProfile, MeasuredProfile, ProfileReport, require_something
from meterhouse.store.profiles.wall_time import WallTimes, zone_of

__all__ = ["Table", "WallTime", "profile_of_table"]

_LATEST: Final = 4_102_444_800_000
"""The year 2100."""

WallTime = tuple[int, bool]
"""(ms as if UTC, whether it is UTC indeed)."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length.

    Attributes:
        source: the file's name, for messages.
        columns: cells by column name; text, numbers or None. The time column holds WallTime or the text that is none.
        first_row: number of the first data row.
    """

    source: str
    columns: Mapping[str, Sequence[object]]
    first_row: int


def profile_of_table(table: Table, options: ProfileOptions) -> ProfileReport:
    """The profile in a table.

    Raises:
        UsageError: a column is missing or in doubt, times have no zone, or nothing usable is left; says the remedy.
    """
    roles = recognise(list(table.columns), options)
    log = FindingLog()
    assumptions = list(roles.assumptions)
    homes = _rows_by_home(table, roles, options, log, assumptions)
    if not homes:
        raise UsageError(f"{table.source} has no row with a time", remedy=f"Look at its column '{roles.time}'.")
    profiles = {}
    for home, found in homes.items():
        profiles[home] = _one_home(table, roles, options, log, assumptions, home, found)
    require_something(profiles, table.source, log)
    return ProfileReport(
        MeasuredProfile(table.source, profiles),
        tuple(dict.fromkeys(assumptions)),
        tuple(log.findings),
        dict(log.counts),
        len(table.columns[roles.time]),
    )


def _zone(roles: Roles, options: ProfileOptions, assumptions: list[str]) -> tzinfo | None:
    if options.zone:
        return zone_of(options.zone)
    if roles.utc:
        assumptions.append(f"times are UTC, as the name {roles.time} says")
        return UTC
    return None


def _rows_by_home(
    table: Table, roles: Roles, options: ProfileOptions, log: FindingLog, assumptions: list[str]
) -> dict[str, list[Row]]:
    """The instants and places of the rows of each home, in file order; the row number is the place for now."""
    zone = _zone(roles, options, assumptions)
    walls = WallTimes(zone or UTC, roles.time, log)
    names = table.columns[roles.home] if roles.home else None
    wanted = frozenset(options.homes)
    homes: dict[str, list[Row]] = {}
    for place, cell in enumerate(table.columns[roles.time]):
        home = str(names[place]) if names is not None else "home"
        if wanted and home not in wanted:
            continue
        row = table.first_row + place
        if not isinstance(cell, tuple):
            log.add(row, roles.time, cell, Problem.NOT_A_TIME, "the row was left out")
            continue
        wall, utc = cell
        if not 0 <= wall < _LATEST:
            log.add(row, roles.time, wall, Problem.NOT_A_TIME, "the row was left out: not in 1970 to 2099")
            continue
        if not utc and zone is None:
            raise UsageError(
                f"the times in column '{roles.time}' name no zone",
                why="Half hours are kept in UTC, and clocks that change would lose or double an hour.",
                remedy="Say which it is, for instance --zone UTC, --zone +10:00 or --zone Europe/London.",
            )
        at = Instant(wall) if utc else walls.instant(wall, row, home)
        if at is not None:
            homes.setdefault(home, []).append((at, place))
    return homes


def _one_home(
    table: Table,
    roles: Roles,
    options: ProfileOptions,
    log: FindingLog,
    assumptions: list[str],
    home: str,
    found: Sequence[Row],
) -> HomeProfile:
    rows = [(at, place + table.first_row) for at, place in found]
    kept = ordered(rows, roles.time, log)
    places = [found[index][1] for index in kept]
    rows = [rows[index] for index in kept]
    interval = interval_of(rows, home)
    note_gaps(rows, interval, roles.time, log)
    fuels: dict[Fuel, list[dict[int, int]]] = {Fuel.ELECTRICITY: [], Fuel.GAS: []}
    for column in roles.amounts:
        cells = table.columns[column.name]
        values = [_amount(cells[place], column.scale, column.name, place + table.first_row, log) for place in places]
        kind = options.kind
        if kind is SeriesKind.AUTO:
            kind = SeriesKind.REGISTER if looks_like_register(values) else SeriesKind.INTERVAL
            assumptions.append(f"column {column.name} holds {_KINDS[kind]}")
        if kind is SeriesKind.INTERVAL:
            assumptions.append(f"a time names the {options.label} of its interval")
        channel = Channel(column.name, column.fuel, values)
        fuels[column.fuel].append(one_channel(rows, channel, interval, replace(options, kind=kind), log))
    return HomeProfile(home, interval, fold(fuels[Fuel.ELECTRICITY], interval), fold(fuels[Fuel.GAS], interval))


_KINDS: Final = {SeriesKind.REGISTER: "readings of a register", SeriesKind.INTERVAL: "the use of each interval"}


def _amount(cell: object, scale: Fraction, column: str, row: int, log: FindingLog) -> int | None:
    if cell is None or cell == "" or cell != cell:  # noqa: PLR0124  only NaN differs from itself
        return None
    amount = nano_of(cell, scale)
    if amount is None:
        log.add(row, column, cell, Problem.NOT_A_NUMBER, "taken as empty")
    return amount
