"""the rule-book of a home and its bill: plain functions on integers"""

from meterhouse.rules.gas_account import (
    CONVERSION_FACTOR,
    DENOMINATOR,
    NO_LIMIT_LITRES,
    GasAccountRecord,
    charge_day,
    charge_volume,
    credit,
    cutoff_volume_l,
    energy_wh,
)
from meterhouse.rules.gas_valve import (
    button_opens,
    countdown_after_miss,
    countdown_may_reset,
    valve_closes,
)

__all__ = [
    "CONVERSION_FACTOR",
    "DENOMINATOR",
    "NO_LIMIT_LITRES",
    "GasAccountRecord",
    "button_opens",
    "charge_day",
    "charge_volume",
    "countdown_after_miss",
    "countdown_may_reset",
    "credit",
    "cutoff_volume_l",
    "energy_wh",
    "valve_closes",
]
