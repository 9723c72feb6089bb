"""What `meterhouse world run` does: a street on virtual time, held to its invariants, and told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import Progress

from meterhouse.app.demand import measured_demand, synthetic_demand
from meterhouse.app.street import parse_street
from meterhouse.cli.street_file import street_text
from meterhouse.cli.talk import say
from meterhouse.model import isoformat
from meterhouse.simulation import Level, Trace
from meterhouse.simulation.street_world import StreetReport, StreetWorld

if TYPE_CHECKING:
    from meterhouse.store.profiles import ProfileOptions

__all__ = ["run_world"]


def run_world(
    street: Path, seed: int, days: int, profile: Path | None, options: ProfileOptions, trace: Path | None
) -> StreetReport:
    """Run a street of a file, and tell on stderr how it went.

    Raises:
        MeterhouseError: a file cannot be read, or says what cannot be.
    """
    plan = parse_street(street_text(street), str(street))
    demand = synthetic_demand(seed) if profile is None else measured_demand(profile, options, plan.start).demands
    if trace is None:
        report = _report(StreetWorld(plan, seed, demand), days)
    else:
        with trace.open("w", encoding="utf-8") as sink:
            written = Trace(lambda line: print(line, file=sink), level=Level.DELIVERIES)
            report = _report(StreetWorld(plan, seed, demand, written), days)
    _tell(report, street)
    return report


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
