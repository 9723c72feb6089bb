"""register, half-hour log, arm-only switch, an account or its cut-off, and a DLMS server on wires"""

from meterhouse.premises.electricity_meter.arm_keypad import ArmVerdict
from meterhouse.premises.electricity_meter.credit_cutoff import CreditCutoff
from meterhouse.premises.electricity_meter.meter import ElectricityMeter
from meterhouse.premises.electricity_meter.settings import LONGEST_HUB_DELAY, ElectricityMeterSettings
from meterhouse.premises.electricity_meter.supply_switch import ControlState, SupplySwitch

__all__ = [
    "LONGEST_HUB_DELAY",
    "ArmVerdict",
    "ControlState",
    "CreditCutoff",
    "ElectricityMeter",
    "ElectricityMeterSettings",
    "SupplySwitch",
]
