"""`meterhouse ledger`, `backup`, `restore`: does the money add up, what an account did, and a copy of it all."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from meterhouse.cli.talk import FAILED, say, spoken, write_json
from meterhouse.model import Instant, isoformat, parse_instant

if TYPE_CHECKING:
    from meterhouse.supplier.vending import Vend

__all__ = ["backup", "ledger", "restore_backup"]

ledger = typer.Typer(no_args_is_help=True, help="The journal of money.")

_FOLDER: Final = Path("meterhouse-data")

Data = Annotated[Path, typer.Option(help="Data folder; a street may be running on it.")]
Json = Annotated[bool, typer.Option("--json", help="Print it as one JSON document.")]


@ledger.callback()
def _ledger() -> None:
    """The journal of money."""


@ledger.command("verify")
@spoken
def check(data: Data = _FOLDER, json: Json = False) -> None:
    """Check every law of money over the whole journal: exit code 0 where all hold, 1 where one is broken."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import SqlBook, verify  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        broken, lines = database.read(lambda tx: (verify(tx), sum(1 for _ in SqlBook(tx).journal())))
    if json:
        write_json({"holds": not broken, "lines": lines, "breaches": [asdict(breach) for breach in broken]})
    else:
        for breach in broken:
            say.print(f"Broken: {breach.law}: {breach.detail}", style="red")
        say.print(f"{lines} lines: {'every law of money holds.' if not broken else f'{len(broken)} breaches.'}")
    if broken:
        raise typer.Exit(FAILED)


@ledger.command()
@spoken
def statement(
    account: Annotated[str, typer.Argument(help="Account.")], data: Data = _FOLDER, json: Json = False
) -> None:
    """Every payment and token of an account, oldest first, with the debt after each; and what was agreed about it."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import SqlRegistry, SqlVendingRecords  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        record, vends, agreements = database.read(
            lambda tx: (
                SqlRegistry(tx).account(account),
                SqlVendingRecords(tx).of_account(account),
                SqlVendingRecords(tx).agreements(account),
            )
        )
    if json:
        write_json(
            {
                "account": account,
                "home": record.home,
                "state": record.state.value,
                "debt": record.debt.decimal(),
                "currency": record.debt.currency,
                "vends": [_line(vend) for vend in vends],
                "agreements": [
                    {
                        "since": isoformat(terms.since),
                        "debt_share_percent": terms.debt_share / 100,
                        "weekly_cap": None if terms.weekly_cap is None else terms.weekly_cap.decimal(),
                        "debt_is_recovered_at": terms.place.value,
                        "tariff": terms.tariff,
                        "why": terms.why,
                    }
                    for terms in agreements
                ],
            }
        )
        return
    typer.echo(f"Account {account}  home {record.home}  {record.state.value}  debt {record.debt}")
    for vend in vends:
        line = _line(vend)
        columns = f"{line['paid']:>10} {line['to_debt']:>10} {line['in_token']:>10} {line['debt_left']:>10}"
        typer.echo(f"{line['at']} {columns}  {vend.state.value:<8} {vend.kind.value:<7} {vend.request_id}")


@spoken
def backup(
    to: Annotated[Path, typer.Argument(help="New folder for the copy.")], data: Data = _FOLDER, json: Json = False
) -> None:
    """Copy a data folder, also while a street runs on it. The copy holds keys: guard it as you guard the folder."""
    from meterhouse.store import back_up  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    back_up(data, to)
    if json:
        write_json({"copy": str(to)})
    else:
        say.print(f"Copied {data} to {to}. It holds keys: guard it.")


@spoken
def restore_backup(
    source: Annotated[Path, typer.Argument(help="The copy.")],
    data: Annotated[Path, typer.Option(help="New or empty data folder.")] = _FOLDER,
    until: Annotated[
        str,
        typer.Option(help="Last moment at which the lost folder can have sold anything, by its own clock; else now."),
    ] = "",
    json: Json = False,
) -> None:
    """Make a data folder from a copy; lifts every counter past whatever the lost one may have given out."""
    from meterhouse.store import restore  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    now = parse_instant(until) if until else Instant(int(time.time() * 1000))
    done = restore(source, data, now)
    if json:
        write_json({"data": str(data), **asdict(done)})
    else:
        say.print(
            f"Restored {data}: {done.meters} meters' numbers and {done.counters} counters are past {isoformat(now)}."
        )
        if done.pending:
            say.print(f"{done.pending} payments are pending; the next sale finishes them.", style="yellow")


def _line(vend: Vend) -> dict[str, object]:
    return {
        "at": isoformat(vend.at),
        "request": vend.request_id,
        "network": vend.network,
        "kind": vend.kind.value,
        "state": vend.state.value,
        "paid": vend.paid.decimal(),
        "to_debt": vend.to_debt.decimal(),
        "in_token": vend.in_token.decimal(),
        "debt_left": vend.debt_left.decimal(),
    }
