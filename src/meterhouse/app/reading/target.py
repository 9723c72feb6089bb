"""Where a meter is: an address in one word, as a person types it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit

from meterhouse.model import UsageError

__all__ = ["WRAPPER_PORT", "Target", "parse_target"]

WRAPPER_PORT: Final = 4059
"""dlms/cosem, registered for TCP and UDP."""
_FORMS: Final = "Write it like tcp://host:4059, hdlc+tcp://host:4001 or serial:///dev/ttyUSB0?baud=9600&mode-e."

Kind = Literal["tcp", "hdlc+tcp", "serial"]


@dataclass(frozen=True, slots=True)
class Target:
    """One way to a meter.

    Attributes:
        kind: tcp (wrapper), hdlc+tcp or serial (HDLC).
        host: of TCP.
        port: of TCP.
        path: of the serial device.
        baud: of HDLC on the serial line; with mode E the fastest that we offer.
        mode_e: whether the serial line begins with the sign-on of IEC 62056-21.
        device: the meter's address in that sign-on; usually empty.
    """

    kind: Kind
    host: str = ""
    port: int = 0
    path: str = ""
    baud: int = 9600
    mode_e: bool = False
    device: str = ""

    @property
    def is_hdlc(self) -> bool:
        """Whether HDLC carries the APDUs, rather than the wrapper."""
        return self.kind != "tcp"

    def __str__(self) -> str:
        return f"serial port {self.path}" if self.kind == "serial" else f"{self.host} port {self.port}"


def parse_target(text: str) -> Target:
    """The target that `text` names.

    Raises:
        UsageError: it is of no known form.
    """
    parts = urlsplit(text)
    if parts.scheme == "serial":
        return _serial(text, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))
    try:
        port = parts.port
    except ValueError as error:
        raise UsageError(f"target '{text}' has no port from 1 to 65535", remedy=_FORMS) from error
    if parts.query or parts.path.strip("/") or not parts.hostname:
        raise UsageError(f"target '{text}' is not understood", remedy=_FORMS)
    if parts.scheme == "tcp":
        return Target("tcp", parts.hostname, port or WRAPPER_PORT)
    if parts.scheme == "hdlc+tcp":
        if not port:
            raise UsageError(f"target '{text}' needs a port", why="HDLC over TCP has no registered one.")
        return Target("hdlc+tcp", parts.hostname, port)
    raise UsageError(f"target '{text}' is not understood", remedy=_FORMS)


def _serial(text: str, path: str, options: dict[str, str]) -> Target:
    unknown = set(options) - {"baud", "mode-e", "device"}
    baud = options.get("baud", "9600")
    if unknown or not path or not baud.isascii() or not baud.isdigit():
        raise UsageError(f"serial target '{text}' is not understood", remedy=_FORMS)
    return Target("serial", path=path, baud=int(baud), mode_e="mode-e" in options, device=options.get("device", ""))
