"""A customer's year of payments with a debt that ends on the exact last penny; and every network with every service."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from counter_street import KEYS, NOW, build, hub_of, meter_of, payment
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import DAY, Fuel, Instant, Money, parse_instant
from meterhouse.protocols.sts import MeterPan, luhn_digit
from meterhouse.store import (
    Database,
    HomeRecord,
    RegisteredMeter,
    SqlRegistry,
    SqlVendingRecords,
    Till,
    take_batch,
    verify,
)
from meterhouse.supplier.vending import (
    AccountRecord,
    Agreement,
    EncryptionSchemes,
    KeyName,
    MemoryKeyStore,
    MeterRecord,
    PaymentRequest,
    StageName,
    StsService,
    UtrnService,
    advance,
    agree,
)

START = parse_instant("2026-11-23T09:00:00Z")  # a Monday


@pytest.mark.requirement("S3-19")
def test_two_years_of_payments_end_a_debt_on_the_exact_last_penny():
    """20.00 a week against 313.37: a fifth, at most 3.50 a week, then half; each statement agrees with the book."""
    with Database("sqlite://") as database:
        database.run(lambda tx: build(tx, homes=1, debt="313.37"))
        till = Till(database, StsService(KEYS), os.urandom)
        _agree(database, Agreement(START, 2_000, Money.parse("3.50"), why="a fifth, at most 3.50 a week"))
        owed = 31_337_000
        last_instalment = None
        for week in range(104):
            if week == 60:
                _agree(
                    database,
                    Agreement(Instant(START + week * 7 * DAY), 5_000, None, why="by half, at the customer's wish"),
                )
            at = Instant(START + week * 7 * DAY)
            receipt = till.pay(payment(f"week {week}", "20.00"), at)
            expected = min(owed, 350_000 if week < 60 else 1_000_000)
            assert receipt.to_debt.amount == expected
            if 0 < expected < 350_000 or (week >= 60 and 0 < expected < 1_000_000):
                last_instalment = receipt.to_debt
            owed -= expected
            assert receipt.debt_left.amount == owed
            assert database.read(lambda tx: SqlRegistry(tx).account("A0")).debt.amount == owed
            name = f"week {week}"
            database.run(lambda tx, name=name, at=at: advance(SqlVendingRecords(tx), name, StageName.ACCEPTED, at))
        assert owed == 0
        assert last_instalment == Money.parse("3.37")
        assert database.read(verify) == ()
        vends = database.read(lambda tx: SqlVendingRecords(tx).of_account("A0"))
        assert sum(vend.to_debt.amount for vend in vends) == 31_337_000
        assert sum(vend.in_token.amount for vend in vends) == 104 * 2_000_000 - 31_337_000
        assert len(database.read(lambda tx: SqlVendingRecords(tx).agreements("A0"))) == 3


def _agree(database, agreement):
    database.run(lambda tx: agree(SqlVendingRecords(tx), "A0", agreement))


def _register(transaction):
    """Electricity and gas meters, each by STS and by UTRN."""
    registry = SqlRegistry(transaction)
    for number, (fuel, scheme) in enumerate((fuel, scheme) for fuel in Fuel for scheme in ("sts", "utrn")):
        serial = f"01{number:08d}"
        pan = MeterPan.of_drn(serial + str(luhn_digit(serial))).digits
        registry.add_home(HomeRecord(f"{number:02d}", hub_of(number)))
        record = MeterRecord(meter_of(number), fuel, hub_of(number), pan, "123457", scheme=scheme)
        registry.add_meter(RegisteredMeter(f"{number:02d}", serial, record))
        registry.open_account(
            AccountRecord(f"A{number}", f"{number:02d}", Money.parse("10.00"), 2000), meter_of(number), NOW
        )


@pytest.mark.requirement("S0-143")
def test_two_payment_networks_two_services_and_two_meter_families_all_vend():
    """By the shop's own call and by its batch file; nothing but the meter's record says which service makes the token."""
    device = KeyPair(P256, bytes(range(1, 33)))
    keys = MemoryKeyStore({KeyName("123457", 1): bytes(range(20))})
    agreement = MemoryKeyStore({KeyName("123457", 1): bytes(range(2, 34))})
    services = EncryptionSchemes(
        {
            "sts": StsService(keys),
            "utrn": UtrnService(agreement, hub_of(99), lambda _meter: device.public.octets),
        }
    )
    date = datetime.fromtimestamp(NOW / 1000, UTC).date()
    with Database("sqlite://") as database:
        database.run(_register)
        till = Till(database, services, os.urandom)
        lines = [f"P,{number},A{number},20.00" for number in range(4)]
        report = take_batch(till, "\n".join([f"H,post,b1,{date},GBP", *lines, "T,4,80.00"]).encode(), NOW)
        assert (report.taken, report.rejected) == (4, 0)
        tokens = set()
        for number in range(4):
            receipt = till.pay(PaymentRequest(f"s{number}", f"A{number}", Money.parse("20.00"), "shop"), NOW)
            by_batch = till.last_response(f"post/{number}")
            for one, left in ((by_batch, "6.00"), (receipt, "2.00")):
                digits = one.token.replace(" ", "")
                assert len(digits) == 20
                assert digits.isdecimal()
                tokens.add(digits)
                assert (one.to_debt, one.debt_left) == (Money.parse("4.00"), Money.parse(left))
        assert len(tokens) == 8
        assert database.read(verify) == ()
