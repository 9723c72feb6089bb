"""The wrapper that carries APDUs over TCP: version, two ports, length (IEC 62056-4-7 §5)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 -- it is an exception class
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.wire import StreamBuffer

__all__ = ["HEADER_LENGTH", "MAX_APDU", "VERSION", "Decoder", "Frame", "encode"]

VERSION: Final = 1
HEADER_LENGTH: Final = 8
MAX_APDU: Final = 0xFFFF
_MOST_AT_ONCE: Final = 1 << 24
_HEADER: Final = Struct(">HHHH")


@dataclass(frozen=True, slots=True)
class Frame:
    """One APDU with its wrapper ports.

    Attributes:
        source: wPort of the sender: a client's SAP, or a logical device in an answer.
        destination: wPort of the receiver.
        apdu: at least 1 byte.
    """

    source: int
    destination: int
    apdu: bytes


def encode(source: int, destination: int, apdu: bytes) -> bytes:
    """The bytes of one frame.

    Raises:
        UsageError: a port above 65535, or an APDU that is empty or above `MAX_APDU`.
    """
    if not 0 < len(apdu) <= MAX_APDU:
        raise UsageError(f"an APDU in a wrapper has 1 to {MAX_APDU} bytes, not {len(apdu)}")
    try:
        return _HEADER.pack(VERSION, source, destination, len(apdu)) + apdu
    except StructError as error:
        raise UsageError(f"wrapper ports {source} and {destination} are not both 0 to 65535") from error


class Decoder:
    """Turns a stream in any pieces into frames.

    Args:
        limit: the largest APDU that is waited for.
    """

    __slots__ = ("_buffer", "_limit")

    def __init__(self, limit: int = MAX_APDU) -> None:
        self._limit = min(limit, MAX_APDU)
        self._buffer: StreamBuffer | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completed.

        Raises:
            MalformedError: not a wrapper header, or longer than the limit. A stream has no way to find the next
                frame, so the connection is to be closed; frames before the bad one in the same piece are lost.
        """
        if self._buffer is None and len(data) > HEADER_LENGTH:
            # One whole frame in one piece is what a link gives nearly always: it need not pass through the buffer.
            version, source, destination, length = _HEADER.unpack_from(data)
            if version == VERSION and length == len(data) - HEADER_LENGTH and length <= self._limit:
                return [Frame(source, destination, bytes(data[HEADER_LENGTH:]))]
        frames = []
        buffer = StreamBuffer(_MOST_AT_ONCE) if self._buffer is None else self._buffer
        self._buffer = None
        buffer.feed(data)
        while (header := buffer.peek(HEADER_LENGTH)) is not None:
            version, source, destination, length = _HEADER.unpack(header)
            if version != VERSION or not 0 < length <= self._limit:
                raise ApduError(f"not a wrapper header: version {version}, length {length}")
            frame = buffer.take(HEADER_LENGTH + length)
            if frame is None:
                break
            frames.append(Frame(source, destination, frame[HEADER_LENGTH:]))
        if len(buffer):
            self._buffer = buffer
        return frames
