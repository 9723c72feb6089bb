"""calls hubs through the carrier, reads them, carries orders, tries again"""

from meterhouse.supplier.headend.account_address import GAS_ACCOUNT, AccountAddress
from meterhouse.supplier.headend.account_job import AccountPort, ReadAccount
from meterhouse.supplier.headend.call_hub import CallHub
from meterhouse.supplier.headend.carry_order import CarryOrder, OrderPort
from meterhouse.supplier.headend.debt_job import CheckDebt, DebtPort
from meterhouse.supplier.headend.head_end import HeadEnd
from meterhouse.supplier.headend.jobs import ArmSupply, CollectDays, DeliverToken, Job, ReadHubLog
from meterhouse.supplier.headend.link_watch import GasLinkReading, GasLinkView, LinkWatch
from meterhouse.supplier.headend.look_back import LookBack
from meterhouse.supplier.headend.ports import Clients, HubEntry, MeterEntry, OrderBook, ReadingStore
from meterhouse.supplier.headend.sealed_line import SealedBook, SealedLine, SealedOrder
from meterhouse.supplier.headend.settings import HeadEndSettings
from meterhouse.supplier.headend.tariff_job import (
    SetCalendar,
    SetCreditLimits,
    SetGasCv,
    SetGasDelay,
    SetReadingBasis,
    SetTariff,
    SetTariffMatrix,
)
from meterhouse.supplier.headend.trail import Culprit, Finding, Patience, Trail, chain_breaks, judge

__all__ = [
    "GAS_ACCOUNT",
    "AccountAddress",
    "AccountPort",
    "ArmSupply",
    "CallHub",
    "CarryOrder",
    "CheckDebt",
    "Clients",
    "CollectDays",
    "Culprit",
    "DebtPort",
    "DeliverToken",
    "Finding",
    "GasLinkReading",
    "GasLinkView",
    "HeadEnd",
    "HeadEndSettings",
    "HubEntry",
    "Job",
    "LinkWatch",
    "LookBack",
    "MeterEntry",
    "OrderBook",
    "OrderPort",
    "Patience",
    "ReadAccount",
    "ReadHubLog",
    "ReadingStore",
    "SealedBook",
    "SealedLine",
    "SealedOrder",
    "SetCalendar",
    "SetCreditLimits",
    "SetGasCv",
    "SetGasDelay",
    "SetReadingBasis",
    "SetTariff",
    "SetTariffMatrix",
    "Trail",
    "chain_breaks",
    "judge",
]
