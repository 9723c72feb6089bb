"""`meterhouse vend` and `meterhouse batch`: sell credit at a data folder, or at a running street by its API."""

from __future__ import annotations

import json as json_text
import os
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.model import (
    ConfigurationError,
    Instant,
    LinkError,
    MeterhouseError,
    Money,
    NotFoundError,
    PolicyError,
    UsageError,
    isoformat,
    parse_instant,
)

if TYPE_CHECKING:
    from meterhouse.store import Till
    from meterhouse.supplier.vending import Receipt

__all__ = ["FOLDER", "At", "Data", "batch", "street_time", "vend"]

FOLDER: Final = Path("meterhouse-data")
_TIMEOUT_S: Final = 10
_KINDS: Final[dict[int, type[MeterhouseError]]] = {
    403: PolicyError,
    404: NotFoundError,
    409: PolicyError,
    422: UsageError,
    503: LinkError,
}

Data = Annotated[
    Path | None, typer.Option(help="Data folder of a street that is not running; meterhouse-data if none.")
]
At = Annotated[str, typer.Option(help="When it is paid, ISO 8601 with a zone; else the street's own time.")]


@spoken
def vend(
    account: Annotated[str, typer.Argument(help="Account, or number of the customer's card.")],
    amount: Annotated[str, typer.Argument(help="Decimal, such as 20.00.")],
    data: Data = None,
    url: Annotated[str, typer.Option(help="Address of a running console; --data is then not needed.")] = "",
    request: Annotated[str, typer.Option(help="Id of this payment; the same again gives the same receipt.")] = "",
    network: Annotated[str, typer.Option(help="Who took the money.")] = "till",
    currency: Annotated[str, typer.Option(help="ISO 4217 letters.")] = "GBP",
    token: Annotated[str, typer.Option(envvar="METERHOUSE_TOKEN", help="API token, where the console wants one.")] = "",
    at: At = "",
    sms: Annotated[bool, typer.Option(help="Print the receipt as one short message.")] = False,
    pdf: Annotated[Path | None, typer.Option(help="Write the receipt to this file as PDF too.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the receipt as one JSON document.")] = False,
) -> None:
    """Sell credit: debt first, the rest in a token that is sent to the home. Prints the receipt."""
    from meterhouse.app.counter_folder import open_counter  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.app.receipt_pdf import receipt_pdf  # noqa: PLC0415 -- as above
    from meterhouse.supplier.vending import PaymentRequest, receipt_sms, receipt_text  # noqa: PLC0415 -- as above

    money = Money.parse(amount, currency)
    request = request or f"till-{os.urandom(8).hex()}"
    if url:
        if data is not None or sms or pdf is not None or at:
            raise UsageError("--data, --at, --sms and --pdf do not go with --url")
        document = _asked(
            url, token, request, {"account": account, "amount": amount, "currency": currency, "network": network}
        )
        if json:
            write_json(document)
        else:
            typer.echo(_lines(document))
        return
    with open_counter(data or FOLDER) as till:
        now = street_time(till, at)
        till.resume(now)
        receipt = till.pay(PaymentRequest(request, account, money, network), now)
    if pdf is not None:
        pdf.write_bytes(receipt_pdf(receipt))
    if json:
        write_json(_document(receipt))
    else:
        typer.echo(receipt_sms(receipt) if sms else receipt_text(receipt), nl=sms)


@spoken
def batch(
    file: Annotated[Path, typer.Argument(help="Batch file of a payment network (CSV with header and trailer).")],
    data: Data = None,
    rejects: Annotated[Path | None, typer.Option(help="Write refused payments to this file.")] = None,
    at: At = "",
    json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")] = False,
) -> None:
    """Take a batch of payments. Half a file is refused whole; the same file twice counts once."""
    from meterhouse.app.counter_folder import open_counter  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.store import take_batch  # noqa: PLC0415 -- as above

    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"batch file {file} cannot be read", why=f"{error.strerror}.") from error
    with open_counter(data or FOLDER) as till:
        report = take_batch(till, content, street_time(till, at))
    if rejects is not None and report.rejected:
        rejects.write_text(report.rejects, encoding="utf-8", newline="")
    total = Money(report.taken_money5, report.currency)
    if json:
        write_json(
            {
                "network": report.network,
                "batch": report.name,
                "taken": report.taken,
                "total": {"amount": total.decimal(), "currency": total.currency},
                "rejected": report.rejected,
                "rejects": report.rejects.splitlines()[1:-1],
            }
        )
    else:
        say.print(f"Batch {report.name} of {report.network}: {report.taken} taken, {total}; {report.rejected} refused.")
        if report.rejected:
            typer.echo(report.rejects, nl=False)


def street_time(till: Till, at: str) -> Instant:
    """The time given, or the street's own at its last checkpoint, or the wall's where there has been none."""
    from meterhouse.store import SqlDeviceState  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    if at:
        return parse_instant(at)
    street = till.database.read(lambda tx: SqlDeviceState(tx).load("street"))
    return Instant(int(time.time() * 1000) if street is None else int(str(street["now"])))


def _document(receipt: Receipt) -> dict[str, object]:
    def money(amount: Money) -> dict[str, str]:
        return {"amount": amount.decimal(), "currency": amount.currency}

    return {
        "request": receipt.request_id,
        "account": receipt.account_id,
        "fuel": receipt.fuel.value,
        "home": receipt.home,
        "paid": money(receipt.paid),
        "to_debt": money(receipt.to_debt),
        "in_token": money(receipt.in_token),
        "debt_left": money(receipt.debt_left),
        "token": receipt.token or None,
        "state": receipt.state.value,
        "made_at": isoformat(receipt.at),
    }


def _asked(url: str, token: str, request: str, order: dict[str, str]) -> Any:
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"'{url}' is not an address", remedy="Write it like http://127.0.0.1:8080.")
    headers = {"Content-Type": "application/json", "Idempotency-Key": request}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json_text.dumps(order).encode()
    asked = urllib.request.Request(f"{url.rstrip('/')}/api/v1/payments", body, headers)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - checked above
            return json_text.load(answer)
    except urllib.error.HTTPError as error:
        raise _refusal(error) from error
    except (OSError, ValueError) as error:
        raise LinkError(
            f"no answer from {url}",
            why="The payment may or may not have been taken.",
            remedy=f"Ask again with --request {request}: it is taken once.",
        ) from error


def _refusal(error: urllib.error.HTTPError) -> MeterhouseError:
    try:
        problem = json_text.load(error)
    except ValueError:
        problem = {}
    return _KINDS.get(error.code, ConfigurationError)(
        str(problem.get("detail", f"the console answered {error.code}")),
        why=str(problem.get("why", "")),
        remedy=str(problem.get("next", "")),
    )


def _lines(document: Any) -> str:
    facts = [(name, document[name]) for name in ("paid", "to_debt", "in_token", "debt_left")]
    lines = [f"{name.replace('_', ' ').capitalize():<14}{money['amount']} {money['currency']}" for name, money in facts]
    digits = document["token"] or "none: all of it went to debt"
    return "\n".join(
        [
            f"{document['fuel'].capitalize()} account {document['account']}  home {document['home']}",
            *lines,
            f"Token {digits}",
            f"Request {document['request']}",
        ]
    )
