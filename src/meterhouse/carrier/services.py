"""What the carrier does beside relaying calls: it closes orders with its MAC and passes notes, and signs for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.carrier.broker import AccessBroker, Refused, Sealing
from meterhouse.carrier.line import Line
from meterhouse.carrier.post import MAX_OF_PARTY, Errand, Post
from meterhouse.carrier.usage import NOBODY, UsageBook
from meterhouse.companion.receipt import Deed, Scribe
from meterhouse.companion.relay import Frame, Kind, Note, Noted, Refusal, Role, Sealed
from meterhouse.companion.sealed import Kind as SealedKind
from meterhouse.companion.sealed import SealedError, decode_envelope
from meterhouse.crypto import sha256
from meterhouse.model import MINUTE, Eui64, Instant

__all__ = ["NOTES_A_MINUTE", "Services"]

NOTES_A_MINUTE: Final = 60
"""Of one hub; a hub with more to say than its three meters could need is broken or hostile."""


class Services:
    """Sealing and notes of one carrier.

    Args:
        broker: who may send what.
        scribe: writes the carrier's receipts.
        usage: counts.
        line_of: the connection of a hub or a party; None where it has none.
        may_reach: whether a party may reach a hub.
        number: gives the next number on any connection.
        send: sends a frame on a connection.
        tell: notes an event.
    """

    def __init__(
        self,
        broker: AccessBroker,
        scribe: Scribe,
        usage: UsageBook,
        line_of: Callable[[Eui64], Line | None],
        may_reach: Callable[[Eui64, Eui64], bool],
        number: Callable[[], int],
        send: Callable[[Line, Frame], None],
        tell: Callable[..., None],
    ) -> None:
        self._broker = broker
        self._scribe = scribe
        self._usage = usage
        self._line_of = line_of
        self._may_reach = may_reach
        self._number = number
        self._send = send
        self._tell = tell
        self._post = Post()
        self._spoken: dict[Eui64, int] = {}
        self._minute = Instant(0)
        self.refused: dict[Refusal, int] = {}

    def seal(self, line: Line, frame: Frame, now: Instant) -> None:
        """SEAL: answer SEALED with the order and the carrier's receipt, or REFUSED."""
        party = _identity(line)
        done = self._close(party, frame.payload, now)
        if isinstance(done, Refused):
            self._refuse(line, frame.session, done, now)
            return
        envelope = done.envelope
        self._usage.of(party, done.hub, now).orders += 1
        receipt = self._scribe.write(Deed.SEALED, envelope.identity, party, envelope.target, now)
        self._send(line, Sealed(envelope.encode(), receipt).frame(frame.session))
        self._tell(now, "order.sealed", party=str(party), device=str(envelope.target), code=f"{envelope.code:04x}")

    def note(self, line: Line, frame: Frame, now: Instant) -> None:
        """NOTE: pass it on, with the carrier's MAC where it is an order; NOTED follows once it is taken."""
        note, who = Note.parse(frame.payload), _identity(line)
        upward = line.who is not None and line.who.role is Role.HUB
        party, hub = (note.other, who) if upward else (who, note.other)
        octets, subject = note.octets, sha256(note.octets)
        refusal = self._passes(line, party, hub, now) if upward else self._sends(line, party, hub)
        if refusal is None and not upward and _is_order(octets):
            done = self._close(party, octets, now)
            if isinstance(done, Refused):
                refusal = done
            elif done.hub != hub:
                refusal = Refused(Refusal.DEVICE, f"{done.envelope.target} hangs on another hub")
            else:
                octets, subject = done.envelope.encode(), done.envelope.identity
        taker = self._line_of(note.other)
        if refusal is None and taker is None:
            refusal = Refused(Refusal.NOT_CONNECTED, f"{note.other} is not connected")
        if refusal is not None or taker is None:
            self._count_refused(party, hub, upward=upward, now=now)
            self._refuse(line, frame.session, refusal or Refused(Refusal.NOT_CONNECTED, ""), now)
            return
        receipt = self._scribe.write(Deed.PASSED, subject, who, note.other, now)
        number = self._number()
        self._post.add(Errand(line, frame.session, taker, number, receipt), now)
        self._count(party, hub, len(octets), upward=upward, now=now)
        self._send(taker, Note(who, octets).frame(number))

    def noted(self, line: Line, frame: Frame) -> None:
        """NOTED: tell the sender, with both receipts; a word about a note that is gone is dropped."""
        errand = self._post.taken(line, frame.session)
        if errand is not None:
            self._send(errand.sender, Noted(errand.receipt, frame.payload).frame(errand.sender_number))

    def gone(self, port: str) -> None:
        """A connection ended: what it had not taken is refused to its senders."""
        for errand in self._post.gone(port):
            self._not_taken(errand)

    def deadline(self) -> Instant | None:
        """When a note's time is up."""
        return self._post.deadline()

    def elapse(self, now: Instant) -> None:
        """Refuse the notes that were not taken in time."""
        for errand in self._post.overdue(now):
            self._not_taken(errand)

    # inside ------------------------------------------------------------------------------------------------------

    def _close(self, party: Eui64, octets: bytes, now: Instant) -> Sealing | Refused:
        return self._broker.close(party, octets, now)

    def _may(self, party: Eui64, hub: Eui64) -> Refused | None:
        return None if self._may_reach(party, hub) else Refused(Refusal.NOT_ALLOWED, f"{party} and {hub}")

    def _passes(self, line: Line, party: Eui64, hub: Eui64, now: Instant) -> Refused | None:
        """A hub's note: to a party that has to do with it, and not too many of them."""
        if now - self._minute >= MINUTE:
            self._minute = now
            self._spoken.clear()
        count = self._spoken[hub] = self._spoken.get(hub, 0) + 1
        if count > NOTES_A_MINUTE or self._post.full(line):
            return Refused(Refusal.FULL, f"{hub} says more than {NOTES_A_MINUTE} notes a minute")
        return self._may(party, hub)

    def _sends(self, line: Line, party: Eui64, hub: Eui64) -> Refused | None:
        """A party's note."""
        if self._post.full(line, MAX_OF_PARTY):
            return Refused(Refusal.FULL, f"{party} has {MAX_OF_PARTY} notes on their way")
        return self._may(party, hub)

    def _count_refused(self, party: Eui64, hub: Eui64, *, upward: bool, now: Instant) -> None:
        if not self._may_reach(party, hub):
            party, hub = (NOBODY, hub) if upward else (party, NOBODY)
        self._usage.of(party, hub, now).refused += 1

    def _count(self, party: Eui64, hub: Eui64, size: int, *, upward: bool, now: Instant) -> None:
        usage = self._usage.of(party, hub, now)
        usage.notes += 1
        if upward:
            usage.bytes_up += size
        else:
            usage.bytes_down += size

    def _refuse(self, line: Line, number: int, refused: Refused, now: Instant) -> None:
        self.refused[refused.reason] = self.refused.get(refused.reason, 0) + 1
        self._send(line, Frame(Kind.REFUSED, number, bytes([refused.reason])))
        reason = refused.reason.name.lower()
        self._tell(now, "order.refused", party=str(_identity(line)), reason=reason, why=refused.why)

    def _not_taken(self, errand: Errand) -> None:
        self._send(errand.sender, Frame(Kind.REFUSED, errand.sender_number, bytes([Refusal.NOT_CONNECTED])))


def _identity(line: Line) -> Eui64:
    assert line.who is not None
    return line.who.identity


def _is_order(octets: bytes) -> bool:
    try:
        envelope = decode_envelope(octets)
    except SealedError:
        return False
    return envelope.kind is SealedKind.COMMAND and not envelope.mac
