"""What a device has to tell, until somebody has fetched it: sixty-four messages, the oldest gives way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from meterhouse.model import DAY, Eui64, Instant

__all__ = ["KEPT_FOR", "UplinkNote", "UplinkQueue"]

_CAPACITY: Final = 64
KEPT_FOR: Final = DAY
"""An older message is not sent any more."""


@dataclass(frozen=True, slots=True)
class UplinkNote:
    """One message on its way out.

    Attributes:
        sequence: its place among all that the device ever had to tell, from 1.
        at: when it was made, by the device's clock.
        target: whom it is for.
        octets: the message.
        spare: whether it gives way first: one of many refusals, say.
    """

    sequence: int
    at: Instant
    target: Eui64
    octets: bytes
    spare: bool = False


class UplinkQueue:
    """First in, first out; fetching takes nothing away, so that what was lost on the way can be fetched again."""

    __slots__ = ("_notes", "sequence")

    def __init__(self) -> None:
        self._notes: list[UplinkNote] = []
        self.sequence = 0

    @property
    def notes(self) -> tuple[UplinkNote, ...]:
        """All that are kept, the oldest first."""
        return tuple(self._notes)

    def add(self, target: Eui64, octets: bytes, at: Instant, *, spare: bool = False) -> UplinkNote:
        """Put a message in; where the queue is full the oldest spare one goes, or else the oldest."""
        self.sequence += 1
        note = UplinkNote(self.sequence, at, target, octets, spare)
        if len(self._notes) == _CAPACITY:
            place = next((place for place, kept in enumerate(self._notes) if kept.spare), 0)
            del self._notes[place]
        self._notes.append(note)
        return note

    def after(self, sequence: int) -> list[UplinkNote]:
        """Those that came after that one."""
        return [note for note in self._notes if note.sequence > sequence]

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        notes = [[one.sequence, one.at, str(one.target), one.octets.hex(), one.spare] for one in self._notes]
        return {"sequence": self.sequence, "notes": notes}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self.sequence = state["sequence"]
        self._notes = [
            UplinkNote(sequence, Instant(at), Eui64.parse(target), bytes.fromhex(octets), spare)
            for sequence, at, target, octets, spare in state["notes"]
        ]
