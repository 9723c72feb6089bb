"""What `meterhouse read` does: from its options to a reader, and from what was read to a table or JSON."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from meterhouse.app.reading import (
    Approach,
    CounterFile,
    Item,
    ListedObject,
    MeterQuirks,
    MeterReader,
    Profile,
    Value,
    default_folder,
    iso_or_text,
    parse_item,
    parse_target,
    plain,
    read_quirks,
    shown,
    time_of,
)
from meterhouse.cli.read_keys import Secrets, gathered
from meterhouse.cli.talk import say, write_json
from meterhouse.model import Instant, UsageError, parse_instant
from meterhouse.protocols.dlms import INTERFACES, ClientSettings, CosemData, Mechanism, Obis, Policy
from meterhouse.protocols.dlms.hdlc import Parameters

__all__ = ["Access", "Wanted", "Way", "run"]

_POLICIES: Final = {
    "none": Policy.NONE,
    "auth": Policy.AUTHENTICATED,
    "encrypt": Policy.ENCRYPTED,
    "both": Policy.BOTH,
}
_MECHANISMS: Final = {
    "hls3": "MD5",
    "hls4": "SHA1",
    "hls5": "GMAC",
    "hls6": "SHA256",
}
_TITLE: Final = bytes.fromhex("4d54480000000001")
"""Ours where none is given: MTH, and a number."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read; texts as they were typed."""

    items: tuple[str, ...]
    clock: bool
    objects: bool
    profile: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Way:
    """How to get there."""

    target: str
    client: int
    server: int
    physical: int | None
    address_size: int
    window: int
    timeout: float
    tries: int

    def approach(self) -> Approach:
        """The same, checked."""
        return Approach(
            parse_target(self.target),
            self.server,
            self.physical,
            self.address_size,
            Parameters(1024, 1024, 1, self.window),
            int(self.timeout * 1000),
            self.tries,
        )


@dataclass(frozen=True, slots=True)
class Access:
    """Who we are."""

    auth: str
    security: str
    suite: int | None
    key_file: Path | None
    ek: str = field(repr=False)
    ak: str = field(repr=False)
    password: str = field(repr=False)
    system_title: str
    invocation_counter: str
    state: Path | None
    quirks: Path | None

    def mechanism(self) -> Mechanism:
        """The mechanism of that name.

        Raises:
            UsageError: there is none, or it needs certificates, which this command does not take.
        """
        name = _MECHANISMS.get(self.auth.lower(), self.auth.upper())
        known = {one.name: one for one in Mechanism if one.name != "ECDSA"}
        if name not in known:
            raise UsageError(
                f"--auth {self.auth} is not known", remedy=f"Choose one of {', '.join(known).lower()}, or hls3 to hls6."
            )
        return known[name]

    def policy(self, *, keys: bool) -> Policy:
        """The protection of that name; both where there are keys and nothing is said.

        Raises:
            UsageError: there is none.
        """
        if not self.security:
            return Policy.BOTH if keys else Policy.NONE
        if self.security.lower() not in _POLICIES:
            raise UsageError(f"--security {self.security} is not one of {', '.join(_POLICIES)}")
        return _POLICIES[self.security.lower()]


def _reader(way: Way, access: Access, quirks: MeterQuirks) -> MeterReader:
    secrets = gathered(access.key_file, access.ek, access.ak, access.password, access.system_title, access.suite)
    keys, mechanism = secrets.keys(), access.mechanism()
    policy = access.policy(keys=keys is not None)
    if keys is None and (policy or mechanism is Mechanism.GMAC):
        raise UsageError("GMAC and ciphering need keys", remedy="Give them with --key-file.")
    if mechanism.has_secret and not secrets.password:
        raise UsageError(f"--auth {access.auth} needs a password", remedy="Give it in --key-file.")
    title = secrets.title or _TITLE
    folder = access.state or default_folder()
    counters = None if keys is None else CounterFile(folder, keys.encryption, title)
    make = _settings_maker(way, secrets, mechanism, policy, title, quirks)
    return MeterReader(way.approach(), make, quirks, counters, _counter(access.invocation_counter))


def _counter(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"--invocation-counter {text} is neither auto nor a number")
    return int(text)


def _settings_maker(
    way: Way, secrets: Secrets, mechanism: Mechanism, policy: Policy, title: bytes, quirks: MeterQuirks
) -> Callable[[CounterFile | None, int], ClientSettings]:
    keys = secrets.keys()

    def make(counters: CounterFile | None, least: int) -> ClientSettings:
        common: dict[str, Any] = {} if counters is None else {"seen": counters.seen()}
        return ClientSettings(
            client_sap=way.client,
            server_sap=way.server,
            mechanism=mechanism,
            secret=secrets.password,
            system_title=title if keys is not None or mechanism.has_titles else b"",
            server_title=quirks.meter_title,
            keys=keys,
            policy=policy,
            use_general_glo=quirks.general_glo,
            counter=None if counters is None else counters.counter(least),
            entropy=os.urandom,
            quirks=quirks.for_client(),
            **common,
        )

    return make


