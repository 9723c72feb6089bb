"""`meterhouse token`: look at a token, open it with the key of its meter, or make one for a test or a commissioning."""

from __future__ import annotations

import os
from pathlib import Path
from time import time_ns
from typing import Annotated, Any, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.companion.utrn import Utrn, UtrnError, in_utrn_range
from meterhouse.model import ConfigurationError, Eui64, Fuel, Instant, Money, NotFoundError, isoformat, parse_instant
from meterhouse.protocols.sts import (
    Content,
    Credit,
    CurrencyCredit,
    EncryptionAlgorithm,
    KeySection,
    Management,
    StaTables,
    TestDisplay,
    Token,
    decode_token,
    instant_of_tid,
)
from meterhouse.store import FileKeyStore
from meterhouse.supplier.vending import EA07_DKGA02, EA07_DKGA04, EA11_DKGA04, MeterRecord, StsFamily, StsService

__all__ = ["token"]

token = typer.Typer(no_args_is_help=True, help="Prepayment tokens: check, decode, make.")

_PASSPHRASE: Final = "METERHOUSE_KEYS_PASSPHRASE"  # noqa: S105 - the name of a variable
_CLASSES: Final = ("credit", "test or display", "management", "reserved")

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
    document: dict[str, Any]
    if in_utrn_range(digits):
        try:
            code = Utrn.parse(digits)
        except UtrnError as error:
            _print({"scheme": "utrn", "valid": False, "why": error.refusal.meaning}, json=json)
            raise typer.Exit(1) from None
        document = {"scheme": "utrn", "valid": True, "money5": code.value.money5, "counter_mod_1024": code.truncated}
    else:
        kind = Token.parse(digits).token_class
        document = {"scheme": "sts", "valid": kind != len(_CLASSES) - 1, "class": kind, "kind": _CLASSES[kind]}
    _print(document, json=json)
    if not document["valid"]:
        raise typer.Exit(1)


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
    meter = _meter(pan, group, revision, tariff_index, base_date, Fuel.GAS)
    key = StsService(_keys(key_file), _family(family, tables)).decoder_key(meter)
    content = decode_token(key, Token.parse(digits))
    at = isoformat(instant_of_tid(content.tid, key.base_date)) if hasattr(content, "tid") else None
    _print({**_told(content), "minute": at}, json=json)


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
    """Make an STS credit token for a test or a commissioning. It is booked nowhere and counts against no cap."""
    keys = _keys(key_file)
    now = parse_instant(at) if at else Instant(time_ns() // 1_000_000)
    meter = _meter(pan, group, revision, tariff_index, base_date, fuel)
    service = StsService(keys, _family(family, tables))
    value = service.carried(Money.parse(amount, currency))
    tid = service.next_tid(meter, now)
    made = Token(service.issue(meter, value, tid, 0))
    _print({"token": made.digits, "grouped": made.grouped(), "value": str(value), "tid": tid}, json=json)
    say.print("This token is in no ledger. Its minute must not be sold again to this meter.", style="yellow")


def _keys(path: Path) -> FileKeyStore:
    folder = path.parent if path.name == "vending.keys" else path
    if not (folder / "vending.keys").is_file():
        raise ConfigurationError(
            f"no key store at {path}",
            why="A token is made or opened only with the vending key of its meter.",
            remedy="Give --key-file the folder that holds vending.keys.",
        )
    return FileKeyStore(folder, os.environ.get(_PASSPHRASE))


def _family(name: str, tables: Path | None) -> StsFamily:
    chosen = EA07_DKGA04(_tables(tables)) if name == "ea07" else EA11_DKGA04
    if name == "ea07-dkga02":
        chosen = EA07_DKGA02(_tables(tables))
    elif name not in {"ea07", "ea11"}:
        raise NotFoundError(f"no family '{name}'", remedy="Say ea11, ea07 or ea07-dkga02.")
    return chosen


def _tables(path: Path | None) -> StaTables:
    if path is None:
        say.print("EA07 with the standard's sample tables: no meter in the field has them.", style="yellow")
        return StsFamily(EncryptionAlgorithm.EA07).tables
    if not path.is_file():
        raise NotFoundError(f"no table file at {path}")
    return StaTables.parse(path.read_text(encoding="utf-8"))


def _meter(pan: str, group: str, revision: int, tariff_index: int, base_date: int, fuel: Fuel) -> MeterRecord:
    nobody = Eui64(bytes(8))
    return MeterRecord(nobody, fuel, nobody, pan, group, tariff_index, revision, base_date)


def _told(content: Content) -> dict[str, Any]:
    match content:
        case CurrencyCredit():
            return {"kind": content.subclass.name, "tid": content.tid, "money5": content.amount_money5}
        case Credit():
            return {"kind": content.subclass.name, "tid": content.tid, "amount": content.amount, "rnd": content.rnd}
        case Management():
            return {"kind": content.subclass.name, "tid": content.tid, "value": content.value, "rnd": content.rnd}
        case TestDisplay():
            return {"kind": "TEST_OR_DISPLAY", "control": f"{content.control:x}", "manufacturer": content.manufacturer}
        case KeySection():
            return {"kind": f"KEY_CHANGE_{content.number}"}


def _print(document: dict[str, Any], *, json: bool) -> None:
    if json:
        write_json(document)
        return
    for name, value in document.items():
        if value is not None:
            typer.echo(f"{name:<18}{value}")
