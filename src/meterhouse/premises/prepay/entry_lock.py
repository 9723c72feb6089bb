"""What stops whoever types token after token until one fits."""

from __future__ import annotations

from typing import Any, Final

from meterhouse.model import MINUTE, Instant

__all__ = ["EntryLock"]

_WRONG_BEFORE_LOCK: Final = 5
_LOCKED_FOR: Final = 5 * MINUTE


class EntryLock:
    """Five wrong tokens in a row lock a keypad for five minutes, as prepayment meters in use do.

    It is the keypad's: where one keypad serves two accounts, both count here. The network is never locked out.
    """

    __slots__ = ("_until", "_wrong")

    def __init__(self) -> None:
        self._wrong = 0
        self._until = Instant(0)

    def holds(self, now: Instant) -> bool:
        """Whether nothing may be typed now."""
        return now < self._until

    def right(self) -> None:
        """A token was accepted: the count begins anew."""
        self._wrong = 0

    def wrong(self, now: Instant) -> None:
        """Count one that was typed and fits nothing."""
        self._wrong += 1
        if self._wrong >= _WRONG_BEFORE_LOCK:
            self._wrong, self._until = 0, Instant(now + _LOCKED_FOR)

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {"wrong": self._wrong, "locked_until": self._until}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._wrong, self._until = state["wrong"], Instant(state["locked_until"])
