"""What a value means: the VIF and VIFE tables as data (EN 13757-3 §6.4).

A meaning is found by the whole VIF chain as on the wire. A chain that is not in the table is no error: its record is
still decoded, it only has no name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MEANINGS", "Meaning", "meaning_of"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one VIF chain says.

    Attributes:
        name: the quantity, in words with underscores.
        unit: the unit to which `exponent` belongs; empty where there is none.
        exponent: the value counts in 10 to this power of the unit.
    """

    name: str
    unit: str = ""
    exponent: int = 0


_SCALED: Final = (
    # first VIF, how many, name, unit, exponent of the first
    (0x00, 8, "energy", "Wh", -3),
    (0x08, 8, "energy", "J", 0),
    (0x10, 8, "volume", "m3", -6),
    (0x18, 8, "mass", "kg", -3),
    (0x28, 8, "power", "W", -3),
    (0x30, 8, "power", "J/h", 0),
    (0x38, 8, "volume_flow", "m3/h", -6),
    (0x50, 8, "mass_flow", "kg/h", -3),
    (0x58, 4, "flow_temperature", "°C", -3),
    (0x5C, 4, "return_temperature", "°C", -3),
    (0x60, 4, "temperature_difference", "K", -3),
    (0x64, 4, "external_temperature", "°C", -3),
    (0x68, 4, "pressure", "bar", -3),
)

_TIMED: Final = (
    (0x20, "on_time"),
    (0x24, "operating_time"),
    (0x70, "averaging_duration"),
    (0x74, "actuality_duration"),
)
"""Four VIFs each: seconds, minutes, hours, days."""

_SINGLE: Final = (
    (b"\x6c", "date"),
    (b"\x6d", "date_time"),
    (b"\x6e", "heat_cost_allocation_units"),
    (b"\x78", "fabrication_number"),
    (b"\x79", "identification"),
    (b"\x7a", "bus_address"),
    (b"\x7c", "text_unit"),
    (b"\x7f", "manufacturer_specific"),
    (b"\xfd\x08", "access_number"),
    (b"\xfd\x09", "medium"),
    (b"\xfd\x0a", "manufacturer"),
    (b"\xfd\x0b", "parameter_set"),
    (b"\xfd\x0c", "model"),
    (b"\xfd\x0d", "hardware_version"),
    (b"\xfd\x0e", "firmware_version"),
    (b"\xfd\x0f", "software_version"),
    (b"\xfd\x10", "location"),
    (b"\xfd\x11", "customer"),
    (b"\xfd\x17", "error_flags"),
    (b"\xfd\x1a", "digital_output"),
    (b"\xfd\x1b", "digital_input"),
    (b"\xfd\x1f", "remote_control"),
    (b"\xfd\x3a", "dimensionless"),
    (b"\xfd\x60", "reset_counter"),
    (b"\xfd\x61", "cumulation_counter"),
    (b"\xfd\x67", "supplier_information"),
)


def _table() -> dict[bytes, Meaning]:
    table = {key: Meaning(name) for key, name in _SINGLE}
    for first, count, name, unit, exponent in _SCALED:
        for step in range(count):
            table[bytes((first + step,))] = Meaning(name, unit, exponent + step)
    for first, name in _TIMED:
        for step, unit in enumerate(("s", "min", "h", "d")):
            table[bytes((first + step,))] = Meaning(name, unit)
    for step in range(8):
        volume = 0x90 + step
        table[bytes((volume, 0x3A))] = Meaning("volume_uncorrected", "m3", step - 6)
        table[bytes((volume, 0x3E))] = Meaning("volume_at_base_conditions", "m3", step - 6)
    table[b"\xfd\x74"] = Meaning("battery_remaining", "d")
    return table


MEANINGS: Final = _table()
"""By VIF chain as on the wire (extension bits set on all but the last byte)."""


def meaning_of(vif: bytes) -> Meaning | None:
    """What the chain means, or None where this table has no row for it."""
    return MEANINGS.get(vif)
