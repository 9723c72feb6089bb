"""The counters of one secured link: ours only rises, theirs must rise."""

from __future__ import annotations

from typing import Final

from meterhouse.model import AuthenticationError, ProtocolError, ReplayError, StateError
from meterhouse.protocols.wmbus.address import Address
from meterhouse.protocols.wmbus.link import LinkFormat
from meterhouse.protocols.wmbus.security import MasterKey
from meterhouse.protocols.wmbus.telegram import Telegram, decode_telegram, seal_telegram

__all__ = ["COUNTER_LIMIT", "Session"]

COUNTER_LIMIT: Final = 0xFFFF_FFFF
"""The last counter; a link that has used it up needs a new key."""


class Session:
    """One end of a mode 7 link about one meter: accepts only what has a right MAC and a counter above the last one.

    Args:
        key: shared by both ends.
        meter: the meter whose telegrams, or orders, these are.
        sent: where our counter stands.
        received: where theirs stands.
        link_format: of all frames.

    Attributes:
        sent: counter of the last telegram sealed here; the next one is above it.
        received: counter of the last telegram opened here.
    """

    __slots__ = ("_format", "_key", "_meter", "received", "sent")

    def __init__(
        self,
        key: MasterKey,
        meter: Address,
        *,
        sent: int = 0,
        received: int = 0,
        link_format: LinkFormat = LinkFormat.B,
    ) -> None:
        self._key = key
        self._meter = meter
        self._format = link_format
        self.sent = sent
        self.received = received

    def seal(self, telegram: Telegram) -> bytes:
        """The frame of `telegram` in mode 7 under the next counter.

        Raises:
            StateError: all counters of this key are used up.
            UsageError: the telegram cannot be encoded; its counter is used up all the same.
        """
        if self.sent >= COUNTER_LIMIT:
            raise StateError("all message counters of this key are used up", remedy="Give the meter a new key.")
        self.sent += 1
        return seal_telegram(telegram, self.sent, self._key, self._format)

    def open(self, frame: bytes) -> Telegram:
        """The telegram in `frame`, proved to be written by the other end and never opened before.

        Raises:
            TelegramError: no telegram we can read.
            AuthenticationError: no MAC or a wrong one, or the wrong key.
            ProtocolError: about another meter, though under the same key; its counter is not ours.
            ReplayError: the counter does not rise.
        """
        telegram = decode_telegram(frame, self._key, self._format)
        if telegram.counter is None:
            raise AuthenticationError("a telegram without a MAC proves nothing", why="This link speaks mode 7 only.")
        if telegram.meter != self._meter:
            raise ProtocolError(f"a telegram about {telegram.meter}, not about {self._meter}")
        if telegram.counter <= self.received:
            raise ReplayError(f"message counter {telegram.counter} is not above {self.received}")
        self.received = telegram.counter
        return telegram
