"""A record as a person reads it: the number in its unit, a date as a date."""

from __future__ import annotations

import struct
from typing import Final

from meterhouse.model import isoformat
from meterhouse.protocols.wmbus.errors import TelegramError
from meterhouse.protocols.wmbus.moments import decode_date, decode_moment, decode_second
from meterhouse.protocols.wmbus.records import Function, Record
from meterhouse.protocols.wmbus.values import Coding
from meterhouse.protocols.wmbus.vif import Meaning

__all__ = ["displayed"]

_NOT_VALID: Final = "not valid"
_IN_WORDS: Final = {Function.MAXIMUM: "maximum", Function.MINIMUM: "minimum", Function.ERROR: "during an error"}


def displayed(record: Record) -> str:
    """Quantity, value and unit, and which register it is: `volume: 5.548 m3, storage 1`.

    Numbers are written exactly; a 32-bit real is the only value that is rounded, to 7 digits. A VIF that the tables do
    not know is named by its bytes. Dates and times are those of the meter's clock, whose zone a telegram does not name.
    """
    header = record.header
    meaning = header.meaning or Meaning(f"VIF {header.vif.hex()}")
    value = _written(record, meaning)
    unit = meaning.unit if value != _NOT_VALID and value else ""
    notes = [_IN_WORDS[header.function]] if header.function in _IN_WORDS else []
    places = (("storage", header.storage), ("tariff", header.tariff), ("subunit", header.subunit))
    notes += [f"{name} {number}" for name, number in places if number]
    return ", ".join((f"{meaning.name}: {value} {unit}".rstrip(), *notes))


def _written(record: Record, meaning: Meaning) -> str:
    coding, value = record.header.coding, record.value
    if coding in {Coding.NONE, Coding.SELECTION}:
        return ""
    if value is None:
        return _NOT_VALID
    if isinstance(value, str):
        # Some makes pack bytes of their own where the standard has a text.
        return value if value.isprintable() else value.encode("latin-1")[::-1].hex(" ")
    if isinstance(value, bytes):
        return f"{struct.unpack('<f', value)[0]:.7g}" if coding == Coding.REAL32 else value.hex(" ")
    if meaning.name.startswith(("date", "battery_change")):
        return _dated(coding, value)
    return _scaled(value, meaning.exponent)


def _dated(coding: Coding, value: int) -> str:
    try:
        if coding == Coding.INT16:
            day = decode_date(value)
            return _NOT_VALID if day is None else day.isoformat()
        if coding in {Coding.INT32, Coding.INT48}:
            at = decode_moment(value) if coding == Coding.INT32 else decode_second(value)
            return _NOT_VALID if at is None else isoformat(at).removesuffix("Z")
    except TelegramError:
        return _NOT_VALID
    return str(value)


def _scaled(value: int, exponent: int) -> str:
    """The number with its decimal point moved; no float, so no digit is lost."""
    if exponent >= 0:
        return str(value * 10**exponent)
    digits = f"{abs(value):0{1 - exponent}d}"
    return f"{'-' if value < 0 else ''}{digits[:exponent]}.{digits[exponent:]}"
