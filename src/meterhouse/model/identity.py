"""Names of things: EUI-64 for units, MPAN and MPRN for supply points, plain words for homes.

An identity belongs to the unit, never to a module in it (C-14).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from meterhouse.model.errors import UsageError

__all__ = ["Eui64", "Fuel"]


class Fuel(StrEnum):
    """What a meter measures."""

    ELECTRICITY = "electricity"
    GAS = "gas"


@dataclass(frozen=True, slots=True, order=True)
class Eui64:
    """A 64-bit extended unique identifier; also the DLMS system title of the unit (GBCS §7).

    Attributes:
        octets: exactly 8 bytes, most significant first.
    """

    octets: bytes

    def __post_init__(self) -> None:
        """Refuse anything but 8 bytes."""
        if len(self.octets) != 8:
            raise UsageError(f"an EUI-64 has 8 bytes, not {len(self.octets)}")

    @classmethod
    def parse(cls, text: str) -> Eui64:
        """From hex, with or without `-` or `:` between octets.

        Raises:
            UsageError: not 16 hex digits.
        """
        try:
            return cls(bytes.fromhex(text.replace("-", "").replace(":", "")))
        except ValueError as error:
            raise UsageError(f"'{text}' is not an EUI-64 in hex") from error

    def __str__(self) -> str:
        return "-".join(f"{octet:02X}" for octet in self.octets)
