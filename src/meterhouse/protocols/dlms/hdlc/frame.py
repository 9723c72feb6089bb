"""HDLC frames of format type 3: one frame to bytes, and one frame's bytes to a value (IEC 62056-46 §6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.hdlc.address import Address, decode_address, length_at
from meterhouse.protocols.dlms.hdlc.checksum import checksum

__all__ = [
    "FLAG",
    "FORMAT_LENGTH",
    "LARGEST_FRAME",
    "LEAST_FRAME",
    "Frame",
    "Kind",
    "decode_frame",
    "encode_frame",
    "frame_length",
    "header_length",
    "sound_header",
]

FLAG: Final = 0x7E
LARGEST_FRAME: Final = 0x7FF
"""The most that 11 bits of length say: everything between the flags."""
LEAST_FRAME: Final = 7
FORMAT_LENGTH: Final = 2
_CHECK_LENGTH: Final = 2
_FORMAT: Final = 0xA0
_FORMAT_MASK: Final = 0xF0
_SEGMENTED: Final = 0x08
_POLL_FINAL: Final = 0x10


class Kind(Enum):
    """Commands and responses; the value is the control byte with N(S), N(R) and P/F left out."""

    INFORMATION = 0x00
    READY = 0x01
    """RR."""
    NOT_READY = 0x05
    """RNR."""
    SET_NORMAL_MODE = 0x83
    """SNRM."""
    DISCONNECT = 0x43
    """DISC."""
    ACKNOWLEDGE = 0x63
    """UA."""
    DISCONNECTED = 0x0F
    """DM."""
    REJECT = 0x87
    """FRMR."""
    UNNUMBERED = 0x03
    """UI."""


_UNNUMBERED: Final = {kind.value: kind for kind in Kind if kind.value & 0x03 == 0x03}
_SUPERVISORY: Final = {Kind.READY.value: Kind.READY, Kind.NOT_READY.value: Kind.NOT_READY}
_NUMBERED: Final = frozenset({Kind.INFORMATION, Kind.READY, Kind.NOT_READY})


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        destination: who is meant.
        source: who sends.
        kind: command or response.
        poll: the P/F bit: the client hands the turn over, or the server hands it back.
        send: N(S), 0 to 7, of an information frame.
        receive: N(R), 0 to 7, of information, RR and RNR: the number that is expected next.
        segmented: the segmentation bit: the message goes on in the next frame.
        information: what the frame carries.
    """

    destination: Address
    source: Address
    kind: Kind
    poll: bool = True
    send: int = 0
    receive: int = 0
    segmented: bool = False
    information: bytes = b""

    @property
    def control(self) -> int:
        """The control byte."""
        control = self.kind.value | (_POLL_FINAL if self.poll else 0)
        if self.kind in _NUMBERED:
            control |= self.receive << 5
        if self.kind is Kind.INFORMATION:
            control |= self.send << 1
        return control


def encode_frame(frame: Frame) -> bytes:
    """The bytes of one frame between its two flags.

    Raises:
        UsageError: a number above 7, or a frame above `LARGEST_FRAME`.
    """
    if not (0 <= frame.send < 8 and 0 <= frame.receive < 8):
        raise UsageError(f"HDLC numbers {frame.send} and {frame.receive} are not both 0 to 7")
    body = frame.destination.encode() + frame.source.encode() + bytes((frame.control,))
    checks = 2 * _CHECK_LENGTH if frame.information else _CHECK_LENGTH
    length = FORMAT_LENGTH + len(body) + checks + len(frame.information)
    if length > LARGEST_FRAME:
        raise UsageError(f"an HDLC frame of {length} bytes is above {LARGEST_FRAME}")
    format_ = _FORMAT | (_SEGMENTED if frame.segmented else 0) | length >> 8
    octets = bytes((format_, length & 0xFF)) + body
    if frame.information:
        octets += checksum(octets) + frame.information
    return b"\x7e" + octets + checksum(octets) + b"\x7e"


def frame_length(first: int, second: int) -> int:
    """The length that two format bytes tell; 0 where they are not of format type 3 or too short to be a frame."""
    length = (first & 0x07) << 8 | second
    return length if first & _FORMAT_MASK == _FORMAT and length >= LEAST_FRAME else 0


def header_length(octets: bytes | bytearray, start: int) -> int | None:
    """How far format, addresses and control reach from `start`; 0: no addresses; None: not all there yet."""
    destination = length_at(octets, start + FORMAT_LENGTH)
    if not destination:
        return destination
    source = length_at(octets, start + FORMAT_LENGTH + destination)
    if not source:
        return source
    return FORMAT_LENGTH + destination + source + 1


def sound_header(octets: bytes | bytearray, start: int, header: int, length: int) -> bool | None:
    """Whether the header's check is right; None: it is not there yet. A frame without information has none."""
    if length == header + _CHECK_LENGTH:
        return True
    end = start + header
    if length <= header + 2 * _CHECK_LENGTH:
        return False
    if len(octets) < end + _CHECK_LENGTH:
        return None
    return checksum(octets[start:end]) == octets[end : end + _CHECK_LENGTH]


def decode_frame(octets: bytes) -> Frame:
    """The frame that `octets` is, without its flags.

    Raises:
        ApduError: another format or length, a wrong check, an address or a control byte that does not exist.
    """
    length = frame_length(octets[0], octets[1]) if len(octets) >= LEAST_FRAME else 0
    header = header_length(octets, 0) if length == len(octets) else 0
    if not header or not sound_header(octets, 0, header, length):
        raise ApduError(f"not an HDLC frame of format type 3: {octets[:12].hex()}")
    if checksum(octets[:-_CHECK_LENGTH]) != octets[-_CHECK_LENGTH:]:
        raise ApduError("HDLC frame check is wrong")
    split = FORMAT_LENGTH + (length_at(octets, FORMAT_LENGTH) or 0)
    kind, send, receive = _control(octets[header - 1])
    return Frame(
        destination=decode_address(octets[FORMAT_LENGTH:split]),
        source=decode_address(octets[split : header - 1]),
        kind=kind,
        poll=bool(octets[header - 1] & _POLL_FINAL),
        send=send,
        receive=receive,
        segmented=bool(octets[0] & _SEGMENTED),
        information=octets[header + _CHECK_LENGTH : -_CHECK_LENGTH],
    )


def _control(octet: int) -> tuple[Kind, int, int]:
    if not octet & 1:
        return Kind.INFORMATION, octet >> 1 & 7, octet >> 5
    found = _SUPERVISORY.get(octet & 0x0F) if octet & 3 == 1 else _UNNUMBERED.get(octet & ~_POLL_FINAL)
    if found is None:
        raise ApduError(f"HDLC control byte {octet:02X} is unknown")
    return found, 0, octet >> 5 if found in _NUMBERED else 0
