"""Extended tokens: the fields that were seen in the field, both ways; a meter takes them only where it was told to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import Instant, UsageError
from meterhouse.protocols.sts import (
    CreditSubclass,
    Decoder,
    EncryptionAlgorithm,
    ExtendedRead,
    ExtendedSet,
    MeterPan,
    ResultCode,
    decode_token,
    derive_dkga04,
    encode_extended_set,
)
from meterhouse.protocols.sts.container import Block, join

PAN = MeterPan("600727000000000009")
KEY = derive_dkga04(bytes(range(20)), pan=PAN, supply_group="123457", algorithm=EncryptionAlgorithm.EA11)
NOW = Instant(0)


@pytest.mark.parametrize(
    ("field", "index", "value"), [(0xFC00, 63, 0), (0xFC01, 63, 1), (0x0000, 0, 0), (0x007B, 0, 123)]
)
def test_the_fields_that_were_seen_are_index_and_value(field, index, value):
    token = encode_extended_set(KEY, tid=7, index=index, value=value, rnd=5)
    assert decode_token(KEY, token) == ExtendedSet(7, index, value, 5)
    plain = Block(2, 10, 5 << 40 | 7 << 16 | field)
    assert token == join(2, KEY.cipher.encrypt(plain.bits()))


@given(st.integers(1, 2**24 - 1), st.integers(0, 63), st.integers(0, 1023), st.integers(0, 15))
def test_a_meter_that_takes_them_takes_each_once_and_another_says_that_it_is_not_its_function(tid, index, value, rnd):
    if tid % 1440 == 1:
        tid += 1
    token = encode_extended_set(KEY, tid=tid, index=index, value=value, rnd=rnd).digits
    takes = Decoder(KEY, PAN, credits=[CreditSubclass.GAS_CURRENCY], extended=True)
    assert takes.enter(token, NOW).content == ExtendedSet(tid, index, value, rnd)
    again = takes.enter(token, NOW)
    assert (again.code, again.tid, again.subclass) == (ResultCode.USED_ERROR, tid, 10)
    plain = Decoder(KEY, PAN, credits=[CreditSubclass.GAS_CURRENCY])
    before = plain.state()
    assert plain.enter(token, NOW).code is ResultCode.FUNCTION_ERROR
    assert plain.state() == before


def test_a_request_to_read_is_carried_as_it_is_and_no_meter_here_answers_it():
    token = join(1, Block(1, 2, 0xFC00_0000_000).bits())
    assert decode_token(KEY, token) == ExtendedRead(0xFC00_0000_000)
    taken = Decoder(KEY, PAN, credits=[], extended=True).enter(token, NOW)
    assert (taken.code, taken.tid, taken.subclass) == (ResultCode.FUNCTION_ERROR, None, 2)


@pytest.mark.parametrize("wrong", [{"index": 64}, {"index": -1}, {"value": 1024}, {"value": -1}, {"rnd": 16}])
def test_what_fits_no_field_is_refused(wrong):
    with pytest.raises(UsageError):
        encode_extended_set(KEY, **{"tid": 7, "index": 0, "value": 0, "rnd": 0, **wrong})
