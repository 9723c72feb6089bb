"""`meterhouse world fuzz`: random streets in bad weather by the thousand; a failure ends as a command to replay it."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from meterhouse.cli.talk import FAILED, say, spoken, write_json
from meterhouse.model import UsageError

if TYPE_CHECKING:
    from meterhouse.simulation.fuzz import FuzzReport, FuzzSettings

__all__ = ["fuzz"]

_INTERRUPTED: Final = 130
"""What a shell calls a program that Ctrl-C ended."""


@spoken
def fuzz(
    seeds: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many.")] = 100,
    first_seed: Annotated[int, typer.Option("--first-seed", "--seed", help="Where to begin, or to go on.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="Days of bad weather in each world.")] = 30,
    faults: Annotated[str, typer.Option(help="Kinds, with commas, or all.")] = "all",
    prepaid: Annotated[str, typer.Option(help="Which fuels may be prepaid: gas, or both.")] = "gas",
    jobs: Annotated[int, typer.Option(min=0, max=256, help="Processes; 0 for one a core.")] = 0,
    keep: Annotated[str, typer.Option(help="Replay: only these faults of the seed, by number, or none.")] = "",
    until: Annotated[int, typer.Option(min=0, help="Replay: all is well after so many days; 0 for as drawn.")] = 0,
    trace: Annotated[Path | None, typer.Option(help="Replay: write the readable trace of one seed here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")] = False,
) -> None:
    """Run worlds and hold each to its invariants; exit code 1 where one was broken, 130 where Ctrl-C ended it."""
    from meterhouse.simulation.faults import fault_kinds  # noqa: PLC0415 -- the simulation is slow to import
    from meterhouse.simulation.fuzz import FuzzSettings  # noqa: PLC0415
    from meterhouse.simulation.fuzz_street import prepaid_of  # noqa: PLC0415

    processes = jobs or min(len(os.sched_getaffinity(0)), seeds)
    settings = FuzzSettings(first_seed, seeds, days, fault_kinds(faults), processes, prepaid_of(prepaid))
    if keep or until or trace is not None:
        _replay(settings, keep, until or days, trace)
        return
    report = _run(settings)
    if json:
        replay = [finding.command() for finding in report.findings]
        write_json({**asdict(report), "next_seed": report.next_seed, "replay": replay})
    _tell(report, seeds)
    if report.findings or report.unequal:
        raise typer.Exit(FAILED)
    if report.interrupted:
        raise typer.Exit(_INTERRUPTED)


def _run(settings: FuzzSettings) -> FuzzReport:
    from meterhouse.simulation.fuzz import fuzz as run  # noqa: PLC0415 -- slow to import

    columns = (
        TextColumn("worlds"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[broken]} broken"),
    )
    with Progress(*columns, console=say, transient=True) as progress:
        task = progress.add_task("worlds", total=settings.seeds, broken=0)
        return run(settings, lambda done, broken: progress.update(task, completed=done, broken=broken))


def _tell(report: FuzzReport, wanted: int) -> None:
    say.print(
        f"{report.seeds} worlds, {report.homes} homes, {report.home_days} home-days, {report.faults} faults;"
        f" hash {report.hash}"
    )
    say.print(f"  {report.run_twice} run twice, {len(report.unequal)} of them unequal")
    say.print(f"  {report.home_days_a_core_second} home-days a second of one core")
    for finding in report.findings:
        where = f"seed {finding.seed}, {finding.until} days"
        say.print(f"  {where}: {finding.invariant}: {finding.what}", style="bold red")
        for words in finding.faults:
            say.print(f"    {words}")
        say.print(f"    {finding.command()}")
    if report.seeds < wanted:
        why = "interrupted" if report.interrupted else "ended, having found enough"
        say.print(f"  {why}; go on with --first-seed {report.next_seed} --seeds {wanted - report.seeds}")
    if not report.findings and not report.unequal:
        say.print("  no invariant broken")


def _replay(settings: FuzzSettings, keep: str, until: int, trace: Path | None) -> None:
    from meterhouse.simulation import Level, Trace  # noqa: PLC0415 -- slow to import
    from meterhouse.simulation.fuzz import faults_of_seed, play  # noqa: PLC0415

    if settings.seeds != 1:
        raise UsageError(f"{settings.seeds} seeds cannot be replayed at once", remedy="Say --seeds 1.")
    if until > settings.days:
        raise UsageError(f"--until {until} is beyond the {settings.days} days that the faults are drawn for")
    drawn = faults_of_seed(settings.first, settings)
    chosen = drawn if keep in ("", "all") else tuple(drawn[number] for number in _numbers(keep, len(drawn)))
    for number, fault in enumerate(drawn):
        say.print(f"  {'with   ' if fault in chosen else 'without'} {number}: {fault.words()}")
    if trace is None:
        report = play(settings.first, until, chosen, prepaid=settings.prepaid)
    else:
        with trace.open("w", encoding="utf-8") as sink:
            written = Trace(lambda line: print(line, file=sink), level=Level.DELIVERIES)
            report = play(settings.first, until, chosen, written, settings.prepaid)
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
