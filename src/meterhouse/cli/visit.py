"""`meterhouse visit`: work on the installation at a home, which begins only behind a physical isolation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.model import Fuel, Instant, isoformat, parse_instant

if TYPE_CHECKING:
    from meterhouse.app.visits import Visits, VisitView
    from meterhouse.store import Database

__all__ = ["visit"]

visit = typer.Typer(
    no_args_is_help=True,
    help="Visits to homes. An open switch or a closed valve of a meter is no isolation: separate the supply by hand.",
)

_DATA: Final = Path("meterhouse-data")

Data = Annotated[Path, typer.Option(help="Data folder of the house; a street may be running on it.")]
Person = Annotated[str, typer.Option("--as", help="Who says it: the person at the installation.")]
Number = Annotated[str, typer.Argument(help="Number of the visit.")]
Now = Annotated[str, typer.Option("--at", help="The present moment; else the street's own at its last checkpoint.")]
Why = Annotated[str, typer.Option(help="Why, in words.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@visit.callback()
def _visit() -> None:
    """Visits to homes."""


@visit.command()
@spoken
def plan(
    home: Annotated[str, typer.Argument(help="The home.")],
    fuel: Annotated[Fuel, typer.Argument(help="The supply that is worked on.")],
    purpose: Annotated[str, typer.Option(help="What is to be done there.")],
    person: Annotated[str, typer.Option("--as", help="Who plans it.")],
    data: Data = _DATA,
    at: Now = "",
    json: Json = False,
) -> None:
    """Plan a visit."""
    with _service(data, at) as (visits, now):
        _tell(visits.plan(home, fuel, purpose, person, now), json=json)


@visit.command()
@spoken
def isolate(
    number: Number,
    person: Person,
    means: Annotated[str, typer.Option(help="cut-out-fuse, locked-isolator, or blanked-gas-inlet.")],
    place: Annotated[str, typer.Option(help="Where it was separated.")],
    secured: Annotated[str, typer.Option(help="How nobody else can undo it: whose lock, who has the fuse.")],
    tester: Annotated[str, typer.Option(help="Number of the tester that showed no supply.")],
    tester_proved: Annotated[
        bool, typer.Option("--tester-proved", help="It was tried on a known supply, before and after.")
    ] = False,
    proved_dead: Annotated[
        bool, typer.Option("--proved-dead", help="It showed no supply, between all conductors and earth.")
    ] = False,
    data: Data = _DATA,
    at: Now = "",
    json: Json = False,
) -> None:
    """State by which physical means the supply is separated, and that it was proved; a meter's switch never counts."""
    from meterhouse.supplier.office import Isolation, parse_means  # noqa: PLC0415 -- slow to import

    stated = Isolation(parse_means(means), place, secured, tester, tester_proved, proved_dead)
    with _service(data, at) as (visits, now):
        _tell(visits.isolate(number, person, stated, now), json=json)


def _add_step(name: str, words: str) -> None:
    @visit.command(name, help=words)
    @spoken
    def step(
        number: Number, person: Person, why: Why = "", data: Data = _DATA, at: Now = "", json: Json = False
    ) -> None:
        from meterhouse.app.visits import VisitAct  # noqa: PLC0415 -- slow to import: `--help` is not to wait

        with _service(data, at) as (visits, now):
            _tell(visits.act(number, VisitAct(name), person, now, why), json=json)


for _name, _words in (
    ("arrive", "Say that you are at the home. Nothing is armed there from now on."),
    ("work", "Say that you begin; refused before you have isolated the supply physically."),
    ("restore", "Say that everybody is clear and that you have put back what you separated."),
    ("leave-apart", "Say that the work stops while the supply stays separated; whoever comes back arrives anew."),
    ("close", "Say that the visit is over."),
    ("abandon", "Say that a visit ends in which nothing was separated."),
):
    _add_step(_name, _words)


@visit.command()
@spoken
def show(number: Number, data: Data = _DATA, json: Json = False) -> None:
    """Show a visit with its history."""
    with _service(data, "") as (visits, _):
        view = visits.show(number)
    _tell(view, json=json)
    if not json:
        for line in view.history:
            typer.echo(f"  {isoformat(line.at)}  {line.state:<19} {line.who}  {line.why}".rstrip())


@visit.command("list")
@spoken
def list_(
    home: Annotated[str, typer.Option(help="Only those to this home.")] = "",
    live: Annotated[bool, typer.Option("--live", help="Only those that have not ended.")] = False,
    data: Data = _DATA,
    json: Json = False,
) -> None:
    """List visits, oldest first."""
    with _service(data, "") as (visits, _):
        found = visits.list(home or None, live=live)
    if json:
        write_json([_document(each) for each in found])
        return
    for each in found:
        _tell(each, json=False)
    if not found:
        say.print("There are no visits.")


@contextmanager
def _service(data: Path, at: str) -> Iterator[tuple[Visits, Instant]]:
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.app.visits import Visits  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        yield Visits(database), parse_instant(at) if at else _now(database)


def _now(database: Database) -> Instant:
    from meterhouse.store import SqlDeviceState  # noqa: PLC0415 -- as above

    street = database.read(lambda tx: SqlDeviceState(tx).load("street"))
    return Instant(int(time.time() * 1000) if street is None else int(str(street["now"])))


def _document(view: VisitView) -> dict[str, Any]:
    each, stated = view.visit, view.visit.isolation
    return {
        "number": each.number,
        "state": each.state,
        "home": each.home,
        "fuel": each.fuel,
        "purpose": each.purpose,
        "worker": each.worker or None,
        "isolation": None
        if stated is None
        else {"means": stated.means, "place": stated.place, "secured": stated.secured, "tester": stated.tester},
        "arming_orders": list(view.arming),
        "history": [
            {"at": isoformat(line.at), "state": line.state, "who": line.who, "why": line.why, "switch": line.switch}
            for line in view.history
        ],
    }


def _tell(view: VisitView, *, json: bool) -> None:
    if json:
        write_json(_document(view))
        return
    each = view.visit
    typer.echo(f"{each.number}  {each.state:<19} {each.home}  {each.fuel}  {each.purpose}  {each.worker}".rstrip())
    if view.arming and each.state.holds:
        say.print(f"On their way to arm this home: {', '.join(view.arming)}. Cancel them.", style="yellow")
