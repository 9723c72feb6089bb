"""One connection from one client to the judged device: APDUs on the wrapper or HDLC, and bare bytes below them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.conformance.wire import Wire
from meterhouse.model import Instant, LinkError
from meterhouse.protocols.dlms.hdlc import Connected, Disconnected, HdlcClientLink, Received
from meterhouse.protocols.dlms.wrapper_link import WrapperClientLink

__all__ = ["Line", "Link"]

Link = WrapperClientLink | HdlcClientLink
_NOTIFICATIONS: Final = frozenset({0x0F, 0xC2})
"""A device may send one at any time; it is not the answer."""
_MOST: Final = 65536


class Line:
    """A wire with a link on it.

    Args:
        wire: to the device.
        link: of one client to one logical device.
        patience: seconds that an answer may take.
        clock: tells seconds, from whenever; only differences are used.

    Attributes:
        sent: the last APDU or frame that left.
        came: the last APDU that came; None for silence, empty for a connection that was closed.
    """

    def __init__(self, wire: Wire, link: Link, patience: float, clock: Callable[[], float]) -> None:
        self.wire = wire
        self.sent = b""
        self.came: bytes | None = None
        self._link = link
        self._patience = patience
        self._clock = clock
        self._received: list[bytes] = []
        self._up = False
        self._why = ""

    def open(self) -> None:
        """Connect, and the link with it.

        Raises:
            LinkError: the device does not answer, or refuses the connection.
        """
        self.wire.open()
        self._note(self._link.connect(self._now()))
        if not self._driven(connecting=True):
            self.wire.close()
            raise LinkError("the device does not connect", why=self._why)

    def ask(self, apdu: bytes) -> bytes | None:
        """The APDU that answers; None for silence, empty bytes where the device ended the connection."""
        self.sent = apdu
        self._received.clear()
        if self._up:
            self._link.send(apdu, self._now())
            self._driven()
        self.came = self._received[0] if self._received else self._silence()
        return self.came

    def _silence(self) -> bytes | None:
        return None if self._up else b""

    def exchange(self, apdu: bytes) -> bytes:
        """Like `ask`, where there must be an answer.

        Raises:
            LinkError: there is none.
        """
        answer = self.ask(apdu)
        if not answer:
            raise LinkError("the device does not answer" if answer is None else "the device ended the connection")
        return answer

    def raw(self, octets: bytes, patience: float | None = None) -> bytes:
        """Send bare bytes; all that comes until a silence, nothing else, and no more than `_MOST` bytes."""
        self.sent = octets
        self.wire.write(octets)
        heard, wait = b"", self._patience if patience is None else patience
        while len(heard) < _MOST and (data := self.wire.read(wait)):
            heard += data
            wait = min(wait, 0.1)
        self.came = heard or None
        return heard

    def close(self) -> None:
        """Disconnect, politely where the link is up."""
        if self._up:
            self._received.clear()
            self._note(self._link.disconnect(self._now()))
            self._driven(leaving=True)
        self.wire.close()

    def _driven(self, *, connecting: bool = False, leaving: bool = False) -> bool:
        """Run the link until there is what was waited for; False where patience ended first."""
        until = self._clock() + self._patience
        while True:
            data = self._link.outgoing()
            if data:
                self.wire.write(data)
            if (connecting and self._up) or (leaving and not self._up) or self._received:
                return True
            left = until - self._clock()
            if left <= 0 or (self._why and not leaving):
                return False
            due = self._link.deadline()
            wait = left if due is None else min(left, max(due - self._now(), 0) / 1000)
            heard = self.wire.read(wait)
            self._note(self._link.elapse(self._now()) if heard is None else self._link.receive(heard, self._now()))

    def _note(self, happened: list[Connected | Disconnected | Received]) -> None:
        for one in happened:
            if isinstance(one, Received):
                if one.apdu[0] not in _NOTIFICATIONS:
                    self._received.append(one.apdu)
            elif isinstance(one, Connected):
                self._up, self._why = True, ""
            else:
                self._up, self._why = False, one.why

    def _now(self) -> Instant:
        return Instant(int(self._clock() * 1000))
