"""sealed orders at the device: slots, gate, pending cut, brake, words to the outside"""

from meterhouse.premises.orders.brake import LocalBrake
from meterhouse.premises.orders.cut import CutStage
from meterhouse.premises.orders.device_trust import DeviceTrust
from meterhouse.premises.orders.gate import OrderGate, newest_record
from meterhouse.premises.orders.port_objects import port_objects
from meterhouse.premises.orders.run_out_hold import RunOutHold
from meterhouse.premises.orders.uplink import KEPT_FOR, UplinkNote, UplinkQueue
from meterhouse.premises.orders.works import SupplyFacts, Works

__all__ = [
    "KEPT_FOR",
    "CutStage",
    "DeviceTrust",
    "LocalBrake",
    "OrderGate",
    "RunOutHold",
    "SupplyFacts",
    "UplinkNote",
    "UplinkQueue",
    "Works",
    "newest_record",
    "port_objects",
]
