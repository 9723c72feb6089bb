"""`meterhouse decode`: any DLMS or wireless M-Bus bytes, explained byte by byte."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from meterhouse.cli.talk import spoken

__all__ = ["Kind", "decode"]


class Kind(StrEnum):
    """What the bytes are taken for."""

    AUTO = "auto"
    DLMS = "dlms"
    WMBUS = "wmbus"


@spoken
def decode(
    source: Annotated[str, typer.Argument(help="Hex, a file (hex text or raw bytes), or - for stdin.")],
    ek: Annotated[str, typer.Option("--ek", help="Encryption key, hex.")] = "",
    ak: Annotated[str, typer.Option("--ak", help="Authentication key, hex.")] = "",
    title: Annotated[str, typer.Option("--title", help="The sender's system title, hex.")] = "",
    kind: Annotated[Kind, typer.Option("--kind", help="What the bytes are.")] = Kind.AUTO,
    key: Annotated[str, typer.Option("--key", help="Wireless M-Bus key, hex.")] = "",
    *,
    json: Annotated[bool, typer.Option("--json", help="Print it as one JSON document.")] = False,
) -> None:
    """Explain DLMS/COSEM or wireless M-Bus bytes, byte by byte, with the names of the standards."""
    from meterhouse.cli import decode_run  # noqa: PLC0415 -- slow to import: `--help` is not to wait

    decode_run.show(source, kind.value, (ek, ak, title, key), as_json=json)
