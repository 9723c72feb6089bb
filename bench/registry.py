"""The list of benches, and the figure that each of them gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

__all__ = ["BENCHES", "Bench", "Figure", "bench"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. More is better.

    Attributes:
        figure: what was measured, in words.
        unit: of all three numbers, such as `1/s`.
        ours: what we did.
        peer: what somebody else's software did on the same input in the same run; None where there is none.
        peer_name: whose software, with its version; or why there is none.
        limit: what was promised; None where nothing was.
        note: on what input, and what is not counted.
    """

    figure: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    limit: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times faster than the peer."""
        return self.ours / self.peer if self.peer else None

    def record(self) -> dict[str, object]:
        """For one line of JSON; four digits are more than a measured figure is worth."""
        fields = asdict(self) | {"ratio": self.ratio}
        return {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in fields.items()}


Bench = Callable[[], Iterator[Figure]]

BENCHES: dict[str, Bench] = {}
"""Name to bench, in the order of the modules."""


def bench(run: Bench) -> Bench:
    """Enter a bench under its function's name."""
    BENCHES[run.__name__] = run
    return run
