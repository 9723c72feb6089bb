"""What `meterhouse conform dlms` does: from its options to a bench, and from judgements to a table, JSON and a file."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from meterhouse.cli.talk import FAILED, say, write_json
from meterhouse.conformance import (
    Bench,
    Judgement,
    Report,
    SerialWire,
    Subject,
    TcpWire,
    Verdict,
    Wire,
    judge,
    read_subject,
)
from meterhouse.model import ConfigurationError, UsageError
from meterhouse.protocols.dlms import Counter

__all__ = ["Place", "run"]

_COLOURS: Final = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.NOT_APPLICABLE: "dim"}
_EPOCH: Final = 1_577_836_800
"""2020 in seconds since 1970: a counter by the clock fits 32 bits until 2156 and is above that of the last run."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the device is; texts as they were typed."""

    tcp: str
    serial: str
    baud: int
    hdlc: bool
    timeout: float

    def wire(self) -> Wire:
        """The wire to it.

        Raises:
            UsageError: no place, two, or one of another form.
        """
        if bool(self.tcp) == bool(self.serial):
            raise UsageError("give the device as --tcp HOST:PORT or as --serial PATH")
        if self.serial:
            return SerialWire(self.serial, self.baud)
        host, _, port = self.tcp.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 0x1_0000:
            raise UsageError(f"--tcp {self.tcp} is not HOST:PORT")
        return TcpWire(host, int(port), max(self.timeout, 1))


def run(
    place: Place,
    profile: Path | None,
    only: tuple[str, ...],
    counter: int,
    folder: Path | None,
    *,
    companion: bool,
    as_json: bool,
) -> None:
    """Judge, print, and leave with 1 where the level is not reached.

    Raises:
        MeterhouseError: the device cannot be judged at all.
    """
    subject = Subject(place.tcp or place.serial) if profile is None else read_subject(profile)
    bench = Bench(
        subject,
        place.wire(),
        hdlc=place.hdlc or bool(place.serial),
        counter=Counter(counter or int(time.time()) - _EPOCH),
        patience=place.timeout,
    )

    def tell(judgement: Judgement) -> None:
        say.print(Text(f"{judgement.verdict.value:>14}  {judgement.check}", style=_COLOURS[judgement.verdict]))

    report = judge(bench, companion=companion, only=only, tell=(lambda _judgement: None) if as_json else tell)
    if folder is not None:
        _kept(report, folder)
    if as_json:
        write_json(report.document())
    else:
        _printed(report)
    if not report.reached:
        raise typer.Exit(FAILED)


def _printed(report: Report) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for column in ("clause", "expected", "came"):
        table.add_column(column, overflow="fold")
    for one in report.judgements:
        texts = (one.clause, one.expected, one.came) if one.verdict is Verdict.FAIL else (one.clause, "", "")
        table.add_row(Text(one.check), Text(one.verdict.value, style=_COLOURS[one.verdict]), *map(Text, texts))
    out = Console(highlight=False, markup=False)
    if table.row_count:
        out.print(table)
    counts = ", ".join(f"{report.count(verdict)} {verdict.value}" for verdict in Verdict)
    out.print(f"{report.product}: level {report.level} {report.levels()[report.level]} ({counts})")


def _kept(report: Report, folder: Path) -> None:
    name = re.sub(r"[^a-z0-9]+", "-", f"{report.maker} {report.product} {report.link}".lower()).strip("-")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(report.document(), indent=2) + "\n", encoding="utf-8")
        (folder / f"{name}.md").write_text(report.page(), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"the report cannot be written to {folder}: {error}") from error
    say.print(f"report: {folder / name}.md and .json")
