"""Quantities: exact integers in one unit each.

Energy is Wh, volume is litres, power is W. A cumulative register and the energy of an interval are different types:
subtracting two registers gives an interval, adding registers means nothing and mypy says so.
"""

from __future__ import annotations

from typing import Final, NewType

__all__ = [
    "REGISTER_LIMIT_LITRES",
    "REGISTER_LIMIT_WH",
    "Litres",
    "LitresRegister",
    "WattHours",
    "WattHoursRegister",
    "Watts",
]

WattHours = NewType("WattHours", int)
"""Energy of an interval, Wh."""

WattHoursRegister = NewType("WattHoursRegister", int)
"""A cumulative energy register, Wh since the meter was made; 0 ≤ value < REGISTER_LIMIT_WH."""

Litres = NewType("Litres", int)
"""Volume of an interval, litres (10⁻³ m³) at meter conditions."""

LitresRegister = NewType("LitresRegister", int)
"""A cumulative volume register, litres; 0 ≤ value < REGISTER_LIMIT_LITRES."""

Watts = NewType("Watts", int)
"""Power, W; positive is import."""

REGISTER_LIMIT_WH: Final = 100_000_000_000
"""A meter shows 99 999 999.999 kWh, then rolls over to zero."""

REGISTER_LIMIT_LITRES: Final = 100_000_000
"""A gas meter shows 99 999.999 m³ (8 BCD digits, EN 13757-3 DIF 0C VIF 13), then rolls over to zero."""
