from __future__ import annotations

from datetime import date

import pytest

from meterhouse.model import UsageError, parse_instant
from meterhouse.protocols.wmbus import (
    Address,
    Ci,
    Coding,
    Control,
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
    encode_date,
    encode_frame,
    encode_moment,
    encode_telegram,
    meaning_of,
)
from meterhouse.protocols.wmbus.crc import crc16

METER = Address("OSM", 87654321, 1, 3)
KEY = MasterKey(bytes(16))


def test_the_check_word_of_en_13757_4():
    # First block of OMS Annex N.2.1 in format A, and the usual check string of this CRC.
    assert crc16(bytes.fromhex("2E449315785634123303")) == 0x3363
    assert crc16(b"123456789") == 0xC2B7


def test_a_manufacturer_is_three_letters_of_five_bits():
    assert Address("ELS", 12345678, 0x33, 3).link.hex() == "9315785634123303"
    assert METER.transport.hex() == "214365876d3e0103"


@pytest.mark.parametrize(("length", "check_words"), [(125, 1), (126, 2), (251, 2)])
def test_format_b_has_one_check_word_up_to_128_bytes_and_two_beyond(length, check_words):
    body = bytes(range(1, length + 1)) if length < 256 else b""
    frame = encode_frame(body, LinkFormat.B)
    assert len(frame) == 1 + length + 2 * check_words
    assert frame[0] == len(frame) - 1
    assert decode_frame(frame, LinkFormat.B) == body


def test_format_a_has_a_check_word_after_10_bytes_and_each_16_that_follow():
    frame = encode_frame(bytes(9 + 16 + 1), LinkFormat.A)
    assert len(frame) == (10 + 2) + (16 + 2) + (1 + 2)
    assert frame[0] == 26


@pytest.mark.parametrize("body", [b"x" * 8, b"x" * 252])
def test_a_body_that_fits_no_frame_is_the_callers_fault(body):
    with pytest.raises(UsageError):
        encode_frame(body, LinkFormat.B)


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        ("0c13 78563412", 12345678),
        ("0c13 780000f0", -78),
        ("0c13 a8563412", None),
        ("0113 ff", -1),
        ("0713 ffffffffffffff7f", (1 << 63) - 1),
        ("0dfd11 03 434241", "ABC"),
        ("0dfd11 c2 3412", 1234),
        ("0dfd11 d2 3412", -1234),
        ("0dfd11 e2 3412", b"\x34\x12"),
        ("0513 0000803f", b"\x00\x00\x80\x3f"),
        ("0013", None),
        ("0813", None),
    ],
)
def test_each_coding_gives_its_value(wire, value):
    (record,), rest = decode_records(bytes.fromhex(wire))
    assert (record.value, rest) == (value, b"")


@pytest.mark.parametrize(
    "wire",
    [
        "0c",
        "0c13",
        "0c13 123456",
        "8c",
        "8c 80808080808080808080 00 13 00000000",
        "0c 9380808080808080808080 00 00000000",
        "3f",
        "0dfd11",
        "0dfd11 05 41",
        "0dfd11 f6 00",
        "0c7c",
        "0c7c 05 4142",
    ],
)
def test_a_record_that_is_cut_short_or_reserved_is_one_error(wire):
    with pytest.raises(TelegramError):
        decode_records(bytes.fromhex(wire))


def test_storage_tariff_and_subunit_are_spread_over_the_extensions():
    header = RecordHeader(Coding.BCD8, b"\x13", storage=0x155, tariff=6, subunit=2)
    (record,), _ = decode_records(header.encoded + bytes(4))
    assert (record.header.storage, record.header.tariff, record.header.subunit) == (0x155, 6, 2)
    assert record.header == header


def test_a_plain_text_unit_belongs_to_the_header():
    (record,), _ = decode_records(bytes.fromhex("027c 03 434241 0500"))
    assert (record.header.text_unit, record.value) == (b"\x03CBA", 5)
    assert record.encode().hex() == "027c034342410500"


def test_manufacturer_data_end_the_records():
    records, rest = decode_records(bytes.fromhex("2f 0113 07 0f aabb"))
    assert ([one.value for one in records], rest.hex()) == ([7], "0faabb")


@pytest.mark.parametrize(
    ("vif", "name", "unit", "exponent"),
    [
        ("10", "volume", "m3", -6),
        ("13", "volume", "m3", -3),
        ("17", "volume", "m3", 1),
        ("933a", "volume_uncorrected", "m3", -3),
        ("963e", "volume_at_base_conditions", "m3", 0),
        ("3b", "volume_flow", "m3/h", -3),
        ("58", "flow_temperature", "°C", -3),
        ("64", "external_temperature", "°C", -3),
        ("6b", "pressure", "bar", 0),
        ("75", "actuality_duration", "min", 0),
        ("fd17", "error_flags", "", 0),
        ("fd1f", "remote_control", "", 0),
        ("fd74", "battery_remaining", "d", 0),
    ],
)
def test_a_vif_chain_has_its_meaning(vif, name, unit, exponent):
    meaning = meaning_of(bytes.fromhex(vif))
    assert (meaning.name, meaning.unit, meaning.exponent) == (name, unit, exponent)


def test_an_unknown_vif_is_a_record_without_a_meaning():
    (record,), _ = decode_records(bytes.fromhex("01fd7f07"))
    assert (record.value, record.header.meaning) == (7, None)


def test_dates_and_times_of_published_telegrams():
    assert decode_moment(0x151F3732) == parse_instant("2008-05-31T23:50:00Z")
    assert encode_moment(parse_instant("2008-05-31T23:50:59Z")) == 0x151F3732
    assert decode_date(0x04FE) == date(2007, 4, 30)
    assert encode_date(date(2007, 4, 30)) == 0x04FE


@pytest.mark.parametrize("field", [0x151F37B2, 0xFFFFFFFF])
def test_a_time_that_says_it_is_invalid_is_none(field):
    assert decode_moment(field) is None


@pytest.mark.parametrize("field", [0x151F373C, 0x151F3832, 0x1D1F3732, 0x15003732])
def test_a_time_that_no_calendar_has_is_an_error(field):
    with pytest.raises(TelegramError):
        decode_moment(field)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Address("os1", 1, 1, 1),
        lambda: Address("OSM", 100_000_000, 1, 1),
        lambda: Address("OSM", 1, 256, 1),
        lambda: MasterKey(b"short"),
        lambda: encode_moment(parse_instant("2200-01-01")),
        lambda: encode_date(date(1999, 12, 31)),
        lambda: Record(RecordHeader(Coding.BCD2, b"\x13"), 100).encode(),
        lambda: Record(RecordHeader(Coding.INT8, b"\x13"), 256).encode(),
        lambda: Record(RecordHeader(Coding.NONE, b"\x13"), 1).encode(),
        lambda: RecordHeader(Coding.INT8, b""),
        lambda: RecordHeader(Coding.INT8, b"\x13", storage=-1),
        lambda: encode_telegram(Telegram(Control.SND_NR, METER, Ci.RESPONSE_SHORT, mode=7), KEY, LinkFormat.B),
        lambda: encode_telegram(Telegram(Control.SND_NR, METER, Ci.RESPONSE_SHORT, mode=5), None, LinkFormat.B),
        lambda: encode_telegram(Telegram(Control.SND_UD, METER, Ci.COMMAND_LONG), KEY, LinkFormat.B),
    ],
)
def test_what_cannot_be_written_is_the_callers_fault(wrong):
    with pytest.raises(UsageError):
        wrong()
