"""What `meterhouse token` does: tokens looked at, opened and made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import typer

from meterhouse.cli.talk import FAILED, say, write_json
from meterhouse.companion.utrn import Utrn, UtrnError, in_utrn_range
from meterhouse.model import ConfigurationError, Eui64, Fuel, Instant, Money, NotFoundError, isoformat
from meterhouse.protocols.sts import (
    Content,
    Credit,
    CurrencyCredit,
    EncryptionAlgorithm,
    ExtendedRead,
    ExtendedSet,
    KeySection,
    Management,
    StaTables,
    TestDisplay,
    Token,
    decode_token,
    instant_of_tid,
)
from meterhouse.store import DataFolder, FileKeyStore, KeyCap, KeyUsage
from meterhouse.supplier.vending import (
    EA07_DKGA02,
    EA07_DKGA04,
    EA11_DKGA04,
    KeyName,
    MeterRecord,
    StsFamily,
    StsService,
)

__all__ = ["cap", "check", "counted", "decode", "make", "meter_of", "service_at"]

_PASSPHRASE: Final = "METERHOUSE_KEYS_PASSPHRASE"  # noqa: S105 - the name of a variable
_CLASSES: Final = ("credit", "test or display", "management", "reserved")


def check(digits: str, *, as_json: bool) -> None:
    """Print what can be seen of a token without any key.

    Raises:
        typer.Exit: FAILED where no meter could take it.
    """
    document: dict[str, Any]
    if in_utrn_range(digits):
        try:
            code = Utrn.parse(digits)
        except UtrnError as error:
            _print({"scheme": "utrn", "valid": False, "why": error.refusal.meaning}, json=as_json)
            raise typer.Exit(FAILED) from None
        document = {"scheme": "utrn", "valid": True, "money5": code.value.money5, "counter_mod_1024": code.truncated}
    else:
        kind = Token.parse(digits).token_class
        document = {"scheme": "sts", "valid": kind != len(_CLASSES) - 1, "class": kind, "kind": _CLASSES[kind]}
    _print(document, json=as_json)
    if not document["valid"]:
        raise typer.Exit(FAILED)


def decode(digits: str, meter: MeterRecord, service: StsService, *, as_json: bool) -> None:
    """Print what stands in an STS token of `meter`."""
    key = service.decoder_key(meter)
    content = decode_token(key, Token.parse(digits))
    at = isoformat(instant_of_tid(content.tid, key.base_date)) if hasattr(content, "tid") else None
    _print({**_told(content), "minute": at}, json=as_json)


def make(amount: Money, meter: MeterRecord, service: StsService, now: Instant, *, as_json: bool) -> None:
    """Make and print an STS credit token."""
    value = service.carried(amount)
    tid = service.next_tid(meter, now)
    made = Token(service.issue(meter, value, tid, 0))
    _print({"token": made.digits, "grouped": made.grouped(), "value": str(value), "tid": tid}, json=as_json)


def cap(key_file: Path, group: str, revision: int, tokens: int | None, value: Money | None, *, as_json: bool) -> None:
    """Set what a key may make in its life, where a cap is given; print what it may make and has made."""
    name = KeyName(group, revision)
    with counted(key_file) as usage:
        if tokens is not None or value is not None:
            before = usage.cap(name)
            most = before.tokens if tokens is None else tokens
            kept = (before.money5, before.currency) if value is None else (value.amount, value.currency)
            usage.set_cap(name, KeyCap(most, *kept))
        now, used = usage.cap(name), usage.used(name)
    document = {
        "key": str(name),
        "most_tokens": now.tokens,
        "most_money5": now.money5,
        "currency": now.currency or None,
        "tokens": used.tokens,
        "money5": used.money5,
    }
    _print(document, json=as_json)


@contextmanager
def counted(key_file: Path) -> Iterator[KeyUsage]:
    """What the keys at `key_file` have made. Where they belong to a data folder, nobody else sells from it meanwhile.

    Raises:
        ConfigurationError: no key store there, or a street or a till is using them.
    """
    folder = _folder(key_file)
    house = folder.absolute().parent
    with (
        DataFolder(house) if (house / "meterhouse.db").exists() else nullcontext(),
        closing(KeyUsage(folder)) as usage,
    ):
        yield usage


def service_at(key_file: Path, family: str, tables: Path | None, usage: KeyUsage | None = None) -> StsService:
    """The service with the keys at `key_file`; what it makes counts in `usage`.

    Raises:
        ConfigurationError: no key store there.
        NotFoundError: no such family, or no table file.
    """
    keys = FileKeyStore(_folder(key_file), os.environ.get(_PASSPHRASE), usage)
    return StsService(keys, _family(family, tables))


def meter_of(pan: str, group: str, revision: int, tariff_index: int, base_date: int, fuel: Fuel) -> MeterRecord:
    """A meter as far as a token knows it."""
    nobody = Eui64(bytes(8))
    return MeterRecord(nobody, fuel, nobody, pan, group, tariff_index, revision, base_date)


def _folder(path: Path) -> Path:
    folder = path.parent if path.name == "vending.keys" else path
    if not (folder / "vending.keys").is_file():
        raise ConfigurationError(
            f"no key store at {path}",
            why="A token is made or opened only with the vending key of its meter.",
            remedy="Give --key-file the folder that holds vending.keys.",
        )
    return folder


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


def _told(content: Content) -> dict[str, Any]:
    match content:
        case CurrencyCredit():
            return {"kind": content.subclass.name, "tid": content.tid, "money5": content.amount_money5}
        case Credit():
            return {"kind": content.subclass.name, "tid": content.tid, "amount": content.amount, "rnd": content.rnd}
        case Management():
            return {"kind": content.subclass.name, "tid": content.tid, "value": content.value, "rnd": content.rnd}
        case ExtendedSet():
            return {"kind": "EXTENDED_SET", "tid": content.tid, "index": content.index, "value": content.value}
        case ExtendedRead():
            return {"kind": "EXTENDED_READ", "payload": f"{content.payload:x}"}
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
