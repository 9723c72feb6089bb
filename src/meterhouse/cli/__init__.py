"""the command line: every verb, data on stdout and talk on stderr"""

from __future__ import annotations

from typing import Annotated

import typer

from meterhouse import __version__
from meterhouse.cli.attack import attack
from meterhouse.cli.audit import audit
from meterhouse.cli.centre import centre
from meterhouse.cli.collector import look_seldom
from meterhouse.cli.conform import conform
from meterhouse.cli.decode import decode
from meterhouse.cli.hand_over import hand_over
from meterhouse.cli.hook import hook
from meterhouse.cli.hub import hub
from meterhouse.cli.key import key
from meterhouse.cli.ledger import backup, ledger, restore_backup
from meterhouse.cli.ledger_audit import audit as ledger_audit
from meterhouse.cli.ledger_audit import refused
from meterhouse.cli.migrate import migrate
from meterhouse.cli.order import order
from meterhouse.cli.order_arm import arm, arm_code
from meterhouse.cli.profile import profile
from meterhouse.cli.read import read
from meterhouse.cli.scenario import scenario
from meterhouse.cli.talk import say, write_json
from meterhouse.cli.token import token
from meterhouse.cli.trust import trust
from meterhouse.cli.up import up
from meterhouse.cli.usage import usage
from meterhouse.cli.vend import batch, vend
from meterhouse.cli.visit import visit
from meterhouse.cli.world import world

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True, help="Meterhouse: an open smart-metering system.", pretty_exceptions_enable=False
)
app.command()(up)
app.command()(read)
app.command()(decode)
app.command()(vend)
app.command()(batch)
app.command()(migrate)
app.command()(attack)
app.command()(usage)
app.command()(backup)
app.command("restore")(restore_backup)
ledger.command("audit")(ledger_audit)
ledger.command("refused")(refused)
order.command("arm")(arm)
order.command("arm-code")(arm_code)
trust.command("hand-over")(hand_over)
app.add_typer(ledger, name="ledger")
app.add_typer(world, name="world")
app.add_typer(scenario, name="scenario")
app.add_typer(profile, name="profile")
app.add_typer(token, name="token")
app.add_typer(key, name="key")
app.add_typer(hook, name="hook")
app.add_typer(hub, name="hub")
app.add_typer(order, name="order")
app.add_typer(visit, name="visit")
app.add_typer(trust, name="trust")
app.add_typer(centre, name="centre")
app.add_typer(audit, name="audit")
app.add_typer(conform, name="conform")


def _tell_version(asked: bool) -> None:  # noqa: FBT001 -- the value of an option
    if asked:
        typer.echo(f"meterhouse {__version__}")
        raise typer.Exit


@app.callback()
def _meterhouse(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    del version


@app.command()
def version(*, json: Annotated[bool, typer.Option("--json", help="Print it as one JSON document.")] = False) -> None:
    """Say which version this is."""
    if json:
        write_json({"version": __version__})
    else:
        say.print(f"meterhouse {__version__}")


def main() -> None:
    """The console script."""
    look_seldom()
    app()
