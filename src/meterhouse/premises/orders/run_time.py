"""How long a device has been alive: the only time that no message can set."""

from __future__ import annotations

from meterhouse.model import Duration, Instant

__all__ = ["RunTime"]


class RunTime:
    """Milliseconds with power since the device was made. What passed without power does not count.

    Windows and brakes run on it, so that setting the clock opens none of them.

    Args:
        now: when the device is switched on.
    """

    __slots__ = ("_before", "_newest", "_since")

    def __init__(self, now: Instant) -> None:
        self._before = 0
        self._since = now
        self._newest = now

    def at(self, now: Instant) -> Duration:
        """The run time at an instant; never less than it was."""
        self._newest = max(self._newest, now)
        return self._before + self._newest - self._since

    def instant(self, lived: Duration) -> Instant:
        """When the run time will be so much."""
        return Instant(self._since + lived - self._before)

    def state(self) -> int:
        """For a snapshot: the run time when it was last asked for."""
        return self._before + self._newest - self._since

    def restore(self, lived: int) -> None:
        """Go on from a snapshot."""
        self._before = lived
        self._since = self._newest
