"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = ["Failed", "Judgement", "NotApplicable", "Verdict"]


class Verdict(Enum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 -- a verdict, not a password
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"


class Failed(Exception):  # noqa: N818 -- a verdict: never leaves the judge
    """The device broke the rule; says what came."""


class NotApplicable(Exception):  # noqa: N818 -- likewise
    """The rule says nothing of this device, or it was not told how; says why."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One check of one device.

    Attributes:
        check: the check's name.
        clause: what it is held to.
        expected: what the clause wants, in words.
        sent: the last that was sent before the verdict, hexadecimal; the APDU, or the frame where the link is judged.
        came: what came instead, or why the check does not apply; empty where it passed.
        verdict: see `Verdict`.
    """

    check: str
    clause: str
    expected: str
    sent: str
    came: str
    verdict: Verdict

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "check": self.check,
            "clause": self.clause,
            "expected": self.expected,
            "sent": self.sent,
            "came": self.came,
            "verdict": self.verdict.value,
        }
