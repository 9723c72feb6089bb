"""A few homes with accounts and meters in a database, and payments for them."""

from __future__ import annotations

from meterhouse.model import Eui64, Fuel, Money, parse_instant
from meterhouse.protocols.sts import MeterPan, luhn_digit
from meterhouse.store import HomeRecord, RegisteredMeter, SqlRegistry, SqlVendingRecords
from meterhouse.supplier.vending import (
    AccountRecord,
    KeyName,
    MemoryKeyStore,
    MeterRecord,
    PaymentRequest,
    StsService,
    pay,
)

NOW = parse_instant("2026-11-21T10:00:00Z")


KEYS = MemoryKeyStore({KeyName("123457", 1): bytes(range(20))})


def hub_of(number):
    return Eui64((0x100 + number).to_bytes(8, "big"))


def meter_of(number):
    return Eui64((0x200 + number).to_bytes(8, "big"))


def build(transaction, homes=2, debt="10.00", share=2000):
    """Homes 0, 1, … with a gas meter and an account A0, A1, … each."""
    registry = SqlRegistry(transaction)
    for number in range(homes):
        serial = f"01{number:08d}"
        pan = MeterPan.of_drn(serial + str(luhn_digit(serial))).digits
        home = f"{number:02d}"
        registry.add_home(HomeRecord(home, hub_of(number)))
        record = MeterRecord(meter_of(number), Fuel.GAS, hub_of(number), pan, "123457")
        registry.add_meter(RegisteredMeter(home, serial, record))
        registry.open_account(AccountRecord(f"A{number}", home, Money.parse(debt), share), meter_of(number), NOW)


def payment(request_id="r1", amount="20.00", account="A0", network="shop"):
    return PaymentRequest(request_id, account, Money.parse(amount), network)


SERVICE = StsService(KEYS)


def paying(request, at=NOW, service=SERVICE):
    """The job that takes a payment."""
    return lambda transaction: pay(SqlVendingRecords(transaction), service, request, at, bytes)
