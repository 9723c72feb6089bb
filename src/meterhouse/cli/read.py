"""`meterhouse read`: what any DLMS meter says, over TCP or a serial line."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from meterhouse.cli.talk import spoken

__all__ = ["read"]


@spoken
def read(
    target: Annotated[
        str, typer.Argument(help="tcp://host:4059, hdlc+tcp://host:port or serial:///dev/ttyUSB0?baud=9600&mode-e")
    ],
    items: Annotated[
        list[str] | None, typer.Argument(help="Attributes: 1-0:1.8.0.255, or with class 1-0:1.8.0.255/3:2.")
    ] = None,
    clock: Annotated[bool, typer.Option("--clock", help="The meter's time, and how far it is off.")] = False,
    objects: Annotated[bool, typer.Option("--objects", help="What the meter has for this client.")] = False,
    profile: Annotated[str, typer.Option(help="A load profile, such as 1-0:99.1.0.255.")] = "",
    start: Annotated[str, typer.Option("--from", help="First time, ISO 8601 with zone, or a date in UTC.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last time; the present where only --from is given.")] = "",
    client: Annotated[int, typer.Option(min=1, max=127, help="Client SAP: 16 public, 1 management.")] = 16,
    server: Annotated[int, typer.Option(min=1, max=16383, help="Logical device: 1 management.")] = 1,
    physical: Annotated[int | None, typer.Option(help="HDLC physical device, such as 17.")] = None,
    address_size: Annotated[int, typer.Option(help="Bytes of the HDLC server address: 1, 2 or 4.")] = 0,
    window: Annotated[int, typer.Option(min=1, max=7, help="HDLC frames to take at once.")] = 1,
    auth: Annotated[str, typer.Option(help="none, lls, md5, sha1, gmac, sha256 (HLS 3 to 6).")] = "none",
    security: Annotated[str, typer.Option(help="none, auth, encrypt or both.")] = "",
    suite: Annotated[int | None, typer.Option(min=0, max=2, help="Security suite of the keys.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="TOML with the keys and the password.")] = None,
    ek: Annotated[str, typer.Option("--ek", help="Encryption key in hex; seen by others.")] = "",
    ak: Annotated[str, typer.Option("--ak", help="Authentication key in hex; seen by others.")] = "",
    password: Annotated[str, typer.Option(help="LLS password; seen by others.")] = "",
    system_title: Annotated[str, typer.Option(help="Ours, 8 bytes in hex.")] = "",
    invocation_counter: Annotated[str, typer.Option(help="auto asks the meter; or a number.")] = "auto",
    state: Annotated[Path | None, typer.Option(help="Folder of the invocation counters.")] = None,
    quirks: Annotated[Path | None, typer.Option(help="TOML: how this make differs from the standard.")] = None,
    timeout: Annotated[float, typer.Option(min=0.5, help="Seconds for a connection and for each answer.")] = 10,
    tries: Annotated[int, typer.Option(min=1, max=20, help="How often a lost connection is tried.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Read a meter. Nothing is written to it."""
    from meterhouse.cli import read_run  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    wanted = read_run.Wanted(tuple(items or ()), clock, objects, profile, start, end)
    way = read_run.Way(target, client, server, physical, address_size, window, timeout, tries)
    access = read_run.Access(
        auth, security, suite, key_file, ek, ak, password, system_title, invocation_counter, state, quirks
    )
    asyncio.run(read_run.run(wanted, way, access, as_json=json))
