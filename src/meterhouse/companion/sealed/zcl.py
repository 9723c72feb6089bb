"""One ZigBee Cluster Library frame: its header, and its payload as it is (ZCL §2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.companion.sealed.errors import SealedError
from meterhouse.model import UsageError

__all__ = ["ZclFrame", "decode_zcl"]

_CLUSTER_SPECIFIC: Final = 0x01
_MANUFACTURER: Final = 0x04
_TO_CLIENT: Final = 0x08
_NO_DEFAULT_RESPONSE: Final = 0x10
_HEADER: Final = 3
"""Frame control, sequence number, command."""
_LONG_HEADER: Final = 5
"""With the manufacturer's code between them."""


@dataclass(frozen=True, slots=True)
class ZclFrame:
    """A frame. All integers in its payload are little-endian.

    Attributes:
        cluster_specific: a command of the cluster; otherwise one that all clusters share, such as Read Attributes.
        to_client: from server to client.
        sequence: transaction sequence number.
        command: command id.
        payload: what follows the header.
        no_default_response: the sender wants no Default Response when all went well.
        manufacturer: code of a manufacturer's own command; None for the standard's.
    """

    cluster_specific: bool
    to_client: bool
    sequence: int
    command: int
    payload: bytes = b""
    no_default_response: bool = False
    manufacturer: int | None = None

    def encode(self) -> bytes:
        """Header and payload.

        Raises:
            UsageError: a number outside its field.
        """
        control = (
            _CLUSTER_SPECIFIC * self.cluster_specific
            | _TO_CLIENT * self.to_client
            | _NO_DEFAULT_RESPONSE * self.no_default_response
        )
        if not (0 <= self.sequence <= 0xFF and 0 <= self.command <= 0xFF and 0 <= (self.manufacturer or 0) <= 0xFFFF):
            raise UsageError(f"sequence {self.sequence}, command {self.command} or manufacturer code is too large")
        tail = bytes((self.sequence, self.command)) + self.payload
        if self.manufacturer is None:
            return bytes((control,)) + tail
        return bytes((control | _MANUFACTURER,)) + self.manufacturer.to_bytes(2, "little") + tail


def decode_zcl(octets: bytes) -> ZclFrame:
    """The frame that `octets` are; the payload is not looked into.

    Raises:
        SealedError: shorter than a header, or a reserved type or bit.
    """
    control = octets[0] if octets else 0
    if control & 0xE2:
        raise SealedError(f"frame control {control:#04x} has a reserved type or bit")
    length = _LONG_HEADER if control & _MANUFACTURER else _HEADER
    if len(octets) < length:
        raise SealedError(f"a ZCL frame of {len(octets)} bytes ends within its header of {length}")
    manufacturer = int.from_bytes(octets[1:3], "little") if control & _MANUFACTURER else None
    return ZclFrame(
        cluster_specific=bool(control & _CLUSTER_SPECIFIC),
        to_client=bool(control & _TO_CLIENT),
        sequence=octets[length - 2],
        command=octets[length - 1],
        payload=octets[length:],
        no_default_response=bool(control & _NO_DEFAULT_RESPONSE),
        manufacturer=manufacturer,
    )
