"""`meterhouse audit`: the audit chain, verified by another process than the one that writes it."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from meterhouse.cli.talk import FAILED, say, spoken, write_json
from meterhouse.model import ConfigurationError

__all__ = ["audit"]

audit = typer.Typer(no_args_is_help=True, help="The audit chain.")

_DATA: Final = Path("meterhouse-data")
_TRUST: Final = Path("meterhouse-trust")


@audit.callback()
def _audit() -> None:
    """The audit chain."""


@audit.command()
@spoken
def verify(
    data: Annotated[Path, typer.Option(help="Data folder of the house; only read.")] = _DATA,
    trust: Annotated[Path, typer.Option(help="Trust folder.")] = _TRUST,
    key: Annotated[str, typer.Option(help="Key that signs heads, in hex; the signing daemon's if none.")] = "",
    witness: Annotated[Path | None, typer.Option(help="A copy of a head, JSON; the signing daemon's if none.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Find every line that was changed, cut out or moved; exit code 1 where there is one."""
    from meterhouse.app.sign_client import SOCKET, SigningClient, SigningTalk  # noqa: PLC0415 -- slow to import
    from meterhouse.app.trust_stores import head_of  # noqa: PLC0415 -- as above
    from meterhouse.crypto import P256, PublicPoint  # noqa: PLC0415 -- as above
    from meterhouse.store import LedgerView, SqlAuditChain  # noqa: PLC0415 -- as above

    if not (data / "meterhouse.db").exists():
        raise ConfigurationError(f"{data} is not a data folder")
    signing = SigningTalk(SigningClient(trust / "signing" / SOCKET))
    try:
        public = PublicPoint(P256, bytes.fromhex(key or signing.status()["audit"]))
        told: dict[str, Any] | None = None if witness is None else json_text.loads(witness.read_text())
        head = head_of(told) if told is not None else (None if key else signing.witness())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError("key or witness cannot be read", why=f"{error}.") from error
    view = LedgerView(f"sqlite:///{data / 'meterhouse.db'}")
    try:
        breaches, newest = view.read(lambda tx: (SqlAuditChain(tx).verify(public, head), SqlAuditChain(tx).newest()))
    finally:
        view.close()
    lines = 0 if newest is None else newest.number
    if json:
        write_json({"lines": lines, "breaches": [{"line": each.number, "what": each.what} for each in breaches]})
    else:
        for each in breaches:
            typer.echo(f"line {each.number}: {each.what}")
        say.print(f"{lines} lines; {len(breaches)} are not as they were written.")
    if breaches:
        raise typer.Exit(FAILED)
