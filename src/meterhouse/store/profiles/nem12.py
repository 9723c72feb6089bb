"""NEM12, the Australian market's interval file: 200 names a channel, 300 holds a day of it, 400 tells its quality.

Channels E1 … E9 are energy used and are summed; B (export), Q and K (reactive) and all others are passed over. Times
are market time, UTC+10 the year round, unless a zone is given; a day's first value ends one interval after midnight.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

from meterhouse.model import DAY, MINUTE, Duration, Fuel, Instant, UsageError, instant_of
from meterhouse.store.profiles.amounts import nano_of
from meterhouse.store.profiles.findings import FindingLog, Problem
from meterhouse.store.profiles.home_series import Channel, Row, fold, note_gaps, one_channel, ordered
from meterhouse.store.profiles.options import Label, ProfileOptions, SeriesKind
from meterhouse.store.profiles.profile import HomeProfile, MeasuredProfile, ProfileReport, require_something
from meterhouse.store.profiles.wall_time import WallTimes, zone_of

__all__ = ["profile_of_nem12"]

_UNITS: Final = {"kwh": Fraction(1), "wh": Fraction(1, 1000), "mwh": Fraction(1000)}
_MARKET_ZONE: Final = "+10:00"
_SHORTEST: Final = 5
_ACTUAL: Final = frozenset("AV")
_NONE: Final = "N"


@dataclass(slots=True)
class _Stream:
    """One 200 record and the intervals that followed it."""

    home: str
    suffix: str
    scale: Fraction
    interval: Duration
    rows: list[Row] = field(default_factory=list)
    values: list[int | None] = field(default_factory=list)
    day: list[int | None] = field(default_factory=list)
    """Where the latest 300 record's values went, for the 400 records after it."""


def profile_of_nem12(text: str, source: str, options: ProfileOptions) -> ProfileReport:
    """The profile in the text of a NEM12 file.

    Raises:
        UsageError: it has no channel of energy used.
    """
    log = FindingLog()
    reader = _Reader(log, WallTimes(zone_of(options.zone or _MARKET_ZONE), "300", log), frozenset(options.homes))
    for number, record in enumerate(csv.reader(text.splitlines()), start=1):
        reader.take(number, record)
    if not reader.streams:
        raise UsageError(
            f"{source} has no channel of energy used",
            why="A channel E1 to E9 in kWh, Wh or MWh is needed (200 record).",
            remedy="Ask the meter data provider for the E channel.",
        )
    homes: dict[str, HomeProfile] = {}
    for home in dict.fromkeys(home for home, _ in reader.streams):
        homes[home] = _one_home(
            home, [stream for key, stream in reader.streams.items() if key[0] == home], options, log
        )
    assumptions = (
        f"times are {options.zone or 'market time, UTC+10'}, and each value ends its interval",
        "channels E are the electricity used",
    )
    require_something(homes, source, log)
    profile = MeasuredProfile(source, homes)
    return ProfileReport(profile, assumptions, tuple(log.findings), dict(log.counts), reader.days)


