"""`meterhouse key`: the keys of the REST API: made, listed, revoked; also while a street runs on the data folder."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.model import plain

__all__ = ["ViewerChoice", "key"]

key = typer.Typer(no_args_is_help=True, help="Keys of the REST API.")

_FOLDER: Final = Path("meterhouse-data")
_RANDOM: Final = 32


class _Scope(StrEnum):
    """What a key may do; each may do what those before it may."""

    READ = "read"
    VEND = "vend"
    ADMIN = "admin"


class ViewerChoice(StrEnum):
    """In which role a key of scope read, or a console, looks at homes; `trust/access.toml` says what each sees."""

    CUSTOMER = "customer"
    BILLING = "billing"
    COUNTER = "counter"
    OPERATOR = "operator"
    APPROVER = "approver"
    SECURITY = "security"
    NETWORK_OPERATOR = "network-operator"
    THIRD_PARTY = "third-party"
    AUDITOR = "auditor"


Name = Annotated[str, typer.Argument(help="Who uses the key; each name has one.")]
Data = Annotated[Path, typer.Option(help="Data folder; a street may be running on it.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@key.callback()
def _key() -> None:
    """Keys of the REST API."""


@key.command()
@spoken
def make(
    name: Name,
    scope: Annotated[_Scope, typer.Option(help="read looks; vend sells too; admin does and sees all.")],
    viewer: Annotated[
        ViewerChoice | None,
        typer.Option("--viewer", help="In which role a read key sees homes; operator if none is said."),
    ] = None,
    home: Annotated[str, typer.Option(help="Of a customer's key: the one home that it sees.")] = "",
    data: Data = _FOLDER,
    json: Json = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept. From the first key on, every call needs one."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import ApiScope, SqlApiKeys  # noqa: PLC0415 -- as above
    from meterhouse.supplier.trust import Viewer  # noqa: PLC0415 -- as above

    role, random = None if viewer is None else Viewer(viewer.value), os.urandom(_RANDOM)
    with open_books(data) as database:
        token = database.run(lambda tx: SqlApiKeys(tx).add(name, ApiScope(scope.value), random, role, home))
        made = database.read(lambda tx: SqlApiKeys(tx).grants()[name])
    if json:
        write_json({"name": name, "scope": scope.value, "viewer": made.viewer, "home": made.home or None, "key": token})
    else:
        typer.echo(token)
        say.print("Write it down now: it is not shown again. Send it as Authorization: Bearer.", style="yellow")


@key.command("list")
@spoken
def show(data: Data = _FOLDER, json: Json = False) -> None:
    """Who has a key, and what it may do. The keys themselves are not kept."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import SqlApiKeys  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        keys = database.read(lambda tx: SqlApiKeys(tx).grants())
    if json:
        told = [
            {"name": name, "scope": key.scope.value, "viewer": key.viewer, "home": key.home or None}
            for name, key in keys.items()
        ]
        write_json(told)
        return
    for name, key in keys.items():
        typer.echo(plain(f"{key.scope.value:<6} {key.viewer or 'all':<16} {key.home:<8} {name}"))
    if not keys:
        say.print("No key is made: the API is open to everybody on this machine.")


@key.command()
@spoken
def consent(
    home: Annotated[str, typer.Argument(help="Short id of the home.")],
    viewer: Annotated[ViewerChoice, typer.Argument(help="Who sees more of it by the customer's consent.")],
    person: Annotated[str, typer.Option("--as", help="Who you are; it is written in the audit chain.")],
    given: Annotated[bool, typer.Option("--given/--withdrawn", help="Whether the customer agrees, or no longer.")],
    data: Data = _FOLDER,
    json: Json = False,
) -> None:
    """Note that a customer agrees that a role sees more of the home, or agrees no longer; it counts at once."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- as above
    from meterhouse.app.sight import consent as note  # noqa: PLC0415 -- as above
    from meterhouse.links import SystemClock  # noqa: PLC0415 -- as above
    from meterhouse.supplier.trust import Viewer  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        note(database, home, Viewer(viewer.value), person, SystemClock().now(), given=given)
    if json:
        write_json({"home": home, "viewer": viewer.value, "given": given})
    else:
        say.print(plain(f"Home {home}: {viewer.value} sees {'more, by consent' if given else 'no more by consent'}."))


@key.command()
@spoken
def revoke(name: Name, data: Data = _FOLDER, json: Json = False) -> None:
    """Let a key do nothing any more, at once."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import SqlApiKeys, Transaction  # noqa: PLC0415 -- as above

    def end(transaction: Transaction) -> int:
        keys = SqlApiKeys(transaction)
        keys.remove(name)
        return len(keys.all())

    with open_books(data) as database:
        left = database.run(end)
    if json:
        write_json({"revoked": name, "keys_left": left})
        return
    say.print(f"The key of {name} is revoked; {left} left.")
    if not left:
        say.print("No key is left: at its next start the API is open to everybody on this machine.", style="yellow")
