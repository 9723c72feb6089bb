"""From the rows of one home to its half hours: order, interval, gaps, registers, limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from meterhouse.model import HALF_HOUR, HOUR, MINUTE, Duration, Fuel, Instant, UsageError
from meterhouse.store.profiles.amounts import halves_with_carry
from meterhouse.store.profiles.findings import FindingLog, Problem
from meterhouse.store.profiles.options import Label, ProfileOptions, SeriesKind

__all__ = ["Channel", "Row", "fold", "interval_of", "looks_like_register", "note_gaps", "one_channel", "ordered"]

_INTERVALS: Final = (5 * MINUTE, 10 * MINUTE, 15 * MINUTE, HALF_HOUR, HOUR)
_REGISTER_STEPS: Final = 100
"""A register is recognised by at least so many steps, 99 of 100 of them not backwards, and a rise on the whole."""

Row = tuple[Instant, int]
"""(time, row number)."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of one home.

    Attributes:
        column: its name.
        fuel: what it measures.
        values: 10⁻⁹ kWh or m³, one for each row in time order; None where the cell is empty or no number.
    """

    column: str
    fuel: Fuel
    values: Sequence[int | None]


def ordered(rows: Sequence[Row], column: str, log: FindingLog) -> list[int]:
    """The places of the rows in rising time, without those that tell a time again."""
    for before, after in pairwise(rows):
        if after[0] < before[0]:
            log.add(after[1], column, _clock(after[0]), Problem.OUT_OF_ORDER, "put in its place")
    places = sorted(range(len(rows)), key=lambda place: rows[place][0])
    kept: list[int] = []
    for place in places:
        if kept and rows[kept[-1]][0] == rows[place][0]:
            done = f"the row was left out, row {rows[kept[-1]][1]} stands"
            log.add(rows[place][1], column, _clock(rows[place][0]), Problem.DUPLICATE, done)
        else:
            kept.append(place)
    return kept


def _clock(at: Instant) -> str:
    minutes = at // MINUTE
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d} UTC"


def interval_of(rows: Sequence[Row], home: str) -> Duration:
    """The commonest step.

    Raises:
        UsageError: fewer than two rows, or a step that half hours cannot be made of.
    """
    steps = Counter(after[0] - before[0] for before, after in pairwise(rows))
    if not steps:
        raise UsageError(f"home '{home}' has fewer than two rows", remedy="Give at least two times.")
    interval = steps.most_common(1)[0][0]
    if interval not in _INTERVALS:
        raise UsageError(
            f"home '{home}' is measured every {interval / MINUTE:g} minutes",
            why="Half hours can be made of intervals of 5, 10, 15, 30 or 60 minutes.",
            remedy="Give data at one of these intervals.",
        )
    return interval


def note_gaps(rows: Sequence[Row], interval: Duration, column: str, log: FindingLog) -> None:
    """Report each hole between two rows, once."""
    for before, after in pairwise(rows):
        missing = (after[0] - before[0]) // interval - 1
        if missing > 0:
            log.add(after[1], column, f"{missing} missing before", Problem.GAP, "nothing was put in their place")


def looks_like_register(values: Sequence[int | None]) -> bool:
    """Whether the numbers rise as a register does."""
    known = [value for value in values if value is not None]
    backwards = sum(after < before for before, after in pairwise(known))
    return len(known) > _REGISTER_STEPS and backwards * 100 < len(known) and known[-1] > known[0]


def one_channel(
    rows: Sequence[Row], channel: Channel, interval: Duration, options: ProfileOptions, log: FindingLog
) -> dict[int, int]:
    """10⁻⁹ kWh or m³ by the END of each half hour, or of each hour where the interval is one."""
    register = options.kind is SeriesKind.REGISTER
    if register:
        amounts = _steps(rows, channel, interval, log)
    else:
        shift = interval if options.label is Label.START else 0
        amounts = [(at + shift, row, value) for (at, row), value in zip(rows, channel.values, strict=True)]
    limit = options.absurd_wh if channel.fuel is Fuel.ELECTRICITY else options.absurd_litres
    believed = _believable(amounts, channel.column, limit * 1_000_000 * interval // HALF_HOUR, log)
    return _halves(believed, interval, channel.column, log)


def _steps(
    rows: Sequence[Row], channel: Channel, interval: Duration, log: FindingLog
) -> list[tuple[int, int, int | None]]:
    """The rises of a register over single intervals; an empty cell means that it stands still."""
    steps: list[tuple[int, int, int | None]] = []
    last: int | None = None
    doubted = False
    empty = [row for (_, row), told in zip(rows, channel.values, strict=True) if told is None]
    if empty:
        log.add(empty[0], channel.column, None, Problem.EMPTY, "the register is taken to stand still", len(empty))
    for place, ((at, row), told) in enumerate(zip(rows, channel.values, strict=True)):
        value = last if told is None else told
        if last is not None and value is not None and at - rows[place - 1][0] == interval:
            if value < last:
                done = "this interval and the next were left out"
                log.add(row, channel.column, _units(value - last), Problem.BACKWARDS, done)
            elif doubted:
                log.add(row, channel.column, _units(value - last), Problem.AFTER_BACKWARDS, "left out")
            else:
                steps.append((at, row, value - last))
            doubted = value < last
        last = value
    return steps


def _units(nano: int) -> str:
    return f"{nano / 1_000_000_000:g}"


def _believable(
    amounts: Sequence[tuple[int, int, int | None]], column: str, limit: int, log: FindingLog
) -> list[tuple[int, int, int]]:
    """The amounts without empty, negative and absurd ones; empty cells on end make one finding."""
    believed: list[tuple[int, int, int]] = []
    first_empty, empty = 0, 0
    for end, row, value in amounts:
        if value is None:
            first_empty, empty = (first_empty if empty else row), empty + 1
            continue
        if empty:
            log.add(first_empty, column, None, Problem.EMPTY, "left out", empty)
            empty = 0
        if value < 0:
            log.add(row, column, _units(value), Problem.NEGATIVE, "left out")
        elif value > limit:
            log.add(row, column, _units(value), Problem.ABSURD, f"left out; the limit is {_units(limit)}")
        else:
            believed.append((end, row, value))
    if empty:
        log.add(first_empty, column, None, Problem.EMPTY, "left out", empty)
    return believed


def _halves(
    believed: Sequence[tuple[int, int, int]], interval: Duration, column: str, log: FindingLog
) -> dict[int, int]:
    """Summed to half hours; one that lacks a part is left out. Times off the interval's boundary are too."""
    bucket = max(interval, HALF_HOUR)
    sums: dict[int, int] = {}
    parts: Counter[int] = Counter()
    first_row: dict[int, int] = {}
    for at, row, value in believed:
        if at % min(interval, HALF_HOUR):
            log.add(row, column, _clock(Instant(at)), Problem.OFF_GRID, "left out")
            continue
        end = at if interval == bucket else -(-at // bucket) * bucket
        sums[end] = sums.get(end, 0) + value
        parts[end] += 1
        first_row.setdefault(end, row)
    whole = bucket // interval
    for end in [end for end, count in parts.items() if count != whole]:
        told = f"{parts[end]} of {whole} parts"
        log.add(first_row[end], column, told, Problem.INCOMPLETE, "the half hour was left out")
        del sums[end]
    return sums


def fold(channels: Sequence[Mapping[int, int]], interval: Duration) -> dict[Instant, int]:
    """The sum of the channels of one fuel, in whole units; only where every channel tells the time."""
    if not channels:
        return {}
    shared = set(channels[0]).intersection(*channels[1:])
    return halves_with_carry(
        {end: sum(channel[end] for channel in channels) for end in shared}, max(interval, HALF_HOUR)
    )
