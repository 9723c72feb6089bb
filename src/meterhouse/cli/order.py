"""`meterhouse order`: work orders about supplies: raised, approved by another, cancelled; brakes released."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.model import Eui64, Fuel, Instant, isoformat, parse_instant, plain

if TYPE_CHECKING:
    from meterhouse.app.work_orders import WorkOrders
    from meterhouse.supplier.trust import WorkOrder

__all__ = ["order", "passphrase_of"]

order = typer.Typer(no_args_is_help=True, help="Orders about supplies: raise, approve, cancel, look.")

_DATA: Final = Path("meterhouse-data")
_TRUST: Final = Path("meterhouse-trust")
_MOST: Final = 100
_ENVIRONMENT: Final = "METERHOUSE_PASSPHRASE"


class _Kind(StrEnum):
    """What is to be done."""

    CUT = "cut"
    ARM = "arm"


Data = Annotated[Path, typer.Option(help="Data folder of the house; a street may be running on it.")]
Trust = Annotated[Path, typer.Option(help="Trust folder; its signing daemon must be running.")]
Person = Annotated[str, typer.Option("--as", help="Who you are; your passphrase is asked for.")]
Number = Annotated[str, typer.Argument(help="Number of the order.")]
Now = Annotated[str | None, typer.Option("--at", help="The present moment, where the house runs on another clock.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@order.callback()
def _order() -> None:
    """Orders about supplies."""


@order.command("raise")
@spoken
def raise_(
    home: Annotated[str, typer.Argument(help="The home.")],
    device: Annotated[str, typer.Argument(help="EUI-64 of its meter.")],
    kind: Annotated[_Kind, typer.Argument(help="cut the supply, or arm it again.")],
    person: Person,
    reason: Annotated[str, typer.Option(help="Why, in words for the customer.")] = "",
    evidence: Annotated[str, typer.Option(help="Where the proof is.")] = "",
    group: Annotated[str, typer.Option(help="Name of the group order it belongs to.")] = "",
    data: Data = _DATA,
    trust: Trust = _TRUST,
    at: Now = None,
    json: Json = False,
) -> None:
    """Raise an order. A cut waits for somebody else's approval; arming is on its way at once."""
    from meterhouse.supplier.trust import ARM_SUPPLY, CUT_SUPPLY, OrderRequest, supply_content  # noqa: PLC0415

    arm, meter = kind is _Kind.ARM, Eui64.parse(device)
    with _service(data, trust) as service:
        fuel = service.fuel_of(meter)
        code = (ARM_SUPPLY if arm else CUT_SUPPLY)[Fuel(fuel)]
        request = OrderRequest(meter, home, code, supply_content(Fuel(fuel), arm=arm), reason, evidence, group)
        _tell(service.raise_order(request, person, passphrase_of(person), _now(at, service)), json=json)


@order.command()
@spoken
def approve(
    number: Number, person: Person, data: Data = _DATA, trust: Trust = _TRUST, at: Now = None, json: Json = False
) -> None:
    """Approve an order that somebody else has raised; it is signed once it has cooled off."""
    with _service(data, trust) as service:
        _tell(service.approve(number, person, passphrase_of(person), _now(at, service)), json=json)


@order.command()
@spoken
def cancel(
    number: Number, person: Person, data: Data = _DATA, trust: Trust = _TRUST, at: Now = None, json: Json = False
) -> None:
    """Cancel an order; possible until its device has written that it opens."""
    with _service(data, trust) as service:
        _tell(service.cancel(number, person, passphrase_of(person), _now(at, service)), json=json)


@order.command()
@spoken
def show(number: Number, data: Data = _DATA, trust: Trust = _TRUST, json: Json = False) -> None:
    """Show an order with its history."""
    with _service(data, trust) as service:
        view = service.show(number)
    history = [{"at": isoformat(s.at), "state": s.state, "who": s.who, "why": s.why} for s in view.history]
    if json:
        write_json({**_document(view.order), "history": history})
        return
    _tell(view.order, json=False)
    for line in history:
        typer.echo(plain(f"  {line['at']}  {line['state']:<11} {line['who']}  {line['why']}".rstrip()))


@order.command("list")
@spoken
def list_(
    live: Annotated[bool, typer.Option("--live", help="Only those that have not ended.")] = False,
    most: Annotated[int, typer.Option(min=1, help="How many at most.")] = _MOST,
    before: Annotated[str, typer.Option(help="Number of an order: those that were raised before it.")] = "",
    data: Data = _DATA,
    trust: Trust = _TRUST,
    json: Json = False,
) -> None:
    """List orders, newest first; for more, name the last one that was shown as --before."""
    with _service(data, trust) as service:
        orders = service.page(most, before, live=live)
    if json:
        write_json([_document(each) for each in orders])
        return
    for each in orders:
        _tell(each, json=False)
    if len(orders) == most:
        say.print(f"There may be more: --before {orders[-1].number}")
    if not orders:
        say.print("There are no orders.")


