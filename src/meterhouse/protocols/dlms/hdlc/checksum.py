"""CRC-16/X-25, the check of every HDLC header and frame (ISO/IEC 13239 §4.2.5.3)."""

from __future__ import annotations

from binascii import crc_hqx
from typing import Final

__all__ = ["checksum"]

_REVERSED: Final = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def checksum(octets: bytes | bytearray) -> bytes:
    """The two check bytes that follow `octets` on the line.

    X-25 is the CCITT polynomial with every byte reversed, so the standard library's CCITT does the work in C.
    """
    crc = crc_hqx(octets.translate(_REVERSED), 0xFFFF)
    return bytes((_REVERSED[crc >> 8] ^ 0xFF, _REVERSED[crc & 0xFF] ^ 0xFF))
