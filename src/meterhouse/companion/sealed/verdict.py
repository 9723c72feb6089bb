"""What a device makes of a sealed order: taken, heard before, or refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from meterhouse.companion.sealed.envelope import Envelope
from meterhouse.companion.sealed.parties import Party
from meterhouse.companion.sealed.use_case import UseCase

__all__ = ["Accepted", "Reason", "Refused", "Repeated", "Verdict"]


class Reason(IntEnum):
    """Why an order was refused, in the order in which a device looks; the number is stable and goes into alerts."""

    FORM = 1
    NOT_A_COMMAND = 2
    TARGET = 3
    ORIGINATOR = 4
    CODE = 5
    COUNTER = 6
    MAC = 7
    SIGNATURE = 8
    HIGH_S = 9
    ROLE = 10
    MANDATE = 11
    EARLY = 12
    LATE = 13
    PREMISES = 14
    CONTENT = 15


@dataclass(frozen=True, slots=True)
class Accepted:
    """To be acted upon, once; its counter is stored.

    Attributes:
        envelope: the order.
        use_case: what it is.
        party: who sent it.
    """

    envelope: Envelope
    use_case: UseCase
    party: Party


@dataclass(frozen=True, slots=True)
class Repeated:
    """Byte for byte the newest order again: not to be acted upon.

    Attributes:
        envelope: the order.
        answer: what was answered the first time; empty where the device stopped before it had answered.
    """

    envelope: Envelope
    answer: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was believed, done or stored.

    Attributes:
        reason: the first thing that was wrong.
        why: in words.
        envelope: what could be read; None for `Reason.FORM`.
    """

    reason: Reason
    why: str
    envelope: Envelope | None = None


Verdict = Accepted | Repeated | Refused
