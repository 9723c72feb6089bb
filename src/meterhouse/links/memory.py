"""A null modem: a two-way link that exists only in memory, with the faults of a real one.

Theory. The two ends are side 0 and side 1. What one side sends becomes parcels, each with the instant at which it
reaches a side. Two manners:

- a *datagram* link (radio) has no connection: parcels may be lost, doubled or overtaken, and nobody is told;
- a *stream* link (TCP, a wire) keeps order and loses nothing while it stands; it can only delay, cut its data into
  pieces, or break. A break is told to every side that had the connection, by empty bytes.

A stream stands from the first bytes sent (dial on demand) until a side sends empty bytes (close), or it breaks. Each
connection is a session with a rising number; a parcel of an older session than the one that its side is in is
never delivered. So what was in flight when the link broke is lost, as on a real wire. The side that asked for a
close is not told of it; a side that dials a link which is down is.

Pure: told the time, draws from seeded dice, the same calls give the same parcels.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from itertools import pairwise
from typing import Final

from meterhouse.links.dice import Dice
from meterhouse.model import Duration, Instant, UsageError

__all__ = ["Channel", "Lane", "Manner", "NullModem", "Outage", "Parcel"]

Parcel = tuple[Instant, int, bytes, int]
"""(arrival, side that it reaches, bytes, session); empty bytes say that the link is down."""

Outage = tuple[Instant, Instant]
"""[from, until): the link is down."""

_REFUSED: Final = -1
"""The session of a side whose dialling is about to fail: nothing that it sends meanwhile leaves."""


class Manner(Enum):
    """How a link treats what it carries."""

    STREAM = "stream"
    DATAGRAM = "datagram"


@dataclass(frozen=True, slots=True)
class Channel:
    """What a link does to bytes. The default is a perfect stream without delay.

    Attributes:
        delay_ms: from sending to arrival, each way.
        jitter_ms: up to this much more, drawn for each parcel; jitter alone never reorders.
        loss_permille: datagrams only: chance that one never arrives.
        reorder_permille: datagrams only: chance that one is held back so that later ones overtake it.
        duplicate_permille: datagrams only: chance that one arrives twice.
        break_permille: streams only: chance that sending something breaks the connection instead.
        piece_bytes: streams only: data arrive in pieces of at most this size; 0 for whole.
        up: whether the link stands at the start.
        outages: when it is down, rising and apart; a stream breaks at the start of each.
    """

    delay_ms: Duration = 0
    jitter_ms: Duration = 0
    loss_permille: int = 0
    reorder_permille: int = 0
    duplicate_permille: int = 0
    break_permille: int = 0
    piece_bytes: int = 0
    up: bool = True
    outages: tuple[Outage, ...] = ()
    manner: Manner = Manner.STREAM

    def __post_init__(self) -> None:
        """Refuse what no link could do."""
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, int) and value < 0:
                raise UsageError(f"{item.name} is {value}", why="It cannot be negative.")
            if item.name.endswith("_permille") and value > 1000:
                raise UsageError(f"{item.name} is {value}", why="A chance is at most 1000 in a thousand.")
        stream = self.manner is Manner.STREAM
        if stream and (self.loss_permille or self.reorder_permille or self.duplicate_permille):
            raise UsageError("a stream cannot lose, reorder or double", remedy="Use break_permille, or a datagram.")
        if not stream and (self.break_permille or self.piece_bytes):
            raise UsageError("a datagram link has no connection to break and no pieces", remedy="Use loss_permille.")
        edges = [edge for outage in self.outages for edge in outage]
        if any(later <= earlier for earlier, later in pairwise(edges)):
            raise UsageError("outages must rise and stay apart", remedy="Write each as (from, until), in order.")


class Lane:
    """One direction of a link: decides what arrives, and when. Knows no connection."""

    __slots__ = ("_channel", "_dice", "_latest", "_plain")

    def __init__(self, channel: Channel, dice: Dice) -> None:
        self._channel = channel
        self._dice = dice
        self._latest = Instant(0)
        self._plain = channel.jitter_ms == 0 and channel.piece_bytes == 0 and channel.manner is Manner.STREAM

    def carry(self, data: bytes, now: Instant) -> list[tuple[Instant, bytes]]:
        """What becomes of `data` sent at `now`: (arrival, bytes) of each copy or piece; empty where lost."""
        channel = self._channel
        if self._plain:
            return [(Instant(now + channel.delay_ms), data)]
        arrival = now + channel.delay_ms
        if channel.jitter_ms:
            arrival += self._dice.below(channel.jitter_ms + 1)
        if channel.manner is Manner.STREAM:
            self._latest = latest = Instant(max(arrival, self._latest))
            size = channel.piece_bytes
            if not size or len(data) <= size:
                return [(latest, data)]
            return [(latest, data[start : start + size]) for start in range(0, len(data), size)]
        return self._through_air(data, arrival)

    def _through_air(self, data: bytes, arrival: int) -> list[tuple[Instant, bytes]]:
        channel, dice = self._channel, self._dice
        if channel.loss_permille and dice.hit(channel.loss_permille):
            return []
        if channel.reorder_permille and dice.hit(channel.reorder_permille):
            held = arrival + 1 + dice.below(2 * (channel.delay_ms + channel.jitter_ms) + 1)
            copies = [(Instant(held), data)]
        else:
            self._latest = latest = Instant(max(arrival, self._latest))
            copies = [(latest, data)]
        if channel.duplicate_permille and dice.hit(channel.duplicate_permille):
            copies.append((Instant(copies[0][0] + dice.below(channel.delay_ms + 1)), data))
        return copies


class NullModem:
    """Both directions of a link and the state of its connection.

    Args:
        channel: what it does to bytes.
        dice: where its faults are drawn from; not used by a channel without chance in it.

    `channel.outages` are not kept by the modem, which has no clock: its driver calls `cut` and `mend`.

    Attributes:
        deaf: per side: hears nothing on a datagram link though it is heard, as a receiver beside a jammer.
    """

    __slots__ = (
        "_datagram",
        "_inside",
        "_lanes",
        "_live",
        "_perfect",
        "_seen",
        "_session",
        "channel",
        "deaf",
        "dice",
        "up",
    )

    def __init__(self, channel: Channel, dice: Dice) -> None:
        self.channel = channel
        self.dice = dice
        self.up = channel.up
        self.deaf = [False, False]
        self._lanes = (Lane(channel, Dice(dice.draw())), Lane(channel, Dice(dice.draw())))
        self._datagram = channel.manner is Manner.DATAGRAM
        self._perfect = not (self._datagram or channel.jitter_ms or channel.piece_bytes or channel.break_permille)
        self._session = 0
        self._live = False
        self._inside = [0, 0]
        self._seen = [0, 0]

    def send(self, side: int, data: bytes, now: Instant) -> list[Parcel]:
        """Send `data` from `side` (0 or 1); empty bytes close a stream and mean nothing on a datagram link."""
        if self._datagram:
            if not self.up or not data or self.deaf[1 - side]:
                return []
            return self._parcels(side, data, now, self._session)
        session = self._inside[side]
        if session > 0 and data and self._perfect:
            return [(Instant(now + self.channel.delay_ms), 1 - side, data, session)]
        if session == _REFUSED:
            return []
        if not data:
            return self._close(side, now) if session else []
        if not session:
            if not self.up:
                return self._refuse(side, now)
            session = self._open(side)
        if self.channel.break_permille and self.dice.hit(self.channel.break_permille):
            return self._break(session, now)
        return self._parcels(side, data, now, session)

    def admit(self, side: int, data: bytes, session: int) -> bool:
        """Whether a parcel that has reached `side` may be delivered; asked once for each, in order of arrival."""
        if self._datagram:
            return session == self._session
        inside = self._inside[side]
        if session == inside:
            if not data:
                self._inside[side] = 0
            return True
        if session <= self._seen[side]:
            return False
        self._seen[side] = session
        if not data:
            return False
        self._inside[side] = session
        return True

    def connected(self, side: int) -> bool:
        """Whether `side` believes that a stream stands; a datagram link is never connected."""
        return self._inside[side] > 0

    def cut(self, now: Instant) -> list[Parcel]:
        """The link goes down: all in flight is lost, and every side that had a connection is told at once."""
        if not self.up:
            return []
        self.up = False
        if self.channel.manner is Manner.DATAGRAM:
            self._session += 1
            return []
        return self._break(self._session, now)

    def mend(self) -> None:
        """The link can be used again; a stream has to be dialled anew."""
        self.up = True

    def _open(self, side: int) -> int:
        # Where the other side's dialling is still under way, this side joins the same connection.
        if not self._live:
            self._session += 1
            self._live = True
        self._inside[side] = self._seen[side] = self._session
        return self._session

    def _close(self, side: int, now: Instant) -> list[Parcel]:
        session = self._inside[side]
        self._inside[side] = 0
        if session == self._session:
            self._live = False
        return self._parcels(side, b"", now, session)

    def _refuse(self, side: int, now: Instant) -> list[Parcel]:
        # At least a millisecond, so that a side which dials again at once does not stop time.
        self._inside[side] = _REFUSED
        return [(Instant(now + max(self.channel.delay_ms, 1)), side, b"", _REFUSED)]

    def _break(self, session: int, now: Instant) -> list[Parcel]:
        self._live = False
        return [(now, side, b"", session) for side in (0, 1) if session]

    def _parcels(self, side: int, data: bytes, now: Instant, session: int) -> list[Parcel]:
        other = 1 - side
        return [(arrival, other, part, session) for arrival, part in self._lanes[side].carry(data, now)]
