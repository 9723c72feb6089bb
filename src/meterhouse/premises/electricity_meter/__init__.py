"""register, half-hour log, arm-only switch and a DLMS server on wires"""

from meterhouse.premises.electricity_meter.arm_keypad import ArmVerdict
from meterhouse.premises.electricity_meter.meter import ElectricityMeter, ElectricityMeterSettings
from meterhouse.premises.electricity_meter.supply_switch import ControlState, SupplySwitch

__all__ = ["ArmVerdict", "ControlState", "ElectricityMeter", "ElectricityMeterSettings", "SupplySwitch"]
