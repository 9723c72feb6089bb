"""`meterhouse world run`: a street on virtual time, by seed, with its invariants."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from meterhouse.app.demand import measured_demand, synthetic_demand
from meterhouse.app.street import parse_street
from meterhouse.cli.profile_options import M3, GasCv, Kwh, LabelOption, OnlyHome, TimeColumn, Zone, profile_options
from meterhouse.cli.talk import FAILED, say, spoken, write_json
from meterhouse.model import ConfigurationError, isoformat
from meterhouse.simulation import Level, Trace
from meterhouse.simulation.street_world import StreetReport, StreetWorld
from meterhouse.store.profiles import Label

__all__ = ["run", "world"]

world = typer.Typer(no_args_is_help=True, help="Streets on virtual time: reproducible by seed.")


@world.command()
@spoken
def run(
    street: Annotated[Path, typer.Argument(help="Street file (TOML), such as examples/street.toml.")],
    seed: Annotated[int, typer.Option(help="Of everything that is left to chance.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=36_500, help="How long.")] = 30,
    profile: Annotated[Path | None, typer.Option(help="Measured data that drive the homes.")] = None,
    time: TimeColumn = "",
    kwh: Kwh = None,
    m3: M3 = None,
    zone: Zone = "",
    gas_cv: GasCv = "",
    label: LabelOption = Label.END,
    home: OnlyHome = None,
    trace: Annotated[Path | None, typer.Option(help="Write the readable trace to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")] = False,
) -> None:
    """Run a street and hold it to its invariants; exit code 1 where one was broken."""
    try:
        plan = parse_street(street.read_text(encoding="utf-8"), str(street))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"street file {street} cannot be read", why=f"{error}.") from error
    demand = synthetic_demand(seed)
    if profile is not None:
        options = profile_options(time, kwh, m3, zone, gas_cv, label, home)
        demand = measured_demand(profile, options, plan.start).demands
    if trace is None:
        report = _report(StreetWorld(plan, seed, demand), days)
    else:
        with trace.open("w", encoding="utf-8") as sink:
            written = Trace(lambda line: print(line, file=sink), level=Level.DELIVERIES)
            report = _report(StreetWorld(plan, seed, demand, written), days)
    if json:
        write_json(report.document())
    _tell(report, street)
    if report.violations:
        raise typer.Exit(FAILED)


def _report(street: StreetWorld, days: int) -> StreetReport:
    with Progress(console=say, transient=True) as progress:
        task = progress.add_task("days", total=days)
        return street.run(days, lambda day: progress.update(task, completed=day))


def _tell(report: StreetReport, street: Path) -> None:
    say.print(f"{report.street}: {report.homes} homes, {report.days} days, seed {report.seed}")
    say.print(f"  paid {report.paid}, to debt {report.to_debt}; {report.tokens_accepted} tokens accepted")
    say.print(f"  {report.half_hours_stored} half hours stored; {report.orders_open} orders open")
    say.print(f"  {report.deliveries} deliveries, trace {report.trace}")
    say.print(f"  {report.home_days_a_core_second} home-days a second of one core")
    for violation in report.violations:
        say.print(f"  broken at {isoformat(violation.at)}: {violation.what}", style="bold red")
    if report.violations:
        say.print(
            f"  replay: meterhouse world run {street} --seed {report.seed} --days {report.days} --trace trace.txt"
        )
    else:
        say.print("  no invariant broken")
