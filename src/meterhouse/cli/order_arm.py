"""`meterhouse order arm`: many supplies armed again, each by an order of its own, and who was not reached."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from meterhouse.cli.order import passphrase_of
from meterhouse.cli.talk import UNCONFIRMED, say, spoken, write_json
from meterhouse.model import Fuel, LinkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meterhouse.app.bulk_arm import ArmLine, ArmRecovery

__all__ = ["arm", "arm_code"]

_DATA: Final = Path("meterhouse-data")
_TRUST: Final = Path("meterhouse-trust")
_LOOK_S: Final = 2.0
_AT_WORK: Final = 10
"""Looks take at most one part of so many of the time, however long one takes."""


@spoken
def arm(
    homes: Annotated[Path, typer.Option(help="File of homes, one a line; - reads them from stdin.")],
    person: Annotated[str, typer.Option("--as", help="Who you are; your passphrase is asked for.")],
    name: Annotated[str, typer.Option(help="Of this recovery; said again, it goes on. The file's name if empty.")] = "",
    fuel: Annotated[Fuel, typer.Option(help="Whose supplies.")] = Fuel.ELECTRICITY,
    reason: Annotated[str, typer.Option(help="Why, in words for the customers.")] = "your supply was off by our fault",
    wait: Annotated[int, typer.Option(min=0, help="Minutes to wait for the meters' own words.")] = 0,
    data: Annotated[Path, typer.Option(help="Data folder of the house; a street may be running on it.")] = _DATA,
    trust: Annotated[Path, typer.Option(help="Trust folder; its signing daemon must be running.")] = _TRUST,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Arm many supplies after a malfunction; a hand closes each. Exit code 5 while any is not armed.

    Each home gets an order of its own. Nobody must approve, and no brake holds it back. Said again, it goes on: a meter
    that is armed, or whose order is under way, gets no other; one that was not reached does.
    """
    from meterhouse.app.bulk_arm import open_recovery  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- as above

    told = _homes(homes)
    group = name or (homes.stem if str(homes) != "-" else "stdin")
    with open_books(data) as database:
        service = open_recovery(database, trust)
        passphrase = passphrase_of(person)
        seen, refused = 0, dict[tuple[str, object], "ArmLine"]()
        try:
            for batch in service.arm_homes(group, told, fuel, reason, person, passphrase):
                seen += len(batch)
                refused |= {(line.home, line.device): line for line in batch if line.why}
                say.print(f"{seen:,} meters seen to, of {len(told):,} homes")
        except LinkError:
            say.print(f"{seen:,} meters were seen to. Say the same again to go on.")
            raise
        lines = _waited(service, group, told, fuel, wait)
    lines = [line if line.order else refused.get((line.home, line.device), line) for line in lines]
    _tell(group, lines, json=json)
    if any(line.standing not in {"armed", "on already"} for line in lines):
        raise typer.Exit(UNCONFIRMED)


@spoken
def arm_code(
    home: Annotated[str, typer.Argument(help="The home.")],
    number: Annotated[int, typer.Argument(help="The number that its electricity meter shows.")],
    person: Annotated[str, typer.Option("--as", help="Who you are; your passphrase is asked for.")],
    reason: Annotated[str, typer.Option(help="Why, in words for the customer.")] = "your supply was off by our fault",
    data: Annotated[Path, typer.Option(help="Data folder of the house; a street may be running on it.")] = _DATA,
    trust: Annotated[Path, typer.Option(help="Trust folder; its signing daemon must be running.")] = _TRUST,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Tell the code that arms one electricity meter with every network down: typed there, it lets a hand close."""
    from meterhouse.app.bulk_arm import open_recovery  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- as above
    from meterhouse.app.keys import kept_keys  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        keys = kept_keys(data / "keys")
        service = open_recovery(database, trust)
        order, code = service.tell_code(home, number, keys, reason, person, passphrase_of(person))
    if json:
        write_json({"home": home, "device": str(order.device), "number": number, "order": order.number, "code": code})
    else:
        typer.echo(" ".join(code[place : place + 4] for place in range(0, len(code), 4)))


def _homes(path: Path) -> list[str]:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read", why=f"{error}.") from error
    found = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not found:
        raise UsageError(f"{path} names no home", remedy="Write one home on each line.")
    return list(dict.fromkeys(found))


def _waited(service: ArmRecovery, group: str, homes: Sequence[str], fuel: Fuel, minutes: int) -> list[ArmLine]:
    """How all stand when none is under way any more, or the wait is over."""
    until = time.monotonic() + 60 * minutes
    while True:
        began = time.monotonic()
        lines = list(service.report(group, homes, fuel))
        now = time.monotonic()
        count = Counter(line.standing.value for line in lines)
        if not count["under way"] or now >= until:
            return lines
        say.print(_sum(count))
        time.sleep(min(max(_LOOK_S, _AT_WORK * (now - began)), until - now))


def _sum(count: Counter[str]) -> str:
    return ", ".join(f"{number:,} {standing}" for standing, number in sorted(count.items()))


def _tell(group: str, lines: Sequence[ArmLine], *, json: bool) -> None:
    count = Counter(line.standing.value for line in lines)
    left = [line for line in lines if line.standing in {"not raised", "not reached"}]
    if json:
        rows = [
            {
                "home": line.home,
                "device": None if line.device is None else str(line.device),
                "standing": line.standing.value,
                "order": line.order or None,
                "why": line.why,
            }
            for line in lines
        ]
        write_json({"recovery": group, "meters": len(lines), **dict(sorted(count.items())), "lines": rows})
        return
    typer.echo(f"{group}: {_sum(count)}")
    for line in left:
        device = "no meter" if line.device is None else str(line.device)
        typer.echo(f"  {line.standing.value:<11} {line.home}  {device}  {line.order}  {line.why}".rstrip())
