"""A device's own clock: state that drifts, set from outside, never the driver's `now`."""

from __future__ import annotations

from typing import Final

from meterhouse.model import Duration, Instant

__all__ = ["DeviceClock"]

_MILLION: Final = 1_000_000


class DeviceClock:
    """Tells a device's time from the driver's, and the driver's from a device's.

    Args:
        drift_ppm: how much faster it runs than true time, parts per million (|value| < 1000); a cheap crystal has 20.
        at: the true instant at which the clock was right.
    """

    __slots__ = ("_drift_ppm", "_offset", "_set_at")

    def __init__(self, drift_ppm: int = 0, at: Instant | None = None) -> None:
        self._drift_ppm = drift_ppm
        self._set_at = 0 if at is None else at
        self._offset = 0

    def reads(self, now: Instant) -> Instant:
        """What the clock shows at the true instant `now`."""
        return Instant(now + self._offset + (now - self._set_at) * self._drift_ppm // _MILLION)

    def true(self, shown: Instant) -> Instant:
        """The first true instant at which the clock shows `shown` or later."""
        guess = shown - self._offset
        if not self._drift_ppm:
            return Instant(guess)
        guess -= (guess - self._set_at) * self._drift_ppm // (_MILLION + self._drift_ppm)
        while self.reads(Instant(guess)) < shown:
            guess += 1
        while self.reads(Instant(guess - 1)) >= shown:
            guess -= 1
        return Instant(guess)

    def set(self, shown: Instant, now: Instant) -> Duration:
        """Set the clock to `shown` at the true instant `now`; returns the step, ms (positive: forward)."""
        step = shown - self.reads(now)
        self._offset += step
        drifted = (now - self._set_at) * self._drift_ppm // _MILLION
        self._offset += drifted
        self._set_at = now
        return step

    def state(self) -> dict[str, int]:
        """For a snapshot."""
        return {"offset": self._offset, "set_at": self._set_at}

    def restore(self, state: dict[str, int]) -> None:
        """Take a snapshot's setting; the drift is the crystal's own."""
        self._offset, self._set_at = state["offset"], state["set_at"]
