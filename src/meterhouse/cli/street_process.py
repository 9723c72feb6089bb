"""The process behind `meterhouse up`: street and console in one loop, until a signal or the disk says stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any

from rich.text import Text

from meterhouse.app.running_street import RunningStreet, RunSettings, open_street
from meterhouse.app.visit_room import StreetVisitRoom
from meterhouse.cli.talk import say, write_json
from meterhouse.links import run_loop
from meterhouse.model import ConfigurationError, isoformat
from meterhouse.supplier.trust import Viewer

__all__ = ["run_street"]


def run_street(settings: RunSettings, port: int, viewer: Viewer | None = None, *, as_json: bool) -> None:
    """Run until SIGINT or SIGTERM; then keep everything and end. `viewer`: as whom the console's pages see homes.

    Raises:
        MeterhouseError: it could not start, or the store failed.
    """
    run_loop(_run(settings, port, viewer, as_json=as_json))


async def _run(settings: RunSettings, port: int, viewer: Viewer | None, *, as_json: bool) -> None:
    try:
        from meterhouse.console import serve  # noqa: PLC0415 -- an extra: a street without it says what to install
    except ImportError as error:
        raise ConfigurationError(
            "the console is not installed.", why=f"{error}.", remedy="Say: pip install 'meterhouse[street]'."
        ) from error
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_street(settings) as running:
        _tell_profile(running)
        if running.pending:
            say.print(f"{running.pending} payments still wait for their token.", style="yellow")
        tasks = [
            asyncio.create_task(running.pump.run()),
            asyncio.create_task(
                serve(
                    running.desk,
                    port=port,
                    started=lambda url: _announce(running, url, as_json=as_json),
                    scope_of=running.access.scope_of,
                    sight_of=running.access.sight_of,
                    sight=running.access.console_sight(viewer),
                    room=running.room,
                    visits=StreetVisitRoom(running.street),
                )
            ),
        ]
        waiter = asyncio.create_task(stop.wait())
        ends: list[asyncio.Future[Any]] = [*tasks, waiter, running.failed]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if waiter.done():
            say.print("Stopping: keeping the state of every device…")
        for task in (*tasks, waiter):
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if running.failed.done():
            running.failed.result()
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
            "api_keys": running.access.guarded,
        }
        write_json(document)
    word = "goes on" if running.resumed else "begins"
    say.print(f"{street.plan.name} {word} at {isoformat(street.driver.now)}, {running.desk.speed()} times real time.")
    first, tcp = next(iter(running.addresses.meters.items()))
    say.print(Text.assemble("  Console            ", (url, "bold")))
    say.print(f"  Meter of home {first}   127.0.0.1:{tcp} (DLMS wrapper)")
    if running.access.guarded:
        say.print("  REST API           every call needs a key (meterhouse key list)")
    else:
        say.print("  REST API           open to everybody on this machine: no key is made yet (meterhouse key make)")
    say.print("  Ctrl-C stops; everything is kept.")
