"""`meterhouse trust`: the private hierarchy, people, and the processes that hold the keys."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from meterhouse.cli.order import passphrase_of
from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.model import DAY, MINUTE, Eui64, MeterhouseError, UsageError

if TYPE_CHECKING:
    from meterhouse.app.kept_limits import KeptUseCases

__all__ = ["trust"]

trust = typer.Typer(no_args_is_help=True, help="Certificates, people, and the processes that hold keys.")

_TRUST: Final = Path("meterhouse-trust")
_ROOT_PASSPHRASE: Final = "METERHOUSE_ROOT_PASSPHRASE"  # noqa: S105 -- a variable's name
_POINT: Final = 128

Folder = Annotated[Path, typer.Argument(help="The trust folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@trust.callback()
def _trust() -> None:
    """Certificates, people, and the processes that hold keys."""


@trust.command()
@spoken
def init(
    folder: Folder = _TRUST,
    root: Annotated[Path | None, typer.Option(help="Where the root's key goes, such as a removable disk.")] = None,
    fleet: Annotated[int, typer.Option(min=1, help="Homes that the brakes reckon with.")] = 10_000,
    officers: Annotated[str, typer.Option(help="Three names, with commas.")] = "officer-1,officer-2,officer-3",
    zone: Annotated[str, typer.Option(help="Time zone of the homes.")] = "Europe/London",
    json: Json = False,
) -> None:
    """Make root, issuers, and every place with keys, certificates and rules of its own."""
    from meterhouse.app.trust_folder import found_trust  # noqa: PLC0415 -- slow to import: `--help` is not to wait
    from meterhouse.links import SystemClock  # noqa: PLC0415 -- as above

    told = os.environ.get(_ROOT_PASSPHRASE)
    phrase = told or typer.prompt("Passphrase of the root", hide_input=True, confirmation_prompt=True, err=True)
    names = tuple(name.strip() for name in officers.split(",") if name.strip())
    made = found_trust(folder, phrase, SystemClock().now(), root=root, fleet=fleet, officers=names, zone=zone)
    key = (root or folder / "root") / "root.keys"
    if json:
        write_json({"folder": str(made.path), "root_key": str(key), "places": sorted(_places(folder))})
        return
    say.print(f"Made {folder}. Take {key} off-line now, and keep its passphrase elsewhere.", style="yellow")
    say.print("Next: `meterhouse trust person`, once for each of the staff and each officer.")


@trust.command()
@spoken
def person(
    name: Annotated[str, typer.Argument(help="Their name.")],
    duty: Annotated[list[str], typer.Option(help="operator, approver or officer; more than one may be given.")],
    folder: Annotated[Path, typer.Option("--trust", help="The trust folder.")] = _TRUST,
    json: Json = False,
) -> None:
    """Make a person's key, under their own passphrase. Restart the processes: each reads the staff when it starts."""
    from meterhouse.app.trust_folder import STAFF, share_staff  # noqa: PLC0415 -- as above
    from meterhouse.store import StaffKeys  # noqa: PLC0415 -- as above
    from meterhouse.supplier.trust import Duty  # noqa: PLC0415 -- as above

    known = {each.value for each in Duty}
    if set(duty) - known:
        raise UsageError(f"'{(set(duty) - known).pop()}' is no duty", remedy=f"Say one of {', '.join(sorted(known))}.")
    if not (folder / "signing" / "root.pem").exists():  # else a key would stand where no office is
        raise UsageError(f"{folder} is no trust folder", remedy=f"Make one: meterhouse trust init {folder}")
    made = StaffKeys(folder / "signing" / STAFF).add(name, [Duty(each) for each in duty], passphrase_of(name))
    share_staff(folder)
    if json:
        write_json({"name": made.name, "duties": sorted(made.duties), "public": made.public.octets.hex()})
    else:
        say.print(f"{name}: {', '.join(sorted(made.duties))}.")


