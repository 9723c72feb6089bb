"""the gas meter: register, cut-off volume, valve, button, and a radio that sleeps"""

from meterhouse.premises.gas_meter.backlog import Backlog
from meterhouse.premises.gas_meter.battery import Battery, BatteryModel
from meterhouse.premises.gas_meter.keypad import CodeVerdict, MeterDisplay
from meterhouse.premises.gas_meter.meter import GAS_RADIO, GasMeter
from meterhouse.premises.gas_meter.radio import COUNTER_RESERVE, RefusedOrder
from meterhouse.premises.gas_meter.settings import DEFAULT_DELAY_HALF_HOURS, GasMeterSettings
from meterhouse.premises.gas_meter.supply import Supply

__all__ = [
    "COUNTER_RESERVE",
    "DEFAULT_DELAY_HALF_HOURS",
    "GAS_RADIO",
    "Backlog",
    "Battery",
    "BatteryModel",
    "CodeVerdict",
    "GasMeter",
    "GasMeterSettings",
    "MeterDisplay",
    "RefusedOrder",
    "Supply",
]
