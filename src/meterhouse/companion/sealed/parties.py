"""Who may speak to a device: an identity, a role, a key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from meterhouse.crypto import PublicPoint
from meterhouse.model import Eui64

__all__ = ["Party", "Role"]


class Role(StrEnum):
    """What a party is to a device. A device holds one slot for each, and a slot takes only its role."""

    SUPPLIER = "supplier"
    NETWORK_OPERATOR = "network-operator"
    CARRIER = "carrier"
    CONFIRM = "confirm"
    VEND = "vend"
    CHANGE_OF_SUPPLIER = "change-of-supplier"
    RECOVERY = "recovery"
    FIRMWARE = "firmware"


@dataclass(frozen=True, slots=True)
class Party:
    """A party whose certificate the device has accepted; the chain is somebody else's to check.

    Attributes:
        identity: its EUI-64.
        role: its role.
        signing: its signature key, P-256.
    """

    identity: Eui64
    role: Role
    signing: PublicPoint
