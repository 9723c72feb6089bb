"""A meter takes each token once, and only its own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.model import MINUTE, Instant, MalformedError, UsageError
from meterhouse.protocols.sts import (
    KEY_CHANGE_WINDOW,
    TID_MEMORY,
    BaseDate,
    CreditSubclass,
    Decoder,
    DecoderKey,
    EncryptionAlgorithm,
    KeyType,
    Management,
    ManagementSubclass,
    MeterPan,
    ResultCode,
    StaTables,
    Token,
    TokenError,
    decode_amount,
    decode_token,
    derive_dkga04,
    encode_amount,
    encode_credit,
    encode_currency_credit,
    encode_key_change,
    encode_management,
    encode_test,
    next_tid,
    representable_currency,
    tid_at,
)
from meterhouse.protocols.sts.sealing import identified_payload, seal

VENDING_KEY = bytes(range(20))
PAN = MeterPan.of_serial(1, 1)
OTHER_PAN = MeterPan.of_serial(1, 2)
GAS = CreditSubclass.GAS_CURRENCY
NOW = Instant(1_800_000_000_000)
TID = tid_at(NOW, BaseDate.B2014)


def key_for(pan: MeterPan = PAN, **binding) -> DecoderKey:
    return derive_dkga04(VENDING_KEY, pan=pan, supply_group="123457", **binding)


KEY = key_for()


def decoder(key: DecoderKey = KEY, **settings) -> Decoder:
    return Decoder(key, PAN, **{"credits": [GAS], **settings})


def credit(tid: int = TID, money5: int = 1_600_000, key: DecoderKey = KEY) -> Token:
    return encode_currency_credit(key, GAS, tid=tid, amount_money5=money5)


def refused(meter: Decoder, entry: object, code: ResultCode, **room) -> None:
    before = meter.state()
    result = meter.enter(entry, NOW, **room)
    assert result.code is code
    assert not result.ok
    assert result.meaning.endswith((".", "fuel."))
    assert meter.state() == before


def test_a_token_is_taken_once_with_spaces_or_dashes():
    meter = decoder()
    result = meter.enter(f" {credit().grouped()} ", NOW)
    assert result.code is ResultCode.ACCEPT
    assert result.amount_money5 == representable_currency(1_600_000) >= 1_600_000
    assert (result.tid, result.subclass) == (TID, GAS)
    refused(meter, credit().digits, ResultCode.USED_ERROR)
    refused(meter, credit().grouped().replace(" ", "-"), ResultCode.USED_ERROR)


def test_a_token_for_another_meter_is_refused():
    refused(decoder(), credit(key=key_for(OTHER_PAN)), ResultCode.CRC_ERROR)


@pytest.mark.parametrize("binding", [{"tariff_index": 2}, {"key_revision": 2}, {"base_date": BaseDate.B2035}])
def test_a_token_under_another_key_of_the_same_meter_is_refused(binding):
    other = key_for(**binding)
    tid = TID if other.base_date is BaseDate.B2014 else 5
    refused(decoder(), credit(tid, key=other), ResultCode.CRC_ERROR)


def test_every_single_wrong_digit_of_a_token_is_refused_and_changes_nothing():
    """180 wrong digits; the CRC would let one in 65 536 pass, so none is to be expected with these fixed numbers."""
    meter, digits = decoder(), credit().digits
    codes = set()
    for place in range(20):
        for digit in set("0123456789") - {digits[place]}:
            before = meter.state()
            result = meter.enter(digits[:place] + digit + digits[place + 1 :], NOW)
            assert not result.ok
            assert meter.state() == before
            codes.add(result.code)
    assert codes <= {ResultCode.CRC_ERROR, ResultCode.FORMAT_ERROR}
    assert meter.enter(digits, NOW).ok


@pytest.mark.parametrize(
    "entry",
    ["", "1", "x" * 20, "1" * 19, "1" * 21, "73786976294838206464", "9" * 20, "٣" * 20, "²" * 20, "1" * 10_000],
)
def test_what_is_not_twenty_digits_of_66_bits_is_refused_as_no_token(entry):
    refused(decoder(), entry, ResultCode.FORMAT_ERROR)


def test_a_token_older_than_the_memory_is_refused_as_old_and_one_within_it_only_if_unused():
    meter = decoder(first_tid=TID)
    refused(meter, credit(TID - 1), ResultCode.OLD_ERROR)
    for step in range(2, 2 * TID_MEMORY + 2, 2):
        assert meter.enter(credit(TID + step), NOW).ok
    refused(meter, credit(TID), ResultCode.OLD_ERROR)
    assert meter.enter(credit(TID + 5), NOW).ok, "a token bought earlier and typed later still counts"
    refused(meter, credit(TID + 2), ResultCode.OLD_ERROR)
    refused(meter, credit(TID + 4), ResultCode.USED_ERROR)


def test_a_token_that_would_overfill_the_meter_is_refused_and_stays_good():
    meter = decoder()
    refused(meter, credit(), ResultCode.OVERFLOW_ERROR, room_money5=1_600_000 - 1)
    assert meter.enter(credit(), NOW, room_money5=representable_currency(1_600_000)).ok


def test_credit_for_another_fuel_is_refused():
    electricity = encode_currency_credit(KEY, CreditSubclass.ELECTRICITY_CURRENCY, tid=TID, amount_money5=1)
    refused(decoder(), electricity, ResultCode.FUNCTION_ERROR)
    refused(decoder(), encode_credit(KEY, CreditSubclass.GAS, tid=TID, amount=1, rnd=0), ResultCode.FUNCTION_ERROR)


def test_a_token_past_the_key_expiry_is_refused_by_the_meter_and_never_made():
    expired = DecoderKey(KEY.octets, KEY.algorithm, KeyType.DUTK, 1, 1, "123457", BaseDate.B2014, ken=TID // 65536 - 1)
    refused(decoder(expired), credit(), ResultCode.KEY_EXPIRED_ERROR)
    with pytest.raises(UsageError, match="expired"):
        credit(key=expired)


def test_credit_under_a_default_key_is_refused_by_the_meter_and_never_made():
    default = DecoderKey(KEY.octets, KEY.algorithm, KeyType.DDTK, 1, 1, "123457", BaseDate.B2014)
    refused(decoder(default), credit(), ResultCode.DDTK_ERROR)
    with pytest.raises(UsageError, match="DDTK"):
        credit(key=default)


def test_a_test_token_for_another_maker_is_refused():
    refused(decoder(), encode_test(0, 1, manufacturer=2), ResultCode.MFR_CODE_ERROR)
    assert decoder().enter(encode_test(0, 1, manufacturer=1), NOW).ok


def test_an_order_this_meter_does_not_obey_is_refused():
    order = encode_management(KEY, ManagementSubclass.CLEAR_CREDIT, tid=TID, value=0, rnd=3)
    refused(decoder(orders=[]), order, ResultCode.FUNCTION_ERROR)
    assert decoder().enter(order, NOW).ok


def test_old_tokens_do_not_count_again_after_a_roll_over():
    meter, new = decoder(), key_for(base_date=BaseDate.B2035, key_revision=2)
    token = credit()
    assert meter.enter(token, NOW).ok
    for section in encode_key_change(KEY, new, rollover=True):
        assert meter.enter(section, NOW).ok
    assert meter.key == new
    refused(meter, token, ResultCode.CRC_ERROR)
    assert meter.enter(credit(7, key=new), NOW).ok, "the memory was cleared for the new base date"


def test_a_key_change_without_roll_over_keeps_the_memory_of_used_tokens():
    meter, new = decoder(), key_for(key_revision=2)
    assert meter.enter(credit(), NOW).ok
    for section in encode_key_change(KEY, new):
        assert meter.enter(section, NOW).ok
    refused(meter, credit(key=new), ResultCode.USED_ERROR)


def test_a_key_change_left_half_done_is_forgotten_after_its_window():
    meter, new = decoder(), key_for(key_revision=2)
    sections = encode_key_change(KEY, new)
    assert [meter.enter(section, NOW).code for section in sections[:3]] == [
        ResultCode.FIRST_KCT,
        ResultCode.SECOND_KCT,
        ResultCode.THIRD_KCT,
    ]
    late = Instant(NOW + KEY_CHANGE_WINDOW + MINUTE)
    assert meter.enter(sections[3], late).code is ResultCode.FOURTH_KCT
    assert meter.key == KEY
    assert [meter.enter(section, late).code for section in sections[:3]][-1] is ResultCode.ACCEPT
    assert meter.key == new


def test_state_survives_json_and_a_used_token_stays_used():
    meter = decoder()
    meter.enter(credit(), NOW)
    meter.enter(encode_key_change(KEY, key_for(key_revision=2))[0], NOW)
    document = json.loads(json.dumps(meter.state()))
    again = decoder(key_for(OTHER_PAN))
    again.restore(document)
    assert again.state() == meter.state()
    refused(again, credit(), ResultCode.USED_ERROR)


@pytest.mark.parametrize(
    "damage",
    [
        {"key": "00"},
        {"key": 5},
        {"tids": []},
        {"tids": [True] * 50},
        {"tids": [2, 1] * 25},
        {"tids": None},
        {"algorithm": 9},
        {"pending": [[7, 1]]},
        {"pending": [1]},
        {"ken": -1},
        {"supply_group": "1"},
        {"supply_group": 1},
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(damage):
    meter = decoder()
    before = meter.state()
    with pytest.raises(MalformedError):
        meter.restore({**before, **damage})
    with pytest.raises(MalformedError):
        meter.restore([])
    assert meter.state() == before


def test_the_next_token_of_the_same_minute_takes_the_next_minute_and_steps_over_the_reserved_one():
    midnight = Instant(NOW - NOW % (1440 * MINUTE))
    first = next_tid(midnight, BaseDate.B2014, None)
    second = next_tid(midnight, BaseDate.B2014, first)
    third = next_tid(midnight, BaseDate.B2014, second)
    assert (second - first, third - second) == (2, 1)


def test_tables_that_could_not_be_undone_are_refused():
    with pytest.raises(UsageError, match="substitution_1"):
        StaTables.parse("substitution_1 = [1]\nsubstitution_2 = []\npermutation = []")
    for text in ("substitution_1 = 5", "= =", ""):
        with pytest.raises(UsageError):
            StaTables.parse(text)
    with pytest.raises(UsageError, match="permutation"):
        StaTables(tuple(range(16)), tuple(range(16)), (0,) * 64)


@given(st.integers(0, 18_201_624))
def test_an_amount_is_never_rounded_down_and_by_less_than_a_thousandth(units):
    told = decode_amount(encode_amount(units))
    assert 0 <= told - units <= units // 1000


@given(st.integers(-(10**15), 10**15))
def test_a_currency_amount_is_never_rounded_against_the_customer(money5):
    told = representable_currency(money5)
    assert 0 <= told - money5 <= abs(money5) // 1000
    assert representable_currency(told) == told


@settings(max_examples=500)
@given(st.integers(0, (1 << 66) - 1))
def test_any_66_bits_decode_or_are_refused_with_one_class(bits):
    try:
        decode_token(KEY, Token.of(bits))
    except TokenError:
        return


@given(st.text(max_size=40))
def test_any_text_typed_is_answered(text):
    assert decoder().enter(text, NOW).code in ResultCode


@pytest.mark.parametrize("subclass", [ManagementSubclass.SET_TARIFF_RATE, ManagementSubclass.SET_WATER_METER_FACTOR])
def test_what_the_standard_reserves_is_read_by_name_refused_by_the_meter_and_never_made(subclass):
    with pytest.raises(UsageError, match="cannot be made"):
        encode_management(KEY, subclass, tid=TID, value=7, rnd=3)
    foreign = seal(KEY, 2, subclass, identified_payload(KEY, 3, TID, 0x1234))
    assert decode_token(KEY, foreign) == Management(subclass, TID, 0x1234, 3)
    refused(decoder(), foreign, ResultCode.FUNCTION_ERROR)


@pytest.mark.parametrize("manufacturer_digits", [2, 4])
def test_a_test_token_of_either_form_is_for_its_maker_alone(manufacturer_digits):
    wide = manufacturer_digits == 4
    pan = MeterPan.of_drn("0100000000008", "0000") if wide else PAN
    own = int(pan.manufacturer)
    meter = Decoder(key_for(pan), pan, credits=[])
    for form, other in ((0, 77), (1, 7777)):
        if own <= 99 or form == 1:
            assert meter.enter(encode_test(form, 1, manufacturer=own), NOW).ok
        assert meter.enter(encode_test(form, 1, manufacturer=other), NOW).code is ResultCode.MFR_CODE_ERROR
        assert meter.enter(encode_test(form, 1), NOW).ok, "a test for all makers"
    for form, manufacturer in ((0, 100), (1, 10_000), (2, 0)):
        with pytest.raises(UsageError):
            encode_test(form, 1, manufacturer=manufacturer)


def test_a_common_key_by_dkga04_is_refused_by_name():
    with pytest.raises(UsageError, match="DCTK"):
        key_for(key_type=KeyType.DCTK)


@pytest.mark.parametrize("shuffle", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_an_ea07_triplet_gives_the_supply_group_in_any_order(shuffle):
    ea07 = EncryptionAlgorithm.EA07
    old = key_for(algorithm=ea07)
    new = derive_dkga04(VENDING_KEY, pan=PAN, supply_group="987654", algorithm=ea07, key_revision=2)
    tokens = encode_key_change(old, new, carry_supply_group=True)
    meter = decoder(old)
    codes = [meter.enter(tokens[place], NOW).code for place in shuffle]
    assert codes[-1] is ResultCode.ACCEPT
    assert ResultCode.ACCEPT not in codes[:-1]
    assert (meter.key, meter.key.supply_group) == (new, "987654")


def test_a_key_change_to_an_initialisation_key_or_an_impossible_revision_changes_nothing():
    new = key_for(key_revision=2)
    with pytest.raises(UsageError, match="initialisation key"):
        encode_key_change(KEY, key_for(key_type=KeyType.DITK))
    _, second, third, fourth = encode_key_change(KEY, new)
    for kind, revision, code in ((0, 2, ResultCode.KEY_TYPE_ERROR), (2, 12, ResultCode.RANGE_ERROR)):
        first = seal(KEY, 2, 3, (15 << 8 | revision << 4 | kind) << 32 | 1)
        meter = decoder()
        codes = [meter.enter(token, NOW).code for token in (second, third, fourth, first)]
        assert codes[-1] is code
        assert meter.key == KEY