@trust.command()
@spoken
def issue(
    role: Annotated[str, typer.Argument(help="Such as hub, electricity-meter, head-end.")],
    eui: Annotated[str, typer.Argument(help="EUI-64 of the unit or party.")],
    to: Annotated[Path, typer.Option(help="Folder for keys and certificates.")],
    purpose: Annotated[list[str] | None, typer.Option(help="sign, agree or tls; all three if none is given.")] = None,
    public: Annotated[str, typer.Option(help="Public key in hex (64 bytes), where the unit keeps its own.")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="How long it holds; the role's usual if none.")] = None,
    folder: Annotated[Path, typer.Option("--trust", help="The trust folder.")] = _TRUST,
    json: Json = False,
) -> None:
    """Issue certificates: for keys that are made here, or for one public key of a unit that keeps its private one."""
    from meterhouse.app.trust_folder import open_trust  # noqa: PLC0415 -- as above
    from meterhouse.companion.certificate import CertifiedRole  # noqa: PLC0415 -- as above
    from meterhouse.crypto import P256, PublicPoint, Purpose  # noqa: PLC0415 -- as above
    from meterhouse.links import SystemClock  # noqa: PLC0415 -- as above

    purposes = [_word(each, {"sign", "agree", "tls"}, "purpose") for each in purpose or ["sign", "agree", "tls"]]
    named = CertifiedRole(_word(role, {each.value for each in CertifiedRole}, "role"))
    opened, now, subject = open_trust(folder), SystemClock().now(), Eui64.parse(eui)
    life = None if days is None else days * DAY
    if public:
        if len(purposes) != 1 or len(public) != _POINT:
            raise UsageError("a public key has 128 hex digits, and is certified for one --purpose")
        point = PublicPoint(P256, _hex(public))
        made = [opened.issue(subject, named, Purpose(purposes[0]), point, now, to=to, life=life)]
    else:
        made = opened.make(subject, named, [Purpose(each) for each in purposes], now, to=to, life=life)
    if json:
        write_json([{"role": each.role, "purpose": each.purpose, "path": str(each.path)} for each in made])
        return
    for each in made:
        typer.echo(str(each.path))


@trust.command("sign-daemon")
@spoken
def sign_daemon(
    folder: Folder = _TRUST,
    module: Annotated[str, typer.Option(help="PKCS#11 library, where the supplier's key is in a token.")] = "",
    token: Annotated[str, typer.Option(help="Label of the token.")] = "",
    label: Annotated[str, typer.Option(help="Label of the key in it.")] = "supplier",
) -> None:
    """Run the signing daemon: it alone has the supplier's key. Run it as a user of its own; stop it with Ctrl-C.

    The PIN of a token is read from $METERHOUSE_PKCS11_PIN.
    """
    from meterhouse.app.key_plan import PIN_VARIABLE  # noqa: PLC0415 -- as above
    from meterhouse.app.sign_client import SOCKET  # noqa: PLC0415 -- as above
    from meterhouse.app.sign_daemon import SignDaemon, serve_signing  # noqa: PLC0415 -- as above
    from meterhouse.links import SystemClock, run_loop  # noqa: PLC0415 -- as above

    place, pair = folder / "signing", None
    if module:
        from meterhouse.store.pkcs11_signing import token_pair  # noqa: PLC0415 -- an extra

        pair = token_pair(module, token, os.environ.get(PIN_VARIABLE, ""), label)

    async def run(daemon: SignDaemon) -> None:
        server = await serve_signing(daemon, place / SOCKET)
        say.print(f"Signing on {place / SOCKET}.")
        await _stopped()
        server.close()

    with SignDaemon(place, SystemClock(), pair=pair) as daemon:
        run_loop(run(daemon))


@trust.command("confirm-service")
@spoken
def confirm_service(
    carrier: Annotated[str, typer.Option(help="The carrier's address, host:port.")],
    data: Annotated[Path, typer.Option(help="Data folder of the house; only read.")] = Path("meterhouse-data"),
    folder: Folder = _TRUST,
    tls: Annotated[bool, typer.Option(help="Whether the line to the carrier is TLS.")] = True,
) -> None:
    """Run the confirm service, which devices ask before they cut. Run it as a user of its own; stop it with Ctrl-C."""
    from meterhouse.app.confirm_process import confirming_line, open_confirming  # noqa: PLC0415 -- as above
    from meterhouse.links import Pump, SystemClock, run_loop  # noqa: PLC0415 -- as above

    host, _, port = carrier.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"'{carrier}' is no address", remedy="Write it like carrier.example:7000.")
    place, clock = folder / "confirm", SystemClock()
    confirming = open_confirming(place, f"sqlite:///{data / 'meterhouse.db'}", clock.now())

    async def run() -> None:
        pump = Pump(clock)
        pump.add(confirming.service)
        pump.on_event(lambda event: say.print(event.line()))
        pump.every(MINUTE, lambda _now: _look(confirming.kept))
        confirming_line(pump, confirming, place if tls else None, host, int(port))
        running = asyncio.create_task(pump.run())
        await _stopped()
        running.cancel()

    try:
        run_loop(run())
    finally:
        confirming.close()


