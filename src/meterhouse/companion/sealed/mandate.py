"""For whom and when an order holds: premises binding, not-before, not-after, inside the signature.

GBCS's layout has no field for them. They ride as the 24 bytes after the message code, where GBCS may name a
supplementary party with two counters; a reader of pure GBCS, such as tshark, shows them under those names.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final

from meterhouse.companion.sealed.errors import SealedError
from meterhouse.crypto import sha256
from meterhouse.model import DAY, Eui64, Instant, UsageError

__all__ = ["BINDING_LENGTH", "MAX_WINDOW", "Mandate", "decode_mandate", "premises_binding"]

BINDING_LENGTH: Final = 8
MAX_WINDOW: Final = DAY
"""The longest that an order may stay valid."""
_MANDATE: Final = Struct(">8sQQ")


def premises_binding(supply_number: str, device: Eui64, tenancy: int) -> bytes:
    """What ties a device to a supply point and one tenancy of it: the first 8 bytes of a SHA-256.

    Args:
        supply_number: MPAN or MPRN, in ASCII digits.
        device: the device.
        tenancy: counts the changes of tenancy, from 0.

    Raises:
        UsageError: no digits, or a negative tenancy.
    """
    if not (supply_number.isascii() and supply_number.isdigit()) or not 0 <= tenancy < 1 << 32:
        raise UsageError(f"supply number '{supply_number}' or tenancy {tenancy} is none")
    return sha256(supply_number.encode("ascii") + device.octets + tenancy.to_bytes(4, "big"))[:BINDING_LENGTH]


@dataclass(frozen=True, slots=True)
class Mandate:
    """Where and when.

    Attributes:
        premises: see `premises_binding`.
        not_before: the first instant at which the order may be acted upon.
        not_after: the last.
    """

    premises: bytes
    not_before: Instant
    not_after: Instant

    def encode(self) -> bytes:
        """24 bytes: binding, and two instants in milliseconds since 1970 UTC, big-endian.

        Raises:
            UsageError: a binding of another length, or a window that is empty or longer than `MAX_WINDOW`.
        """
        if len(self.premises) != BINDING_LENGTH or not self.is_sound or self.not_before < 0:
            raise UsageError(
                f"a mandate from {self.not_before} to {self.not_after} is none",
                why=f"It has a binding of {BINDING_LENGTH} bytes and lasts up to {MAX_WINDOW} ms.",
            )
        return _MANDATE.pack(self.premises, self.not_before, self.not_after)

    @property
    def is_sound(self) -> bool:
        """Whether the window is neither empty nor longer than `MAX_WINDOW`."""
        return 0 <= self.not_after - self.not_before <= MAX_WINDOW


def decode_mandate(octets: bytes) -> Mandate:
    """The mandate in a supplement of 24 bytes; its window may still be unsound.

    Raises:
        SealedError: another length.
    """
    if len(octets) != _MANDATE.size:
        raise SealedError(f"a supplement of {len(octets)} bytes is no mandate")
    premises, not_before, not_after = _MANDATE.unpack(octets)
    return Mandate(premises, Instant(not_before), Instant(not_after))
