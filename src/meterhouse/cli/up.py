"""`meterhouse up`: the whole street on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from meterhouse.cli.key import ViewerChoice
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
from meterhouse.cli.street_file import street_text
from meterhouse.cli.talk import spoken
from meterhouse.model import UsageError

__all__ = ["up"]

_FOLDER: Final = Path("meterhouse-data")
_PORT: Final = 8080


@spoken
def up(
    street: Annotated[Path | None, typer.Argument(help="Street file (TOML); without one, twelve homes.")] = None,
    data: Annotated[Path, typer.Option(help="Data folder; an earlier street in it goes on.")] = _FOLDER,
    speed: Annotated[int, typer.Option(help="Street seconds in a real second, 1 to 3600.")] = 300,
    port: Annotated[int, typer.Option(help="TCP port of the console; 0 for any free one.")] = _PORT,
    meter_port: Annotated[int, typer.Option(help="TCP port of the first electricity meter; 0 for any.")] = 0,
    profile: Annotated[Path | None, typer.Option(help="Measured data that drive the homes.")] = None,
    time: TimeColumn = "",
    kwh: Kwh = None,
    m3: M3 = None,
    zone: Zone = "",
    gas_cv: GasCv = "",
    label: LabelOption = LabelChoice.END,
    home: OnlyHome = None,
    seed: Annotated[int, typer.Option(help="Seed of the made-up households.")] = 1,
    open_readers: Annotated[bool, typer.Option(help="Let clients without keys read the electricity meters.")] = False,
    trust: Annotated[
        Path | None, typer.Option(help="Trust folder: orders about supplies come sealed, from now on.")
    ] = None,
    console_as: Annotated[
        ViewerChoice | None, typer.Option("--console-as", help="In which role the console sees homes; all if none.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print addresses as one JSON document.")] = False,
) -> None:
    """Run a street: meters, hubs, carrier, head end, counter and console, all on loopback. Ctrl-C stops it."""
    from meterhouse.app.running_street import RunSettings  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.cli.street_process import run_street  # noqa: PLC0415 -- as above
    from meterhouse.supplier.trust import Viewer  # noqa: PLC0415 -- as above

    if console_as is ViewerChoice.CUSTOMER:
        raise UsageError("a customer has no console", remedy="Make a key: `meterhouse key make --viewer customer`.")

    settings = RunSettings(
        folder=data,
        street=street_text(street),
        source="the street file" if street is None else str(street),
        speed=speed,
        profile=profile,
        profile_options=profile_options(time, kwh, m3, zone, gas_cv, label, home),
        seed=seed,
        open_readers=open_readers,
        first_meter_port=meter_port,
        trust=trust,
    )
    run_street(settings, port, None if console_as is None else Viewer(console_as.value), as_json=json)
