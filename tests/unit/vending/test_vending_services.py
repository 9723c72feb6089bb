"""Encryption services side by side: each token opens at the meter it was made for, at the value that was booked."""

from __future__ import annotations

import pytest

from meterhouse.companion.utrn import UtrnKey, UtrnReader, UtrnRefusal
from meterhouse.crypto import P256, KeyPair, shared_secret
from meterhouse.model import ConfigurationError, Eui64, Fuel, Money, UsageError, parse_instant
from meterhouse.protocols.sts import (
    IEC_SAMPLE_TABLES,
    CreditSubclass,
    Decoder,
    KeyType,
    MeterPan,
    ResultCode,
    derive_dkga02,
    derive_dkga04,
)
from meterhouse.supplier.vending import (
    EA07_DKGA02,
    EA07_DKGA04,
    EncryptionSchemes,
    KeyExpiredError,
    KeyName,
    MemoryKeyStore,
    MeterRecord,
    StsFamily,
    StsService,
    TokenLimitError,
    UtrnService,
)

NOW = parse_instant("2026-11-21T10:00:00Z")
PAN = "600727000000000009"
SUPPLIER, METER = Eui64(b"\1" * 8), Eui64(b"\2" * 8)
DEVICE = KeyPair(P256, bytes(range(1, 33)))
NAME, OLDER, NEXT, AGREED = KeyName("123457", 1), KeyName("123456", 1), KeyName("123457", 2), KeyName("utrn", 1)
SECRETS = {NAME: bytes(range(20)), OLDER: bytes(range(8)), NEXT: bytes(range(1, 21)), AGREED: bytes(range(2, 34))}
KEYS = MemoryKeyStore(SECRETS)
DEVICES = {METER: DEVICE.public.octets}


def meter(**more):
    fields = {"meter": METER, "fuel": Fuel.GAS, "hub": Eui64(bytes(8)), "pan": PAN, "supply_group": "123457"}
    return MeterRecord(**{**fields, **more})


def schemes(keys=KEYS):
    return EncryptionSchemes(
        {
            "sts": StsService(keys),
            "sts-ea07": StsService(keys, EA07_DKGA04(IEC_SAMPLE_TABLES)),
            "sts-older": StsService(keys, EA07_DKGA02(IEC_SAMPLE_TABLES)),
            "utrn": UtrnService(keys, SUPPLIER, DEVICES.__getitem__),
        }
    )


def reader():
    return UtrnReader(UtrnKey(shared_secret(DEVICE, KeyPair(P256, SECRETS[AGREED]).public), SUPPLIER, METER))


def utrn_meter(**more):
    return meter(scheme="utrn", supply_group="utrn", **more)


def sts_decoder(record):
    pan = MeterPan(PAN)
    if record.scheme == "sts-older":
        key = derive_dkga02(SECRETS[OLDER], pan=pan, supply_group="123456")
    else:
        family = StsFamily() if record.scheme == "sts" else EA07_DKGA04(IEC_SAMPLE_TABLES)
        key = derive_dkga04(SECRETS[NAME], pan=pan, supply_group="123457", algorithm=family.algorithm)
    return Decoder(key, pan, credits=[CreditSubclass.GAS_CURRENCY])


def vend(record, amount, now=NOW, services=None):
    service = (services or schemes()).of(record)
    value = service.carried(Money.parse(amount))
    tid = service.next_tid(record, now)
    return service.issue(record, value, tid, 0), value, tid


@pytest.mark.requirement("S3-60")
@pytest.mark.parametrize(
    "record",
    [
        meter(),
        meter(scheme="sts-ea07"),
        meter(scheme="sts-older", supply_group="123456", base_date=1993),
    ],
    ids=lambda record: record.scheme,
)
def test_every_sts_family_vends_what_its_meters_take(record):
    now = NOW if record.base_date == 2014 else parse_instant("2024-11-20T10:00:00Z")
    digits, value, tid = vend(record, "16.00", now)
    taken = sts_decoder(record).enter(digits, now)
    assert (taken.code, taken.amount_money5, taken.tid) == (ResultCode.ACCEPT, value.amount, tid)


@pytest.mark.requirement("S3-60")
def test_codes_vend_beside_sts_and_count_from_one():
    taker = reader()
    for last, amount in ((None, "16.00"), (1, "81.92"), (2, "0")):
        digits, value, counter = vend(utrn_meter(last_tid=last), amount)
        taken = taker.enter(digits)
        assert (taken.refusal, taken.money5, taken.counter) == (None, value.amount, counter)
        assert counter == (last or 0) + 1
        assert value >= Money.parse(amount)
    assert vend(utrn_meter(), "81.92")[1] == Money.parse("82.00")


@pytest.mark.requirement("S0-72")
def test_a_code_of_another_supplier_or_for_another_meter_is_refused():
    other = EncryptionSchemes({"utrn": UtrnService(KEYS, Eui64(b"\3" * 8), DEVICES.__getitem__)})
    assert reader().enter(vend(utrn_meter(), "5", services=other)[0]).refusal is UtrnRefusal.NOT_AUTHENTIC
    neighbour = Eui64(b"\4" * 8)
    both = UtrnService(KEYS, SUPPLIER, lambda _device: DEVICE.public.octets)
    digits = vend(utrn_meter(meter=neighbour), "5", services=EncryptionSchemes({"utrn": both}))[0]
    assert reader().enter(digits).refusal is UtrnRefusal.NOT_AUTHENTIC


def test_a_scheme_that_is_not_set_up_is_named():
    with pytest.raises(ConfigurationError, match="'openpaygo'"):
        schemes().of(meter(scheme="openpaygo"))


