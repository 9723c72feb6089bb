"""`meterhouse world reach`: which homes 2.4 GHz does not join, what carries their links instead, and that it does."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.box import SIMPLE
from rich.table import Table

from meterhouse.cli.talk import FAILED, say, spoken, write_json

if TYPE_CHECKING:
    from meterhouse.simulation.reach import FleetReach
    from meterhouse.simulation.reach_street import Commissioned

__all__ = ["reach"]

_BAR: Final = 16
_SHADES: Final = {"2.4 GHz": "█", "868 MHz": "▒", "power line": "░", "none": "!"}


@spoken
def reach(
    homes: Annotated[int, typer.Option(min=1, max=10_000_000, help="Of the fleet.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of everything that is left to chance.")] = 1,
    commission: Annotated[int, typer.Option(min=0, max=1_000, help="Run so many of them for a day in a world.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the counts as one JSON document.")] = False,
) -> None:
    """Draw a fleet of homes and count what reaches; exit code 1 where a home stays without a link, or a run fails."""
    from meterhouse.simulation.reach import fleet  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    counted = fleet(homes, seed)
    _tell(counted)
    run = _commission(min(commission, homes), seed) if commission else ()
    if json:
        write_json({**counted.document(), "commissioned": [_row(one) for one in run]})
    if counted.unreached or not all(one.done for one in run):
        raise typer.Exit(FAILED)


def _tell(counted: FleetReach) -> None:
    names = [name for name in _SHADES if name != "none" or counted.gas.get("none")]
    table = Table(box=SIMPLE)
    table.add_column("gas link over", no_wrap=True)
    for name in ("homes", *names, ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for kind, counts in (*counted.kinds.items(), ("all", counted.gas)):
        total = sum(counts.values())
        if total:
            shares = [_percent(counts.get(name, 0), total) for name in names]
            table.add_row(kind, str(total), *shares, _bar(counts, total), end_section=kind == list(counted.kinds)[-1])
    say.print(f"{counted.homes} homes, seed {counted.seed}")
    say.print(table)
    say.print(f"  {', '.join(f'{_SHADES[name]} {name}' for name in names)}")
    say.print(
        f"  2.4 GHz does not join meters and display in {_percent(counted.flagged, counted.homes)} of homes"
        f" ({_percent(counted.doubtful, counted.homes)} by half a decibel or less)"
    )
    say.print(
        f"  the two radio bands together join {_percent(counted.radio_only, counted.homes)};"
        f" {counted.unreached} homes are out of every reach"
    )


def _percent(part: int, whole: int) -> str:
    tenths = (2_000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10} %"


def _bar(counts: dict[str, int], total: int) -> str:
    """So many places, each of the bearer that its middle falls on."""
    text, passed = "", 0
    for name, shade in _SHADES.items():
        passed += counts.get(name, 0)
        text += shade * ((2 * _BAR * passed + total) // (2 * total) - len(text))
    return text


def _commission(homes: int, seed: int) -> tuple[Commissioned, ...]:
    from meterhouse.simulation.reach import home_reach  # noqa: PLC0415 -- slow to import
    from meterhouse.simulation.reach_street import ReachStreet  # noqa: PLC0415

    run = ReachStreet([home_reach(seed, number) for number in range(1, homes + 1)], seed).run()
    done = sum(one.done for one in run)
    say.print(
        f"  {done} of {homes} homes commissioned in a world, {sum(one.home.no_2400 for one in run)} of them flagged"
    )
    for one in run:
        if not one.done:
            say.print(f"  not home {one.home.number}: {_words(one)}", style="bold red")
    return run


def _row(one: Commissioned) -> dict[str, Any]:
    links = {"gas": one.home.gas.bearer, "display": one.home.display.bearer}
    told = {name: value for name, value in asdict(one).items() if name != "home"}
    return {"home": one.home.number, "flagged": one.home.no_2400, **links, **told, "done": one.done}


def _words(one: Commissioned) -> str:
    return (
        f"{one.acknowledged} of 48 reports acknowledged in time, half hours {'' if one.collected else 'not '}collected,"
        f" {'' if one.paid is not False else 'payment not arrived, '}{one.trials} of 48 trials of the display answered"
    )
