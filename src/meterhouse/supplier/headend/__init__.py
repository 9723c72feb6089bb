"""calls hubs through the carrier, reads them, carries orders, tries again"""

from meterhouse.supplier.headend.head_end import HeadEnd, HeadEndSettings
from meterhouse.supplier.headend.jobs import ArmSupply, CollectDays, DeliverToken, Job, ReadHubLog
from meterhouse.supplier.headend.link_watch import GasLinkReading, GasLinkView, LinkWatch
from meterhouse.supplier.headend.ports import Clients, HubEntry, MeterEntry, OrderBook, ReadingStore
from meterhouse.supplier.headend.tariff_job import (
    SetGasBasis,
    SetGasCalendar,
    SetGasDelay,
    SetGasLimits,
    SetGasTariff,
    SetGasTariffMatrix,
)

__all__ = [
    "ArmSupply",
    "Clients",
    "CollectDays",
    "DeliverToken",
    "GasLinkReading",
    "GasLinkView",
    "HeadEnd",
    "HeadEndSettings",
    "HubEntry",
    "Job",
    "LinkWatch",
    "MeterEntry",
    "OrderBook",
    "ReadHubLog",
    "ReadingStore",
    "SetGasBasis",
    "SetGasCalendar",
    "SetGasDelay",
    "SetGasLimits",
    "SetGasTariff",
    "SetGasTariffMatrix",
]
