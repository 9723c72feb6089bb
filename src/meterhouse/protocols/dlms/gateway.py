"""The gateway prefix: an APDU for a device behind a gateway (Green Book §10.10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.errors import ApduError

__all__ = ["ANSWER", "REQUEST", "Prefixed", "unwrap", "wrap"]

REQUEST: Final = 0xE6
ANSWER: Final = 0xE7


@dataclass(frozen=True, slots=True)
class Prefixed:
    """An APDU with a gateway prefix.

    Attributes:
        network: which of the gateway's networks.
        device: the physical device's address on it, 1 to 255 bytes.
        apdu: what goes on to the device, or came from it.
        answer: whether it comes from the device (E7) rather than goes to it (E6).
    """

    network: int
    device: bytes
    apdu: bytes
    answer: bool = False


def wrap(prefixed: Prefixed) -> bytes:
    """The bytes: tag, network, address length, address, APDU."""
    if not 0 <= prefixed.network <= 0xFF or not 0 < len(prefixed.device) <= 0xFF:
        raise UsageError("a gateway prefix has a network of 0 to 255 and an address of 1 to 255 bytes")
    head = bytes((ANSWER if prefixed.answer else REQUEST, prefixed.network, len(prefixed.device)))
    return head + prefixed.device + prefixed.apdu


def unwrap(apdu: bytes) -> Prefixed | None:
    """What is behind a prefix; None where `apdu` has no prefix and is for the gateway itself.

    Raises:
        ApduError: a prefix that is cut off, without address, or without an APDU behind it.
    """
    if not apdu or apdu[0] not in {REQUEST, ANSWER}:
        return None
    if len(apdu) < 3 or apdu[2] == 0 or len(apdu) <= 3 + apdu[2]:
        raise ApduError("gateway prefix is cut off or without an address")
    end = 3 + apdu[2]
    return Prefixed(apdu[1], apdu[3:end], apdu[end:], answer=apdu[0] == ANSWER)
