"""The host protocol of a serial radio adapter: IMST iM871A and its relatives.

Source: IMST, Wireless M-Bus Host Controller Interface, document 4100/6404/0050, v1.6, §2.2 and §3.2 (57600 baud, 8N1).
A host frame is: A5; four control bits and four of the endpoint; message; payload length; payload; then, each where its
control bit says so, a time stamp, a signal strength and a check word (CRC-16/X-25, low byte first, over all after A5).

A telegram in a host frame is the body alone: no L-field and no check words of the air. The adapter adds and checks
those; it has to be set to the link's radio mode (C2 for the gas link) beforehand, which is not done here.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.wmbus.errors import TelegramError
from meterhouse.protocols.wmbus.link import LinkFormat, decode_frame, encode_frame

__all__ = [
    "MAX_PAYLOAD",
    "RADIO_LINK",
    "TELEGRAM_HEARD",
    "TELEGRAM_SENT",
    "TELEGRAM_TO_SEND",
    "HostFrame",
    "HostReader",
    "RadioAdapter",
    "decode_host_frame",
    "encode_host_frame",
]

MAX_PAYLOAD: Final = 255
RADIO_LINK: Final = 2
"""The endpoint that telegrams go through."""
TELEGRAM_TO_SEND: Final = 1
"""WMBUSMSG_REQ, host to adapter: a body to put on the air."""
TELEGRAM_SENT: Final = 2
"""WMBUSMSG_RSP: the adapter's answer, one byte, 0 for a failure."""
TELEGRAM_HEARD: Final = 3
"""WMBUSMSG_IND: a body off the air."""

_START: Final = 0xA5
_TIMESTAMP, _STRENGTH, _CHECK = 0x20, 0x40, 0x80
_HEADER: Final = 4
_TIMESTAMP_LENGTH, _STRENGTH_LENGTH, _CHECK_LENGTH = 4, 1, 2
_MIRROR: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class HostFrame:
    """One message between host and adapter.

    Attributes:
        endpoint: 0 to 15; 1 management, 2 radio link, 3 radio link test, 4 hardware test.
        message: 0 to 255, by endpoint.
        payload: 0 to MAX_PAYLOAD bytes.
        timestamp: of the adapter's clock, 32 bits; None where it is not attached.
        strength: the received signal's strength as the adapter codes it, 8 bits; None where it is not attached.
        checked: whether a check word is attached.
    """

    endpoint: int
    message: int
    payload: bytes = b""
    timestamp: int | None = None
    strength: int | None = None
    checked: bool = True


def encode_host_frame(frame: HostFrame) -> bytes:
    """The frame on the serial line.

    Raises:
        UsageError: a field outside its range.
    """
    for name, value, limit in (
        ("endpoint", frame.endpoint, 15),
        ("message", frame.message, 255),
        ("payload length", len(frame.payload), MAX_PAYLOAD),
        ("time stamp", frame.timestamp or 0, 0xFFFF_FFFF),
        ("signal strength", frame.strength or 0, 255),
    ):
        if not 0 <= value <= limit:
            raise UsageError(f"{name} {value} is not 0 to {limit}")
    control, tail = frame.endpoint, b""
    if frame.timestamp is not None:
        control, tail = control | _TIMESTAMP, frame.timestamp.to_bytes(_TIMESTAMP_LENGTH, "little")
    if frame.strength is not None:
        control, tail = control | _STRENGTH, tail + bytes((frame.strength,))
    if frame.checked:
        control |= _CHECK
    covered = bytes((control, frame.message, len(frame.payload))) + frame.payload + tail
    return bytes((_START,)) + covered + (_check_word(covered) if frame.checked else b"")


