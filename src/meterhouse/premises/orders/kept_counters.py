"""The newest order of each role and class: kept before anything is acted upon."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from meterhouse.companion.sealed import CounterClass, Newest, Role
from meterhouse.model import StorageError

__all__ = ["KeptCounters"]


class KeptCounters:
    """A `Counters` whose rows are part of the device's record.

    Args:
        keep: writes the whole record down and returns when it stands there.
    """

    __slots__ = ("_keep", "_rows")

    def __init__(self, keep: Callable[[], None]) -> None:
        self._keep = keep
        self._rows: dict[tuple[Role, CounterClass], Newest] = {}

    @property
    def highest(self) -> int:
        """The highest counter of all; 0 before the first."""
        return max((row.counter for row in self._rows.values()), default=0)

    def newest(self, role: Role, counter_class: CounterClass) -> Newest | None:
        """See `Counters`."""
        return self._rows.get((role, counter_class))

    def advance(self, role: Role, counter_class: CounterClass, newest: Newest) -> None:
        """See `Counters`. What could not be kept is not taken.

        Raises:
            StorageError: see `keep`.
        """
        self._put((role, counter_class), newest)

    def keep_answer(self, role: Role, counter_class: CounterClass, counter: int, answer: bytes) -> None:
        """See `Counters`.

        Raises:
            StorageError: see `keep`; the answer is remembered as long as the power stays on.
        """
        row = self._rows.get((role, counter_class))
        if row is not None and row.counter == counter:
            self._rows[role, counter_class] = Newest(counter, row.digest, answer)
            self._keep()

    def forget(self, roles: Collection[Role]) -> None:
        """Other parties stand in these roles now: they count from where they like, and nothing old has their key."""
        self._rows = {place: row for place, row in self._rows.items() if place[0] not in roles}

    def _put(self, place: tuple[Role, CounterClass], newest: Newest) -> None:
        before = self._rows.get(place)
        self._rows[place] = newest
        try:
            self._keep()
        except StorageError:
            if before is None:
                del self._rows[place]
            else:
                self._rows[place] = before
            raise

    def state(self) -> list[list[Any]]:
        """For a snapshot."""
        return [
            [role.value, counter_class.value, row.counter, row.digest.hex(), row.answer.hex()]
            for (role, counter_class), row in self._rows.items()
        ]

    def restore(self, state: list[list[Any]]) -> None:
        """Go on from a snapshot."""
        self._rows = {
            (Role(role), CounterClass(counter_class)): Newest(counter, bytes.fromhex(digest), bytes.fromhex(answer))
            for role, counter_class, counter, digest, answer in state
        }
