"""`meterhouse up`: the whole street on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from meterhouse.app.running_street import RunningStreet, RunSettings, open_street
from meterhouse.cli.profile_options import (
    M3,
    GasCv,
    Kwh,
    LabelOption,
    OnlyHome,
    TimeColumn,
    Zone,
    profile_options,
)
from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.links import run_loop
from meterhouse.model import ConfigurationError, isoformat
from meterhouse.store.profiles import Label

__all__ = ["default_street", "up"]

_FOLDER: Final = Path("meterhouse-data")
_PORT: Final = 8080


def default_street() -> str:
    """The street that comes with the program: twelve homes."""
    return resources.files("meterhouse.app").joinpath("street.toml").read_text(encoding="utf-8")


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
    label: LabelOption = Label.END,
    home: OnlyHome = None,
    seed: Annotated[int, typer.Option(help="Seed of the made-up households.")] = 1,
    open_readers: Annotated[bool, typer.Option(help="Let clients without keys read the electricity meters.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print addresses as one JSON document.")] = False,
) -> None:
    """Run a street: meters, hubs, carrier, head end, counter and console, all on loopback. Ctrl-C stops it."""
    settings = RunSettings(
        folder=data,
        street=_text(street),
        speed=speed,
        profile=profile,
        profile_options=profile_options(time, kwh, m3, zone, gas_cv, label, home),
        seed=seed,
        open_readers=open_readers,
        first_meter_port=meter_port,
    )
    run_loop(_run(settings, port, as_json=json))


def _text(street: Path | None) -> str:
    if street is None:
        return default_street()
    try:
        return street.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"street file {street} cannot be read", why=f"{error}.") from error


async def _run(settings: RunSettings, port: int, *, as_json: bool) -> None:
    try:
        from meterhouse.console import serve  # noqa: PLC0415 -- an extra, and slow to import: only this verb needs it
    except ImportError as error:
        raise ConfigurationError(
            "the console is not installed", why=f"{error}.", remedy="Say: pip install 'meterhouse[street]'."
        ) from error
    async with open_street(settings) as running:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        _tell_profile(running)
        tasks = [
            asyncio.create_task(running.pump.run()),
            asyncio.create_task(
                serve(running.desk, port=port, started=lambda url: _announce(running, url, as_json=as_json))
            ),
        ]
        waiter = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([*tasks, waiter], return_when=asyncio.FIRST_COMPLETED)
        if waiter in done:
            say.print("Stopping: keeping the state of every device…")
        for task in (*tasks, waiter):
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
    say.print(f"Stopped at {isoformat(running.street.driver.now)}. Say `meterhouse up` again to go on from there.")


def _tell_profile(running: RunningStreet) -> None:
    measured = running.measured
    if measured is None:
        return
    report = measured.report
    say.print(f"Profile {report.profile.source}: {report.rows} rows, {len(report.profile.homes)} homes.")
    for line in (*report.assumptions, *measured.notes):
        say.print(f"  {line}")
    for problem, count in report.counts.items():
        say.print(f"  {count} rows: {problem}", style="yellow")
    if report.counts:
        say.print("  Each row: meterhouse profile check FILE", style="yellow")


def _announce(running: RunningStreet, url: str, *, as_json: bool) -> None:
    street = running.street
    if as_json:
        document: dict[str, Any] = {
            "console": url,
            "carrier_port": running.addresses.carrier,
            "meter_ports": dict(running.addresses.meters),
            "homes": list(street.sites),
            "now": isoformat(street.driver.now),
            "resumed": running.resumed,
        }
        write_json(document)
    word = "goes on" if running.resumed else "begins"
    say.print(f"{street.plan.name} {word} at {isoformat(street.driver.now)}, {running.desk.speed()} times real time.")
    first, tcp = next(iter(running.addresses.meters.items()))
    say.print(f"  Console            [bold]{url}[/]")
    say.print(f"  Meter of home {first}   127.0.0.1:{tcp} (DLMS wrapper)")
    say.print("  Ctrl-C stops; everything is kept.")
