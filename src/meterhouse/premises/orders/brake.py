"""The brake in the device itself, the last of five: it holds whoever has which keys (security design, B5)."""

from __future__ import annotations

from typing import Any, Final

from meterhouse.companion.sealed import Hindrance
from meterhouse.model import DAY, HOUR, MINUTE, Duration

__all__ = ["LocalBrake"]

_OPENINGS_A_DAY: Final = 3
_APART: Final = 10 * MINUTE
_FREEZE: Final = 72 * HOUR
_FRESH: Final = DAY


class LocalBrake:
    """Counts openings by order, and holds them back after a change of credentials; all in run time.

    An opening counts when its record is kept, before the switch moves: a power cut between never makes room for one
    more.
    """

    __slots__ = ("_fresh_until", "_frozen_until", "_openings")

    def __init__(self) -> None:
        self._openings: list[Duration] = []
        self._frozen_until: Duration = 0
        self._fresh_until: Duration = 0

    def hindrance(self, lived: Duration) -> Hindrance:
        """Why no order may open the switch now; NONE if one may."""
        if lived < self._frozen_until:
            return Hindrance.FREEZE
        recent = [at for at in self._openings if lived - at < DAY]
        if len(recent) >= _OPENINGS_A_DAY or (recent and lived - recent[-1] < _APART):
            return Hindrance.TOO_OFTEN
        return Hindrance.NONE

    def count(self, lived: Duration) -> None:
        """One opening, now."""
        self._openings = [*self._openings[1 - _OPENINGS_A_DAY :], lived]

    def credentials_changed(self, lived: Duration) -> None:
        """No opening by order for 72 hours; and the supply does not run out for a day."""
        self._frozen_until = lived + _FREEZE
        self.effect_changed(lived)

    def effect_changed(self, lived: Duration) -> None:
        """A price, calorific value, clock, calendar, limit or program is new: no supply runs out of credit for a day.

        So an order that makes gas a hundred times dearer puts no home off before somebody can have noticed it.
        """
        self._fresh_until = lived + _FRESH

    def run_out_held(self, lived: Duration) -> bool:
        """Whether credit must not run out yet."""
        return lived < self._fresh_until

    @property
    def held_until(self) -> Duration:
        """The run time at which credit may run out again."""
        return self._fresh_until

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {"openings": list(self._openings), "frozen": self._frozen_until, "fresh": self._fresh_until}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._openings = list(state["openings"])
        self._frozen_until, self._fresh_until = state["frozen"], state["fresh"]
