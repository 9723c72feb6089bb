"""`meterhouse hook`: who is told each step of each payment: added, listed, removed; also while a street runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json

__all__ = ["hook"]

hook = typer.Typer(no_args_is_help=True, help="Webhooks: who is told what becomes of payments.")

_FOLDER: Final = Path("meterhouse-data")
_SECRET: Final = 32

Name = Annotated[str, typer.Argument(help="Who listens.")]
Data = Annotated[Path, typer.Option(help="Data folder; a street may be running on it.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@hook.callback()
def _hook() -> None:
    """Webhooks."""


@hook.command()
@spoken
def add(
    name: Name,
    url: Annotated[str, typer.Argument(help="Where to call: https, or http on this machine.")],
    data: Data = _FOLDER,
    json: Json = False,
) -> None:
    """Tell a listener every step from now on. Prints the secret that signs the calls, this once."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import add_hook  # noqa: PLC0415 -- as above

    secret = os.urandom(_SECRET).hex()
    with open_books(data) as database:
        database.run(lambda tx: add_hook(tx, name, url, secret.encode()))
    if json:
        write_json({"name": name, "url": url, "secret": secret})
    else:
        typer.echo(secret)
        say.print("Give this secret to the listener: it checks Meterhouse-Signature with it.", style="yellow")


@hook.command("list")
@spoken
def show(data: Data = _FOLDER, json: Json = False) -> None:
    """Who listens, and how many calls in a row were not heard."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import list_hooks  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        found = database.read(list_hooks)
    if json:
        write_json([{"name": one.name, "url": one.url, "not_heard": one.attempts} for one in found])
        return
    for one in found:
        typer.echo(f"{one.name}  {one.url}  {f'{one.attempts} calls not heard' if one.attempts else 'hears'}")


@hook.command()
@spoken
def remove(name: Name, data: Data = _FOLDER, json: Json = False) -> None:
    """Tell a listener nothing any more."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import remove_hook  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        database.run(lambda tx: remove_hook(tx, name))
    if json:
        write_json({"removed": name})
    else:
        say.print(f"{name} is told nothing any more.")
