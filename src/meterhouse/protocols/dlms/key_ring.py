"""What one client and one server hold against the world, while it changes: whole sets, one replacement at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meterhouse.model import StateError
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.credentials import Credentials
from meterhouse.protocols.dlms.protection import Keys, Policy

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

    A ring on the client's side remembers the same: it is staged before the order leaves.

    Args:
        current: the set in force.
        pending: the set that was staged before the last stop, where there was one.
        keep: told (current, pending) before either changes, to store them together; None where nothing is stored.
        seen: makes the peer's counter for a new encryption key.
        policy: what class 64 has strengthened the client's policy to.
        credentials: key pairs of both sides; what is set here serves the next association.
        keep_policy: told a new policy before it is demanded; None where nothing is stored.
    """

    __slots__ = ("_keep", "_keep_policy", "_seen", "_superseding", "credentials", "current", "pending", "policy")

    def __init__(
        self,
        current: KeySet,
        pending: KeySet | None = None,
        keep: Callable[[Keys, Keys | None], None] | None = None,
        seen: Callable[[], SeenCounter] = SeenCounter,
        *,
        policy: Policy = Policy.NONE,
        credentials: Credentials | None = None,
        keep_policy: Callable[[Policy], None] | None = None,
    ) -> None:
        self.current = current
        self.pending = pending
        self._keep = keep
        self._seen = seen
        self._keep_policy = keep_policy
        self._superseding = False
        self.policy = policy
        self.credentials = credentials

    def candidates(self) -> tuple[KeySet, ...]:
        """The sets that may open an association, the newest first."""
        return (self.current,) if self.pending is None else (self.pending, self.current)

    def stage(self, keys: Keys, *, agreed: bool = False) -> None:
        """Begin a replacement. Staging the same keys again changes nothing.

        Args:
            keys: the whole set that is to follow.
            agreed: out of a key agreement. If its answer is lost, nobody but us knows these keys, so a later agreement
                may take the place of one that was never confirmed.

        Raises:
            StateError: another replacement has not been confirmed yet.
        """
        if self.pending is not None and not (agreed and self._superseding):
            if self.pending.keys == keys:
                return
            raise StateError("a key replacement is under way", remedy="Open an association under its keys first.")
        if keys == self.current.keys:
            return
        same = keys.encryption == self.current.keys.encryption
        pending = KeySet(keys, self.current.counter, self.current.seen if same else self._seen())
        self._store(self.current.keys, keys)
        self.pending, self._superseding = pending, agreed

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

    def strengthen(self, policy: Policy) -> None:
        """Demand more from the next request on.

        Raises:
            StateError: it is less in some respect than what is demanded.
        """
        if self.policy & ~policy:
            raise StateError("a policy can only be strengthened")
        if self._keep_policy is not None:
            self._keep_policy(policy)
        self.policy = policy
