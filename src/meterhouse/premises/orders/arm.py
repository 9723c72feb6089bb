"""What has armed a supply, and for how long: an order from afar, or a code that a hand has typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.companion.sealed import Hindrance
from meterhouse.model import DAY, Duration, Instant, StorageError
from meterhouse.premises.orders.run_time import RunTime
from meterhouse.premises.orders.works import Works

__all__ = ["ARM_LASTS", "Arm"]

ARM_LASTS: Final = DAY
_OFF: Final = 0


class Arm:
    """The arm of one supply.

    Args:
        works: the switch.
        run: its run time.
        keep: writes the whole record down, or raises StorageError.

    Attributes:
        until: when it dies, in run time; None where none holds.
    """

    __slots__ = ("_keep", "_run", "_works", "until")

    def __init__(self, works: Works, run: RunTime, keep: Callable[[Instant], None]) -> None:
        self._works = works
        self._run = run
        self._keep = keep
        self.until: Duration | None = None

    def take(self, now: Instant) -> Hindrance:
        """Arm for a day of power; NONE where a hand can close the supply now."""
        # What a hand can end already, such as a trip by load, is no arm of anybody's and does not die like one.
        arms = self._works.control_state == _OFF or self.until is not None
        hindrance = self._works.arm(now)
        if hindrance is Hindrance.NONE and arms:
            self.until = self._run.at(now) + ARM_LASTS
        return hindrance

    def by_code(self, now: Instant) -> Hindrance:
        """As `take`, for a code that the works count as used: that is kept before anything is armed.

        Raises:
            StorageError: it could not be kept; nothing is armed.
        """
        self._keep(now)
        hindrance = self.take(now)
        try:
            self._keep(now)
        except StorageError:
            # The arm would not outlive a power cut, and the code is used up: then there is none, and the next is asked.
            self.until = None
            self._works.disarm(now)
            raise
        return hindrance

    def elapse(self, now: Instant) -> bool:
        """Let it die when it is a day old; whether it did."""
        if self.until is None or self._run.at(now) < self.until:
            return False
        self.until = None
        self._works.disarm(now)
        return True
