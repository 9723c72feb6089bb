"""`meterhouse world fuzz`: random streets in bad weather by the thousand; a failure ends as a command to replay it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from meterhouse.cli.talk import FAILED, say, spoken, write_json
from meterhouse.model import UsageError

__all__ = ["fuzz"]


@spoken
def fuzz(
    seeds: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many.")] = 100,
    seed: Annotated[int, typer.Option(help="The first.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="Days of bad weather in each world.")] = 30,
    faults: Annotated[str, typer.Option(help="Kinds, with commas, or all.")] = "all",
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    keep: Annotated[str, typer.Option(help="Replay: only these faults of the seed, by number, or none.")] = "",
    trace: Annotated[Path | None, typer.Option(help="Replay: write the readable trace of one seed here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")] = False,
) -> None:
    """Run worlds and hold each to its invariants; exit code 1 where one was broken."""
    from meterhouse.simulation.faults import fault_kinds  # noqa: PLC0415 -- the simulation is slow to import
    from meterhouse.simulation.fuzz import FuzzSettings  # noqa: PLC0415
    from meterhouse.simulation.fuzz import fuzz as run  # noqa: PLC0415

    settings = FuzzSettings(seed, seeds, days, fault_kinds(faults), jobs)
    if keep or trace is not None:
        _replay(settings, keep, trace)
        return
    with Progress(console=say, transient=True) as progress:
        task = progress.add_task("worlds", total=seeds)
        report = run(settings, lambda done: progress.update(task, completed=done))
    if json:
        write_json({**asdict(report), "replay": [finding.command() for finding in report.findings]})
    say.print(f"{report.seeds} worlds, {report.home_days} home-days, {report.faults} faults; hash {report.hash}")
    say.print(f"  {report.run_twice} run twice, {len(report.unequal)} of them unequal")
    say.print(f"  {report.home_days_a_core_second} home-days a second of one core")
    for finding in report.findings:
        say.print(f"  seed {finding.seed}, day {finding.days}: {finding.invariant}: {finding.what}", style="bold red")
        for words in finding.faults:
            say.print(f"    {words}")
        say.print(f"    {finding.command()}")
    if report.findings or report.unequal:
        raise typer.Exit(FAILED)
    say.print("  no invariant broken")


def _replay(settings: object, keep: str, trace: Path | None) -> None:
    from meterhouse.simulation import Level, Trace  # noqa: PLC0415
    from meterhouse.simulation.fuzz import FuzzSettings, faults_of_seed, play  # noqa: PLC0415

    assert isinstance(settings, FuzzSettings)
    drawn = faults_of_seed(settings.first, settings)
    chosen = drawn if keep in ("", "all") else tuple(drawn[number] for number in _numbers(keep, len(drawn)))
    for number, fault in enumerate(drawn):
        say.print(f"  {'with   ' if fault in chosen else 'without'} {number}: {fault.words()}")
    if trace is None:
        report = play(settings.first, settings.days, chosen)
    else:
        with trace.open("w", encoding="utf-8") as sink:
            written = Trace(lambda line: print(line, file=sink), level=Level.DELIVERIES)
            report = play(settings.first, settings.days, chosen, written)
    for violation in report.violations:
        say.print(f"  broken: {violation.invariant}: {violation.what}", style="bold red")
    say.print(f"  trace {report.trace}")
    if report.violations:
        raise typer.Exit(FAILED)
    say.print("  no invariant broken")


def _numbers(keep: str, count: int) -> list[int]:
    if keep == "none":
        return []
    words = keep.split(",")
    if not all(word.isdigit() and int(word) < count for word in words):
        raise UsageError(f"--keep '{keep}' is not a list of fault numbers below {count}", remedy="Write it like 0,3.")
    return [int(word) for word in words]
