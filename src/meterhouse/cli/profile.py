"""`meterhouse profile check`: what a measured file says, and everything in it that is not plain, by row."""

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
from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.model import isoformat

__all__ = ["check", "profile"]

profile = typer.Typer(no_args_is_help=True, help="Measured consumption files.")


@profile.callback()
def _profile() -> None:
    """Measured consumption files."""


@profile.command()
@spoken
def check(
    file: Annotated[Path, typer.Argument(help="Parquet, CSV or NEM12.")],
    time: TimeColumn = "",
    kwh: Kwh = None,
    m3: M3 = None,
    zone: Zone = "",
    gas_cv: GasCv = "",
    label: LabelOption = LabelChoice.END,
    home: OnlyHome = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")] = False,
) -> None:
    """Read a file as `meterhouse up --profile` would, and report it row by row."""
    from meterhouse.store.profiles import read_profile  # noqa: PLC0415 -- slow to import: only this verb needs it

    report = read_profile(file, profile_options(time, kwh, m3, zone, gas_cv, label, home))
    homes = [
        {
            "home": one.home,
            "from": isoformat(min(one.electricity_wh)) if one.electricity_wh else None,
            "to": isoformat(max(one.electricity_wh)) if one.electricity_wh else None,
            "electricity_wh": sum(one.electricity_wh.values()),
            "gas_l": sum(one.gas_l.values()),
        }
        for one in report.profile.homes.values()
    ]
    findings = [finding.sentence() for finding in report.findings]
    counts = {str(problem): count for problem, count in report.counts.items()}
    if json:
        write_json(
            {
                "source": report.profile.source,
                "rows": report.rows,
                "homes": homes,
                "assumptions": list(report.assumptions),
                "problems": counts,
                "findings": findings,
            }
        )
        return
    say.print(f"{report.profile.source}: {report.rows} rows, {len(homes)} homes")
    for line in (*report.assumptions, *findings):
        say.print(f"  {line}")
    for problem, count in counts.items():
        say.print(f"  {count} rows: {problem}", style="yellow")
