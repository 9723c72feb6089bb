"""Notes on their way: from a hub to a party or from a party to a hub, outside any call, until they are taken."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Final

from meterhouse.carrier.line import Line
from meterhouse.model import SECOND, Duration, Instant

__all__ = ["MAX_OF_PARTY", "MAX_WAITING", "PATIENCE", "Errand", "Post"]

PATIENCE: Final[Duration] = 30 * SECOND
"""A note that is not taken by then is refused to its sender, who may send it again."""
MAX_WAITING: Final = 64
"""Notes of one hub that may be on their way at once."""
MAX_OF_PARTY: Final = 10_000
"""Notes of one party: the confirm service's answers to as many devices as ask in one patience."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One note.

    Attributes:
        sender: the connection it came on.
        sender_number: its number there.
        taker: the connection it went out on.
        taker_number: its number there.
        receipt: the carrier's own, for the sender.
    """

    sender: Line
    sender_number: int
    taker: Line
    taker_number: int
    receipt: bytes


class Post:
    """The notes on their way, by who must take them."""

    __slots__ = ("_due", "_entries", "_errands", "_of_sender")

    def __init__(self) -> None:
        self._errands: dict[tuple[str, int], Errand] = {}
        self._of_sender: dict[str, int] = {}
        self._due: list[tuple[Instant, int, tuple[str, int]]] = []
        self._entries = 0

    def full(self, sender: Line, most: int = MAX_WAITING) -> bool:
        """Whether this connection has as many on their way as it may."""
        return self._of_sender.get(sender.port, 0) >= most

    def add(self, errand: Errand, now: Instant) -> None:
        """One more."""
        key = errand.taker.port, errand.taker_number
        self._errands[key] = errand
        self._of_sender[errand.sender.port] = self._of_sender.get(errand.sender.port, 0) + 1
        self._entries += 1
        heapq.heappush(self._due, (Instant(now + PATIENCE), self._entries, key))

    def taken(self, taker: Line, number: int) -> Errand | None:
        """The note that this connection has taken; None for a number it has none of."""
        return self._remove((taker.port, number))

    def gone(self, port: str) -> list[Errand]:
        """The notes that a connection which ended will not take, and forget those it sent."""
        for errand in [one for one in self._errands.values() if one.sender.port == port]:
            self._remove((errand.taker.port, errand.taker_number))
        lost = [one for one in self._errands.values() if one.taker.port == port]
        for errand in lost:
            self._remove((port, errand.taker_number))
        return lost

    def overdue(self, now: Instant) -> list[Errand]:
        """The notes whose time is up."""
        late: list[Errand] = []
        while self._due and self._due[0][0] <= now:
            errand = self._remove(heapq.heappop(self._due)[2])
            if errand is not None:
                late.append(errand)
        return late

    def deadline(self) -> Instant | None:
        """When the next one's time is up."""
        while self._due and self._due[0][2] not in self._errands:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def _remove(self, key: tuple[str, int]) -> Errand | None:
        errand = self._errands.pop(key, None)
        if errand is not None:
            left = self._of_sender[errand.sender.port] - 1
            self._of_sender[errand.sender.port] = left
            if not left:
                del self._of_sender[errand.sender.port]
        return errand