def _times(wanted: Wanted) -> tuple[Instant | None, Instant | None]:
    if not wanted.start:
        if wanted.end:
            raise UsageError("--to needs --from")
        return None, None
    start = parse_instant(wanted.start)
    end = parse_instant(wanted.end) if wanted.end else Instant(time.time_ns() // 1_000_000)
    if end < start:
        raise UsageError(f"--to {wanted.end} is before --from {wanted.start}")
    return start, end


async def run(wanted: Wanted, way: Way, access: Access, *, as_json: bool) -> None:
    """Read and print.

    Raises:
        MeterhouseError: what went wrong, in words.
    """
    items = [parse_item(text) for text in wanted.items]
    profile = Obis.parse(wanted.profile) if wanted.profile else None
    start, end = _times(wanted)
    if not items and profile is None and not wanted.objects:
        wanted = Wanted((), True, False, "", "", "")
    quirks = read_quirks(access.quirks)
    printed = _Printed(quirks, as_json=as_json)
    async with _reader(way, access, quirks) as reader:
        if wanted.clock:
            printed.clock(await reader.clock())
        await _values(reader, items, printed)
        if wanted.objects:
            printed.objects(await reader.objects())
        if profile is not None:
            with say.status(f"reading {profile}") as status:
                rows = await reader.profile(
                    profile,
                    start,
                    end,
                    lambda done, parts, count: status.update(
                        f"reading {profile}: part {done} of {parts}, {count} rows"
                    ),
                )
            printed.profile(profile, rows)
    printed.finish()


async def _values(reader: MeterReader, items: list[Item], printed: _Printed) -> None:
    values = [await reader.value(item) for item in items]
    if values:
        printed.values(values)


class _Printed:
    """Tables as they come, or one JSON document at the end."""

    def __init__(self, quirks: MeterQuirks, *, as_json: bool) -> None:
        self._quirks = quirks
        self._document: dict[str, Any] | None = {} if as_json else None
        self._out = Console(highlight=False)

    def finish(self) -> None:
        if self._document is not None:
            write_json(self._document)

    def _table(self, *columns: str) -> Table:
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(
                column, justify="right" if column == "value" else "left", no_wrap=column == "obis", overflow="fold"
            )
        return table

    def clock(self, value: Value) -> None:
        at = time_of(value.data, self._quirks)
        ahead = None if at is None else at - time.time_ns() // 1_000_000
        text = iso_or_text(value.data, self._quirks)
        if self._document is not None:
            self._document["clock"] = {"time": text, "whole": at is not None, "ahead_ms": ahead}
            return
        off = (
            ""
            if ahead is None
            else f", {abs(ahead) / 1000:.1f} s {'ahead of' if ahead > 0 else 'behind'} this computer"
        )
        self._out.print(f"clock {text}{off}")

    def values(self, values: list[Value]) -> None:
        if self._document is not None:
            self._document["values"] = [value.document() for value in values]
            return
        table = self._table("obis", "class", "attribute", "value")
        for value in values:
            table.add_row(str(value.obis), _class_name(value.class_id), str(value.attribute), value.text())
        self._out.print(table)

    def objects(self, objects: list[ListedObject]) -> None:
        if self._document is not None:
            self._document["objects"] = [
                {"obis": str(one.obis), "class": one.class_id, "version": one.version, "readable": list(one.readable)}
                for one in objects
            ]
            return
        table = self._table("obis", "class", "version", "readable attributes")
        for one in objects:
            readable = " ".join(map(str, one.readable)) or "-"
            table.add_row(str(one.obis), _class_name(one.class_id), str(one.version), readable)
        self._out.print(table)

    def profile(self, obis: Obis, profile: Profile) -> None:
        names = [f"{one.obis}/{one.class_id}:{one.attribute}" for one in profile.columns]
        cells = list(profile.cells(self._quirks))
        if self._document is not None:
            self._document["profile"] = {
                "obis": str(obis),
                "period_s": profile.period,
                "columns": [
                    {"name": name}
                    if meaning is None
                    else {"name": name, "scaler": meaning.scaler, "unit": meaning.unit}
                    for name, meaning in zip(names, profile.meanings, strict=True)
                ],
                "rows": [[one if isinstance(one, str) else plain(one) for one in row] for row in cells],
            }
            return
        table = self._table(*names)
        for row in cells:
            meanings = (*profile.meanings, *[None] * len(row))
            table.add_row(
                *(
                    one if isinstance(one, str) else shown(one, meaning)
                    for one, meaning in zip(row, meanings, strict=False)
                )
            )
        self._out.print(table)
        say.print(f"{len(profile.rows)} rows, {_span(cells)}")


def _span(cells: list[list[CosemData | str]]) -> str:
    """First and last time of some rows."""
    times = [row[0] for row in cells if row and isinstance(row[0], str)]
    return f"{times[0]} to {times[-1]}" if times else "without times"


def _class_name(class_id: int) -> str:
    found = INTERFACES.get(class_id)
    return f"{class_id} {found.name}" if found is not None else str(class_id)
