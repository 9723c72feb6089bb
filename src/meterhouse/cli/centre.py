"""`meterhouse centre`: devices looked at, shut out and let in at the security centre; products approved, recalled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.model import Eui64, UsageError, isoformat, plain

if TYPE_CHECKING:
    from meterhouse.app.centre_desk import CentreDesk, DeviceFile
    from meterhouse.supplier.trust import Product

__all__ = ["centre"]

centre = typer.Typer(no_args_is_help=True, help="The security centre: devices and approved products.")

_DATA: Final = Path("meterhouse-data")
_LARGEST: Final = 64 << 20
"""Of the document of a type test, bytes."""

Unit = Annotated[str, typer.Argument(help="EUI-64 of the device.")]
Model = Annotated[str, typer.Argument(help="Maker's and type's name.")]
Firmware = Annotated[str, typer.Argument(help="Version of its firmware.")]
Person = Annotated[str, typer.Option("--as", help="Who you are; it is written in the audit chain.")]
Why = Annotated[str, typer.Option("--why", help="Why; it is written in the audit chain.")]
Data = Annotated[Path, typer.Option(help="Data folder of the house; a street may be running on it.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@centre.callback()
def _centre() -> None:
    """The security centre: devices and approved products."""


@centre.command()
@spoken
def devices(
    state: Annotated[str, typer.Option(help="Only those in this state, such as suspended.")] = "",
    data: Data = _DATA,
    json: Json = False,
) -> None:
    """List the devices: home, role, state, domain, and when the first of their certificates ends."""
    from meterhouse.supplier.trust import LifeState  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    known = sorted(each.value for each in LifeState)
    if state and state not in known:
        raise UsageError(f"'{state}' is no state", remedy=f"Say one of {', '.join(known)}.")
    with _desk(data) as desk:
        found = desk.devices(LifeState(state) if state else None)
    if json:
        write_json([_device(each) for each in found])
        return
    for each in found:
        told, ends = each.device, "-" if each.ends is None else isoformat(each.ends)[:10]
        line = f"{told.eui} {told.home:<8} {told.role:<18} {told.state:<13} {told.domain:<12} {ends} {told.why}"
        typer.echo(plain(line.rstrip()))
    if not found:
        say.print("No device is known to the security centre." if not state else f"No device is {state}.")


@centre.command()
@spoken
def device(unit: Unit, data: Data = _DATA, json: Json = False) -> None:
    """All about one device: what it is, its certificates, and every state of its life."""
    with _desk(data) as desk:
        found = desk.device(Eui64.parse(unit))
    history = [{"at": isoformat(at), "state": state, "who": who, "why": why} for at, state, who, why in found.history]
    if json:
        write_json({**_device(found), "history": history})
        return
    for name, value in _device(found).items():
        if name != "certificates":
            typer.echo(plain(f"{name:<17} {'-' if value in {None, ''} else value}"))
    for each in found.certificates:
        ends = isoformat(each.ends)
        typer.echo(plain(f"{'certificate':<17} {each.serial} {each.purpose} {each.status} until {ends} {each.why}"))
    for step in history:
        typer.echo(plain(f"{step['at']} {step['state']:<13} {step['who']}: {step['why']}"))


@centre.command()
@spoken
def suspend(unit: Unit, why: Why, person: Person, data: Data = _DATA, json: Json = False) -> None:
    """Shut a device out, within seconds: no order reaches it, its word counts for nothing, a hub loses its line."""
    with _desk(data, person) as desk:
        done = desk.suspend(Eui64.parse(unit), why)
    _done({"device": str(done.eui), "state": done.state.value, "why": why}, f"{done.eui} is suspended.", json=json)


@centre.command()
@spoken
def admit(unit: Unit, why: Why, person: Person, data: Data = _DATA, json: Json = False) -> None:
    """Have a suspended device challenged and proven anew by the running street; then it serves again."""
    with _desk(data, person) as desk:
        desk.admit(Eui64.parse(unit), why)
    _done({"device": unit, "asked": True}, f"{unit} is challenged when its street runs.", json=json)


@centre.command()
@spoken
def withdraw(unit: Unit, person: Person, data: Data = _DATA, json: Json = False) -> None:
    """End the life of a suspended device. Its certificates are revoked, and it never comes back."""
    with _desk(data, person) as desk:
        done = desk.withdraw(Eui64.parse(unit))
    _done({"device": str(done.eui), "state": done.state.value, "why": done.why}, f"{done.eui} is withdrawn.", json=json)


@centre.command()
@spoken
def products(data: Data = _DATA, json: Json = False) -> None:
    """List the products, with the evidence of each approval."""
    with _desk(data) as desk:
        found = desk.products()
    if json:
        write_json([_product(each) for each in found])
        return
    for each in found:
        typer.echo(plain(f"{each.model} {each.firmware}: {each.state} {each.evidence} {each.why}".rstrip()))
    if not found:
        say.print("No product is on the list.")


@centre.command()
@spoken
def design(model: Model, firmware: Firmware, person: Person, data: Data = _DATA, json: Json = False) -> None:
    """Put a product on the list; it is not approved yet."""
    with _desk(data, person) as desk:
        done = desk.design(model, firmware)
    _done(_product(done), f"{model} {firmware} is on the list, and not approved yet.", json=json)


@centre.command()
@spoken
def approve(
    model: Model,
    firmware: Firmware,
    person: Person,
    evidence: Annotated[Path, typer.Option(help="The document of its type test; its SHA-256 is kept.")],
    kept: Annotated[str, typer.Option(help="Where that document is kept; its name if nothing is said.")] = "",
    data: Data = _DATA,
    json: Json = False,
) -> None:
    """Approve a product by the document of its type test: from now on its devices are let in."""
    document = _read(evidence)
    with _desk(data, person) as desk:
        done = desk.approve(model, firmware, kept or evidence.name, document)
    _done(_product(done), f"{model} {firmware} is approved.", json=json)


@centre.command()
@spoken
def recall(model: Model, firmware: Firmware, why: Why, person: Person, data: Data = _DATA, json: Json = False) -> None:
    """Take a product from the list: every device of it is suspended, and a job to replace it is opened."""
    with _desk(data, person) as desk:
        jobs = desk.recall(model, firmware, why)
    told = [{"device": str(job.device), "home": job.home} for job in jobs]
    said = f"{model} {firmware} is recalled; {len(jobs)} devices are to be replaced."
    _done({"model": model, "firmware": firmware, "jobs": told}, said, json=json)


@contextmanager
def _desk(data: Path, person: str = "") -> Iterator[CentreDesk]:
    from meterhouse.app.centre_desk import CentreDesk  # noqa: PLC0415 -- as above
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- as above
    from meterhouse.links import SystemClock  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        yield CentreDesk(database, person, SystemClock().now())


def _device(file: DeviceFile) -> dict[str, Any]:
    told = file.device
    return {
        "device": str(told.eui),
        "role": told.role,
        "domain": told.domain.value,
        "state": told.state.value,
        "home": told.home,
        "model": told.model,
        "firmware": told.firmware,
        "heard": None if told.heard is None else isoformat(told.heard),
        "why": told.why,
        "certificate_ends": None if file.ends is None else isoformat(file.ends),
        "certificates": [
            {
                "serial": each.serial,
                "purpose": each.purpose.value,
                "status": each.status.value,
                "ends": isoformat(each.ends),
                "why": each.why,
            }
            for each in file.certificates
        ],
    }


def _product(product: Product) -> dict[str, Any]:
    return {
        "model": product.model,
        "firmware": product.firmware,
        "state": product.state.value,
        "evidence": product.evidence,
        "sha256": product.digest,
        "why": product.why,
    }


def _done(document: dict[str, Any], said: str, *, json: bool) -> None:
    if json:
        write_json(document)
    else:
        say.print(plain(said))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{path} is larger than 64 MiB")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read", why=f"{error.strerror}.") from error
