"""Run benches: all, or those that are named; a table for people, or with --json one object a line."""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console
from rich.table import Table

from bench import carrier, confirmed_cut, counter, dlms, dlms_sessions, gas, premises, sealed, tokens, worlds  # noqa: F401 - importing a module enters its benches
from bench.registry import BENCHES, Figure
from meterhouse.cli.collector import look_seldom

__all__ = ["main"]


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "unit", "ours", "peer", "ratio", "limit", "beside, and on what", box=None, pad_edge=False)
    for column in table.columns[2:6]:
        column.justify = "right"
    for figure in figures:
        numbers = [
            f"{number:,.4g}" if number and number < 100 else f"{number:,.0f}" if number else ""
            for number in (figure.ours, figure.peer, figure.ratio, figure.limit)
        ]
        words = "; ".join(part for part in (figure.peer_name, figure.note) if part)
        table.add_row(figure.figure, figure.unit, *numbers, words)
    return table


def _of(name: str) -> list[str]:
    """The benches that a name asks for: the one of that name, or all whose names begin so, as `dlms` does."""
    return [name] if name in BENCHES else [each for each in BENCHES if each.startswith(f"{name}_")]


def main() -> int:
    """Figures go to stdout, the names of what runs to stderr."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="every figure, beside its peer's")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of: {', '.join(BENCHES)}, or how several begin, such as dlms; all if none is named",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if not _of(name)]:
        parser.error(f"no bench is called {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
    look_seldom()  # as every process of the house does
    figures = []
    for name in dict.fromkeys(each for asked in arguments.names for each in _of(asked)) or BENCHES:
        print(f"bench: {name}", file=sys.stderr)
        for figure in BENCHES[name]():
            figures.append(figure)
            if arguments.json:
                print(json.dumps(figure.record(), ensure_ascii=False), flush=True)
    if not arguments.json:
        Console(width=None if sys.stdout.isatty() else 160).print(_table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
