"""What was wrong in a measured file, row by row, and what was done about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["FINDINGS_KEPT", "Finding", "FindingLog", "Problem"]

FINDINGS_KEPT: Final = 1000
"""So many findings are kept word for word; the rest are only counted."""


class Problem(StrEnum):
    """What can be wrong with a value or a time."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not a number"
    NOT_A_TIME = "not a time"
    NEGATIVE = "negative"
    ABSURD = "absurdly large"
    GAP = "gap"
    DUPLICATE = "time told twice"
    OUT_OF_ORDER = "out of order"
    OFF_GRID = "not on an interval boundary"
    INCOMPLETE = "half hour incomplete"
    BACKWARDS = "register runs backwards"
    AFTER_BACKWARDS = "follows a backward register"
    LOCAL_TIME_TWICE = "local time that comes twice"
    LOCAL_TIME_NEVER = "local time that never comes"
    SUBSTITUTED = "not an actual reading"
    BAD_RECORD = "record cannot be read"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was wrong.

    Attributes:
        row: line of a text file, or data row of a Parquet file, from 1.
        column: its name, or the record type of a NEM12 file.
        value: as it stood.
        problem: what is wrong with it.
        done: what was done about it.
        rows: how many rows on end it speaks of.
    """

    row: int
    column: str
    value: str
    problem: Problem
    done: str
    rows: int = 1

    def sentence(self) -> str:
        """One line for a person."""
        where = f"row {self.row}" if self.rows == 1 else f"rows {self.row} and on ({self.rows})"
        value = f" '{self.value}'" if self.value else ""
        return f"{where}, {self.column}{value}: {self.problem}; {self.done}."


@dataclass(slots=True)
class FindingLog:
    """Collects findings while a file is read."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[Problem] = field(default_factory=Counter)

    def add(self, row: int, column: str, value: object, problem: Problem, done: str, rows: int = 1) -> None:
        """Note one finding."""
        self.counts[problem] += rows
        if len(self.findings) < FINDINGS_KEPT:
            self.findings.append(Finding(row, column, "" if value is None else str(value), problem, done, rows))
