"""OpenPAYGO by its own library: the third scheme behind the port, and its published tokens."""

from __future__ import annotations

import pytest

from meterhouse.model import ConfigurationError, Eui64, Fuel, Money, UsageError, parse_instant
from meterhouse.store.openpaygo_service import OpenPaygoService, device_key
from meterhouse.supplier.vending import EncryptionSchemes, KeyName, MemoryKeyStore, MeterRecord, TokenLimitError

openpaygo = pytest.importorskip("openpaygo", reason="the extra 'openpaygo' is not installed: OpenPAYGO NOT proved")

KEYS = MemoryKeyStore({KeyName("homes", 1): bytes(range(20))})
NOW = parse_instant("2026-11-21T10:00:00Z")
DAY_PRICE = Money.parse("0.25")


def meter(**more):
    fields = {"fuel": Fuel.ELECTRICITY, "pan": "SHS-0001", "supply_group": "homes", "scheme": "openpaygo", **more}
    return MeterRecord(Eui64(bytes(8)), hub=Eui64(bytes(8)), **fields)


def opened(token, record, count, used=None):
    key = device_key(KEYS, record).hex()
    return openpaygo.OpenPAYGOTokenDecoder.decode_token(token, key, count, used_counts=used)


@pytest.mark.requirement("S3-60")
def test_a_third_scheme_vends_behind_the_same_port():
    service = EncryptionSchemes({"openpaygo": OpenPaygoService(KEYS, DAY_PRICE)}).of(meter())
    last, count, used = None, 1, None
    for amount, days in (("10", 40), ("0.01", 1), ("249999.75", 999_999)):
        record = meter(last_tid=last)
        value, tid = service.carried(Money.parse(amount)), service.next_tid(record, NOW)
        token = service.issue(record, value, tid, 0)
        told, kind, count, used = opened(token, record, count, used)
        assert (told, kind, count) == (days, openpaygo.TokenType.ADD_TIME, tid)
        assert value.amount == days * DAY_PRICE.amount
        assert len(token) == 12
        last = tid


def test_a_token_for_another_device_is_not_taken():
    service = OpenPaygoService(KEYS, DAY_PRICE)
    token = service.issue(meter(), Money.parse("10"), 2, 0)
    other = service.issue(meter(pan="SHS-0002"), Money.parse("10"), 2, 0)
    assert token != other
    try:
        taken = opened(token, meter(pan="SHS-0002"), 1)
    except UnboundLocalError:  # how the library (0.6.3) answers an extended token that is not the device's
        taken = (None, openpaygo.TokenType.INVALID)
    assert taken[:2] == (None, openpaygo.TokenType.INVALID)


def test_limits_and_wrong_counts_are_refused():
    service = OpenPaygoService(KEYS, DAY_PRICE)
    with pytest.raises(TokenLimitError):
        service.carried(Money.parse("250000"))
    with pytest.raises(UsageError, match="none that adds time"):
        service.issue(meter(), Money.parse("10"), 3, 0)
    with pytest.raises(UsageError):
        service.carried(Money.parse("1", "EUR"))
    with pytest.raises(UsageError):
        OpenPaygoService(KEYS, Money.parse("0"))
    with pytest.raises(ConfigurationError):
        service.issue(meter(key_revision=2), Money.parse("10"), 2, 0)


@pytest.mark.parametrize(
    ("value", "form", "digits"),
    [
        (1, {}, "588224011"),
        (1, {"extended_token": True}, "247264959011"),
        (1, {"restricted_digit_set": True}, "314114432231134"),
        (1, {"restricted_digit_set": True, "extended_token": True}, "14323213131442331314"),
        (2, {}, "639704012"),
    ],
)
def test_the_library_makes_the_published_tokens(value, form, digits):
    key, start = "bc41ec9530f6dac86b1a29ab82edc5fb", 516959010
    assert openpaygo.OpenPAYGOTokenEncoder.generate_token(key, 1, value, starting_code=start, **form) == (2, digits)
    told = openpaygo.OpenPAYGOTokenDecoder.decode_token(digits, key, 1, starting_code=start, **_read(form))
    assert told[:3] == (value, openpaygo.TokenType.ADD_TIME, 2)


@pytest.mark.parametrize(
    ("kind", "value", "digits"),
    [("SET_TIME", 1, "24231242213131432431"), ("COUNTER_SYNC", None, "11424423123223414243")],
)
def test_the_library_makes_and_takes_the_published_tokens_that_set(kind, value, digits):
    key, start, form = "dac86b1a29ab82edc5fbbc41ec9530f6", 432435255, {"restricted_digit_set": True}
    kind = getattr(openpaygo.TokenType, kind)
    made = openpaygo.OpenPAYGOTokenEncoder.generate_token(
        key, 10, value, kind, starting_code=start, extended_token=True, **form
    )
    assert made == (11, digits)
    told = openpaygo.OpenPAYGOTokenDecoder.decode_token(digits, key, 10, starting_code=start, **form)
    assert told[2] == 11
    assert told[1] in (kind, openpaygo.TokenType.SET_TIME), "an extended token does not tell the two apart"


def _read(form):
    return {name: on for name, on in form.items() if name == "restricted_digit_set"}
