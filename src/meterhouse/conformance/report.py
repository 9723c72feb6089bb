"""The report on one product: its judgements, and the level that they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from meterhouse.conformance.verdict import Judgement, Verdict

__all__ = ["LEVELS", "Report"]

LEVELS: Final = ("HES", "SEP", "DLMS", "prepay")
"""The four levels that a product can be judged on; this room has checks for DLMS."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of one product.

    Attributes:
        product: its name.
        maker: who makes it.
        link: `wrapper` or `hdlc`.
        level: the level that was judged.
        judgements: one for each check, in the order that they were made.
    """

    product: str
    maker: str
    link: str
    level: str
    judgements: tuple[Judgement, ...]

    def count(self, verdict: Verdict) -> int:
        """How many checks ended so."""
        return sum(judgement.verdict is verdict for judgement in self.judgements)

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that found a breach."""
        return tuple(one.check for one in self.judgements if one.verdict is Verdict.FAIL)

    @property
    def reached(self) -> bool:
        """Whether the product is on the level: some check passed and none failed."""
        return not self.failed and self.count(Verdict.PASS) > 0

    def levels(self) -> dict[str, str]:
        """Each of the four levels: reached, not reached, or not judged."""
        judged = "reached" if self.reached else "not reached"
        return {level: judged if level == self.level else "not judged" for level in LEVELS}

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "product": self.product,
            "maker": self.maker,
            "link": self.link,
            "levels": self.levels(),
            "counts": {verdict.value: self.count(verdict) for verdict in Verdict},
            "judgements": [judgement.document() for judgement in self.judgements],
        }

    def page(self) -> str:
        """The report as a Markdown page."""
        counts = ", ".join(f"{self.count(verdict)} {verdict.value}" for verdict in Verdict)
        lines = [
            f"# {self.product}",
            "",
            f"Maker: {self.maker or 'not told'}. Link: {self.link}. Checks: {counts}.",
            "",
            "| level | result |",
            "| --- | --- |",
            *(f"| {level} | {result} |" for level, result in self.levels().items()),
            "",
            "| check | clause | verdict | expected | came |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| {one.check} | {one.clause} | {one.verdict.value} | {_cell(one.expected)} | {_cell(one.came)} |"
                for one in self.judgements
            ),
        ]
        for one in self.judgements:
            if one.verdict is Verdict.FAIL:
                lines += ["", f"## {one.check}", "", f"Sent: `{one.sent or 'nothing'}`", "", f"Came: {_cell(one.came)}"]
        return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
