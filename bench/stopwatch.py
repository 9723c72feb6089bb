"""Rates that can be compared: the processor's time of this process, the median of several rounds."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median

__all__ = ["FACTS", "SECONDS", "per_second", "seconds", "take_rounds"]

ROUNDS = 7
ROUND_SECONDS = 0.2
FACTS = "facts: "
SECONDS = "seconds: "


def per_second(work: Callable[[], object]) -> float:
    """How often `work` can be done in one second of one core."""
    work()
    count = 1
    while (took := seconds(work, count)) < ROUND_SECONDS / 4:
        count *= 2
    count = max(1, round(count * ROUND_SECONDS / took))
    return count / median(seconds(work, count) for _ in range(ROUNDS))


def seconds(work: Callable[[], object], count: int) -> float:
    """What `count` times `work` takes of the processor, user and system."""
    gc.collect()
    start = time.process_time()
    for _ in range(count):
        work()
    return time.process_time() - start


def take_rounds(facts: Mapping[str, object], works: Mapping[str, Callable[[], object]]) -> None:
    """Tell `facts` on stdout, then do the rounds that stdin asks for, each a line of a work's name and a count."""
    print(FACTS + json.dumps(facts), flush=True)
    for line in sys.stdin:
        name, count = line.split()
        print(f"{SECONDS}{seconds(works[name], int(count))!r}", flush=True)