def decode_host_frame(octets: bytes) -> tuple[HostFrame, int] | None:
    """The frame at the beginning of `octets`, and its length; None where more bytes are needed.

    Raises:
        TelegramError: no start byte, the reserved control bit, or a wrong check word.
    """
    if octets and octets[0] != _START:
        raise TelegramError(f"a host frame begins with A5, not with {octets[0]:02X}")
    if len(octets) < _HEADER:
        return None
    control, message, length = octets[1], octets[2], octets[3]
    if control & 0x10:
        raise TelegramError(f"control field {control:02X} of a host frame has its reserved bit set")
    payload_end = _HEADER + length
    strength_at = payload_end + (_TIMESTAMP_LENGTH if control & _TIMESTAMP else 0)
    covered_end = strength_at + (_STRENGTH_LENGTH if control & _STRENGTH else 0)
    end = covered_end + (_CHECK_LENGTH if control & _CHECK else 0)
    if len(octets) < end:
        return None
    if control & _CHECK and octets[covered_end:end] != _check_word(octets[1:covered_end]):
        raise TelegramError("the check word of a host frame is wrong")
    frame = HostFrame(
        control & 0x0F,
        message,
        octets[_HEADER:payload_end],
        int.from_bytes(octets[payload_end:strength_at], "little") if control & _TIMESTAMP else None,
        octets[strength_at] if control & _STRENGTH else None,
        bool(control & _CHECK),
    )
    return frame, end


def _check_word(covered: bytes) -> bytes:
    # X-25 is CCITT with every byte mirrored, so the standard library's CCITT does the work.
    word = crc_hqx(covered.translate(_MIRROR), 0xFFFF) ^ 0xFFFF
    return bytes((_MIRROR[word >> 8], _MIRROR[word & 0xFF]))


class HostReader:
    """Finds host frames in what a serial line brings, whatever stands between them. Holds less than one frame.

    Attributes:
        dropped: bytes that belonged to no frame.
    """

    __slots__ = ("_held", "dropped")

    def __init__(self) -> None:
        self._held = b""
        self.dropped = 0

    def feed(self, data: bytes) -> list[HostFrame]:
        """The frames that `data` completes."""
        held, frames, at = self._held + data, [], 0
        while at < len(held):
            try:
                found = decode_host_frame(held[at : at + _HEADER + MAX_PAYLOAD + 7])
            except TelegramError:
                start = held.find(_START, at + 1)
                after = len(held) if start < 0 else start
                self.dropped += after - at
                at = after
                continue
            if found is None:
                break
            frames.append(found[0])
            at += found[1]
        self._held = held[at:]
        return frames

    def quiet(self) -> list[HostFrame]:
        """The line has been still for longer than a frame lasts: what is held begins with a start byte that was none.

        Returns:
            The frames that were hidden behind it.
        """
        frames: list[HostFrame] = []
        while self._held:
            held, self._held = self._held[1:], b""
            self.dropped += 1
            frames += self.feed(held)
        return frames


class RadioAdapter:
    """A machine's frames of the air, to and from the host frames of an adapter.

    Args:
        link_format: of the machine's frames.

    Attributes:
        failed: how many telegrams the adapter said it could not send.
    """

    __slots__ = ("_format", "_reader", "failed")

    def __init__(self, link_format: LinkFormat = LinkFormat.B) -> None:
        self._format = link_format
        self._reader = HostReader()
        self.failed = 0

    def encode(self, data: bytes) -> bytes:
        """The host frame that has `data`, one frame of the air, sent.

        Raises:
            TelegramError: `data` is no frame of this format.
        """
        return encode_host_frame(HostFrame(RADIO_LINK, TELEGRAM_TO_SEND, decode_frame(data, self._format)))

    def feed(self, data: bytes) -> list[bytes]:
        """Frames of the air that `data` completes; all else that an adapter says is passed over."""
        return self._heard(self._reader.feed(data))

    def quiet(self) -> list[bytes]:
        """The line is still: see `HostReader.quiet`."""
        return self._heard(self._reader.quiet())

    def _heard(self, frames: list[HostFrame]) -> list[bytes]:
        heard = []
        for frame in frames:
            if frame.endpoint != RADIO_LINK:
                continue
            if frame.message == TELEGRAM_SENT:
                self.failed += frame.payload[:1] == b"\0"
            elif frame.message == TELEGRAM_HEARD:
                try:
                    heard.append(encode_frame(frame.payload, self._format))
                except UsageError:
                    continue  # shorter than an address, or longer than the format holds: no telegram of ours
        return heard
