"""The gas mirror: what the hub knows of the sleeping gas meter, for everyone who asks (S0-31)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from meterhouse.companion.gas import GasReport, ValveState
from meterhouse.model import HALF_HOUR, Duration, HalfHour, Instant
from meterhouse.premises.half_hours import HalfHourLog
from meterhouse.rules import countdown_after_miss

__all__ = ["GasMirror"]


class GasMirror:
    """The last report, the half hours so far, and the hub's copy of the no-communication countdown.

    Args:
        full_countdown: half hours without communication that are allowed (the head end's setting).
        grace: how long after a half hour's end its report may still come before it counts as missed.
        now: from when on reports are expected.

    Attributes:
        valve: as last known, kept over a restart; None before the first report.
        misses: half hours whose report did not come, since the hub was new.
        missed_now: those of them since the last report.
    """

    def __init__(self, full_countdown: int, grace: Duration, now: Instant) -> None:
        self.full_countdown = full_countdown
        self.countdown = full_countdown
        self.report: GasReport | None = None
        self.heard_at: Instant | None = None
        self.link_failed = False
        self.misses = 0
        self.missed_now = 0
        self.log = HalfHourLog()
        self._grace = grace
        self.valve: ValveState | None = None
        self._expected = self._next_report(now)

    def take(self, report: GasReport, now: Instant) -> list[HalfHour]:
        """Keep a report; returns the half hours that are new."""
        self.report, self.heard_at, self.link_failed = report, now, False
        self.missed_now = 0
        self.valve = report.valve
        self.countdown = min(self.countdown, report.countdown)  # C-08: the meter's own governs the valve
        self._expected = self._next_report(now)
        return [row for row in report.half_hours if self.log.append(row)]

    def settled(self, cutoff_l: int | None, valve: ValveState | None, countdown: int | None) -> None:
        """Remember what an acknowledged order has changed in the meter since its report."""
        if valve is not None:
            self.valve = valve
        if self.report is None:
            return
        changed: dict[str, Any] = {"cutoff_l": cutoff_l, "valve": valve, "countdown": countdown}
        self.report = replace(self.report, **{name: value for name, value in changed.items() if value is not None})

    def deadline(self) -> Instant:
        """When the next report counts as missed."""
        return self._expected

    def missed(self, now: Instant) -> bool:
        """Count the half hours missed until now; True when the first since the last report is among them (S0-128)."""
        if now < self._expected:
            return False
        while self._expected <= now:  # several after a restart: the meter has counted down meanwhile, too
            self._expected = Instant(self._expected + HALF_HOUR)
            self.countdown = countdown_after_miss(self.countdown)
            self.misses += 1
            self.missed_now += 1
        first, self.link_failed = not self.link_failed, True
        return first

    def _next_report(self, now: Instant) -> Instant:
        return Instant(now - now % HALF_HOUR + HALF_HOUR + self._grace)

    def state(self) -> dict[str, Any]:
        """For a snapshot; the last report itself is asked for anew at the next wake."""
        return {
            "countdown": self.countdown,
            "full_countdown": self.full_countdown,
            "link_failed": self.link_failed,
            "misses": self.misses,
            "missed_now": self.missed_now,
            "expected": self._expected,
            "valve": None if self.valve is None else int(self.valve),
            "log": self.log.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take a snapshot's state."""
        self.countdown, self.full_countdown = state["countdown"], state["full_countdown"]
        self.link_failed, self.misses = state["link_failed"], state["misses"]
        self.missed_now = state.get("missed_now", 0)
        self._expected = Instant(state["expected"])
        valve = state["valve"]
        self.valve = None if valve is None else ValveState(valve)
        self.log.restore(state["log"])
