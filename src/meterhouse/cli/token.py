"""`meterhouse token`: look at a token, open it with the key of its meter, or make one for a test or a commissioning."""

from __future__ import annotations

from pathlib import Path
from time import time_ns
from typing import Annotated, Final

import typer

from meterhouse.cli.talk import say, spoken
from meterhouse.model import Fuel, Instant, Money, parse_instant

__all__ = ["token"]

token = typer.Typer(no_args_is_help=True, help="Prepayment tokens: check, decode, make.")

_PASSPHRASE: Final = "METERHOUSE_KEYS_PASSPHRASE"  # noqa: S105 - the name of a variable

Digits = Annotated[str, typer.Argument(metavar="TOKEN", help="Twenty digits; spaces and dashes allowed.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Pan = Annotated[str, typer.Option(help="The meter's number (MeterPAN), 18 digits.")]
KeyFile = Annotated[
    Path, typer.Option(help=f"The key store: its folder, or its file vending.keys. Passphrase: ${_PASSPHRASE}.")
]
Group = Annotated[str, typer.Option(help="Supply group (SGC), 6 digits.")]
Revision = Annotated[int, typer.Option(help="Key revision (KRN), 1 to 9.")]
TariffIndex = Annotated[int, typer.Option(help="Tariff index (TI), 0 to 99.")]
BaseDateYear = Annotated[int, typer.Option(help="Base date: 1993, 2014 or 2035.")]
Family = Annotated[str, typer.Option(help="What the meter reckons with: ea11, ea07, or ea07-dkga02.")]
Tables = Annotated[Path | None, typer.Option(help="EA07's licensed tables (TOML); without it, the standard's sample.")]


@token.callback()
def _token() -> None:
    """Prepayment tokens."""


@token.command()
@spoken
def check(digits: Digits, *, json: Json = False) -> None:
    """Say what can be seen of a token without any key: its scheme, its class, whether a digit is mistyped."""
    from meterhouse.cli import token_run  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    token_run.check(digits, as_json=json)


@token.command()
@spoken
def decode(
    digits: Digits,
    pan: Pan,
    key_file: KeyFile,
    group: Group,
    revision: Revision = 1,
    tariff_index: TariffIndex = 1,
    base_date: BaseDateYear = 2014,
    family: Family = "ea11",
    tables: Tables = None,
    json: Json = False,
) -> None:
    """Open an STS token with the key of its meter, out of the key store."""
    from meterhouse.cli import token_run  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    meter = token_run.meter_of(pan, group, revision, tariff_index, base_date, Fuel.GAS)
    token_run.decode(digits, meter, token_run.service_at(key_file, family, tables), as_json=json)


@token.command()
@spoken
def make(
    amount: Annotated[str, typer.Argument(help="Money to credit, like 20.00; 0 for a commissioning token.")],
    pan: Pan,
    key_file: KeyFile,
    group: Group,
    revision: Revision = 1,
    tariff_index: TariffIndex = 1,
    base_date: BaseDateYear = 2014,
    family: Family = "ea11",
    tables: Tables = None,
    fuel: Annotated[Fuel, typer.Option(help="What is credited.")] = Fuel.GAS,
    currency: Annotated[str, typer.Option(help="Currency, ISO 4217.")] = "GBP",
    at: Annotated[str, typer.Option(help="When, ISO 8601; now if left out.")] = "",
    json: Json = False,
) -> None:
    """Make an STS credit token for a test or a commissioning. It is booked nowhere, but counts for its key's cap."""
    from meterhouse.cli import token_run  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    now = parse_instant(at) if at else Instant(time_ns() // 1_000_000)
    meter = token_run.meter_of(pan, group, revision, tariff_index, base_date, fuel)
    with token_run.counted(key_file) as usage:
        service = token_run.service_at(key_file, family, tables, usage)
        token_run.make(Money.parse(amount, currency), meter, service, now, as_json=json)
    say.print("This token is in no ledger. Its minute must not be sold again to this meter.", style="yellow")


@token.command()
@spoken
def cap(
    key_file: KeyFile,
    group: Group,
    revision: Revision = 1,
    tokens: Annotated[int | None, typer.Option(min=0, help="So many tokens in the key's life.")] = None,
    value: Annotated[str, typer.Option(help="So much value in the key's life, like 50000.00.")] = "",
    currency: Annotated[str, typer.Option(help="Of that value, ISO 4217; nothing else is sold then.")] = "GBP",
    json: Json = False,
) -> None:
    """Set what a vending key may make in its life; without a cap, say what it may make and has made."""
    from meterhouse.cli import token_run  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    most = Money.parse(value, currency) if value else None
    token_run.cap(key_file, group, revision, tokens, most, as_json=json)
