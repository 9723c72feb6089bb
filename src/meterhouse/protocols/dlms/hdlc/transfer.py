"""Numbered information transfer of one HDLC connection: segments out, segments in (IEC 62056-46 §6.4.4.5)."""

from __future__ import annotations

from typing import Final

from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.hdlc.frame import Frame
from meterhouse.protocols.dlms.hdlc.parameters import Parameters

__all__ = ["MAX_MESSAGE", "Segment", "Transfer"]

MAX_MESSAGE: Final = 0x1_0040
"""A message beyond this many bytes is given up: the largest APDU, its protection and the LLC header."""
_MODULUS: Final = 8

Segment = tuple[int, bytes, bool]
"""(N(S), information, whether more follow)."""


class Transfer:
    """The numbers, the unacknowledged segments and the message under way. Both sides have the same.

    Args:
        parameters: as agreed, seen from this side.

    Attributes:
        expected: V(R), the number that the peer's next frame must have.
    """

    __slots__ = ("_acknowledged", "_flown", "_parameters", "_parts", "_queue", "_sent", "_size", "expected")

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._queue: list[tuple[bytes, bool]] = []
        self._acknowledged = 0
        self._sent = 0
        self._flown = 0
        self._parts: list[bytes] = []
        self._size = 0
        self.expected = 0

    @property
    def pending(self) -> bool:
        """Whether something is not sent, or not known to have arrived."""
        return bool(self._queue)

    @property
    def backlog(self) -> int:
        """Bytes that the peer has not acknowledged."""
        return sum(len(information) for information, _ in self._queue)

    @property
    def midway(self) -> bool:
        """Whether a message has begun to arrive and goes on."""
        return bool(self._parts)

    def load(self, message: bytes) -> None:
        """Cut a message into segments behind those that wait."""
        size = self._parameters.send_information
        starts = range(0, len(message), size)
        self._queue += [(message[start : start + size], start + size < len(message)) for start in starts]

    def acknowledge(self, receive: int) -> bool:
        """Take the peer's N(R); whether it freed anything.

        Raises:
            ApduError: it acknowledges what was never sent.
        """
        count = (receive - self._acknowledged) % _MODULUS
        if count > self._flown:
            raise ApduError(f"HDLC N(R) {receive} acknowledges a frame that was not sent")
        del self._queue[:count]
        self._flown -= count
        self._sent = max(self._sent - count, 0)
        self._acknowledged = receive
        return count > 0

    def rewind(self) -> None:
        """What the peer has not acknowledged by now is to be sent again (checkpoint recovery)."""
        self._sent = 0

    def burst(self) -> list[Segment]:
        """The segments that may leave now, as many as the window allows; they count as sent."""
        end = min(len(self._queue), self._parameters.send_window)
        segments = [((self._acknowledged + place) % _MODULUS, *self._queue[place]) for place in range(self._sent, end)]
        self._sent = end
        self._flown = max(self._flown, end)
        return segments

    def behind(self, frame: Frame) -> bool:
        """Whether an information frame is one that was taken already, rather than one that others were lost before."""
        return (frame.send - self.expected) % _MODULUS >= self._parameters.receive_window

    def accept(self, frame: Frame) -> tuple[bool, bytes | None]:
        """Take an information frame: whether it was the expected one, and the message that it completed.

        A frame out of sequence is passed over: the peer sends it again when it sees our N(R).

        Raises:
            ApduError: the message grows beyond `MAX_MESSAGE`.
        """
        if frame.send != self.expected:
            return False, None
        self.expected = (self.expected + 1) % _MODULUS
        self._parts.append(frame.information)
        self._size += len(frame.information)
        if self._size > MAX_MESSAGE:
            raise ApduError(f"an HDLC message grows beyond {MAX_MESSAGE} bytes")
        if frame.segmented:
            return True, None
        message = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return True, message
