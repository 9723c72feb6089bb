"""What a value means: the VIF and VIFE tables as data (EN 13757-3 §6.4).

A meaning is found by the VIF chain as on the wire. A chain that is not in the table is no error: its record is
still decoded, it only has no name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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
    # VIF chain of the first, how many, name, unit, exponent of the first
    (b"\x00", 8, "energy", "Wh", -3),
    (b"\x08", 8, "energy", "J", 0),
    (b"\x10", 8, "volume", "m3", -6),
    (b"\x18", 8, "mass", "kg", -3),
    (b"\x28", 8, "power", "W", -3),
    (b"\x30", 8, "power", "J/h", 0),
    (b"\x38", 8, "volume_flow", "m3/h", -6),
    (b"\x40", 8, "volume_flow", "m3/min", -7),
    (b"\x48", 8, "volume_flow", "m3/s", -9),
    (b"\x50", 8, "mass_flow", "kg/h", -3),
    (b"\x58", 4, "flow_temperature", "°C", -3),
    (b"\x5c", 4, "return_temperature", "°C", -3),
    (b"\x60", 4, "temperature_difference", "K", -3),
    (b"\x64", 4, "external_temperature", "°C", -3),
    (b"\x68", 4, "pressure", "bar", -3),
    (b"\xfb\x00", 2, "energy", "MWh", -1),
    (b"\xfb\x02", 2, "reactive_energy", "kvarh", 0),
    (b"\xfb\x04", 2, "apparent_energy", "kVAh", 0),
    (b"\xfb\x08", 2, "energy", "GJ", -1),
    (b"\xfb\x0c", 4, "energy", "Mcal", -1),
    (b"\xfb\x10", 2, "volume", "m3", 2),
    (b"\xfb\x14", 4, "reactive_power", "kvar", -3),
    (b"\xfb\x18", 2, "mass", "t", 2),
    (b"\xfb\x1a", 2, "relative_humidity", "%", -1),
    (b"\xfb\x28", 2, "power", "MW", -1),
    (b"\xfb\x2c", 4, "frequency", "Hz", -3),
    (b"\xfb\x30", 2, "power", "GJ/h", -1),
    (b"\xfb\x34", 4, "apparent_power", "kVA", -3),
    (b"\xfb\x74", 4, "temperature_limit", "°C", -3),
    (b"\xfb\x78", 8, "maximum_power", "W", -3),
    (b"\xfd\x00", 4, "credit", "currency", -3),
    (b"\xfd\x04", 4, "debit", "currency", -3),
    (b"\xfd\x40", 16, "voltage", "V", -9),
    (b"\xfd\x50", 16, "current", "A", -12),
)
"""Chains of which each step counts in ten times the one before (Tables 10, 12 and 14)."""

_TIMED: Final = (
    (b"\x20", "on_time", "s min h d"),
    (b"\x24", "operating_time", "s min h d"),
    (b"\x70", "averaging_duration", "s min h d"),
    (b"\x74", "actuality_duration", "s min h d"),
    (b"\xfd\x24", "storage_interval", "s min h d month a"),
    (b"\xfd\x2c", "since_last_readout", "s min h d"),
    (b"\xfd\x31", "tariff_duration", "min h d"),
    (b"\xfd\x34", "tariff_period", "s min h d month a"),
    (b"\xfd\x3c", "transmission_period", "s min h d"),
    (b"\xfd\x68", "since_last_cumulation", "h d month a"),
    (b"\xfd\x6c", "battery_operating_time", "h d month a"),
)

_SINGLE: Final = (
    (b"\x6c", "date"),
    (b"\x6d", "date_time"),
    (b"\x6e", "heat_cost_allocation_units"),
    (b"\x78", "fabrication_number"),
    (b"\x79", "identification"),
    (b"\x7a", "bus_address"),
    (b"\x7c", "text_unit"),
    (b"\x7e", "any"),
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
    (b"\xfd\x12", "access_code_user"),
    (b"\xfd\x13", "access_code_operator"),
    (b"\xfd\x14", "access_code_system_operator"),
    (b"\xfd\x15", "access_code_developer"),
    (b"\xfd\x16", "password"),
    (b"\xfd\x17", "error_flags"),
    (b"\xfd\x18", "error_mask"),
    (b"\xfd\x19", "security_key"),
    (b"\xfd\x1a", "digital_output"),
    (b"\xfd\x1b", "digital_input"),
    (b"\xfd\x1c", "baud_rate"),
    (b"\xfd\x1d", "response_delay"),
    (b"\xfd\x1e", "retries"),
    (b"\xfd\x1f", "remote_control"),
    (b"\xfd\x20", "first_storage"),
    (b"\xfd\x21", "last_storage"),
    (b"\xfd\x22", "storage_block_size"),
    (b"\xfd\x23", "tariff_and_subunit"),
    (b"\xfd\x2a", "operator_data"),
    (b"\xfd\x2b", "second_of_time"),
    (b"\xfd\x30", "tariff_start"),
    (b"\xfd\x3a", "dimensionless"),
    (b"\xfd\x3b", "wireless_container"),
    (b"\xfd\x60", "reset_counter"),
    (b"\xfd\x61", "cumulation_counter"),
    (b"\xfd\x62", "control_signal"),
    (b"\xfd\x63", "day_of_week"),
    (b"\xfd\x64", "week_number"),
    (b"\xfd\x65", "day_change"),
    (b"\xfd\x66", "parameter_activation"),
    (b"\xfd\x67", "supplier_information"),
    (b"\xfd\x70", "battery_change"),
    (b"\xfd\x72", "daylight_saving"),
    (b"\xfd\x73", "listening_window"),
    (b"\xfd\x75", "times_stopped"),
    (b"\xfd\x76", "manufacturer_container"),
)

_QUALIFIERS: Final = {
    0x12: "average",
    0x13: "inverse_compact_profile",
    0x14: "relative_deviation",
    0x1E: "compact_profile_with_register",
    0x1F: "compact_profile",
    0x20: "per_second",
    0x21: "per_minute",
    0x22: "per_hour",
    0x23: "per_day",
    0x24: "per_week",
    0x25: "per_month",
    0x26: "per_year",
    0x3A: "uncorrected",
    0x3B: "forward",
    0x3C: "backward",
    0x3D: "not_metric",
    0x3E: "at_base_conditions",
    0x3F: "obis_declaration",
    0x40: "lower_limit",
    0x41: "times_below_limit",
    0x48: "upper_limit",
    0x49: "times_above_limit",
    0x7E: "in_future",
}
"""VIFEs that say more about the quantity before them (Table 15)."""

_MORE_QUALIFIERS: Final = {
    0x01: "phase_1",
    0x02: "phase_2",
    0x03: "phase_3",
    0x04: "neutral",
    0x05: "phases_1_2",
    0x06: "phases_2_3",
    0x07: "phases_3_1",
    0x08: "quadrant_1",
    0x09: "quadrant_2",
    0x0A: "quadrant_3",
    0x0B: "quadrant_4",
    0x0C: "difference",
    0x10: "absolute",
}
"""Those behind VIFE FC (Table 16)."""
_MORE: Final = 0xFC


def _table() -> dict[bytes, Meaning]:
    table = {key: Meaning(name) for key, name in _SINGLE}
    for first, count, name, unit, exponent in _SCALED:
        for step in range(count):
            table[_later(first, step)] = Meaning(name, unit, exponent + step)
    for first, name, units in _TIMED:
        for step, unit in enumerate(units.split()):
            table[_later(first, step)] = Meaning(name, unit)
    table[b"\xfb\x20"] = Meaning("volume", "ft3")
    table[b"\xfb\x21"] = Meaning("volume", "ft3", -1)
    table[b"\xfb\x2a"] = Meaning("phase_of_voltages", "°", -1)
    table[b"\xfb\x2b"] = Meaning("phase_of_current", "°", -1)
    table[b"\xfd\x71"] = Meaning("signal_level", "dBm")
    table[b"\xfd\x74"] = Meaning("battery_remaining", "d")
    return table


def _later(chain: bytes, steps: int) -> bytes:
    return chain[:-1] + bytes((chain[-1] + steps,))


MEANINGS: Final = _table()
"""By VIF chain as on the wire (extension bits set on all but the last byte), without further qualifiers."""


@lru_cache(maxsize=512)
def meaning_of(vif: bytes) -> Meaning | None:
    """What the chain means, or None where these tables have no row for it.

    VIFEs that qualify a quantity (`forward`, `at_base_conditions`, a correction by a power of ten) are joined to it.
    """
    if vif[:1] == b"\xff" and len(vif) > 1:
        return None  # what follows is the manufacturer's own language
    width = 2 if vif[:1] in {b"\xfb", b"\xfd"} else 1
    first, qualifiers = vif[:width], vif[width:]
    meaning = MEANINGS.get(first[:-1] + bytes((first[-1] & 0x7F,))) if len(first) == width else None
    extended = False
    for vife in qualifiers:
        if meaning is None:
            return None
        if vife == _MORE and not extended:
            extended = True
            continue
        words = (_MORE_QUALIFIERS if extended else _QUALIFIERS).get(vife & 0x7F)
        meaning = _qualified(meaning, words, 0 if extended else vife & 0x7F)
        extended = False
    return None if extended else meaning


def _qualified(meaning: Meaning, words: str | None, vife: int) -> Meaning | None:
    if 0x70 <= vife <= 0x77:
        return Meaning(meaning.name, meaning.unit, meaning.exponent + vife - 0x76)
    if vife == 0x7D:
        return Meaning(meaning.name, meaning.unit, meaning.exponent + 3)
    return None if words is None else Meaning(f"{meaning.name}_{words}", meaning.unit, meaning.exponent)
