"""`meterhouse usage`: what each party used of each hub's line, for the carrier's bill."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.model import DAY, Instant, UsageError, isoformat, parse_instant

__all__ = ["usage"]

_FOLDER: Final = Path("meterhouse-data")


@spoken
def usage(
    first: Annotated[str, typer.Argument(help="First UTC day, such as 2026-01-01.")],
    last: Annotated[str, typer.Argument(help="Last UTC day.")],
    data: Annotated[Path, typer.Option(help="Data folder; a street may be running on it.")] = _FOLDER,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of CSV.")] = False,
) -> None:
    """Print calls, orders, notes and bytes by day, party and premises: the ground for settling with the carrier."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import SqlCarrierUsage, SqlRegistry  # noqa: PLC0415 -- as above

    begin, end = _day(first), Instant(_day(last) + DAY)
    if end <= begin:
        raise UsageError(f"{last} is before {first}", remedy="Name the earlier day first.")
    with open_books(data) as database:
        rows = database.read(lambda tx: list(SqlCarrierUsage(tx).between(begin, end)))
        premises = database.read(lambda tx: {str(home.hub): home.home for home in SqlRegistry(tx).homes()})
    table = [
        {
            "day": isoformat(row.day)[:10],
            "party": str(row.party),
            "hub": str(row.hub),
            "home": premises.get(str(row.hub), ""),
            **asdict(row.usage),
        }
        for row in rows
    ]
    if json:
        write_json(table)
        return
    if not table:
        say.print(f"Nothing was used from {first} to {last}.")
        return
    writer = csv.DictWriter(sys.stdout, table[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)


def _day(text: str) -> Instant:
    return parse_instant(f"{text}T00:00:00Z")
