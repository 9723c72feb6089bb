"""`meterhouse ledger audit` and `refused`: the whole story of one payment, and the attempts that were stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from meterhouse.cli.talk import FAILED, say, spoken, write_json
from meterhouse.model import Money, isoformat

if TYPE_CHECKING:
    from meterhouse.store import Trail

__all__ = ["audit", "refused"]

_FOLDER: Final = Path("meterhouse-data")

Data = Annotated[Path, typer.Option(help="Data folder; a street may be running on it.")]
Json = Annotated[bool, typer.Option("--json", help="Print it as one JSON document.")]


@spoken
def audit(
    request: Annotated[str, typer.Argument(help="Id of the payment.")], data: Data = _FOLDER, json: Json = False
) -> None:
    """Payment, debt entry, token and order of one payment, held against each other: exit code 1 where they differ."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import audit_trail  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        trail = database.read(lambda tx: audit_trail(tx, request))
    document = _document(trail)
    if json:
        write_json(document)
    else:
        _print(document)
    if trail.gaps:
        raise typer.Exit(FAILED)


@spoken
def refused(
    account: Annotated[str, typer.Argument(help="Only of this account, card or meter; without one, all.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")] = 50,
    data: Data = _FOLDER,
    json: Json = False,
) -> None:
    """Payments that were stopped before a token was made: what was tried, by whom, and why it was refused."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import SqlRefusals  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        found = database.read(lambda tx: SqlRefusals(tx).newest(limit, account or None))
    lines = [
        {
            "at": isoformat(one.at),
            "request": one.request_id,
            "account": one.account,
            "network": one.network,
            "amount": one.amount.decimal(),
            "currency": one.amount.currency,
            "code": one.code,
            "why": one.why,
        }
        for one in found
    ]
    if json:
        write_json(lines)
        return
    for line in lines:
        typer.echo(f"{line['at']}  {line['code']:<16} {line['amount']:>10} {line['currency']}  {line['account']}")
        typer.echo(f"    {line['network']}: {line['why']}")
    if not lines:
        say.print("Nothing was refused.")


def _document(trail: Trail) -> dict[str, object]:
    vend = trail.vend
    return {
        "request": vend.request_id,
        "account": vend.account_id,
        "home": vend.home,
        "network": vend.network,
        "at": isoformat(vend.at),
        "kind": vend.kind.value,
        "state": vend.state.value,
        "currency": vend.paid.currency,
        "paid": vend.paid.decimal(),
        "to_debt": vend.to_debt.decimal(),
        "in_token": vend.in_token.decimal(),
        "debt_left": vend.debt_left.decimal(),
        "token": {
            "meter": str(vend.meter),
            "identifier": vend.tid,
            "carries": vend.value.decimal(),
            "last_digits": vend.token[-4:],
        },
        "journal": [
            {
                "at": isoformat(line.at),
                "kind": line.kind.value,
                "debit": str(line.debit),
                "credit": str(line.credit),
                "amount": line.amount.decimal(),
            }
            for line in trail.lines
        ],
        "order": {"state": trail.order, "shows_debt": _told(trail)},
        "life": [{"step": step.name.value, "at": isoformat(step.at), "why": step.reason} for step in trail.stages],
        "gaps": list(trail.gaps),
    }


def _told(trail: Trail) -> str | None:
    return None if trail.order_debt is None else Money(trail.order_debt, trail.vend.paid.currency).decimal()


def _print(document: dict[str, object]) -> None:
    for name in ("request", "account", "home", "network", "at", "kind", "state", "paid", "to_debt", "in_token"):
        typer.echo(f"{name:<10} {document[name]}")
    token, order, journal, life = (document[name] for name in ("token", "order", "journal", "life"))
    assert isinstance(token, dict)
    assert isinstance(order, dict)
    assert isinstance(journal, list)
    assert isinstance(life, list)
    typer.echo(f"token      …{token['last_digits']} for meter {token['meter']}, number {token['identifier']}")
    typer.echo(f"order      {order['state'] or 'none'}, shows a debt of {order['shows_debt']}")
    for line in journal:
        typer.echo(f"{line['at']}  {line['kind']:<15} {line['amount']:>12}  {line['debit']} → {line['credit']}")
    for step in life:
        typer.echo(f"{step['at']}  {step['step']}{': ' + step['why'] if step['why'] else ''}")
    gaps = document["gaps"]
    assert isinstance(gaps, list)
    for gap in gaps:
        say.print(f"Gap: {gap}.", style="red")
