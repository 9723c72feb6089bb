"""An electricity meter of a prepaid home on a bench: the account in it, or told by a hub; and its DLMS clients."""

from __future__ import annotations

import hashlib
from itertools import count
from typing import Any

from home_bench import HUB_KEYS, METER_ID, PAN, START, TOKEN_KEY, head_end_client, make_meter
from meterhouse.companion import objects
from meterhouse.companion.account_objects import ELECTRICITY_CUTOFF
from meterhouse.model import HALF_HOUR, Instant
from meterhouse.premises.electricity_meter import ElectricityMeter, ElectricityMeterSettings
from meterhouse.premises.prepay import EnergyTariff, PrepaySetup
from meterhouse.protocols import dlms, sts
from sealed_home import Parties

__all__ = [
    "FLAT",
    "PRICE",
    "MeterClient",
    "cutoff_value",
    "elapse",
    "electricity_token",
    "half_hour",
    "make_prepaid",
    "prepay",
]

PRICE = 28_000
"""Of a kWh: 28 money steps of a Wh, so that amounts are whole."""
FLAT = EnergyTariff.flat(PRICE, 0)


_DRAWS = count(1)


def _entropy(size: int) -> bytes:
    return hashlib.shake_128(f"prepaid {next(_DRAWS)}".encode()).digest(size)


def prepay(balance: int = 10 * PRICE, tariff: EnergyTariff = FLAT, **more: Any) -> PrepaySetup:
    return PrepaySetup(balance, tariff, TOKEN_KEY, PAN, **more)


def electricity_token(money5: int, tid: int = 6_000_000) -> str:
    subclass = sts.CreditSubclass.ELECTRICITY_CURRENCY
    return sts.encode_currency_credit(TOKEN_KEY, subclass, tid=tid, amount_money5=money5).digits


def make_prepaid(
    account: PrepaySetup | None = None,
    *,
    now: Instant = START,
    parties: Parties | None = None,
    keep: Any = None,
    **settings: Any,
) -> ElectricityMeter:
    """With `account` the meter holds it; with `hub_account_delay` its hub does; with neither it is on credit."""
    plain = make_meter().settings
    made = ElectricityMeterSettings(
        plain.name,
        plain.identity,
        plain.serial,
        plain.head_end_keys,
        plain.hub_keys,
        prepay=account,
        trust=None if parties is None else parties.trust(),
        **settings,
    )
    entropy = _entropy if parties is None else parties.entropy
    return ElectricityMeter(made, entropy, now, keep)


def elapse(meter: ElectricityMeter, now: Instant, duration: int) -> Instant:
    """Let time pass; returns when it is then."""
    until = Instant(now + duration)
    while (due := meter.deadline()) is not None and due <= until:
        now = max(now, due)
        meter.elapse(now)
    return until


def cutoff_value(cutoff_wh: int, refill: int | None = None, *, arm: bool = False) -> dlms.CosemData:
    return dlms.structure(
        dlms.long64_unsigned(cutoff_wh),
        dlms.null if refill is None else dlms.long_unsigned(refill),
        dlms.boolean(arm),
    )


class MeterClient:
    """A client of the meter on a wire of its own, by real bytes."""

    def __init__(self, meter: ElectricityMeter, sap: int = objects.HEAD_END_SAP, now: Instant = START) -> None:
        self.meter, self.sap, self.now = meter, sap, now
        self.port = f"m_bus/{sap}"
        self._decoder = dlms.wrapper.Decoder()
        if sap in {objects.HEAD_END_SAP, objects.HUB_SAP}:
            keys = HUB_KEYS if sap == objects.HUB_SAP else None
            self.client = head_end_client(METER_ID, keys=keys, client_sap=sap)
        else:
            self.client = dlms.Client(dlms.ClientSettings(client_sap=sap))
        self.ask(self.client.associate())

    def ask(self, procedure: Any) -> Any:
        return dlms.converse(procedure, self._exchange)

    def get(self, obis: dlms.Obis, attribute: int = 2, interface: Any = dlms.DATA) -> Any:
        return self.ask(self.client.get(interface, obis, attribute))

    def set(self, obis: dlms.Obis, value: dlms.CosemData, attribute: int = 2, interface: Any = dlms.DATA) -> None:
        self.ask(self.client.set(interface, obis, attribute, value))

    def act(self, interface: Any, obis: dlms.Obis, method: int, value: dlms.CosemData) -> Any:
        return self.ask(self.client.act(interface, obis, method, value))

    def write(self, cutoff_wh: int, refill: int | None = None, *, arm: bool = False) -> None:
        """As the hub does."""
        self.set(ELECTRICITY_CUTOFF, cutoff_value(cutoff_wh, refill, arm=arm))

    def _exchange(self, apdu: bytes) -> bytes | None:
        self.meter.receive(self.port, dlms.wrapper.encode(self.sap, objects.MANAGEMENT_DEVICE, apdu), self.now)
        answers = [
            frame.apdu
            for port, data in self.meter.outgoing()
            if port == self.port
            for frame in self._decoder.feed(data)
        ]
        return answers[0] if answers else None


def half_hour(number: int) -> Instant:
    return Instant(START + number * HALF_HOUR)
