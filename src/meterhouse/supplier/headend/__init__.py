"""calls hubs through the carrier, reads them, carries orders, tries again"""

from meterhouse.supplier.headend.head_end import HeadEnd, HeadEndSettings
from meterhouse.supplier.headend.jobs import ArmSupply, CollectDays, DeliverToken, Job
from meterhouse.supplier.headend.ports import Clients, HubEntry, MeterEntry, OrderBook, ReadingStore
from meterhouse.supplier.headend.tariff_job import SetGasCalendar, SetGasLimits, SetGasTariff, SetGasTariffMatrix

__all__ = [
    "ArmSupply",
    "Clients",
    "CollectDays",
    "DeliverToken",
    "HeadEnd",
    "HeadEndSettings",
    "HubEntry",
    "Job",
    "MeterEntry",
    "OrderBook",
    "ReadingStore",
    "SetGasCalendar",
    "SetGasLimits",
    "SetGasTariff",
    "SetGasTariffMatrix",
]
