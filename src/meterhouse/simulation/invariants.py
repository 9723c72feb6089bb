"""Invariants: what must hold in every world, and the record of where it did not.

Only the frame: an invariant is written beside the devices that it is about. Its number is that of the list in
ARCHITECTURE.md, so that a broken one names its promise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from meterhouse.model import Event, Instant, MeterhouseError, isoformat

__all__ = ["Invariant", "InvariantBrokenError", "Violation", "Watch"]


class Invariant(Protocol):
    """A promise that can be checked from outside, from events and from what the machines show."""

    @property
    def name(self) -> str:
        """A dotted word, such as `money.conserved`."""

    @property
    def number(self) -> int:
        """Its number in the list of ARCHITECTURE.md."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Beginnings of the event kinds that it wants to see; empty for none."""

    def observe(self, event: Event) -> Iterable[str]:
        """Take note of an event; a sentence for each breach that it shows."""

    def check(self, now: Instant) -> Iterable[str]:
        """Look at everything at the end of a period, when nothing else is left at `now`; a sentence for each breach."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A breach, with what is needed to see it again.

    Attributes:
        number: of the invariant.
        invariant: its name.
        what: the sentence it gave.
        at: when it was found.
        seed: of the world.
        trace: the latest lines of the trace before it was found.
    """

    number: int
    invariant: str
    what: str
    at: Instant
    seed: int
    trace: tuple[str, ...]

    def line(self) -> str:
        """One readable line, without the trace."""
        return f"{isoformat(self.at)} invariant {self.number} {self.invariant}: {self.what} (seed {self.seed})"


class InvariantBrokenError(MeterhouseError):
    """A world broke a promise; the message has each breach on a line, and the trace before the first."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        lines = [violation.line() for violation in violations]
        tail = [f"    {line}" for line in violations[0].trace] if violations else []
        super().__init__("\n".join((*lines, "the trace before the first:", *tail)))
        self.violations = violations


@dataclass(frozen=True, slots=True)
class Watch:
    """An invariant in a world.

    Attributes:
        invariant: what is watched.
        told: the sentences already recorded.
    """

    invariant: Invariant
    told: set[str]

    def fresh(self, findings: Iterable[str]) -> tuple[str, ...]:
        """Those findings that were not recorded before: a lasting breach is one violation, not one a period."""
        if findings == ():
            return ()
        new = tuple(dict.fromkeys(finding for finding in findings if finding not in self.told))
        self.told.update(new)
        return new
