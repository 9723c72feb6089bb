"""Rates that can be compared: the processor's time of this process, the median of several rounds."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median

__all__ = ["per_second"]

ROUNDS = 7
ROUND_SECONDS = 0.2


def per_second(work: Callable[[], object]) -> float:
    """How often `work` can be done in one second of one core."""
    work()
    count = 1
    while (took := _seconds(work, count)) < ROUND_SECONDS / 4:
        count *= 2
    count = max(1, round(count * ROUND_SECONDS / took))
    return count / median(_seconds(work, count) for _ in range(ROUNDS))


def _seconds(work: Callable[[], object], count: int) -> float:
    gc.collect()
    start = time.process_time()
    for _ in range(count):
        work()
    return time.process_time() - start
