"""`meterhouse world run`: a street on virtual time, by seed, with its invariants."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meterhouse.cli.profile_options import (
    M3,
    GasCv,
    Kwh,
    LabelChoice,
    LabelOption,
    OnlyHome,
    TimeColumn,
    Zone,
    profile_options,
)
from meterhouse.cli.talk import FAILED, spoken, write_json
from meterhouse.cli.world_fuzz import fuzz
from meterhouse.cli.world_reach import reach

__all__ = ["run", "world"]

world = typer.Typer(no_args_is_help=True, help="Streets on virtual time: reproducible by seed.")
world.command()(fuzz)
world.command()(reach)


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
    label: LabelOption = LabelChoice.END,
    home: OnlyHome = None,
    trace: Annotated[Path | None, typer.Option(help="Write the readable trace to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")] = False,
) -> None:
    """Run a street and hold it to its invariants; exit code 1 where one was broken."""
    from meterhouse.cli.world_run import run_world  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    options = profile_options(time, kwh, m3, zone, gas_cv, label, home)
    report = run_world(street, seed, days, profile, options, trace)
    if json:
        write_json(report.document())
    if report.violations:
        raise typer.Exit(FAILED)
