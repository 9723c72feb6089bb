"""Which half hours the hub has, and which still wait to be told."""

from __future__ import annotations

from typing import Any

from meterhouse.companion.gas import HALF_HOURS_A_REPORT
from meterhouse.model import HALF_HOUR, HalfHour, Instant, half_hour_end
from meterhouse.premises.half_hours import HalfHourLog

__all__ = ["Backlog"]


class Backlog:
    """The half-hour log with a mark: rows up to the mark are acknowledged. Times are those of the meter's clock.

    A meter that starts on a half hour has a row there, the opening reading; else its first half hour would be lost.

    Attributes:
        log: thirteen months of rows.
        acknowledged: end of the newest row that the hub has acknowledged.
        next_end: end of the half hour that is running.
    """

    __slots__ = ("acknowledged", "log", "next_end")

    def __init__(self, shown: Instant) -> None:
        self.log = HalfHourLog()
        self.next_end = half_hour_end(Instant(shown - 1))
        self.acknowledged = Instant(self.next_end - HALF_HOUR)
        self.close_half_hours(shown, 0)

    def close_half_hours(self, shown: Instant, volume_l: int) -> None:
        """Write a row for each half hour that has ended by `shown`."""
        while self.next_end <= shown:
            self.log.append(HalfHour(self.next_end, volume_l))
            self.next_end = Instant(self.next_end + HALF_HOUR)

    def waiting(self) -> tuple[tuple[HalfHour, ...], bool]:
        """The oldest rows that wait, as many as one report holds, and whether there are more."""
        newest = self.log.newest
        if newest is None or newest.end <= self.acknowledged:
            return (), False
        oldest = self.log.entries(1, 1)[0][0]
        first = max(self.acknowledged + HALF_HOUR, oldest)
        last = first + (HALF_HOURS_A_REPORT - 1) * HALF_HOUR
        rows = tuple(self.log.between(Instant(first), Instant(last)))
        return rows, newest.end > last

    def acknowledge(self, end: Instant) -> None:
        """The hub has all rows up to `end`. The mark never moves back."""
        self.acknowledged = max(self.acknowledged, end)

    def state(self) -> dict[str, Any]:
        """For a snapshot: integers and hex."""
        return {"log": self.log.state(), "acknowledged": self.acknowledged, "next_end": self.next_end}

    def restore(self, state: dict[str, Any]) -> None:
        """Take a snapshot's rows and marks in place of those held."""
        self.log.restore(state["log"])
        self.acknowledged = Instant(state["acknowledged"])
        self.next_end = Instant(state["next_end"])
