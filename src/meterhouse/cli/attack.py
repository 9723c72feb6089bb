"""`meterhouse attack`: one party at a time turned hostile, by the catalogue of attacks."""

from __future__ import annotations

import json as json_lines
import sys
from typing import Annotated

import typer

from meterhouse.cli.talk import FAILED, say, spoken

__all__ = ["attack"]


@spoken
def attack(
    names: Annotated[list[str] | None, typer.Argument(help="Of the catalogue, such as T01 T08; all if none.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is left to chance.")] = 1,
    share: Annotated[int, typer.Option(min=1, max=1000, help="Thousandths of the catalogue's number of tries.")] = 1000,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, as each is done.")] = False,
) -> None:
    """Try to do harm, count how often, and say how often it worked; exit code 1 where it ever did."""
    from meterhouse.simulation.attacks import ATTACKS, Terms, run_attack  # noqa: PLC0415 -- slow to import

    harmed = 0
    for name in names or sorted(ATTACKS):
        outcome = run_attack(name, Terms(seed, share))
        harmed += outcome.bad
        if json:
            sys.stdout.write(json_lines.dumps(outcome.document()) + "\n")
            sys.stdout.flush()
        said = f"{outcome.id}  {outcome.bad} of {outcome.n:,} did harm, {outcome.seconds:.1f} s: {outcome.title}"
        say.print(said, style="bold red" if outcome.bad else "")
        for about, figure in outcome.figures.items():
            say.print(f"       {about}: {figure}")
        for example in outcome.examples:
            say.print(f"       did harm: {example}", style="red")
    if harmed:
        raise typer.Exit(FAILED)
