"""Messages outside a call: out of the home until somebody has taken them, and into it to the device they name.

Each party gets what a device has for it in the order in which the device said it, one at a time: a receiver that
believes only rising counters so misses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from meterhouse.companion.relay import Frame, Kind, Note, Refusal
from meterhouse.model import MINUTE, SECOND, Eui64, Instant
from meterhouse.premises.orders import KEPT_FOR, UplinkNote

__all__ = ["NotePost"]

_AGAIN: Final = 10 * SECOND
"""A note of which nobody has said that he took it is sent again so soon, as often as a cut could wait for it;"""
_TRIES: Final = 90
_LATER: Final = 15 * MINUTE
"""and from then on so often."""
_OWED: Final = 32
"""Of so many messages that are on their way to the meter the hub knows who waits to hear that it has them."""
_FOR_GOOD: Final = frozenset({Refusal.NOT_ALLOWED, Refusal.ROLE})
"""What the carrier will refuse at any time."""

_Key = tuple[str, int]
"""(whose, sequence)."""


class NotePost:
    """The hub's post office.

    Args:
        send: puts a frame on the line to the carrier.
        deliver: takes a message that came for a device of this home: (octets, now), and gives the receipt for it; None
            where it will be known later (`taken`).
        tell: notes an event.
    """

    def __init__(
        self,
        send: Callable[[Frame], None],
        deliver: Callable[[bytes, Instant], bytes | None],
        tell: Callable[..., None],
    ) -> None:
        self._send = send
        self._deliver = deliver
        self._tell = tell
        self._sources: dict[str, Callable[[int], Iterable[UplinkNote]]] = {}
        self._passed: dict[str, int] = {}
        self._done: dict[str, set[int]] = {}
        self._due: dict[_Key, Instant] = {}
        self._tries: dict[_Key, int] = {}
        self._numbers: dict[int, _Key] = {}
        self._number = 0
        self._owed: dict[bytes, set[int]] = {}
        self._online = False

    def source(self, name: str, after: Callable[[int], Iterable[UplinkNote]]) -> None:
        """A device whose words go out from here; `after` gives those behind a sequence number."""
        self._sources[name] = after
        self._passed.setdefault(name, 0)
        self._done.setdefault(name, set())

    def passed(self, name: str) -> int:
        """Up to where somebody has taken all that a device said."""
        return self._passed[name]

    def begin_anew(self, name: str) -> None:
        """Another device stands there: it counts from 1."""
        self._passed[name], self._done[name] = 0, set()

    # the line ------------------------------------------------------------------------------------------------------

    def line(self, *, online: bool) -> None:
        """The line to the carrier is up, or down: what was on its way is sent again, what was owed is not owed."""
        if online != self._online:
            self._online = online
            self._due.clear()
            self._tries.clear()
            self._numbers.clear()
            self._owed.clear()

    def take(self, frame: Frame, now: Instant) -> None:
        """A frame about a note.

        Raises:
            MalformedError: a note that is none.
        """
        if frame.kind is Kind.NOTE:
            octets = Note.parse(frame.payload).octets
            receipt = self._deliver(octets, now)
            if receipt is None:
                if len(self._owed) >= _OWED:
                    del self._owed[next(iter(self._owed))]
                self._owed.setdefault(octets, set()).add(frame.session)
            else:
                self._send(Frame(Kind.NOTED, frame.session, receipt))
            return
        key = self._numbers.get(frame.session)
        if key is None:
            return
        refusal = frame.payload[:1] if frame.kind is Kind.REFUSED else None
        if refusal is None:
            self._settle(key)
        elif refusal in {bytes((one,)) for one in _FOR_GOOD}:
            self._tell(now, "note.dropped", whose=key[0], sequence=key[1], why=Refusal(refusal[0]).sentence)
            self._settle(key)

    def taken(self, octets: bytes) -> None:
        """A message that came has reached its device."""
        for number in sorted(self._owed.pop(octets, ())):
            self._send(Frame(Kind.NOTED, number))

    # time ----------------------------------------------------------------------------------------------------------

    def deadline(self) -> Instant | None:
        """When to send something again; None while the line is down or nothing waits."""
        return min(self._due.values()) if self._due and self._online else None

    def elapse(self, now: Instant) -> None:
        """Send what waits: to each party the oldest that it has not taken."""
        if not self._online or not self._sources:
            return
        heads: dict[_Key, UplinkNote] = {}
        for name, after in self._sources.items():
            first: dict[Eui64, UplinkNote] = {}
            for note in after(self._passed[name]):
                if note.sequence in self._done[name]:
                    continue
                if now - note.at > KEPT_FOR:
                    self._tell(now, "note.dropped", whose=name, sequence=note.sequence, why="it is a day old")
                    self._settle((name, note.sequence))
                else:
                    first.setdefault(note.target, note)
            heads |= {(name, note.sequence): note for note in first.values()}
        # A note that gave way in its queue is waited for no more.
        self._due = {key: due for key, due in self._due.items() if key in heads}
        for key, note in heads.items():
            self._speak(key, note, now)

    def _speak(self, key: _Key, note: UplinkNote, now: Instant) -> None:
        if now < self._due.get(key, now):
            return
        self._number += 1
        self._numbers[self._number] = key
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        self._due[key] = Instant(now + (_AGAIN if tries < _TRIES else _LATER))
        self._send(Note(note.target, note.octets).frame(self._number))

    def _settle(self, key: _Key) -> None:
        name, sequence = key
        done = self._done[name]
        done.add(sequence)
        self._due.pop(key, None)
        self._tries.pop(key, None)
        self._numbers = {number: one for number, one in self._numbers.items() if one != key}
        waiting = [note.sequence for note in self._sources[name](self._passed[name]) if note.sequence not in done]
        # What gave way in a full queue is not waited for.
        self._passed[name] = min(waiting) - 1 if waiting else max(done | {self._passed[name]})
        self._done[name] = {one for one in done if one > self._passed[name]}

    # a snapshot ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot: what was taken. The rest is sent again."""
        return {name: [passed, sorted(self._done[name])] for name, passed in self._passed.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        for name, (passed, done) in state.items():
            self._passed[name], self._done[name] = passed, set(done)
