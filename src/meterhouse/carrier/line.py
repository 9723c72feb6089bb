"""One connection to the carrier, and one call over two of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from meterhouse.companion.relay import FrameReader, Hello, LineClass
from meterhouse.model import Eui64, Instant

__all__ = ["Line", "Session"]

_NEVER: Final = Instant(0)


@dataclass(slots=True)
class Line:
    """One connection.

    Attributes:
        port: of the carrier.
        reader: of its bytes.
        who: who said hello on it; None before.
        heard: when bytes came last.
        sessions: the calls on it, by the number that they have on it.
    """

    port: str
    reader: FrameReader = field(default_factory=FrameReader)
    who: Hello | None = None
    heard: Instant = _NEVER
    sessions: dict[int, Session] = field(default_factory=dict)


@dataclass(slots=True)
class Session:
    """One call between `parties`, a head end and a hub: it has its own number on each side."""

    head_end: Line
    head_end_number: int
    hub: Line
    hub_number: int
    line_class: LineClass
    parties: tuple[Eui64, Eui64]

    def other(self, line: Line) -> tuple[Line, int]:
        """The side that `line` is not, and the session's number there."""
        return (self.head_end, self.head_end_number) if line is self.hub else (self.hub, self.hub_number)

    def end(self) -> None:
        """Forget it on both sides."""
        self.head_end.sessions.pop(self.head_end_number, None)
        self.hub.sessions.pop(self.hub_number, None)
