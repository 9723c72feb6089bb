"""Extended link layer 8C, authentication layer 90 and transport header (EN 13757-4 §12, EN 13757-7)."""

from __future__ import annotations

from typing import Final, NamedTuple

from meterhouse.protocols.wmbus.address import Address
from meterhouse.protocols.wmbus.errors import TelegramError
from meterhouse.protocols.wmbus.fields import LONG_HEADERS, SHORT_HEADERS, Ci

__all__ = [
    "AUTHENTICATION_HEADER",
    "MAC_LENGTH",
    "MESSAGE_CONTROL",
    "Authentication",
    "TransportHeader",
    "read_authentication",
    "read_transport",
    "write_transport",
]

MAC_LENGTH: Final = 8
MESSAGE_CONTROL: Final = 0x25
"""MCL: message counter present, authentication type 5 (AES-CMAC, first 8 bytes)."""

AUTHENTICATION_HEADER: Final = bytes((Ci.AUTHENTICATION, 15, 0x00, 0x2C, MESSAGE_CONTROL))
"""CI 90, length 15, FCL 2C00 (MCL, counter and MAC present, one fragment), MCL."""

_LENGTH_FIELD: Final = 0x1000
_FCL_PLAIN: Final = 0x2C00
_KEY_SELECTION: Final = b"\x10"
"""Keys derived as EN 13757-7 says."""
_MODE_NONE, _MODE_STATIC, _MODE_DERIVED = 0, 5, 7
_SPOKEN: Final = {ci.value: ci for ci in Ci}


class Authentication(NamedTuple):
    """What the authentication and fragmentation layer says.

    Attributes:
        counter: message counter, 0 to 2³² - 1.
        mac: first 8 bytes of the AES-CMAC.
        covered: the bytes of this layer that the MAC covers, before all that follows the layer.
        end: where the next CI-field stands in the body.
    """

    counter: int
    mac: bytes
    covered: bytes
    end: int


def read_authentication(body: bytes, start: int) -> Authentication:
    """The layer whose CI 90 stands at `start`.

    Raises:
        TelegramError: cut short, fragmented, with key information, or with another kind of MAC: not spoken here.
    """
    if body[start : start + 5] == AUTHENTICATION_HEADER and start + 17 <= len(body):
        counter, mac = body[start + 5 : start + 9], body[start + 9 : start + 17]
        return Authentication(int.from_bytes(counter, "little"), mac, AUTHENTICATION_HEADER[4:] + counter, start + 17)
    length = body[start + 1] if start + 1 < len(body) else 0
    end = start + 2 + length
    if length < 15 or end > len(body):
        raise TelegramError(f"an authentication layer of {length} bytes is cut short")
    control = int.from_bytes(body[start + 2 : start + 4], "little")
    if control & ~_LENGTH_FIELD != _FCL_PLAIN or body[start + 4] & 0x3F != MESSAGE_CONTROL:
        raise TelegramError(
            f"authentication layer FCL {control:04X} MCL {body[start + 4]:02X} is not spoken",
            why="One fragment with a counter and an 8-byte AES-CMAC is (OMS profile B).",
        )
    with_length = bool(control & _LENGTH_FIELD)
    if length != (17 if with_length else 15):
        raise TelegramError(f"an authentication layer has 15 or 17 bytes, not {length}")
    counter = body[start + 5 : start + 9]
    covered = body[start + 4 : start + 9] + (body[end - 2 : end] if with_length else b"")
    if with_length and int.from_bytes(body[end - 2 : end], "little") != len(body) - end:
        raise TelegramError("the message length of the authentication layer is not that of the telegram")
    return Authentication(int.from_bytes(counter, "little"), body[start + 9 : start + 17], covered, end)


class TransportHeader(NamedTuple):
    """Short, long or no header before the application's data.

    Attributes:
        ci: the CI-field.
        meter: the application address of a long header; None otherwise.
        access_number: 0 to 255; pairs an answer with its request.
        status: status byte.
        mode: 0 clear, 5 or 7.
        flags: the configuration word with mode and block count cleared.
        blocks: enciphered 16-byte blocks.
    """

    ci: Ci
    meter: Address | None = None
    access_number: int = 0
    status: int = 0
    mode: int = 0
    flags: int = 0
    blocks: int = 0


def write_transport(header: TransportHeader) -> bytes:
    """CI-field and header as on the wire."""
    ci = bytes((header.ci,))
    if header.ci not in SHORT_HEADERS and header.meter is None:
        return ci
    word = header.flags | header.mode << 8 | header.blocks << 4
    tail = bytes((header.access_number, header.status, word & 0xFF, word >> 8))
    if header.mode == _MODE_DERIVED:
        tail += _KEY_SELECTION
    return ci + tail if header.meter is None else ci + header.meter.transport + tail


def read_transport(body: bytes, start: int) -> tuple[TransportHeader, int]:
    """The header whose CI-field stands at `start`, and where its data begin.

    Raises:
        TelegramError: cut short, or an unknown CI-field, security mode or key selection.
    """
    ci = _SPOKEN.get(body[start])
    if ci is None:
        raise TelegramError(f"CI-field {body[start]:02X} is not spoken")
    position, meter = start + 1, None
    if ci in LONG_HEADERS:
        meter = Address.from_transport(body[position : position + 8])
        position += 8
    elif ci not in SHORT_HEADERS:
        return TransportHeader(ci), position
    if position + 4 > len(body):
        raise TelegramError("a transport header is cut short")
    access_number, status, low, high = body[position : position + 4]
    position += 4
    mode = high & 31
    if mode not in {_MODE_NONE, _MODE_STATIC, _MODE_DERIVED}:
        raise TelegramError(f"security mode {mode} is not spoken", why="Modes 0, 5 and 7 are.")
    if mode == _MODE_DERIVED:
        if body[position : position + 1] != _KEY_SELECTION:
            raise TelegramError("security mode 7 without the standard key derivation is not spoken")
        position += 1
    flags = (high & 0xE0) << 8 | low & 0x0F
    return TransportHeader(ci, meter, access_number, status, mode, flags, low >> 4), position
