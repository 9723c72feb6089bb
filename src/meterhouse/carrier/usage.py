"""Who used whose line how much: the ground of the carrier's bill (S3-39)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

from meterhouse.model import Eui64, Instant, day_start

__all__ = ["NOBODY", "Usage", "UsageBook", "UsageRow"]

NOBODY: Final = Eui64(bytes(8))
"""Stands for whoever may not be reached: an identity that somebody made up is worth no row of its own."""


@dataclass(slots=True)
class Usage:
    """What one party used of one hub's line.

    Attributes:
        calls: sessions that came about.
        refused: calls, orders and notes that were refused.
        bytes_down: of sessions and notes, towards the home.
        bytes_up: towards the party.
        orders: closed with the carrier's MAC.
        notes: passed, either way.
    """

    calls: int = 0
    refused: int = 0
    bytes_down: int = 0
    bytes_up: int = 0
    orders: int = 0
    notes: int = 0

    def add(self, other: Usage) -> None:
        """Count what another counted, too."""
        for one in fields(Usage):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One UTC day of one pair."""

    day: Instant
    party: Eui64
    hub: Eui64
    usage: Usage


class UsageBook:
    """Counts by UTC day, party and hub, until the rows are taken out to be kept."""

    __slots__ = ("_days", "_totals")

    def __init__(self) -> None:
        self._days: dict[tuple[Instant, Eui64, Eui64], Usage] = {}
        self._totals: dict[tuple[Eui64, Eui64], Usage] = {}

    def of(self, party: Eui64, hub: Eui64, now: Instant) -> Usage:
        """The counters of this day; what is added to them counts."""
        key = (day_start(now), party, hub)
        usage = self._days.get(key)
        if usage is None:
            usage = self._days[key] = Usage()
        return usage

    def totals(self) -> dict[tuple[Eui64, Eui64], Usage]:
        """All since the carrier started, by (party, hub)."""
        totals: dict[tuple[Eui64, Eui64], Usage] = {}
        for key, usage in self._totals.items():
            totals.setdefault(key, Usage()).add(usage)
        for (_, party, hub), usage in self._days.items():
            totals.setdefault((party, hub), Usage()).add(usage)
        return totals

    def take(self) -> Iterator[UsageRow]:
        """Hand out what was counted and is not handed out yet; a kept row adds to what is kept of its day already."""
        days, self._days = self._days, {}
        for (day, party, hub), usage in days.items():
            self._totals.setdefault((party, hub), Usage()).add(usage)
            yield UsageRow(day, party, hub, usage)