def test_more_than_a_code_can_carry_is_refused_by_name():
    service = schemes().of(utrn_meter())
    assert service.carried(Money.parse("8191")) == Money.parse("8191")
    with pytest.raises(TokenLimitError):
        service.carried(Money.parse("8191.01"))
    with pytest.raises(UsageError, match="exactly"):
        service.issue(utrn_meter(), Money.parse("0.001"), 1, 0)


def test_a_key_of_another_kind_is_refused_by_name():
    with pytest.raises(ConfigurationError, match="another kind"):
        vend(meter(scheme="sts-older"), "5")
    with pytest.raises(UsageError, match="not a point"):
        UtrnService(KEYS, SUPPLIER, lambda _: b"\1" * 64).issue(utrn_meter(), Money.parse("5"), 1, 0)
    with pytest.raises(ConfigurationError, match="utrn"):
        vend(meter(scheme="utrn", supply_group="utrn", key_revision=2), "5")


def test_dkga02_with_ea11_does_not_exist():
    with pytest.raises(UsageError):
        StsFamily(older=True)


# expiry at the counter (STS 531, CTSA16): the sale is refused, not only the meter


@pytest.mark.parametrize(
    ("at", "ken"), [("2032-10-27T10:00:00Z", 85 + 64), ("2025-01-01T00:00:00Z", 85), ("2045-11-24T20:16:00Z", 255)]
)
def test_after_the_last_minute_of_its_key_nothing_is_sold_before_it_is_changed(at, ken):
    service = StsService(MemoryKeyStore(SECRETS, {NAME: ken}))
    now = parse_instant(at)
    with pytest.raises(KeyExpiredError) as refused:
        service.next_tid(meter(), now)
    assert "key change" in refused.value.remedy
    assert refused.value.code == "key_expired"


def test_the_last_minute_of_a_key_is_still_good_and_the_next_is_not():
    ken = 85
    last_tid = ken << 16 | 0xFFFF
    service = StsService(MemoryKeyStore(SECRETS, {NAME: ken}))
    before = parse_instant("2024-01-01T00:00:00Z")
    assert service.next_tid(meter(last_tid=last_tid - 1), before) == last_tid
    with pytest.raises(KeyExpiredError):
        service.next_tid(meter(last_tid=last_tid), before)


def test_before_the_base_date_of_its_key_nothing_is_sold():
    with pytest.raises(KeyExpiredError, match="not yet valid"):
        StsService(KEYS).next_tid(meter(base_date=2035), NOW)


def test_a_meter_number_with_a_wrong_check_digit_is_never_sold_to():
    with pytest.raises(UsageError, match="check digit"):
        vend(meter(pan="600727000000000001"), "5")


# key changes


@pytest.mark.parametrize("old", [meter(), meter(scheme="sts-ea07")], ids=lambda record: record.scheme)
@pytest.mark.parametrize(
    ("change", "wide", "narrow"),
    [
        ({"key_revision": 2}, 4, 2),
        ({"tariff_index": 7}, 4, 2),
        ({"base_date": 2035, "key_revision": 2}, 4, 2),
    ],
)
def test_key_change_tokens_bring_the_meter_to_its_new_record(old, change, wide, narrow):
    new = meter(scheme=old.scheme, **change)
    service = schemes().of(old)
    tokens = service.change_key(old, new)
    assert len(tokens) == (wide if old.scheme == "sts" else narrow)
    decoder = sts_decoder(old)
    used = vend(old, "10")[0]
    assert decoder.enter(used, NOW).ok
    assert [decoder.enter(digits, NOW).code for digits in tokens][-1] is ResultCode.ACCEPT
    assert decoder.key == service.decoder_key(new)
    later = NOW if new.base_date == 2014 else parse_instant("2035-01-01T00:03:00Z")
    assert decoder.enter(used, NOW).code is ResultCode.CRC_ERROR, "the roll-over does not bring old tokens back"
    assert new.base_date == 2014 or decoder.enter(vend(new, "10", later)[0], later).ok


def test_an_ea07_meter_is_told_its_new_supply_group_by_a_third_token():
    keys = MemoryKeyStore({**SECRETS, KeyName("200001", 1): bytes(range(5, 25))})
    service = StsService(keys, EA07_DKGA04(IEC_SAMPLE_TABLES))
    old, new = meter(scheme="sts-ea07"), meter(scheme="sts-ea07", supply_group="200001")
    tokens = service.change_key(old, new)
    assert len(tokens) == 3
    decoder = sts_decoder(old)
    assert [decoder.enter(digits, NOW).code for digits in reversed(tokens)] == [
        ResultCode.THIRD_KCT,
        ResultCode.SECOND_KCT,
        ResultCode.ACCEPT,
    ]
    assert (decoder.key, decoder.key.supply_group) == (service.decoder_key(new), "200001")


def test_a_meter_with_its_default_key_is_brought_to_a_unique_one():
    service, pan = StsService(KEYS), MeterPan(PAN)
    default = derive_dkga04(SECRETS[NAME], pan=pan, supply_group="123457", key_type=KeyType.DDTK)
    decoder = Decoder(default, pan, credits=[CreditSubclass.GAS_CURRENCY])
    new = meter(key_revision=2)
    for digits in service.change_key(meter(), new, from_type=KeyType.DDTK):
        assert decoder.enter(digits, NOW).ok
    assert decoder.enter(vend(new, "5")[0], NOW).ok


@pytest.mark.parametrize("change", [{"pan": "600727000000000017"}, {"base_date": 1993}, {}])
def test_a_key_change_that_no_meter_would_take_is_never_made(change):
    with pytest.raises(UsageError):
        StsService(KEYS).change_key(meter(), meter(**change))
    with pytest.raises(UsageError):
        StsService(KEYS).change_key(meter(base_date=1993), meter(base_date=2035, key_revision=2))
