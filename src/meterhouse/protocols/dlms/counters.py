"""Invocation counters: ours, which must never repeat, and the peer's, which must always rise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.model import ReplayError, StateError, UsageError

__all__ = ["LARGEST", "MAX_WINDOW", "Counter", "SeenCounter"]

LARGEST: Final = 0xFFFF_FFFF
MAX_WINDOW: Final = 1024


class Counter:
    """Our own invocation counter under one key and one system title; part of the nonce, so never used twice.

    To survive a crash without writing at each message, numbers are reserved in blocks: `reserve(limit)` is called
    before the first number of a block leaves, and must have stored `limit` when it returns. After a restart give
    the stored limit as `start`: at most one block is lost, and no number repeats.

    Args:
        start: the first number to hand out.
        reserve: told the end (not included) of each new block; None where nothing is to be stored (tests only).
        block: how many numbers are reserved at once.
    """

    __slots__ = ("_block", "_limit", "_reserve", "value")

    def __init__(self, start: int = 1, reserve: Callable[[int], None] | None = None, block: int = 1000) -> None:
        if not 0 <= start <= LARGEST + 1 or block < 1:
            raise UsageError(f"invocation counter cannot start at {start} in blocks of {block}")
        self.value = start
        self._limit = start
        self._reserve = reserve
        self._block = block

    def take(self) -> int:
        """The next number.

        Raises:
            StateError: all 2³² numbers are used; the key must be replaced.
        """
        if self.value > LARGEST:
            raise StateError("the invocation counter is used up", remedy="Replace the key.")
        if self.value >= self._limit:
            limit = min(self.value + self._block, LARGEST + 1)
            if self._reserve is not None:
                self._reserve(limit)
            self._limit = limit
        taken = self.value
        self.value = taken + 1
        return taken


class SeenCounter:
    """The invocation counters that were believed of a peer under one key.

    Strict by default: each must rise. Where a link may change the order of messages, `window` lets a number through
    that lies up to so many below the highest, once. What was seen inside the window is not kept over a restart: all
    of it then counts as seen.

    Args:
        value: the highest, from the last run; -1 where nothing was seen yet.
        keep: told each new highest value, to store it; None where nothing is to be stored.
        window: how far below the highest a number may lie, 0 to 1024; 0 demands that each one rises.

    Attributes:
        value: the highest believed one; never lowered.
    """

    __slots__ = ("_keep", "_seen", "_window", "value")

    def __init__(self, value: int = -1, keep: Callable[[int], None] | None = None, window: int = 0) -> None:
        if not 0 <= window <= MAX_WINDOW:
            raise UsageError(f"a replay window of {window} is not 0 to {MAX_WINDOW}")
        self.value = value
        self._keep = keep
        self._window = window
        # Bit i: the number `value - i` was seen. After a restart all of them count as seen.
        self._seen = (1 << window + 1) - 1

    def check(self, value: int) -> None:
        """Refuse a number that was seen, or that is too old to know.

        Raises:
            ReplayError: it does not rise, or was seen inside the window.
        """
        if value > self.value:
            return
        below = self.value - value
        if below > self._window or self._seen >> below & 1:
            raise ReplayError(f"invocation counter {value} does not rise above {self.value}")

    def believe(self, value: int) -> None:
        """Note a counter whose tag was right. A lower one than before never lowers what is remembered."""
        step = value - self.value
        if step <= 0:
            if -step <= self._window:
                self._seen |= 1 << -step
            return
        self.value = value
        if self._window:
            mask = (1 << self._window + 1) - 1
            self._seen = (self._seen << step | 1) & mask if step <= self._window else 1
        if self._keep is not None:
            self._keep(value)
