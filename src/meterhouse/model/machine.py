"""The one shape of everything that has a life in time: meter, hub, relay, head end.

A machine is told the time and given bytes; it hands out bytes, events, and the moment at which it next wants to be
woken. It never asks for the time, never waits, and owns no socket; so the same machine runs in real time behind a pump
(`links`) and in virtual time inside a world (`simulation`).

A port is a name such as `wan`, `m_bus/3` or `gas_radio`. Handing out bytes on a port whose link is down asks the
link to come up; a link that has gone down (or could not come up) is told by `receive(port, b"", now)`. Nothing else
in the shape knows about connections: redial timing is the machine's own deadline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from meterhouse.model.text import plain
from meterhouse.model.time import Instant, isoformat

__all__ = ["Event", "Machine", "Outgoing"]

Outgoing = tuple[str, bytes]
"""(port, bytes); empty bytes ask the link to close."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in words for a person and fields for a program.

    Attributes:
        at: when, by the clock that drove the machine.
        source: whose event: the machine's name.
        kind: a dotted word, such as `token.accepted` or `valve.closed`.
        fields: what belongs to it; integers, strings, bytes; units in the names (`balance_money5`, `volume_l`).
    """

    at: Instant
    source: str
    kind: str
    fields: dict[str, object] = field(default_factory=dict)

    def line(self) -> str:
        """One readable line: time, source, kind, fields in their order."""
        words = " ".join(f"{name}={_word(value)}" for name, value in self.fields.items())
        return f"{isoformat(self.at)} {self.source} {self.kind} {words}".rstrip()


def _word(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else plain(str(value))


@runtime_checkable
class Machine(Protocol):
    """What a pump or a world needs to drive something."""

    @property
    def name(self) -> str:
        """Unique in its street; the source of its events."""

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Take bytes that arrived on `port`; `b""` says that the port's link is down.

        Never raises on what a peer sent: bad bytes end as an event and, where the protocol has one, an answer.
        """

    def outgoing(self) -> Iterable[Outgoing]:
        """Hand out, and forget, all bytes that are to leave now, in order."""

    def deadline(self) -> Instant | None:
        """When the machine next wants `elapse`; None for never. May lie in the past: then at once."""

    def elapse(self, now: Instant) -> None:
        """Do all that is due at or before `now`. A call with nothing due changes nothing."""

    def events(self) -> Iterable[Event]:
        """Hand out, and forget, what has happened since the last call, in order."""
