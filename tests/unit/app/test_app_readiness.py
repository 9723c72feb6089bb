"""No device is installed before the scheme that sells to it stands: service and keys first (S3-01)."""

from __future__ import annotations

import pytest

from counter_street import NOW
from meterhouse.app.books import Books
from meterhouse.app.keys import StreetKeys
from meterhouse.app.site import SUPPLY_GROUP, build_site
from meterhouse.app.street import parse_street
from meterhouse.model import ConfigurationError, Eui64, Fuel, LinkError
from meterhouse.store import Database, SqlRegistry
from meterhouse.supplier.vending import (
    EncryptionSchemes,
    KeyName,
    KeyStoreAwayError,
    MemoryKeyStore,
    MeterRecord,
    StsService,
    UtrnService,
)

KEYS = StreetKeys(bytes(range(32)))
PLAN = parse_street(
    """
[street]
start = 2026-01-05T00:00:00Z
[[home]]
id = "01"
[[home]]
id = "02"
gas = { mode = "prepay", price = "0.07", cv = 39_500 }
"""
)


class AwayStore(MemoryKeyStore):
    def mac(self, name, message):
        raise KeyStoreAwayError("the module is away")


def sites():
    return [
        build_site(
            home, number, KEYS, lambda _end: (0, 0), bytes, PLAN.start, lambda _name: None, steps=1, open_reader=False
        )
        for number, home in enumerate(PLAN.homes, 1)
    ]


READY = MemoryKeyStore({KeyName(SUPPLY_GROUP, 1): KEYS.vending(SUPPLY_GROUP)})


@pytest.mark.parametrize(
    ("services", "error"),
    [
        (EncryptionSchemes({}), ConfigurationError),
        (EncryptionSchemes({"sts": StsService(MemoryKeyStore({}))}), ConfigurationError),
        (
            EncryptionSchemes({"sts": StsService(MemoryKeyStore({KeyName(SUPPLY_GROUP, 1): bytes(8)}))}),
            ConfigurationError,
        ),
        (EncryptionSchemes({"sts": StsService(AwayStore({}))}), LinkError),
    ],
    ids=["no service", "no key", "a key of another kind", "key store away"],
)
def test_without_service_or_key_no_device_of_the_fleet_is_entered(services, error):
    with Database("sqlite://") as database:
        books = Books(database, services, bytes)
        with pytest.raises(error):
            books.register(PLAN, sites(), PLAN.start)
        assert database.read(lambda tx: SqlRegistry(tx).meters()) == ()
        assert database.read(lambda tx: SqlRegistry(tx).homes()) == ()
        Books(database, EncryptionSchemes({"sts": StsService(READY)}), bytes).register(PLAN, sites(), PLAN.start)
        meters = database.read(lambda tx: SqlRegistry(tx).meters())
        assert [meter.record.scheme for meter in meters if meter.record.pan] == ["sts"]


def test_a_code_scheme_needs_its_own_key_and_the_device_s_certificate():
    meter = MeterRecord(Eui64(b"\1" * 8), Fuel.GAS, Eui64(bytes(8)), "", "utrn", scheme="utrn")

    def nobody(_device):
        raise ConfigurationError("no certificate")

    for keys, public in ((MemoryKeyStore({}), lambda _: bytes(64)), (MemoryKeyStore({}), nobody)):
        with pytest.raises(ConfigurationError):
            UtrnService(keys, Eui64(b"\2" * 8), public).ready(meter)


def test_readiness_makes_and_counts_no_token():
    counted = []

    class Counting(MemoryKeyStore):
        def spend(self, name, money5, currency=""):
            counted.append(money5)

    with Database("sqlite://") as database:
        keys = Counting({KeyName(SUPPLY_GROUP, 1): KEYS.vending(SUPPLY_GROUP)})
        Books(database, StsService(keys), bytes).register(PLAN, sites(), NOW)
    assert counted == []
