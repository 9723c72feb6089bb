"""The short ways through the DLMS room give what the long ways give: the same bytes, values and refusals."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meterhouse.model import Instant, UsageError
from meterhouse.protocols.dlms import CLOCK, ApduError, CaptureObject, Entries, Obis, Range, decode_data
from meterhouse.protocols.dlms.axdr import Encoded
from meterhouse.protocols.dlms.requests import Access, ActionRequest, GetRequest, Target, encode_request
from meterhouse.protocols.dlms.responses import ActionResponse, GetResponse, decode_response
from meterhouse.protocols.dlms.selection import encode_selection
from meterhouse.protocols.dlms.single import encode_single_action, encode_single_get, single_return, single_value

BYTE = st.integers(0, 255)
NAMES = st.binary(min_size=6, max_size=6).map(Obis)
INDEXES = st.integers(-128, 127)
COLUMNS = st.builds(CaptureObject, st.integers(0, 0xFFFF), NAMES, INDEXES)
INSTANTS = st.integers(0, 4_102_444_800_000).map(Instant)
RANGES = st.builds(
    Range,
    INSTANTS,
    INSTANTS,
    st.lists(COLUMNS, max_size=3).map(tuple),
    st.just(CLOCK) | COLUMNS,
    st.integers(-840, 840),
    st.booleans(),
)
SELECTIONS = st.none() | RANGES | st.builds(Entries, st.integers(0, 9), st.integers(0, 9))


@given(BYTE, st.integers(0, 0xFFFF), NAMES, INDEXES, SELECTIONS)
def test_a_single_get_is_written_as_any_request_is(invoke, class_id, obis, attribute, selection):
    access = Access(Target(class_id, obis, attribute), *(encode_selection(selection) if selection else ()))
    written = encode_single_get(invoke, class_id, obis, attribute, selection)
    assert written == encode_request(GetRequest(invoke, access))


@given(BYTE, st.integers(0, 0xFFFF), NAMES, INDEXES, st.none() | st.binary(min_size=1, max_size=20))
def test_a_single_action_is_written_as_any_request_is(invoke, class_id, obis, method, parameter):
    data = None if parameter is None else Encoded(parameter)
    written = encode_single_action(invoke, class_id, obis, method, parameter or b"")
    assert written == encode_request(ActionRequest(invoke, Target(class_id, obis, method), data))


@pytest.mark.parametrize(("class_id", "attribute"), [(0x1_0000, 2), (-1, 2), (3, 128), (3, -129)])
def test_what_no_request_can_name_is_refused_in_words(class_id, attribute):
    with pytest.raises(UsageError, match="does not fit a request"):
        encode_single_get(0xC1, class_id, Obis(bytes(6)), attribute, None)


def starts(*heads: bytes):
    return st.builds(bytes.__add__, st.sampled_from(heads), st.binary(max_size=40))


@given(starts(b"", b"\xc4", b"\xc4\x01\xc1\x00", b"\xc4\x01\xc2\x00", b"\xc4\x01\xc1\x01", b"\xc4\x02\xc1\x00"), BYTE)
@example(b"\xc4\x01\xc1\x00", 0xC1)
@example(b"\xc4\x01\xc1", 0xC1)
def test_a_single_value_is_what_the_response_decoder_finds_and_nothing_else_is_one(answer, invoke):
    try:
        response = decode_response(answer)
    except ApduError:
        response = None
    whole = isinstance(response, GetResponse) and not (response.invoke ^ invoke) & 0x0F
    assert single_value(answer, invoke) == (response.result.encoded if whole else None)


def returned(octets: bytes):
    """What the decoders find returned: the value, or None where it is none."""
    try:
        return decode_data(octets)
    except ApduError:
        return None


@given(starts(b"", b"\xc7\x01\xc1\x00\x01\x00\x09\x02", b"\xc7\x01\xc2\x00\x01\x00", b"\xc7\x01\xc1\x03\x01\x00"), BYTE)
@example(b"\xc7\x01\xc1\x00\x01\x00\x09\x01\x00", 0xC1)
@example(b"\xc7\x01\xc1\x00\x01\x00\x09\x01\x00\x00", 0xC1)
@example(b"\xc7\x01\xc1\x00\x01\x01\x03", 0xC1)
@example(b"\xc7\x01\xc1\x00\x00", 0xC1)
def test_a_single_return_is_what_the_response_decoder_finds_and_nothing_else_is_one(answer, invoke):
    try:
        response = decode_response(answer)
    except ApduError:
        response = None
    whole = isinstance(response, ActionResponse) and not (response.invoke ^ invoke) & 0x0F and not response.code
    expected = returned(response.result.encoded) if whole and response.result and response.result.encoded else None
    found = single_return(answer, invoke)
    assert (None if found is None else returned(found)) == expected
