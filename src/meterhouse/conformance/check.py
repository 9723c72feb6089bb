"""A check: one rule, its clause, what it wants, and how a device is put to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meterhouse.conformance.bench import Bench

__all__ = ["Check", "check"]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule.

    Attributes:
        name: its name, group.rule.
        clause: of which standard.
        expected: what the clause wants, in words.
        run: puts a device to it: returns, or raises `Failed` or `NotApplicable`, or a `MeterhouseError` that the
            device's answer caused, which is a failure.
        over: the link that it is for, `wrapper` or `hdlc`; empty for all.
    """

    name: str
    clause: str
    expected: str
    run: Callable[[Bench], None]
    over: str = ""


def check(name: str, clause: str, expected: str, *, over: str = "") -> Callable[[Callable[[Bench], None]], Check]:
    """Make a function a `Check`."""
    return lambda run: Check(name, clause, expected, run, over)
