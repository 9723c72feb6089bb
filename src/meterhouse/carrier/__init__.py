"""the blind relay: who may reach whom, how often, and what it cost"""

from meterhouse.carrier.broker import AccessBroker, Brake, DeviceRegister
from meterhouse.carrier.quarantine import Quarantine
from meterhouse.carrier.relay import Carrier, CarrierSettings
from meterhouse.carrier.usage import Usage, UsageBook, UsageRow

__all__ = [
    "AccessBroker",
    "Brake",
    "Carrier",
    "CarrierSettings",
    "DeviceRegister",
    "Quarantine",
    "Usage",
    "UsageBook",
    "UsageRow",
]
