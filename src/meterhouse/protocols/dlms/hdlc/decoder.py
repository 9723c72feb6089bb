"""HDLC frames out of a stream: in any pieces, through noise, aborted frames and shared flags."""

from __future__ import annotations

from typing import Final

from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.hdlc.frame import (
    FLAG,
    FORMAT_LENGTH,
    Frame,
    decode_frame,
    frame_length,
    header_length,
    sound_header,
)

__all__ = ["Decoder"]

_MORE: Final = -1
_NOTHING: Final = 0


class Decoder:
    """Turns a line's bytes into frames. Never raises: what is not a frame is counted and passed over.

    A flag may close one frame and open the next. The header's own check is looked at before the end of a frame is
    waited for, so noise that looks like the start of a long frame holds up only a few bytes; what a truly aborted
    frame holds up, `give_up` frees. Holds at most one frame.

    Attributes:
        noise: bytes passed over, without flags.
    """

    __slots__ = ("_buffer", "noise")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.noise = 0

    @property
    def waiting(self) -> bool:
        """Whether something has begun that may become a frame."""
        return len(self._buffer) > 1

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completed."""
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        place = 0
        while True:
            start = buffer.find(FLAG, place)
            if start < 0:
                self.noise += len(buffer) - place
                place = len(buffer)
                break
            self.noise += start - place
            length = self._length(start + 1)
            if length == _MORE:
                place = start
                break
            place = start + 1
            if length != _NOTHING and (frame := self._frame(place, length)) is not None:
                frames.append(frame)
                place += length  # the closing flag may open the next
        del buffer[:place]
        return frames

    def give_up(self) -> list[Frame]:
        """Stop waiting for the end of what has begun: the frames that hid behind it.

        To be called after the inter-octet time-out (IEC 62056-46 §6.4.4.3.3).
        """
        frames: list[Frame] = []
        while self.waiting:
            hidden = bytes(self._buffer[1:])
            self._buffer.clear()
            frames += self.feed(hidden)
        return frames

    def _length(self, start: int) -> int:
        """Length of the frame at `start` that is there up to its closing flag; _MORE or _NOTHING otherwise."""
        buffer = self._buffer
        there = len(buffer) - start
        if there < FORMAT_LENGTH:
            # One byte of a format tells already whether it is one.
            return _MORE if not there or frame_length(buffer[start], 0xFF) else _NOTHING
        length = frame_length(buffer[start], buffer[start + 1])
        if not length:
            return _NOTHING
        header = header_length(buffer, start)
        if header is None:
            return _MORE
        sound = sound_header(buffer, start, header, length) if header else False
        if sound is None:
            return _MORE
        if not sound:
            return _NOTHING
        if there <= length:
            return _MORE
        return length if buffer[start + length] == FLAG else _NOTHING

    def _frame(self, start: int, length: int) -> Frame | None:
        try:
            return decode_frame(bytes(self._buffer[start : start + length]))
        except ApduError:
            return None
