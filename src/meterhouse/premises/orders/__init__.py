"""sealed orders at the device: slots, gate, pending cut, brake, words to the outside"""

from meterhouse.premises.orders.device_trust import DeviceTrust

__all__ = ["DeviceTrust"]
