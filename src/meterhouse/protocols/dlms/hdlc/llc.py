"""The LLC header before each APDU on HDLC: E6 E6 00 from a client, E6 E7 00 from a server (IEC 62056-46 §5.3)."""

from __future__ import annotations

from typing import Final

from meterhouse.protocols.dlms.errors import ApduError

__all__ = ["COMMAND", "RESPONSE", "stripped"]

COMMAND: Final = bytes.fromhex("e6e600")
RESPONSE: Final = bytes.fromhex("e6e700")


def stripped(message: bytes, header: bytes) -> bytes:
    """The APDU behind `header`.

    Raises:
        ApduError: another header, or nothing behind it.
    """
    if not message.startswith(header) or len(message) == len(header):
        raise ApduError(f"an HDLC message begins with {message[:3].hex()} rather than {header.hex()} and an APDU")
    return message[len(header) :]