@order.command()
@spoken
def brakes(data: Data = _DATA, trust: Trust = _TRUST, at: Now = None, json: Json = False) -> None:
    """Show the brakes of desk and signing daemon: how many homes of how many, and whether one has tripped."""
    from dataclasses import asdict  # noqa: PLC0415 -- as all that is slow

    with _service(data, trust) as service:
        views = service.brakes(_now(at, service))
    if json:
        write_json([asdict(view) for view in views])
        return
    for view in views:
        stands = f"TRIPPED: {view.why}" if view.latched else "open"
        counts = f"hour {view.hour[0]}/{view.hour[1]}  day {view.day[0]}/{view.day[1]}"
        typer.echo(plain(f"{view.name}  {counts}  {stands}"))


@order.command("release-brake")
@spoken
def release_brake(
    place: Annotated[str, typer.Argument(help="B1 (desk) or B2 (signing daemon).")],
    person: Person,
    data: Data = _DATA,
    trust: Trust = _TRUST,
    at: Now = None,
    json: Json = False,
) -> None:
    """Give your word as an officer that a tripped brake be released; the second officer's word opens it."""
    with _service(data, trust) as service:
        opened = service.release_brake(place, person, passphrase_of(person), _now(at, service))
    if json:
        write_json({"brake": place, "open": opened})
    else:
        say.print(f"Brake {place} is open." if opened else f"One more officer must release brake {place}.")


@order.command()
@spoken
def protect(
    home: Annotated[str, typer.Argument(help="The home.")],
    person: Person,
    why: Annotated[str, typer.Option(help="Why it is never to be cut; empty: it may be.")] = "",
    data: Data = _DATA,
    trust: Trust = _TRUST,
    at: Now = None,
    json: Json = False,
) -> None:
    """Say that a home is never to be cut, or that it may be again."""
    with _service(data, trust) as service:
        service.protect_home(home, why, person, passphrase_of(person), _now(at, service))
    if json:
        write_json({"home": home, "protected": why.strip()})
    else:
        say.print(f"Home {home} is protected: {why}." if why else f"Home {home} is not protected.")


@order.command()
@spoken
def feeder(
    home: Annotated[str, typer.Argument(help="The home.")],
    name: Annotated[str, typer.Argument(help="The feeder, as the policy file names it; empty: unknown.")],
    person: Person,
    data: Data = _DATA,
    trust: Trust = _TRUST,
    at: Now = None,
    json: Json = False,
) -> None:
    """Say on which feeder a home hangs: of one feeder's homes the brakes let only a part go off."""
    with _service(data, trust) as service:
        service.place_home(home, name, person, passphrase_of(person), _now(at, service))
    if json:
        write_json({"home": home, "feeder": name.strip()})
    else:
        say.print(
            f"Home {home} hangs on feeder {plain(name.strip())}." if name.strip() else f"Home {home}: feeder unknown."
        )


def passphrase_of(person: str) -> str:
    """A person's passphrase: from the environment (METERHOUSE_PASSPHRASE), or asked for."""
    told = os.environ.get(_ENVIRONMENT)
    return told if told is not None else typer.prompt(f"Passphrase of {person}", hide_input=True, err=True)


@contextmanager
def _service(data: Path, trust: Path) -> Iterator[WorkOrders]:
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.app.work_orders import open_work_orders  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        yield open_work_orders(database, trust)


def _now(told: str | None, service: WorkOrders) -> Instant:
    """The signing daemon's time: a street that runs in its own year has its own daemon."""
    return service.now() if told is None else parse_instant(told)


def _document(each: WorkOrder) -> dict[str, Any]:
    said = (each.raised, *each.approvals)
    return {
        "number": each.number,
        "state": each.state,
        "home": each.home,
        "device": str(each.device),
        "code": f"{each.code:04x}",
        "reason": each.reason,
        "evidence": each.evidence,
        "signed_by": [word.person for word in said if word is not None],
        "raised_at": isoformat(each.raised_at),
        "not_before": isoformat(each.not_before) if each.not_before else None,
        "not_after": isoformat(each.not_after) if each.not_after else None,
        "order_hash": each.order_hash.hex() or None,
        "why": each.why,
        "read_back": each.read_back,
    }


def _tell(each: WorkOrder, *, json: bool) -> None:
    if json:
        write_json(_document(each))
        return
    words = f"{each.number}  {each.state:<11} {each.home}  {each.device}  {each.reason}  {each.why}"
    typer.echo(plain(words.rstrip()))
