"""A visit: work on the installation at a home. No work begins before the supply is physically isolated (S0-50).

A meter's switch has a small gap and breaks the live conductor only, so what it says is shown and never counts as a
means. Whoever separated the supply proves it dead with a tester, and puts it back in person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from meterhouse.model import Fuel, Instant, PolicyError, StateError

__all__ = ["NO_ISOLATION", "Isolation", "Means", "Visit", "VisitState", "VisitStep", "parse_means"]

NO_ISOLATION: Final = "An open switch or a closed valve of a meter is no isolation."
"""The sentence that is shown wherever a switch's state and a person's work come near each other."""
_LEAST_WORDS: Final = 3
_MOST_WORDS: Final = 500
_NOBODY: Final = ""


class VisitState(StrEnum):
    """How far a visit has come."""

    PLANNED = "planned"
    ARRIVED = "arrived"
    ISOLATED = "physically isolated"
    WORKING = "working"
    LEFT_APART = "left apart"
    RESTORED = "restored"
    CLOSED = "closed"
    ABANDONED = "abandoned"

    @property
    def ended(self) -> bool:
        """Whether nothing comes after it."""
        return not _NEXT[self]

    @property
    def holds(self) -> bool:
        """Whether somebody may have their hands, or bare wires, at the installation: nothing is armed meanwhile."""
        return self in _HOLDS


_NEXT: Final[Mapping[VisitState, frozenset[VisitState]]] = {
    VisitState.PLANNED: frozenset({VisitState.ARRIVED, VisitState.ABANDONED}),
    VisitState.ARRIVED: frozenset({VisitState.ISOLATED, VisitState.ABANDONED}),
    VisitState.ISOLATED: frozenset({VisitState.WORKING, VisitState.RESTORED, VisitState.LEFT_APART}),
    VisitState.WORKING: frozenset({VisitState.RESTORED, VisitState.LEFT_APART}),
    # Whoever comes back finds what others have done meanwhile, and isolates and proves anew.
    VisitState.LEFT_APART: frozenset({VisitState.ARRIVED}),
    VisitState.RESTORED: frozenset({VisitState.CLOSED}),
    VisitState.CLOSED: frozenset(),
    VisitState.ABANDONED: frozenset(),
}
_HOLDS: Final = frozenset({VisitState.ARRIVED, VisitState.ISOLATED, VisitState.WORKING, VisitState.LEFT_APART})


class Means(StrEnum):
    """By what a supply is separated: each opens a gap that is made for it and can be secured by the worker."""

    CUT_OUT_FUSE = "cut-out-fuse"
    LOCKED_ISOLATOR = "locked-isolator"
    BLANKED_GAS_INLET = "blanked-gas-inlet"

    @property
    def fuel(self) -> Fuel:
        """The supply that it separates."""
        return Fuel.GAS if self is Means.BLANKED_GAS_INLET else Fuel.ELECTRICITY

    @property
    def words(self) -> str:
        """As a person says it."""
        return _MEANS[self]


_MEANS: Final = {
    Means.CUT_OUT_FUSE: "cut-out fuse withdrawn",
    Means.LOCKED_ISOLATOR: "isolator locked off",
    Means.BLANKED_GAS_INLET: "gas inlet closed and blanked",
}


def parse_means(told: str) -> Means:
    """A means from its short word.

    Raises:
        PolicyError: anything else, the meter's own switch or valve before all.
    """
    try:
        return Means(told.strip().lower())
    except ValueError:
        raise PolicyError(
            f"'{told}' is no physical means of isolation",
            why=NO_ISOLATION,
            remedy=f"Use one of {', '.join(Means)}, and prove it with a tester.",
        ) from None


@dataclass(frozen=True, slots=True)
class Isolation:
    """What the worker states before the work.

    Attributes:
        means: by what the supply was separated.
        place: where.
        secured: how nobody else can undo it: whose lock, who has the fuse.
        tester: the instrument that showed no supply, by its number.
        tester_proved: it was tried on a known supply before and after.
        proved_dead: it showed no supply, between all conductors and earth; gas: no pressure.
    """

    means: Means
    place: str
    secured: str
    tester: str
    tester_proved: bool
    proved_dead: bool

    def check(self, fuel: Fuel) -> None:
        """Let it pass where it is whole and for that supply.

        Raises:
            PolicyError: something is missing.
        """
        if self.means.fuel is not fuel:
            raise PolicyError(f"{self.means.words} does not separate {fuel}")
        for name, words in (("place", self.place), ("secured", self.secured), ("tester", self.tester)):
            _said(name, words)
        if not self.tester_proved:
            raise PolicyError("the tester was not tried on a known supply", why="A broken tester shows nothing too.")
        if not self.proved_dead:
            raise PolicyError("the supply was not proved dead", remedy="Leave it alone and find what still feeds it.")


@dataclass(frozen=True, slots=True)
class VisitStep:
    """One line of a visit's history: when, what it became, who did it, why, and what the meter's switch said then."""

    at: Instant
    state: VisitState
    who: str
    why: str = ""
    switch: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit.

    Attributes:
        number: unique.
        home: where.
        fuel: the supply that is worked on.
        purpose: what is to be done.
        planned_at: when it was planned.
        state: how far it has come.
        at: when it came there.
        worker: who is there; empty before anybody is.
        isolation: what that person stated; None before, and again once somebody comes back to what was left apart.
    """

    number: str
    home: str
    fuel: Fuel
    purpose: str
    planned_at: Instant
    state: VisitState
    at: Instant
    worker: str = _NOBODY
    isolation: Isolation | None = None

    @classmethod
    def plan(cls, number: str, home: str, fuel: Fuel, purpose: str, who: str, now: Instant) -> Visit:
        """A new visit.

        Raises:
            PolicyError: nobody plans it, or nobody says for what.
        """
        _said("who", who)
        return cls(number, home, fuel, _said("purpose", purpose), now, VisitState.PLANNED, now)

    def arrive(self, who: str, now: Instant) -> Visit:
        """Somebody is there; whatever was stated before is over."""
        return replace(self._to(VisitState.ARRIVED, now), worker=_said("who", who), isolation=None)

    def isolate(self, who: str, isolation: Isolation, now: Instant) -> Visit:
        """The worker states that the supply is separated, and proved.

        Raises:
            PolicyError: another person, or a statement that is not whole. What the switch says is not asked.
        """
        self._mine(who)
        isolation.check(self.fuel)
        return replace(self._to(VisitState.ISOLATED, now), isolation=isolation)

    def work(self, who: str, now: Instant) -> Visit:
        """The work begins.

        Raises:
            StateError: the supply was not physically isolated.
            PolicyError: by another person.
        """
        self._mine(who)
        return self._to(VisitState.WORKING, now)

    def restore(self, who: str, now: Instant) -> Visit:
        """The work is over, everybody is clear, and what was separated is put back by whoever separated it."""
        self._mine(who)
        return self._to(VisitState.RESTORED, now)

    def leave_apart(self, who: str, why: str, now: Instant) -> Visit:
        """The work stops and the supply stays separated, until somebody comes back. Anybody may say so, and why."""
        _said("who", who)
        _said("why", why)
        return self._to(VisitState.LEFT_APART, now)

    def close(self, who: str, now: Instant) -> Visit:
        """The visit is over."""
        _said("who", who)
        return self._to(VisitState.CLOSED, now)

    def abandon(self, who: str, why: str, now: Instant) -> Visit:
        """End a visit in which nothing was separated."""
        _said("who", who)
        _said("why", why)
        return self._to(VisitState.ABANDONED, now)

    def _to(self, state: VisitState, now: Instant) -> Visit:
        if state not in _NEXT[self.state]:
            raise StateError(f"visit {self.number} is {self.state} and cannot become {state}", why=_why(self, state))
        return replace(self, state=state, at=max(now, self.at))

    def _mine(self, who: str) -> None:
        """Only whoever is there: nobody vouches for another's hands."""
        _said("who", who)
        if self.worker and who.strip() != self.worker:
            raise PolicyError(
                f"{self.worker} is at visit {self.number}, not {who.strip()}",
                why="Each step at the installation is stated by the person who does it.",
                remedy="Say that it is left apart; whoever comes next arrives, isolates and proves anew.",
            )


def _why(visit: Visit, state: VisitState) -> str:
    if state is VisitState.WORKING and visit.isolation is None:
        return f"Nobody has stated by which physical means the supply is separated. {NO_ISOLATION}"
    if state is VisitState.ABANDONED and visit.isolation is not None:
        return "The supply is separated: restore it, or say that it is left apart."
    ways = ", ".join(sorted(_NEXT[visit.state])) or "nothing"
    return f"From there it becomes {ways}."


def _said(name: str, words: str) -> str:
    text = words.strip()
    if not _LEAST_WORDS <= len(text) <= _MOST_WORDS or not text.isprintable():
        raise PolicyError(f"nobody has said the {name}", why=f"It has {_LEAST_WORDS} to {_MOST_WORDS} letters.")
    return text
