"""the blind relay: who may reach whom, how often, and what it cost"""

from meterhouse.carrier.relay import Carrier, CarrierSettings, Usage

__all__ = ["Carrier", "CarrierSettings", "Usage"]
