"""The first orders of a kind go to a few devices only: a message meant for a trial must not reach a whole population.

A kind is a message code that this carrier has never let through. Its first orders may go to the canary ring; after the
hold, and if every canary hub that had one is on the line, it is open to all. Whatever is doubtful waits for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from meterhouse.model import Duration, Eui64, Instant

__all__ = ["Quarantine"]


@dataclass(slots=True)
class _Trial:
    """A kind that is being tried."""

    began: Instant
    hubs: set[Eui64] = field(default_factory=set)


class Quarantine:
    """Which kinds may go to whom.

    Args:
        ring: the canary devices.
        hold: how long a kind stays in the ring.
        known: codes that need no trial.
        online: whether a hub is on the line.
    """

    __slots__ = ("_hold", "_known", "_online", "_ring", "_trials")

    def __init__(
        self, ring: Iterable[Eui64], hold: Duration, known: Iterable[int], online: Callable[[Eui64], bool]
    ) -> None:
        self._ring = frozenset(ring)
        self._hold = hold
        self._known = set(known)
        self._online = online
        self._trials: dict[int, _Trial] = {}

    def admits(self, code: int, device: Eui64, hub: Eui64, now: Instant) -> bool:
        """Whether an order of this code may go to this device now; noted if it is a canary's."""
        if code in self._known:
            return True
        if device in self._ring:
            self._trials.setdefault(code, _Trial(now)).hubs.add(hub)
            return True
        trial = self._trials.get(code)
        if trial is None or now - trial.began < self._hold or not all(map(self._online, trial.hubs)):
            return False
        self.release(code)
        return True

    def release(self, code: int) -> None:
        """Open a kind to all: an officer's word, or the end of a trial that harmed nobody."""
        self._known.add(code)
        self._trials.pop(code, None)

    def trials(self) -> dict[int, tuple[Instant, frozenset[Eui64]]]:
        """The kinds that are being tried: since when, at which hubs."""
        return {code: (trial.began, frozenset(trial.hubs)) for code, trial in self._trials.items()}

    def state(self) -> dict[str, Any]:
        """To be kept: a carrier that forgot would let a trial begin anew, never let a kind through."""
        return {
            "known": sorted(self._known),
            "trials": {str(code): [one.began, sorted(map(str, one.hubs))] for code, one in self._trials.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what was kept."""
        self._known |= set(state["known"])
        self._trials = {
            int(code): _Trial(Instant(began), {Eui64.parse(hub) for hub in hubs})
            for code, (began, hubs) in state["trials"].items()
        }
