"""Several kinds of work side by side: in turns, round by round, so that a slow spell of the machine is everybody's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median

__all__ = ["Run", "side_by_side"]

Run = Callable[[int], float]
"""Does the work so many times; the seconds of the processor that it took."""

ROUNDS = 15
ROUND_SECONDS = 0.1
MOST = 200
"""At most so many times a round: a thousand closed connections make the next one dearer, for whoever comes next."""


def side_by_side(runs: Mapping[str, Run], most: int = MOST) -> dict[str, float]:
    """How often each work can be done in one second of one core: the median of its rounds.

    Args:
        runs: the works by name.
        most: how often one is done in a round at most.
    """
    counts = {name: _count(run, most) for name, run in runs.items()}
    took: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            took[name].append(run(counts[name]))
    return {name: counts[name] / median(took[name]) for name in runs}


def _count(run: Run, most: int) -> int:
    count = 1
    while (took := run(count)) < ROUND_SECONDS / 4 and count < most:
        count *= 2
    return max(1, min(most, round(count * ROUND_SECONDS / took)))
