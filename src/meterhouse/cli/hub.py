"""`meterhouse hub`: another hub in a home, under meters that go on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json

__all__ = ["hub"]

hub = typer.Typer(no_args_is_help=True, help="Another hub in a home, under meters that go on.")

_DATA: Final = Path("meterhouse-data")

Data = Annotated[Path, typer.Option(help="Data folder of the house; a street may be running on it.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@hub.callback()
def _hub() -> None:
    """Another hub in a home, under meters that go on."""


@hub.command()
@spoken
def swap(
    home: Annotated[str, typer.Argument(help="Whose hub.")],
    why: Annotated[str, typer.Option(help="Why; it is written into the audit chain.")],
    data: Data = _DATA,
    json: Json = False,
) -> None:
    """Ask that a home's hub be replaced. The running street reads the old one out, or takes its last record.

    The new one has an identity, keys and certificates of its own; the old one is withdrawn, and its line ends.
    """
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.app.hub_swap import ask_swap, street_time  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        asked = ask_swap(database, home, why, street_time(database))
    if json:
        write_json(asked)
    else:
        say.print(f"The hub of home {home} is to be replaced. Look with: meterhouse hub list")


@hub.command("list")
@spoken
def list_swaps(data: Data = _DATA, json: Json = False) -> None:
    """List the homes whose hub was replaced, or is to be."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- as above
    from meterhouse.app.hub_swap import kept_swaps  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        swaps = list(database.read(kept_swaps).values())
    if json:
        write_json(swaps)
        return
    for one in swaps:
        typer.echo(f"{one['home']}\t{one['state']}\t{one['why']}")
