"""What an HDLC link tells its user."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from meterhouse.protocols.dlms.hdlc.parameters import Parameters

__all__ = ["Cause", "Connected", "Disconnected", "Happening", "Received"]


class Cause(Enum):
    """Why a connection ended."""

    ASKED = "asked"
    """We asked for it, and the peer agreed or was silent."""
    PEER = "peer"
    """The peer disconnected, or says that it is not connected."""
    REFUSED = "refused"
    """The peer does not want to connect."""
    SILENCE = "silence"
    """No answer after all tries, or nothing for the inactivity time."""
    FAULT = "fault"
    """The peer does not keep the rules, or says that we do not."""


@dataclass(frozen=True, slots=True)
class Connected:
    """Normal response mode is on.

    Attributes:
        client: client SAP.
        server: logical device.
        parameters: as agreed, seen from this side.
    """

    client: int
    server: int
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Received:
    """A whole APDU arrived, without its LLC header.

    Attributes:
        client: client SAP.
        server: logical device.
        apdu: at least 1 byte.
        unnumbered: it came in an unnumbered frame (UI): a push, or a broadcast that must not be answered.
    """

    client: int
    server: int
    apdu: bytes
    unnumbered: bool = False


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection has ended or did not come up.

    Attributes:
        client: client SAP.
        server: logical device.
        cause: see `Cause`.
        why: one sentence for a person.
    """

    client: int
    server: int
    cause: Cause
    why: str


Happening = Connected | Received | Disconnected
