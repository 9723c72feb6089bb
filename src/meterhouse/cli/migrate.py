"""`meterhouse migrate`: take over the sites of an old prepayment system, each with its opening credit and its debt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.cli.vend import FOLDER, At, Data, street_time
from meterhouse.model import ConfigurationError, Money

if TYPE_CHECKING:
    from meterhouse.store import MigratedSite

__all__ = ["migrate"]


@spoken
def migrate(
    file: Annotated[Path, typer.Argument(help="File of the old system's sites (CSV with header and trailer).")],
    data: Data = None,
    at: At = "",
    json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")] = False,
) -> None:
    """Open accounts with the credit and debt of old meters: all of a file or nothing; the same file twice counts once.

    Prints, for each site, how its opening credit came about, and the token to type at the new meter.
    """
    from meterhouse.app.counter_folder import open_counter  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import migrate_sites  # noqa: PLC0415 -- as above
    from meterhouse.supplier.vending import MigrationError  # noqa: PLC0415 -- as above

    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"file {file} cannot be read", why=f"{error.strerror}.") from error
    with open_counter(data or FOLDER) as till:
        try:
            report = migrate_sites(till, content, street_time(till, at))
        except MigrationError as error:
            for line in error.lines:
                say.print(str(line), style="red", markup=False, highlight=False)
            raise
        tokens = {}
        for site in report.sites:
            receipt = till.last_response(site.request_id)
            tokens[site.request_id] = "" if receipt is None else receipt.token
    documents = [_document(site, tokens[site.request_id], report.currency) for site in report.sites]
    if json:
        write_json({"system": report.system, "file": report.name, "currency": report.currency, "sites": documents})
        return
    for site in report.sites:
        typer.echo(_statement(site, tokens[site.request_id], report.currency))
    say.print(f"{len(report.sites)} sites of {report.system} were taken over.")


def _document(site: MigratedSite, token: str, currency: str) -> dict[str, object]:
    def money(amount: int) -> str:
        return Money(amount, currency).decimal()

    return {
        "request": site.request_id,
        "home": site.home,
        "account": site.account,
        "steps": [{"what": what, "amount": money(amount)} for what, amount in site.steps],
        "opening_credit": money(site.opening),
        "debt": money(site.debt),
        "debt_share_percent": site.debt_share / 100,
        "token": token,
    }


def _statement(site: MigratedSite, token: str, currency: str) -> str:
    lines = [*site.steps, ("opening credit", site.opening), ("debt on the account", site.debt)]
    told = [f"  {what:<24}{Money(amount, currency).decimal():>12}" for what, amount in lines]
    share = f"  {site.debt_share / 100:g} % of each payment pays the debt." if site.debt else ""
    parts = [f"Home {site.home}, account {site.account} ({site.request_id})", *told, share, f"  Token {token}"]
    return "\n".join(part for part in parts if part)
