"""Invocation counters: ours, which must never repeat, and the peer's, which must always rise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.model import StateError, UsageError

__all__ = ["LARGEST", "Counter", "SeenCounter"]

LARGEST: Final = 0xFFFF_FFFF


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
    """The highest invocation counter that was believed of a peer under one key.

    Args:
        value: from the last run; -1 where nothing was seen yet.
        keep: told each new value, to store it; None where nothing is to be stored.
    """

    __slots__ = ("_keep", "value")

    def __init__(self, value: int = -1, keep: Callable[[int], None] | None = None) -> None:
        self.value = value
        self._keep = keep

    def believe(self, value: int) -> None:
        """Note a counter whose tag was right."""
        self.value = value
        if self._keep is not None:
            self._keep(value)
