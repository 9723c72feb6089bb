"""Half hours as the chart draws them and as the CSV file lists them: one series, so the two can't differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from meterhouse.app.desk import HomeDetail
from meterhouse.console.views.words import day_text, grouped, local, quantity_text, time_text
from meterhouse.model import HALF_HOUR, Fuel, Instant, instant_of, isoformat

__all__ = ["LAST_DAYS", "DaySpan", "HalfHourSeries", "day_spans", "half_hour_series", "series_csv"]

LAST_DAYS: Final = 3
_LONGEST_PICKER: Final = 31
_UNITS: Final = {Fuel.ELECTRICITY: "Wh", Fuel.GAS: "litres"}


@dataclass(frozen=True, slots=True)
class DaySpan:
    """A choice of the day picker: half hours that end after `since` and not after `until`."""

    label: str
    since: Instant
    until: Instant


@dataclass(frozen=True, slots=True)
class HalfHourSeries:
    """One fuel's half hours in one span.

    Attributes:
        rows: (end, Wh or litres), oldest first; None marks a gap.
    """

    fuel: Fuel
    rows: tuple[tuple[Instant, int | None], ...]

    @property
    def unit(self) -> str:
        """`Wh` or `litres`."""
        return _UNITS[self.fuel]

    @property
    def total(self) -> int:
        """Wh or litres, gaps left out."""
        return sum(amount for _, amount in self.rows if amount is not None)

    @property
    def gaps(self) -> int:
        """How many half hours have not been collected."""
        return sum(amount is None for _, amount in self.rows)

    def labels(self, zone: tzinfo, *, with_day: bool) -> list[str]:
        """One label a bar, by the local time at which its half hour starts."""
        starts = [Instant(end - HALF_HOUR) for end, _ in self.rows]
        times = [time_text(start, zone) for start in starts]
        if not with_day:
            return times
        return [f"{day_text(start, zone)} {at}" for start, at in zip(starts, times, strict=True)]

    def caption(self) -> str:
        """`12.345 kWh in 48 half hours, 2 missing`; says so where there are none."""
        if not self.rows:
            return "No half hours yet: the head end reads each day soon after its midnight (UTC)."
        missing = f", {self.gaps} missing" if self.gaps else ""
        return f"{quantity_text(self.fuel, self.total)} in {grouped(len(self.rows))} half hours{missing}"


def half_hour_series(
    detail: HomeDetail, fuel: Fuel, since: Instant | None = None, until: Instant | None = None
) -> HalfHourSeries:
    """The half hours that end after `since` and not after `until`; None leaves that side open."""
    rows = detail.half_hours.get(fuel, ())
    if since is not None or until is not None:
        first = since if since is not None else 0
        last = until if until is not None else max((end for end, _ in rows), default=0)
        rows = tuple(row for row in rows if first < row[0] <= last)
    return HalfHourSeries(fuel, rows)


def day_spans(detail: HomeDetail, zone: tzinfo) -> list[DaySpan]:
    """What the day picker offers: the last three local days together, then each day, newest first.

    A local day has 46 or 50 half hours when the clocks change. Empty where nothing has been collected.
    """
    ends = [rows[index][0] for rows in detail.half_hours.values() if rows for index in (0, -1)]
    if not ends:
        return []
    oldest = local(Instant(min(ends) - 1), zone).date()
    day = newest = local(Instant(max(ends) - 1), zone).date()
    spans: list[DaySpan] = []
    while day >= oldest and len(spans) < _LONGEST_PICKER:
        since, until = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        spans.append(DaySpan(day_text(since, zone), since, until))
        day -= timedelta(days=1)
    if len(spans) == 1:
        return spans
    first = _midnight(newest - timedelta(days=LAST_DAYS - 1), zone)
    return [DaySpan(f"Last {LAST_DAYS} days", first, spans[0].until), *spans]


def series_csv(series: HalfHourSeries) -> str:
    """CSV text: a header with the unit, then a line for each half hour, by its end in UTC; a gap has an empty value."""
    lines = [f"half_hour_end_utc,{series.fuel.value}_{series.unit}"]
    lines += [f"{isoformat(end)},{'' if amount is None else amount}" for end, amount in series.rows]
    return "\r\n".join(lines) + "\r\n"


def _midnight(day: date, zone: tzinfo) -> Instant:
    return instant_of(datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC))
