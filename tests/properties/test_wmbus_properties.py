from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import MINUTE, AuthenticationError, Instant
from meterhouse.protocols.wmbus import (
    Address,
    Ci,
    Coding,
    Control,
    Function,
    LinkFormat,
    MasterKey,
    Record,
    RecordHeader,
    Telegram,
    TelegramError,
    decode_date,
    decode_frame,
    decode_moment,
    decode_records,
    decode_telegram,
    encode_date,
    encode_frame,
    encode_moment,
    encode_records,
    encode_telegram,
)
from meterhouse.protocols.wmbus.link import MAX_BODY

KEY = MasterKey(bytes(range(16)))
HUB = Address("OSM", 1, 1, 0x31)

letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
bytes_ = st.integers(0, 255)
addresses = st.builds(Address, letters, st.integers(0, 99_999_999), bytes_, bytes_)
chains = st.sampled_from([b"\x13", b"\x6d", b"\xfd\x1a", b"\xfd\x3a", b"\x93\x3a", b"\x3b"])
places = st.integers(0, 300)


def headers(coding: Coding) -> st.SearchStrategy[RecordHeader]:
    return st.builds(
        RecordHeader, st.just(coding), chains, st.sampled_from(Function), places, st.integers(0, 9), st.integers(0, 9)
    )


def records_of(coding: Coding, values: st.SearchStrategy[object]) -> st.SearchStrategy[Record]:
    return st.builds(Record, headers(coding), values)


records = st.one_of(
    records_of(Coding.NONE, st.none()),
    records_of(Coding.SELECTION, st.none()),
    records_of(Coding.INT8, st.integers(-128, 127)),
    records_of(Coding.INT16, st.integers(-(1 << 15), (1 << 15) - 1)),
    records_of(Coding.INT24, st.integers(-(1 << 23), (1 << 23) - 1)),
    records_of(Coding.INT32, st.integers(-(1 << 31), (1 << 31) - 1)),
    records_of(Coding.INT48, st.integers(-(1 << 47), (1 << 47) - 1)),
    records_of(Coding.INT64, st.integers(-(1 << 63), (1 << 63) - 1)),
    records_of(Coding.REAL32, st.binary(min_size=4, max_size=4)),
    records_of(Coding.BCD2, st.integers(-9, 99)),
    records_of(Coding.BCD4, st.integers(-999, 9999)),
    records_of(Coding.BCD8, st.integers(-9_999_999, 99_999_999)),
    records_of(Coding.BCD12, st.integers(-99_999_999_999, 999_999_999_999)),
    records_of(Coding.VARIABLE, st.text(st.characters(max_codepoint=255), max_size=20) | st.binary(max_size=15)),
)


@given(st.lists(records, max_size=12))
def test_records_come_back_as_they_were_written(written):
    assert decode_records(encode_records(written)) == (tuple(written), b"")


@given(st.binary(max_size=300))
def test_any_bytes_are_records_or_one_error(octets):
    try:
        got, rest = decode_records(octets)
    except TelegramError:
        return
    assert len(got) <= 250
    assert octets.endswith(rest)


@given(st.binary(max_size=300), st.sampled_from(LinkFormat))
def test_any_bytes_are_a_telegram_or_one_of_two_errors(octets, link_format):
    try:
        decode_telegram(octets, KEY, link_format)
    except (TelegramError, AuthenticationError):
        return


@given(st.sampled_from(Control), addresses, st.sampled_from(list(Ci)[1:]), st.binary(max_size=60))
def test_any_layers_behind_a_right_address_are_a_telegram_or_one_of_two_errors(control, sender, ci, rest):
    frame = encode_frame(bytes((control,)) + sender.link + bytes((ci,)) + rest, LinkFormat.B)
    try:
        decode_telegram(frame, KEY, LinkFormat.B)
    except (TelegramError, AuthenticationError):
        return


@given(st.data(), st.sampled_from(LinkFormat))
def test_a_body_of_any_length_comes_back_from_its_frame_and_no_prefix_does(data, link_format):
    body = data.draw(st.binary(min_size=9, max_size=MAX_BODY[link_format]))
    frame = encode_frame(body, link_format)
    assert decode_frame(frame, link_format) == body
    with pytest.raises(TelegramError):
        decode_frame(frame[: data.draw(st.integers(0, len(frame) - 1))], link_format)


@given(
    addresses,
    st.lists(records.filter(lambda one: len(one.encode()) < 30), min_size=1, max_size=5),
    bytes_,
    st.sampled_from([0, 5, 7]),
    st.booleans(),
    st.integers(0, 0xFFFF_FFFF),
    st.none() | bytes_,
)
def test_telegrams_come_back_as_they_were_sent(meter, sent, access_number, mode, downlink, counter, extended):
    telegram = Telegram(
        Control.SND_UD if downlink else Control.SND_NR,
        HUB if downlink else meter,
        Ci.COMMAND_LONG if downlink else Ci.RESPONSE_SHORT,
        meter if downlink else None,
        access_number,
        4,
        extended,
        access_number if extended is not None else 0,
        mode,
        counter=counter if mode == 7 else None,
        records=tuple(sent),
    )
    frame = encode_telegram(telegram, KEY, LinkFormat.B)
    assert decode_telegram(frame, KEY, LinkFormat.B) == telegram


@given(st.integers(15_778_080, 120_968_639))
def test_every_minute_from_2000_to_2199_comes_back(minutes):
    at = Instant(minutes * MINUTE)
    assert decode_moment(encode_moment(at)) == at


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_day_of_the_century_comes_back(day):
    assert decode_date(encode_date(day)) == day


@given(st.integers(0, 0xFFFF_FFFF))
def test_any_field_is_a_moment_or_invalid_or_one_error(field):
    try:
        decode_moment(field)
        decode_date(field & 0xFFFF)
    except TelegramError:
        return


@given(addresses)
def test_addresses_come_back_in_both_orders(address):
    assert Address.from_link(address.link) == address
    assert Address.from_transport(address.transport) == address
