"""What `meterhouse decode` does: the bytes found, taken apart and shown."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from meterhouse.app.use_cases import own_catalogue
from meterhouse.cli.talk import FAILED, write_json
from meterhouse.companion.sealed import SealedError
from meterhouse.companion.sealed import explain as sealed_lines
from meterhouse.model import MeterhouseError, NotFoundError, UsageError
from meterhouse.protocols import wmbus
from meterhouse.protocols.dlms.explain import ExplainKeys, Node, explain

__all__ = ["show"]

_SHOWN: Final = 24
"""Bytes of hex on one line of the tree; --json has them all."""


def show(source: str, kind: str, keys: tuple[str, str, str, str], *, as_json: bool) -> None:
    """Explain what `source` holds as `kind` (auto, dlms, wmbus); `keys` in hex: --ek, --ak, --title, --key.

    Raises:
        UsageError: no bytes, or something that is not hex.
        typer.Exit: FAILED where a part was not understood.
    """
    ek, ak, title, key = keys
    octets = _octets(source)
    if not octets:
        raise UsageError("there are no bytes to explain", remedy="Give hex, a file, or pipe them in with -.")
    secrets = ExplainKeys(_hex(ek, "--ek"), _hex(ak, "--ak"), _hex(title, "--title"))
    telegram = None if kind == "dlms" else _telegram(octets, _hex(key, "--key"), demanded=kind == "wmbus")
    nodes = [*_sealed(octets), *explain(octets, secrets)] if telegram is None else [telegram]
    understood = all(map(_understood, nodes))
    if as_json:
        write_json({"bytes": len(octets), "understood": understood, "parts": [node.record() for node in nodes]})
    else:
        out = Console(highlight=False, soft_wrap=True)
        for node in nodes:
            out.print(_tree(node))
    if not understood:
        raise typer.Exit(FAILED)


def _sealed(octets: bytes) -> list[Node]:
    """A sealed order, answer or alert, line by line; nothing for anything else."""
    try:
        head, *lines = sealed_lines(octets, own_catalogue())
    except SealedError:
        return []
    return [Node("sealed message", 0, octets, head, "GBCS 7.2", [Node(line, 0, b"") for line in lines])]


def _hex(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(re.sub(r"[\s:,-]|0x", "", text))
    except ValueError:
        raise UsageError(f"{name} is not hex") from None


def _octets(source: str) -> bytes:
    raw = sys.stdin.buffer.read() if source == "-" else None
    if raw is None:
        try:
            path = Path(source)
            raw = path.read_bytes() if path.is_file() else source.encode()
        except (OSError, ValueError) as error:
            # Hex may be longer than any file name; a file that is there but cannot be read is another matter.
            if isinstance(error, PermissionError | IsADirectoryError):
                raise UsageError(f"{source} cannot be read", why=str(error)) from error
            raw = source.encode()
    try:
        return bytes.fromhex(re.sub(r"[\s:,-]|0[xX]", "", raw.decode("ascii")))
    except (UnicodeDecodeError, ValueError):
        if source != "-" and raw == source.encode():
            raise UsageError(f"'{source[:40]}' is neither hex nor a file") from None
        return raw


def _telegram(octets: bytes, key: bytes, *, demanded: bool) -> Node | None:
    """The telegram in `octets`; None where it is none, and need not be."""
    secret = wmbus.MasterKey(key) if key else None
    problem: MeterhouseError | None = None
    for form in wmbus.LinkFormat:
        try:
            return _telegram_node(octets, wmbus.decode_telegram(octets, secret, form), form.name)
        except wmbus.TelegramError as error:
            problem = problem or error
        except MeterhouseError as error:  # a telegram it is, but one that is not believed or cannot be opened
            return Node("wireless M-Bus telegram", 0, octets, children=[Node("not understood", 0, octets, str(error))])
    if demanded:
        words = problem.sentence() if problem else "no telegram"
        return Node("wireless M-Bus telegram", 0, octets, children=[Node("not understood", 0, octets, words)])
    return None


def _telegram_node(octets: bytes, telegram: wmbus.Telegram, form: str) -> Node:
    said: list[tuple[str, Any, str]] = [
        ("frame format", form, "EN 13757-4 12"),
        ("C-field", telegram.control.name, "EN 13757-4 12.2"),
        ("sender", telegram.sender, "EN 13757-7 7.5"),
        ("CI-field", f"{telegram.ci:02X} {telegram.ci.name}", "EN 13757-7 5"),
        ("meter", telegram.meter, "EN 13757-7 7.5"),
        ("access number", telegram.access_number, "EN 13757-7 7.5.5"),
        ("status", f"{telegram.status:02X}", "EN 13757-7 7.5.6"),
        ("security mode", telegram.mode, "EN 13757-7 7.6"),
        ("message counter", telegram.counter, "EN 13757-7 6"),
    ]
    if telegram.extended is not None:
        said[3:3] = _extended(telegram)
    parts = [Node(name, 0, b"", str(value), clause) for name, value, clause in said if value is not None]
    records = _compact(telegram) if telegram.ci is wmbus.Ci.RESPONSE_COMPACT else telegram.records
    parts += [Node("data record", 0, each.encode(), wmbus.displayed(each), "EN 13757-3 6") for each in records]
    if telegram.payload and not (records and telegram.ci is wmbus.Ci.RESPONSE_COMPACT):
        parts.append(Node("payload", 0, telegram.payload, "what is no record"))
    return Node("wireless M-Bus telegram", 0, octets, "the checksums are right", "EN 13757-4", parts)


def _compact(telegram: wmbus.Telegram) -> Sequence[wmbus.Record]:
    """The records of a compact frame whose headers are known."""
    try:
        return wmbus.expand_compact(telegram.payload, wmbus.PUBLISHED)
    except NotFoundError:
        return ()


def _extended(telegram: wmbus.Telegram) -> list[tuple[str, Any, str]]:
    """What the extended link layer says."""
    clause, session = "EN 13757-4 13.2", None
    if telegram.session is not None:
        session = f"{telegram.session:08X}, " + ("AES-CTR" if telegram.session >> 29 else "clear")
    return [
        ("communication control", f"{telegram.extended:02X}", clause),
        ("access number of the link", telegram.extended_access, clause),
        ("receiver", telegram.receiver, clause),
        ("session", session, clause),
    ]


def _understood(node: Node) -> bool:
    return node.name != "not understood" and all(map(_understood, node.children))


def _line(node: Node) -> str:
    shown = node.octets[:_SHOWN].hex(" ") + (" ..." if len(node.octets) > _SHOWN else "")
    bad = node.name == "not understood"
    text = f"[dim]{node.start:5d}[/]  [bold{' red' if bad else ''}]{escape(node.name)}[/]"
    if node.value:
        text += f"  {escape(node.value)}"
    if shown:
        text += f"  [cyan]{shown}[/]"
    return text + (f"  [dim]{escape(node.clause)}[/]" if node.clause else "")


def _tree(node: Node) -> Tree:
    """The tree for a terminal; made without recursion, for an explanation may be deep."""
    root = Tree(_line(node))
    waiting = [(root, node)]
    while waiting:
        branch, parent = waiting.pop()
        waiting += [(branch.add(_line(child)), child) for child in parent.children]
    return root
