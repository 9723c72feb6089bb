from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meterhouse.model import UsageError
from meterhouse.protocols.wmbus import (
    Coding,
    Layout,
    Record,
    RecordHeader,
    Records,
    TelegramError,
    decode_records,
    encode_records,
)
from meterhouse.protocols.wmbus.records import read_records

WIDTHS = {
    Coding.INT8: (-(1 << 7), (1 << 7) - 1),
    Coding.INT16: (-(1 << 15), (1 << 15) - 1),
    Coding.INT32: (-(1 << 31), (1 << 31) - 1),
    Coding.INT64: (-(1 << 63), (1 << 63) - 1),
    Coding.BCD2: (-9, 99),
    Coding.BCD4: (-999, 9_999),
    Coding.BCD8: (-9_999_999, 99_999_999),
}


@st.composite
def records(draw):
    coding = draw(st.sampled_from(list(WIDTHS)))
    header = RecordHeader(coding, draw(st.sampled_from([b"\x13", b"\xfd\x1a"])), storage=draw(st.integers(0, 40)))
    return Record(header, draw(st.integers(*WIDTHS[coding])))


written = st.lists(records(), min_size=1, max_size=8)


def one_by_one(octets):
    try:
        got, _, rest = read_records(octets)
    except TelegramError as error:
        return error.what
    return tuple(got), rest


def in_bulk(octets):
    try:
        got, rest = decode_records(octets)
    except TelegramError as error:
        return error.what
    return tuple(got), rest


def test_every_coding_of_a_layout_is_tried_here():
    assert WIDTHS.keys() == Layout.CODINGS


@given(written)
def test_a_layout_writes_what_its_records_write_one_by_one(some):
    layout = Layout([record.header for record in some])
    bulk = Records(layout, [record.value for record in some])
    assert encode_records(bulk) == encode_records(some)
    assert bulk == tuple(some)
    assert hash(bulk) == hash(tuple(some))


@given(written, st.integers(0, 3), st.data())
def test_a_text_that_is_like_one_seen_before_is_read_as_if_none_had_been_seen(some, fillers, data):
    text = b"\x2f\x2f" + encode_records(some) + b"\x2f" * fillers
    assert in_bulk(text) == in_bulk(text) == one_by_one(text)
    place, octet = data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(0, 255))
    other = text[:place] + bytes((octet,)) + text[place + 1 :]
    assert in_bulk(other) == one_by_one(other)


@given(st.binary(min_size=4, max_size=4))
@example(bytes.fromhex("000000f0"))
@example(bytes.fromhex("00a00000"))
@example(bytes.fromhex("000000ff"))
def test_a_bcd_field_with_other_digits_is_read_alike_in_bulk(field):
    decode_records(bytes.fromhex("0c1300000000"))
    text = bytes.fromhex("0c13") + field
    assert in_bulk(text) == one_by_one(text)


@pytest.mark.parametrize("value", [100_000_000, -10_000_000, "12345678", 1.5, None, b"1"])
def test_a_layout_refuses_what_its_records_refuse(value):
    header = RecordHeader(Coding.BCD8, b"\x13")
    with pytest.raises(UsageError):
        encode_records([Record(header, value)])
    with pytest.raises(UsageError):
        encode_records(Records(Layout([header]), [value]))
