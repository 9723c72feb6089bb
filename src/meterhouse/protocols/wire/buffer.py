"""A buffer between a stream that arrives in any pieces and a decoder that wants whole frames."""

from __future__ import annotations

from meterhouse.model import MalformedError

__all__ = ["StreamBuffer"]


class StreamBuffer:
    """Holds at most `limit` bytes that have arrived and were not yet taken.

    Args:
        limit: more than this unread is a peer that does not keep to its framing.
    """

    __slots__ = ("_limit", "_octets")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._octets = bytearray()

    def __len__(self) -> int:
        return len(self._octets)

    def feed(self, data: bytes) -> None:
        """Append what arrived.

        Raises:
            MalformedError: more than `limit` bytes wait; the buffer is emptied.
        """
        if len(self._octets) + len(data) > self._limit:
            self._octets.clear()
            raise MalformedError(f"more than {self._limit} bytes wait for the end of a frame")
        self._octets += data

    def peek(self, count: int, start: int = 0) -> bytes | None:
        """`count` bytes from offset `start` without taking them; None while they are not all there."""
        if len(self._octets) < start + count:
            return None
        return bytes(self._octets[start : start + count])

    def take(self, count: int) -> bytes | None:
        """Take `count` bytes; None, and nothing taken, while they are not all there."""
        if len(self._octets) < count:
            return None
        taken = bytes(self._octets[:count])
        del self._octets[:count]
        return taken

    def find(self, octets: bytes) -> int:
        """Offset of the first occurrence of `octets`, or -1."""
        return self._octets.find(octets)

    def clear(self) -> None:
        """Forget everything."""
        self._octets.clear()
