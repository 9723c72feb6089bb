"""`meterhouse scenario run`: play scenario files and say what was seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meterhouse.cli.talk import FAILED, say, spoken, write_json
from meterhouse.model import ConfigurationError

__all__ = ["run", "scenario"]

scenario = typer.Typer(no_args_is_help=True, help="Scenarios: what happens to a street, and what must be seen.")


@scenario.callback()
def _scenario() -> None:
    """Scenarios: what happens to a street, and what must be seen."""


@scenario.command()
@spoken
def run(
    files: Annotated[list[Path], typer.Argument(help="Scenario files (TOML), such as examples/scenarios/*.toml.")],
    trace: Annotated[Path | None, typer.Option(help="Write the readable trace of all to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document, a list of reports.")] = False,
) -> None:
    """Play each file; exit code 1 where something was not as told."""
    from meterhouse.simulation import Level, Trace  # noqa: PLC0415 -- the simulation is slow to import
    from meterhouse.simulation.scenario import parse_scenario, run_scenario  # noqa: PLC0415

    lines: list[str] = []
    reports = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"scenario file {file} cannot be read", why=f"{error}.") from error
        written = None if trace is None else Trace(lines.append, level=Level.DELIVERIES)
        report = run_scenario(parse_scenario(text, str(file)), written)
        reports.append({"file": str(file), **report.document()})
        say.print(f"{'ok    ' if report.ok else 'failed'} {file.name}: {report.story}")
        for words in report.said:
            say.print(f"         {words}")
        for one in report.seen:
            if not one.ok:
                say.print(f"  at {one.at} home {one.home}: {one.what} is {one.found}, not {one.expected}", style="red")
        for violation in report.world.violations:
            say.print(f"  broken: {violation.invariant}: {violation.what}", style="bold red")
    if trace is not None:
        trace.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if json:
        write_json(reports)
    if not all(report["ok"] for report in reports):
        raise typer.Exit(FAILED)
