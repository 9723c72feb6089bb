"""The keys of one client and one server while they are being replaced: all at once, one replacement at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meterhouse.model import StateError
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.protection import Keys

__all__ = ["KeyRing", "KeySet"]


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys with the counters that belong to them.

    Attributes:
        keys: global keys.
        counter: ours.
        seen: the peer's.
    """

    keys: Keys
    counter: Counter
    seen: SeenCounter


class KeyRing:
    """The set in force, and the set that is to follow it.

    A replacement is staged whole or not at all. Both sets then open associations, so that an answer lost on the way
    locks nobody out; the first association under the new set confirms it, and the old one is gone in the same step.
    Until then no other replacement begins.

    Our own counter goes on over a replacement, so a key that comes back later meets no number twice. The peer's begins
    anew with a new encryption key, as the standard lets it.

    Args:
        current: the set in force.
        pending: the set that was staged before the last stop, where there was one.
        keep: told (current, pending) before either changes, to store them together; None where nothing is stored.
        seen: makes the peer's counter for a new encryption key.
    """

    __slots__ = ("_keep", "_seen", "current", "pending")

    def __init__(
        self,
        current: KeySet,
        pending: KeySet | None = None,
        keep: Callable[[Keys, Keys | None], None] | None = None,
        seen: Callable[[], SeenCounter] = SeenCounter,
    ) -> None:
        self.current = current
        self.pending = pending
        self._keep = keep
        self._seen = seen

    def candidates(self) -> tuple[KeySet, ...]:
        """The sets that may open an association, the newest first."""
        return (self.current,) if self.pending is None else (self.pending, self.current)

    def stage(self, keys: Keys) -> None:
        """Begin a replacement. Staging the same keys again changes nothing.

        Raises:
            StateError: another replacement has not been confirmed yet.
        """
        if self.pending is not None:
            if self.pending.keys == keys:
                return
            raise StateError("a key replacement is under way", remedy="Open an association under its keys first.")
        if keys == self.current.keys:
            return
        same = keys.encryption == self.current.keys.encryption
        pending = KeySet(keys, self.current.counter, self.current.seen if same else self._seen())
        self._store(self.current.keys, keys)
        self.pending = pending

    def confirm(self, used: KeySet) -> None:
        """Note that an association was opened under `used`; if it is the new set, it is from now on the only one."""
        if self.pending is not None and used is self.pending:
            self._store(used.keys, None)
            self.current, self.pending = used, None

    def abandon(self) -> None:
        """Give up a replacement that the peer never took over. The set in force stays."""
        if self.pending is not None:
            self._store(self.current.keys, None)
            self.pending = None

    def _store(self, current: Keys, pending: Keys | None) -> None:
        if self._keep is not None:
            self._keep(current, pending)
