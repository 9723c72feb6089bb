"""The hand on the spot behind an opening of the gas: when somebody asked for gas, and when that has been used up.

Decision 007: a valve that closed opens only after somebody at the home has asked for it since, so that no gas comes
back while nobody looks at the hobs. The hub does not see the meter while the link is down; whatever it cannot rule out
there uses a hand up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meterhouse.companion.gas import GasReport, ValveState
from meterhouse.model import MINUTE, SECOND, Instant

__all__ = ["GasHand"]

_COUNTS_FOR: Final = 120 * MINUTE
"""Long enough for a weak link's next wakes, short enough that who pressed is most likely still at home."""
_ONE_TALK: Final = 5 * SECOND
"""Reports of one outage follow each other within milliseconds; only the first of them tells of a press."""


class GasHand:
    """One home's.

    Attributes:
        at: when somebody last asked for gas; None where nobody has, or where it was used up.
    """

    __slots__ = ("_code_shown", "_countdown", "_told_at", "at")

    def __init__(self) -> None:
        self.at: Instant | None = None
        self._countdown = 0
        self._code_shown = False
        self._told_at: Instant | None = None

    def give(self, now: Instant, countdown: int) -> None:
        """Somebody asks, by a token, emergency credit or the meter's button; `countdown`: half hours that are left."""
        self.at, self._countdown = now, countdown

    def spend(self) -> None:
        """It has done what it can, or there is nothing to be had for it."""
        self.at = None

    def show_code(self) -> None:
        """A code was shown that opens the meter by itself, as long as the hub does not hear it."""
        self._code_shown = True

    def hear(self, report: GasReport, now: Instant) -> None:
        """Each report that was believed to be the meter's, before anything else comes of it.

        An open valve has used the hand up, whoever opened it. A closed one may have been open since: by a code; or by
        the button, if the countdown has ended since the hand was given, for only that closes a valve out of hearing.
        """
        if report.valve is ValveState.OPEN:
            self.at = self._told_at = None
        elif report.button:
            self._told_at = now
        if self._code_shown or report.countdown == 0 < self._countdown:
            self.at = None
        self._code_shown = False

    def pressed(self, now: Instant) -> bool:
        """Whether the reports of this talk told of a press at a closed valve; asked once, at the last of them."""
        told_at, self._told_at = self._told_at, None
        return told_at is not None and now - told_at <= _ONE_TALK

    def counts(self, now: Instant) -> bool:
        """Whether the valve may be opened for it now."""
        return self.at is not None and now - self.at <= _COUNTS_FOR

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {"at": self.at, "countdown": self._countdown, "code_shown": self._code_shown}

    def restore(self, state: Mapping[str, Any] | int | None) -> None:
        """Go on from a snapshot; those of older hubs have the instant alone."""
        kept: Mapping[str, Any] = state if isinstance(state, Mapping) else {"at": state}
        self.at = None if kept["at"] is None else Instant(kept["at"])
        self._countdown, self._code_shown = kept.get("countdown", 0), kept.get("code_shown", False)
