"""What an attack is: told a seed and how much to try, it counts its tries and those that did harm.

Every attack ends with a genuine order that must succeed: a device that refuses everything is not secure, it is broken.
That order is the last of the tries, and its failure counts as harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import process_time
from typing import Any, Final

from meterhouse.links import Dice
from meterhouse.model import NotFoundError

__all__ = ["ATTACKS", "Attack", "Outcome", "Tally", "Terms", "attack", "run_attack"]

_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Terms:
    """How an attack is run.

    Attributes:
        seed: of everything that is left to chance.
        permille: of the catalogue's number of tries; 1000 for all of them.
    """

    seed: int = 1
    permille: int = 1000

    def tries(self, whole: int, least: int = 1) -> int:
        """How many tries, where the catalogue says `whole`."""
        return max(least, whole * self.permille // 1000)

    def dice(self, *names: str) -> Dice:
        """Dice of their own for a named thing."""
        return Dice.of(self.seed, *names)


@dataclass(slots=True)
class Tally:
    """What came out so far.

    Attributes:
        n: tries.
        bad: tries that did what they must not.
        figures: what else was measured, by name with its unit.
        examples: of bad ones, the first few, in words.
    """

    n: int = 0
    bad: int = 0
    figures: dict[str, Any] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def tried(self, harmed: bool, what: str = "") -> None:  # noqa: FBT001 -- it is the whole message
        """Count one try."""
        self.n += 1
        if harmed:
            self.bad += 1
            if len(self.examples) < _EXAMPLES:
                self.examples.append(what)

    def must(self, succeeded: bool, what: str) -> None:  # noqa: FBT001 -- it is the whole message
        """Count something genuine, which must succeed."""
        self.tried(not succeeded, f"refused, though genuine: {what}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished attack.

    Attributes:
        id: in the catalogue, such as T01.
        title: what is done, and by whom.
        seed: see `Terms`.
        n: tries.
        bad: those that did harm; 0 of n means below 3/n with 95 % confidence.
        figures: see `Tally`.
        examples: see `Tally`.
        seconds: of processor time.
    """

    id: str
    title: str
    seed: int
    n: int
    bad: int
    figures: dict[str, Any]
    examples: tuple[str, ...]
    seconds: float

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        bound = {} if self.bad else {"upper_bound_95": float(f"{3 / self.n:.2g}")}
        told = {"id": self.id, "title": self.title, "seed": self.seed, "n": self.n, "bad": self.bad}
        return told | bound | {"figure": self.figures, "examples": list(self.examples), "cpu_s": round(self.seconds, 2)}


@dataclass(frozen=True, slots=True)
class Attack:
    """One of the catalogue."""

    id: str
    title: str
    run: Callable[[Terms], Tally]


ATTACKS: Final[dict[str, Attack]] = {}
"""By id."""


def attack(name: str, title: str) -> Callable[[Callable[[Terms], Tally]], Callable[[Terms], Tally]]:
    """Enter an attack in the catalogue."""

    def enter(run: Callable[[Terms], Tally]) -> Callable[[Terms], Tally]:
        ATTACKS[name] = Attack(name, title, run)
        return run

    return enter


def run_attack(name: str, terms: Terms) -> Outcome:
    """Run one attack.

    Raises:
        NotFoundError: none of that name.
    """
    found = ATTACKS.get(name.upper())
    if found is None:
        raise NotFoundError(f"no attack '{name}'", remedy=f"There are {', '.join(sorted(ATTACKS))}.")
    began = process_time()
    tally = found.run(terms)
    return Outcome(
        found.id,
        found.title,
        terms.seed,
        tally.n,
        tally.bad,
        tally.figures,
        tuple(tally.examples),
        process_time() - began,
    )
