"""A day in which no credit runs out, in a device whose own orders no gate takes: that part of the brake alone."""

from __future__ import annotations

from typing import Any

from meterhouse.model import Duration, Instant
from meterhouse.premises.orders.brake import LocalBrake
from meterhouse.premises.orders.run_time import RunTime

__all__ = ["RunOutHold"]


class RunOutHold:
    """As the gate of a device holds it.

    Args:
        now: when the device is switched on.
    """

    __slots__ = ("_brake", "_run")

    def __init__(self, now: Instant) -> None:
        self._brake = LocalBrake()
        self._run = RunTime(now)

    def changed(self, now: Instant) -> None:
        """A price, clock or limit was set."""
        self._brake.effect_changed(self._run.at(now))

    def left(self, now: Instant) -> Duration:
        """How long from now on no credit runs out; 0 or below for not at all."""
        return self._brake.held_until - self._run.at(now)

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {"run": self._run.state(), "brake": self._brake.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._run.restore(state["run"])
        self._brake.restore(state["brake"])
