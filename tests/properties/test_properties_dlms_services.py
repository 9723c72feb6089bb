"""Every service's decoder: what was written is read; cut anywhere or with a tail it is refused with the one error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import ProtocolError, UsageError
from meterhouse.protocols.dlms import (
    ApduError,
    CosemData,
    Obis,
    Tag,
    array,
    decode_data,
    encode_data,
    octet_string,
    structure,
    unsigned,
    visible_string,
    wrapper,
)
from meterhouse.protocols.dlms.accessing import (
    AccessKind,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessStep,
    decode_access_request,
    decode_access_response,
    encode_access_request,
    encode_access_response,
)
from meterhouse.protocols.dlms.block_transfer import Block, BlockTransfer, decode_block, encode_block
from meterhouse.protocols.dlms.compact import CompactArray
from meterhouse.protocols.dlms.moments import CosemDateTime
from meterhouse.protocols.dlms.notifications import (
    DataNotification,
    EventNotification,
    decode_notification,
    encode_notification,
)
from meterhouse.protocols.dlms.requests import (
    Access,
    ActionBlock,
    ActionList,
    ActionNext,
    SetList,
    SetListBlock,
    Target,
    decode_request,
    encode_request,
)
from meterhouse.protocols.dlms.responses import (
    ActionBlockResponse,
    ActionListResponse,
    ActionNextResponse,
    Outcome,
    Result,
    SetListResponse,
    decode_response,
    encode_response,
)
from meterhouse.protocols.dlms.rows import table_rows

TARGET = Target(3, Obis.parse("1-0:1.8.0.255"), 2)
ACCESS = Access(TARGET)
SELECTED = Access(TARGET, 2, structure(unsigned(1)))
VALUE = structure(unsigned(1), octet_string(b"ab"))
REQUESTS = [
    SetList(0xC1, (ACCESS, SELECTED), (VALUE, unsigned(2))),
    SetListBlock(0xC1, (ACCESS, SELECTED), False, 1, b"abc"),
    ActionNext(0xC1, 7),
    ActionList(0xC1, (TARGET, TARGET), (VALUE, unsigned(2))),
    ActionBlock(0xC1, (TARGET,), False, False, 1, b"abc"),
    ActionBlock(0xC1, (TARGET, TARGET), True, False, 1, b"abc"),
    ActionBlock(0xC1, (), False, True, 2, b"abc"),
]
RESPONSES = [
    SetListResponse(0xC1, (0, 3)),
    SetListResponse(0xC1, (0, 3), 4),
    ActionListResponse(0xC1, (Outcome(0, Result(b"\x11\x01")), Outcome(3), Outcome(0, Result(None, 4)))),
    ActionBlockResponse(0xC1, True, 2, b"abc"),
    ActionNextResponse(0xC1, 2),
]
STEPS = (AccessStep(AccessKind.GET, SELECTED), AccessStep(AccessKind.ACTION, ACCESS, VALUE))
RESULTS = (AccessResult(AccessKind.GET, 0, b"\x11\x01"), AccessResult(AccessKind.ACTION, 3))
CASES = [
    *((decode_request, encode_request, request) for request in REQUESTS),
    *((decode_response, encode_response, response) for response in RESPONSES),
    (decode_access_request, encode_access_request, AccessRequest(0x4000_0001, b"", STEPS)),
    (decode_access_response, encode_access_response, AccessResponse(0x4000_0001, b"", RESULTS)),
    (decode_notification, encode_notification, DataNotification(5, CosemDateTime(2026, 1, 5), VALUE)),
    (decode_notification, encode_notification, EventNotification(CosemDateTime(2026), TARGET, VALUE)),
    (decode_notification, encode_notification, EventNotification(None, TARGET, VALUE)),
    (decode_block, encode_block, Block(True, False, 63, 1, 0, b"abc")),
]


@pytest.mark.parametrize(("decode", "encode", "value"), CASES)
def test_what_is_written_is_read_and_every_cut_tail_and_flipped_bit_ends_well(decode, encode, value):
    octets = encode(value)
    assert decode(octets) == value
    for end in range(len(octets)):
        with pytest.raises(ApduError):
            decode(octets[:end])
    with pytest.raises(ApduError):
        decode(octets + b"\x00")
    whole = int.from_bytes(octets, "big")
    for bit in range(len(octets) * 8):
        with suppress(ApduError):
            decode((whole ^ 1 << bit).to_bytes(len(octets), "big"))


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\xd9", b"\xda", b"\x0f", b"\xc2", b"\xe0", b"\xc1\x05", b"\xc3\x05"]),
)
def test_any_bytes_behind_any_tag_are_a_value_or_the_one_error(octets, tag):
    for decode in (decode_request, decode_response, decode_access_request, decode_access_response, decode_notification):
        with suppress(ApduError):
            decode(tag + octets)
    with suppress(ApduError, ProtocolError):
        BlockTransfer(10).receive(tag + octets)
    with suppress(ApduError):
        table_rows(b"\x13" + octets)


SIMPLE = (
    st.integers(0, 255).map(unsigned)
    | st.binary(max_size=9).map(octet_string)
    | st.text("abc", max_size=4).map(visible_string)
    | st.integers(-128, 127).map(lambda value: CosemData(Tag.DELTA_INTEGER, value))
    | st.booleans().map(lambda value: CosemData(Tag.BOOLEAN, value))
)
SHAPES = st.recursive(
    SIMPLE, lambda inner: st.lists(inner, max_size=4).map(lambda items: structure(*items)), max_leaves=9
)


def takes_room(data):
    return any(map(takes_room, data.value)) if data.tag == Tag.STRUCTURE else True


@given(SHAPES, st.integers(1, 5))
def test_any_shape_that_takes_room_goes_through_a_compact_array(item, count):
    data = CompactArray.of(*[item] * count)
    if takes_room(item):
        assert decode_data(encode_data(data)) == data
    else:  # nobody could tell how many there are
        with pytest.raises(UsageError):
            encode_data(data)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(min_size=3, max_size=3)), min_size=1, max_size=20))
def test_rows_are_the_same_by_the_fast_and_the_slow_way(rows):
    data = array(structure(unsigned(number), octet_string(text)) for number, text in rows)
    odd = structure(unsigned(1), octet_string(b"longer"))
    assert table_rows(data, times=()) == rows
    assert table_rows(array([*data.value, odd]), times=()) == [*rows, (1, b"longer")]


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4), st.data())
def test_wrapper_frames_whole_byte_by_byte_and_in_any_pieces_are_equal(apdus, data):
    stream = b"".join(wrapper.encode(1, 16, apdu) for apdu in apdus)
    whole = wrapper.Decoder().feed(stream)
    single = wrapper.Decoder()
    assert [frame for place in range(len(stream)) for frame in single.feed(stream[place : place + 1])] == whole
    cut = data.draw(st.integers(0, len(stream)))
    pieces = wrapper.Decoder()
    assert pieces.feed(stream[:cut]) + pieces.feed(stream[cut:]) == whole