@trust.command()
@spoken
def tighten(
    limit: Annotated[str, typer.Argument(help="Name in limits.toml, such as calorific-value.")],
    least: Annotated[int, typer.Argument(min=0, help="The least it may hold from now on.")],
    most: Annotated[int, typer.Argument(min=0, help="The most.")],
    name: Annotated[str, typer.Option("--as", help="Which officer you are.")],
    data: Annotated[Path, typer.Option(help="Data folder of the house.")] = Path("meterhouse-data"),
    folder: Annotated[Path, typer.Option("--trust", help="The trust folder.")] = _TRUST,
    json: Json = False,
) -> None:
    """Tighten a limit of orders, at once; it never gets wider again but with a new program."""
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- as above
    from meterhouse.app.kept_limits import tighten as narrow  # noqa: PLC0415 -- as above
    from meterhouse.app.sign_client import SOCKET, SigningClient, SigningTalk  # noqa: PLC0415 -- as above
    from meterhouse.app.trust_folder import DESK, STAFF  # noqa: PLC0415 -- as above
    from meterhouse.companion.limits import FieldRange  # noqa: PLC0415 -- as above
    from meterhouse.links import SystemClock  # noqa: PLC0415 -- as above
    from meterhouse.store import StaffKeys  # noqa: PLC0415 -- as above

    to, talk = FieldRange(least, most), SigningTalk(SigningClient(folder / "signing" / SOCKET))
    staff = StaffKeys(folder / DESK / STAFF).staff()
    with open_books(data) as database:
        narrow(database, talk, staff, limit, to, name, passphrase_of(name), SystemClock().now())
    if json:
        write_json({"limit": limit, "least": least, "most": most})
    else:
        say.print(f"Limit {limit} is {least} to {most}.")


@trust.command("release-brake")
@spoken
def release_brake(
    name: Annotated[str, typer.Option("--as", help="Which officer you are.")],
    folder: Annotated[Path, typer.Option("--trust", help="The trust folder.")] = _TRUST,
    json: Json = False,
) -> None:
    """Give your word that the confirm service's brake, B4, be released. Stop the service first."""
    from meterhouse.app.confirm_process import release_confirm_brake  # noqa: PLC0415 -- as above
    from meterhouse.app.sign_client import SOCKET, SigningClient, SigningTalk  # noqa: PLC0415 -- as above

    talk = SigningTalk(SigningClient(folder / "signing" / SOCKET))
    opened = release_confirm_brake(folder / "confirm", talk, name, passphrase_of(name))
    if json:
        write_json({"brake": "B4", "open": opened})
    else:
        say.print("Brake B4 is open." if opened else "One more officer must release brake B4.")


@trust.command()
@spoken
def restored(folder: Folder = _TRUST, json: Json = False) -> None:
    """After a restore from a backup: lift every counter past all that the lost time can have used. Stop both first."""
    from meterhouse.app.trust_stores import database_of, raise_after_restore  # noqa: PLC0415 -- as above

    lifted = 0
    for place, name in (("signing", "signing.db"), ("confirm", "confirm.db")):
        if (folder / place / name).exists():
            with database_of(folder / place, name) as database:
                lifted += raise_after_restore(database)
    if json:
        write_json({"counters": lifted})
    else:
        say.print(f"Lifted {lifted} counters by 2^32.")


def _look(kept: KeptUseCases) -> None:
    try:
        kept.look()
    except MeterhouseError as error:  # what was believed before stays
        say.print(error.sentence(), style="red")


async def _stopped() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    await stop.wait()


def _places(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.is_dir()]


def _word(value: str, known: set[str], what: str) -> str:
    if value not in known:
        raise UsageError(f"'{value}' is no {what}", remedy=f"Say one of {', '.join(sorted(known))}.")
    return value


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise UsageError("the public key is not in hex") from error
