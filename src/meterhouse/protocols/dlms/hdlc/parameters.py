"""What an HDLC connection agrees on: information field lengths and windows (IEC 62056-46 §6.4.4.4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.wire import Reader

__all__ = ["DEFAULT", "LARGEST_INFORMATION", "LEAST_INFORMATION", "Parameters", "decode_parameters"]

LARGEST_INFORMATION: Final = 2030
LEAST_INFORMATION: Final = 32
"""Below this no segment is worth its frame; the standard has no floor of its own."""
_FORMAT: Final = 0x81
_GROUP: Final = 0x80
_SEND_INFORMATION: Final = 5
_RECEIVE_INFORMATION: Final = 6
_SEND_WINDOW: Final = 7
_RECEIVE_WINDOW: Final = 8


class _Octets(Reader):
    __slots__ = ()
    error = ApduError


@dataclass(frozen=True, slots=True)
class Parameters:
    """As seen by the side that states them.

    Attributes:
        send_information: longest information field that it sends, 32 to 2030 bytes.
        receive_information: longest that it takes.
        send_window: information frames that it sends before it waits for the other's RR, 1 to 7.
        receive_window: frames that it takes so.
    """

    send_information: int = 128
    receive_information: int = 128
    send_window: int = 1
    receive_window: int = 1

    def __post_init__(self) -> None:
        """Refuse what the frame format cannot carry."""
        lengths = (self.send_information, self.receive_information)
        if not all(LEAST_INFORMATION <= length <= LARGEST_INFORMATION for length in lengths):
            raise UsageError(f"HDLC information fields {lengths} are not {LEAST_INFORMATION} to {LARGEST_INFORMATION}")
        if not all(1 <= window <= 7 for window in (self.send_window, self.receive_window)):
            raise UsageError(f"HDLC windows {self.send_window} and {self.receive_window} are not 1 to 7")

    def encode(self) -> bytes:
        """The information field of SNRM and UA: windows in four bytes, as every published example has them."""
        fields = b""
        for identifier, length in (
            (_SEND_INFORMATION, self.send_information),
            (_RECEIVE_INFORMATION, self.receive_information),
        ):
            octets = length.to_bytes(1 if length < 0x100 else 2, "big")
            fields += bytes((identifier, len(octets))) + octets
        for identifier, window in ((_SEND_WINDOW, self.send_window), (_RECEIVE_WINDOW, self.receive_window)):
            fields += bytes((identifier, 4)) + window.to_bytes(4, "big")
        return bytes((_FORMAT, _GROUP, len(fields))) + fields

    def agreed_with(self, other: Parameters) -> Parameters:
        """What holds for this side once both have stated theirs: the less of what one sends and the other takes."""
        return Parameters(
            send_information=min(self.send_information, other.receive_information),
            receive_information=min(self.receive_information, other.send_information),
            send_window=min(self.send_window, other.receive_window),
            receive_window=min(self.receive_window, other.send_window),
        )


DEFAULT: Final = Parameters()
"""What holds where a side states nothing."""


def decode_parameters(information: bytes) -> Parameters:
    """The parameters of an SNRM or UA; those that are not stated have their defaults, unknown ones are passed over.

    Raises:
        ApduError: another format, a length that does not fit, or a value out of range.
    """
    if not information:
        return DEFAULT
    reader = _Octets(information)
    if (reader.u8("format"), reader.u8("group")) != (_FORMAT, _GROUP):
        raise ApduError("HDLC parameters are not of format 81, group 80")
    body = _Octets(reader.take(reader.u8("group length"), "parameters"))
    reader.finish("HDLC parameters")
    stated: dict[int, int] = {}
    while body.remaining:
        identifier = body.u8("parameter identifier")
        octets = body.take(body.u8("parameter length"), "parameter value")
        stated[identifier] = int.from_bytes(octets, "big")
    try:
        return Parameters(
            min(stated.get(_SEND_INFORMATION, DEFAULT.send_information), LARGEST_INFORMATION),
            min(stated.get(_RECEIVE_INFORMATION, DEFAULT.receive_information), LARGEST_INFORMATION),
            min(stated.get(_SEND_WINDOW, DEFAULT.send_window), 7),
            min(stated.get(_RECEIVE_WINDOW, DEFAULT.receive_window), 7),
        )
    except UsageError as error:
        raise ApduError(f"HDLC parameters are out of range: {error}") from error
