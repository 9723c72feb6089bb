"""`meterhouse conform`: judge a device that speaks to us, ours or anybody's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meterhouse.cli.talk import spoken

__all__ = ["conform"]

conform = typer.Typer(no_args_is_help=True, help="Judge a device by the rules of what it speaks.")


@conform.callback()
def _conform() -> None:
    """Judge a device by the rules of what it speaks."""


@conform.command()
@spoken
def dlms(
    tcp: Annotated[str, typer.Option(help="HOST:PORT of the device.")] = "",
    serial: Annotated[str, typer.Option(help="Serial port of the device; HDLC.")] = "",
    hdlc: Annotated[bool, typer.Option("--hdlc", help="HDLC on TCP, rather than the wrapper.")] = False,
    baud: Annotated[int, typer.Option(help="Of the serial port.")] = 9600,
    profile: Annotated[Path | None, typer.Option(help="TOML: the product, its clients, what may be used.")] = None,
    companion: Annotated[bool, typer.Option("--companion", help="Also the objects that the M link demands.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only checks whose names begin so; may be repeated.")] = None,
    invocation_counter: Annotated[
        int, typer.Option(min=0, help="Our first; must be above all that the device has seen. 0: from the clock.")
    ] = 0,
    timeout: Annotated[float, typer.Option(min=0.05, help="Seconds that an answer may take.")] = 2,
    report: Annotated[Path | None, typer.Option(help="Folder for the report of this product.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Judge a meter by DLMS/COSEM. It is asked wrong things too; what is written is put back."""
    from meterhouse.cli import conform_run  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    place = conform_run.Place(tcp, serial, baud, hdlc, timeout)
    conform_run.run(place, profile, tuple(only or ()), invocation_counter, report, companion=companion, as_json=json)
