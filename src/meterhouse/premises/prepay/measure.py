"""What the registers of the two fuels are like: their range, and what no home passes in a half hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import REGISTER_LIMIT_LITRES, REGISTER_LIMIT_WH, Fuel
from meterhouse.rules import (
    CONVERSION_FACTOR,
    FRIENDLY_ALLOWANCE_L,
    FRIENDLY_ALLOWANCE_WH,
    FRIENDLY_FLOW_L,
    FRIENDLY_FLOW_WH,
    NO_LIMIT_LITRES,
    NO_LIMIT_WH,
    WATT_HOUR,
)

__all__ = ["MEASURES", "Measure"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A register, in its own unit: litres of gas, Wh of electricity.

    Attributes:
        fuel: whose.
        limit: the register rolls over there.
        most: in one half hour more than any meter in a home passes.
        furthest: the cut-off that stands for none.
        flow, allowance: of a friendly window, see `rules.friendly_cutoff`.
    """

    fuel: Fuel
    limit: int
    most: int
    furthest: int
    flow: int
    allowance: int

    def weight(self, cv: int) -> int:
        """Of one unit in the account; `cv` in kJ/m³ counts for gas only."""
        return CONVERSION_FACTOR * cv if self.fuel is Fuel.GAS else WATT_HOUR


MEASURES: Final = {
    Fuel.GAS: Measure(Fuel.GAS, REGISTER_LIMIT_LITRES, 20_000, NO_LIMIT_LITRES, FRIENDLY_FLOW_L, FRIENDLY_ALLOWANCE_L),
    Fuel.ELECTRICITY: Measure(
        Fuel.ELECTRICITY, REGISTER_LIMIT_WH, 50_000, NO_LIMIT_WH, FRIENDLY_FLOW_WH, FRIENDLY_ALLOWANCE_WH
    ),
}
"""Gas: 40 m³/h. Electricity: 100 kW, more than three phases of 100 A."""
