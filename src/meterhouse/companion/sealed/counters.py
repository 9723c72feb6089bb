"""The port behind which a device keeps the newest counter of each role and class, durably."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from meterhouse.companion.sealed.parties import Role

__all__ = ["MAX_COUNTER", "CounterClass", "Counters", "Newest", "VolatileCounters"]

MAX_COUNTER: Final = (1 << 63) - 1
"""The highest counter taken, so that one order signed in error cannot use up the rest at once."""


class CounterClass(StrEnum):
    """Orders of one class rise on their own: a lost read never blocks a cut."""

    CRITICAL = "critical"
    READ = "read"
    VEND = "vend"
    TIME = "time"
    FIRMWARE = "firmware"
    CONFIRM = "confirm"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest order taken.

    Attributes:
        counter: its counter.
        digest: SHA-256 of all its bytes.
        answer: what was answered; empty while nothing was.
    """

    counter: int
    digest: bytes
    answer: bytes = b""


class Counters(Protocol):
    """A durable memory. A method that returns has reached the disk; a failure raises StorageError."""

    def newest(self, role: Role, counter_class: CounterClass) -> Newest | None:
        """The newest order of a role and class; None before the first."""

    def advance(self, role: Role, counter_class: CounterClass, newest: Newest) -> None:
        """Take a higher counter. Called before anything is acted upon."""

    def keep_answer(self, role: Role, counter_class: CounterClass, counter: int, answer: bytes) -> None:
        """Keep the answer to the order of that counter, if it is still the newest."""


class VolatileCounters:
    """A memory that forgets with its process: for worlds and benches, never for a device in service."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows: dict[tuple[Role, CounterClass], Newest] = {}

    def newest(self, role: Role, counter_class: CounterClass) -> Newest | None:
        """See `Counters`."""
        return self.rows.get((role, counter_class))

    def advance(self, role: Role, counter_class: CounterClass, newest: Newest) -> None:
        """See `Counters`."""
        self.rows[role, counter_class] = newest

    def keep_answer(self, role: Role, counter_class: CounterClass, counter: int, answer: bytes) -> None:
        """See `Counters`."""
        row = self.rows.get((role, counter_class))
        if row is not None and row.counter == counter:
            self.rows[role, counter_class] = Newest(counter, row.digest, answer)
