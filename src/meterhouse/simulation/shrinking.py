"""From a seed that broke to the least that breaks: fewer faults, then fewer days, while the same promise breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["fewer_days", "fewer_faults"]

_PLAYS: Final = 150
"""Worlds that one finding may cost: enough for one fault among a hundred, and an end to the patience."""


class _Budget:
    __slots__ = ("_breaks", "left")

    def __init__(self, breaks: Callable[[Sequence[int], int], bool], left: int) -> None:
        self._breaks = breaks
        self.left = left

    def breaks(self, kept: Sequence[int], days: int) -> bool:
        """Whether it still breaks; no, where there is no play left."""
        if not self.left:
            return False
        self.left -= 1
        return self._breaks(kept, days)


def fewer_faults(count: int, days: int, breaks: Callable[[Sequence[int], int], bool]) -> tuple[int, ...]:
    """Delta debugging: drop halves, quarters, … single ones of `count` faults, as long as it still breaks.

    Args:
        count: of the faults drawn.
        days: of bad weather.
        breaks: plays a world with the faults of these numbers, for so many days; whether the same promise breaks.
    """
    budget, numbers = _Budget(breaks, _PLAYS), list(range(count))
    size = max(count // 2, 1)
    while numbers:
        before, start = len(numbers), 0
        while start < len(numbers):
            rest = numbers[:start] + numbers[start + size :]
            if budget.breaks(rest, days):
                numbers = rest  # what follows has moved up to where the dropped ones were
            else:
                start += size
        if size == 1 and len(numbers) == before:
            break
        size = max(size // 2, 1)
    return tuple(numbers)


def fewer_days(kept: Sequence[int], days: int, breaks: Callable[[Sequence[int], int], bool]) -> int:
    """The least number of days found, by steps that are halved whenever they go too far; at least 1."""
    budget, step = _Budget(breaks, _PLAYS), days // 2
    while step:
        if days - step >= 1 and budget.breaks(kept, days - step):
            days -= step
        else:
            step //= 2
    return days
