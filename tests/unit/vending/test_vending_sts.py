from __future__ import annotations

import pytest

from meterhouse.model import ConfigurationError, Eui64, Fuel, Money, UsageError, parse_instant
from meterhouse.protocols.sts import CreditSubclass, CurrencyCredit, Decoder, MeterPan, ResultCode, Token, derive_dkga04
from meterhouse.supplier.vending import KeyName, MemoryKeyStore, MeterRecord, StsService

KEY = bytes(range(20))
PAN = "600727000000000009"


KEYS = MemoryKeyStore({KeyName("123457", 1): KEY})


def meter(**more):
    fields = {"meter": Eui64(bytes(8)), "fuel": Fuel.GAS, "hub": Eui64(bytes(8)), "pan": PAN, "supply_group": "123457"}
    return MeterRecord(**{**fields, **more})


@pytest.mark.parametrize(("fuel", "subclass"), [(Fuel.GAS, 6), (Fuel.ELECTRICITY, 4)])
def test_the_meter_decodes_exactly_the_value_that_was_booked(fuel, subclass):
    service, now = StsService(KEYS), parse_instant("2026-11-21T10:00:00Z")
    value = service.carried(Money.parse("16.00"))
    tid = service.next_tid(meter(), now)
    digits = service.issue(meter(fuel=fuel), value, tid, 5)
    pan = MeterPan(PAN)
    decoder = Decoder(derive_dkga04(KEY, pan=pan, supply_group="123457"), pan=pan, credits=[CreditSubclass(subclass)])
    taken = decoder.enter(Token(digits), now)
    assert taken.code is ResultCode.ACCEPT
    assert isinstance(taken.content, CurrencyCredit)
    assert (taken.content.subclass, taken.content.tid, taken.content.amount_money5) == (subclass, tid, value.amount)


def test_a_value_is_carried_with_less_than_one_step_on_top():
    assert StsService(KEYS).carried(Money.parse("16.00")) == Money.parse("16.00024")
    assert StsService(KEYS).carried(Money.parse("16.00024")) == Money.parse("16.00024")


@pytest.mark.parametrize(
    ("last", "at", "expected"),
    [
        (None, "2014-01-01T00:00:30Z", 0),
        (None, "2014-01-01T00:01:00Z", 2),
        (None, "2014-01-02T00:01:59Z", 1442),
        (0, "2014-01-01T00:00:00Z", 2),
        (5000, "2014-01-01T00:05:00Z", 5001),
    ],
)
def test_identifiers_rise_and_step_over_the_reserved_minute(last, at, expected):
    assert StsService(KEYS).next_tid(meter(last_tid=last), parse_instant(at)) == expected


def test_without_its_vending_key_no_token_is_made():
    service = StsService(KEYS)
    with pytest.raises(ConfigurationError):
        service.issue(meter(key_revision=2), Money.parse("10"), 5000, 0)


def test_an_unknown_base_date_is_refused():
    with pytest.raises(UsageError, match="1994"):
        StsService(KEYS).next_tid(meter(base_date=1994), parse_instant("2026-11-21"))