class _Reader:
    """Takes the records one by one."""

    __slots__ = ("_log", "_stream", "_walls", "_wanted", "days", "streams")

    def __init__(self, log: FindingLog, walls: WallTimes, wanted: frozenset[str]) -> None:
        self._log = log
        self._walls = walls
        self._wanted = wanted
        self._stream: _Stream | None = None
        self.streams: dict[tuple[str, str], _Stream] = {}
        self.days = 0

    def take(self, number: int, record: list[str]) -> None:
        """One line of the file."""
        kind = record[0].strip() if record else ""
        if kind == "200":
            self._open(number, record)
        elif kind == "300":
            self.days += 1
            if self._stream is not None:
                self._day(number, record, self._stream)
        elif kind == "400":
            self._quality(number, record)
        elif kind not in ("", "100", "500", "900"):
            self._log.add(number, kind[:20], None, Problem.BAD_RECORD, "the line was left out")

    def _open(self, number: int, record: list[str]) -> None:
        self._stream = None
        cells = [cell.strip() for cell in record] + [""] * 10
        home, suffix, unit, minutes = cells[1], cells[4], cells[7].lower(), cells[8]
        if not suffix.upper().startswith("E") or (self._wanted and home not in self._wanted):
            return
        interval = int(minutes) * MINUTE if minutes.isdecimal() else 0
        if unit not in _UNITS or interval not in (5 * MINUTE, 15 * MINUTE, 30 * MINUTE):
            self._log.add(number, "200", f"{cells[7]},{minutes}", Problem.BAD_RECORD, f"channel {suffix} was left out")
            return
        stream = self.streams.setdefault((home, suffix), _Stream(home, suffix, _UNITS[unit], interval))
        if stream.interval != interval or stream.scale != _UNITS[unit]:
            self._log.add(number, "200", f"{unit},{minutes}", Problem.BAD_RECORD, "its interval changed; left out")
            return
        self._stream = stream

    def _day(self, number: int, record: list[str], stream: _Stream) -> None:
        stream.day = []
        count = DAY // stream.interval
        day = _date(record[1] if len(record) > 1 else "")
        if day is None or len(record) < count + 2:
            told = record[1] if day is None and len(record) > 1 else f"{len(record) - 2} cells for {count} values"
            self._log.add(number, "300", told, Problem.BAD_RECORD, "the day was left out")
            return
        quality = record[count + 2].strip()[:1].upper() if len(record) > count + 2 else ""
        if quality not in _ACTUAL:
            done = "the day was left out" if quality == _NONE else "taken as it stands"
            self._log.add(number, "300", quality or "no quality", Problem.SUBSTITUTED, done)
        for place, cell in enumerate(record[2 : count + 2], start=1):
            at = self._walls.instant(day + place * stream.interval, number, stream.home)
            value = None if quality == _NONE else nano_of(cell, stream.scale)
            if value is None and quality != _NONE:
                self._log.add(number, f"300 value {place}", cell, Problem.NOT_A_NUMBER, "taken as empty")
            stream.day.append(None if at is None else len(stream.values))
            if at is not None:
                stream.rows.append((at, number))
                stream.values.append(value)

    def _quality(self, number: int, record: list[str]) -> None:
        """Parts of the day before: null ones are emptied, substituted ones are only told."""
        stream = self._stream
        if stream is None:
            return
        count = DAY // stream.interval
        cells = [cell.strip() for cell in record] + [""] * 4
        quality = cells[3][:1].upper()
        if not (cells[1].isdecimal() and cells[2].isdecimal() and 1 <= int(cells[1]) <= int(cells[2]) <= count):
            self._log.add(number, "400", ",".join(record[1:3]), Problem.BAD_RECORD, "the line was left out")
            return
        first, last = int(cells[1]), int(cells[2])
        if quality == "A":
            return
        empty = quality == _NONE
        for place in stream.day[first - 1 : last] if empty else ():
            if place is not None:
                stream.values[place] = None
        value = f"values {first} to {last} are {cells[3]}"
        self._log.add(number, "400", value, Problem.SUBSTITUTED, "left out" if empty else "taken as they stand")


def _date(text: str) -> Instant | None:
    try:
        return instant_of(datetime.strptime(text.strip(), "%Y%m%d").replace(tzinfo=UTC))
    except ValueError:
        return None


def _one_home(home: str, streams: list[_Stream], options: ProfileOptions, log: FindingLog) -> HomeProfile:
    plain = replace(options, kind=SeriesKind.INTERVAL, label=Label.END)
    channels = []
    for stream in streams:
        kept = ordered(stream.rows, "300", log)
        rows = [stream.rows[index] for index in kept]
        note_gaps(rows, stream.interval, "300", log)
        channel = Channel(stream.suffix, Fuel.ELECTRICITY, [stream.values[index] for index in kept])
        channels.append(one_channel(rows, channel, stream.interval, plain, log))
    return HomeProfile(home, streams[0].interval, fold(channels, min(stream.interval for stream in streams)), {})
