"""A repeater between the power line and low-power radio, for a flat whose gas meter no radio of its own reaches.

It hands telegrams on as they are: it has no key, so it can read, alter or make none. It keeps nothing, so a hub finds
no stale order in it; without its power both sides simply no longer hear each other: a failed link like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from meterhouse.model import Event, Instant, Outgoing, UsageError

__all__ = ["MAX_TELEGRAM", "POWER_LINE_PORT", "RADIO_PORT", "TELEGRAMS_A_SECOND", "Repeater"]

POWER_LINE_PORT: Final = "power_line"
RADIO_PORT: Final = "gas_radio"
_OTHER: Final = {POWER_LINE_PORT: RADIO_PORT, RADIO_PORT: POWER_LINE_PORT}

MAX_TELEGRAM: Final = 256
"""Bytes; longer ones are no telegrams of the gas link and stay where they are."""
TELEGRAMS_A_SECOND: Final = 20
"""Handed on each way, at most: a home's exchange is a handful, and whoever floods one side must not flood the other."""
_SECOND: Final = 1_000


class Repeater:
    """The machine; its ports are POWER_LINE_PORT and RADIO_PORT.

    Args:
        name: of the machine.

    Attributes:
        handed_on: telegrams so far, both ways.
        dropped: too long, or too many in one second.
    """

    __slots__ = ("_counts", "_name", "_out", "_second", "dropped", "handed_on")

    def __init__(self, name: str) -> None:
        self._name = name
        self._out: list[Outgoing] = []
        self._second = -1
        self._counts = dict.fromkeys(_OTHER, 0)
        self.handed_on = 0
        self.dropped = 0

    @property
    def name(self) -> str:
        """The machine's name."""
        return self._name

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Hand a telegram on to the other side; `b""`: that side is down, and nothing is to be done.

        Raises:
            UsageError: a port that a repeater does not have.
        """
        if port not in _OTHER:
            raise UsageError(f"a repeater has the ports {' and '.join(_OTHER)}, not {port}")
        if not data:
            return
        second = now // _SECOND
        if second != self._second:
            self._second, self._counts = second, dict.fromkeys(_OTHER, 0)
        self._counts[port] += 1
        if len(data) > MAX_TELEGRAM or self._counts[port] > TELEGRAMS_A_SECOND:
            self.dropped += 1
            return
        self.handed_on += 1
        self._out.append((_OTHER[port], data))

    def outgoing(self) -> Iterable[Outgoing]:
        """What is handed on."""
        out, self._out = self._out, []
        return out

    def events(self) -> Iterable[Event]:
        """It has nothing to tell: it understands none of it."""
        return ()

    def deadline(self) -> Instant | None:
        """Never: it waits for nothing."""
        return None

    def elapse(self, now: Instant) -> None:
        """Time passes it by."""
