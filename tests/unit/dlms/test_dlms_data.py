from __future__ import annotations

import pytest

from meterhouse.model import Instant, MalformedError, UsageError, parse_instant
from meterhouse.protocols.dlms import (
    ApduError,
    CosemData,
    Obis,
    Tag,
    array,
    bit_string,
    boolean,
    date_time,
    decode_data,
    decode_date_time,
    double_long,
    double_long_unsigned,
    encode_data,
    encode_date_time,
    enum,
    gateway,
    instant_from,
    integer,
    long,
    long64,
    long64_unsigned,
    long_unsigned,
    null,
    octet_string,
    profile_rows,
    structure,
    unsigned,
    utf8_string,
    visible_string,
    wrapper,
)

KNOWN = [
    (null, "00"),
    (boolean(True), "0301"),
    (bit_string("000000000010111000011"), "041500 2e18"),
    (double_long(-2), "05fffffffe"),
    (double_long_unsigned(123456), "060001e240"),
    (octet_string(b"\x01\x02"), "09020102"),
    (visible_string("kWh"), "0a036b5768"),
    (utf8_string("m³"), "0c036dc2b3"),
    (integer(-1), "0fff"),
    (long(-2), "10fffe"),
    (unsigned(255), "11ff"),
    (long_unsigned(0x1234), "121234"),
    (long64(-1), "14ffffffffffffffff"),
    (long64_unsigned(1), "150000000000000001"),
    (enum(30), "161e"),
    (CosemData(Tag.FLOAT32, 1.5), "173fc00000"),
    (CosemData(Tag.BCD, 0x42), "0d42"),
    (CosemData(Tag.TIME, b"\x0c\x00\x00\x00"), "1b0c000000"),
    (CosemData(Tag.DONT_CARE, None), "ff"),
    (structure(integer(0), enum(30)), "02020f00161e"),
    (array([unsigned(1), unsigned(2)]), "010211011102"),
]


@pytest.mark.parametrize(("data", "octets"), KNOWN)
def test_each_type_has_its_standard_bytes_both_ways(data, octets):
    assert encode_data(data) == bytes.fromhex(octets)
    assert decode_data(bytes.fromhex(octets)) == data


@pytest.mark.parametrize("data", [octet_string(bytes(127)), octet_string(bytes(128)), octet_string(bytes(70_000))])
def test_lengths_grow_from_one_byte_to_four(data):
    assert decode_data(encode_data(data)) == data


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "06000001",
        "0905aa",
        "0980",
        "0985ffffffffff",
        "01ff",
        "0184ffffffff00",
        "13",
        "63",
        "0a01ff",
        "0c01ff",
        "0f0000",
    ],
)
def test_data_that_is_not_data_is_malformed(octets):
    with pytest.raises(ApduError):
        decode_data(bytes.fromhex(octets))


def test_nesting_is_bounded():
    assert decode_data(b"\x02\x01" * 16 + b"\x00")
    with pytest.raises(ApduError, match="deeper"):
        decode_data(b"\x02\x01" * 17 + b"\x00")
    with pytest.raises(ApduError, match="deeper"):
        decode_data(b"\x02\x01" * 30_000 + b"\x00")


@pytest.mark.parametrize(
    "data", [unsigned(256), integer(-129), long_unsigned(-1), visible_string("³"), CosemData(25, b"")]
)
def test_a_value_that_its_type_cannot_hold_is_not_sent(data):
    with pytest.raises(UsageError):
        encode_data(data)


def test_an_obis_code_reads_and_prints_in_the_usual_way():
    assert str(Obis.parse("1-0:1.8.0.255")) == "1-0:1.8.0.255"
    assert Obis.parse("1-0:1.8.0") == Obis.parse("1-0:1.8.0*255") == Obis(bytes((1, 0, 1, 8, 0, 255)))
    for wrong in ("1.8.0", "1-0:1.8.256.255", "", "1-0:1.8.0.255 "):
        with pytest.raises(UsageError):
            Obis.parse(wrong)


AT = parse_instant("2026-11-21T05:30:07.120Z")


def test_times_are_written_in_utc():
    assert encode_date_time(AT).hex() == "07ea0b1506051e070c000000"
    assert decode_date_time(encode_date_time(AT)) == AT


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("07ea0b15ff061e070cffc400", "2026-11-21T05:30:07.120Z"),  # one hour ahead of UTC: deviation -60
        ("07ea0b15ff001e070c012c00", "2026-11-21T05:30:07.120Z"),  # five hours behind: deviation +300
        ("07ea0b15ff051e07ff000080", "2026-11-21T05:30:07Z"),  # hundredths not specified
        ("07e8021dff000000ff000000", "2024-02-29T00:00:00Z"),
    ],
)
def test_the_deviation_is_respected(octets, text):
    assert decode_date_time(bytes.fromhex(octets)) == parse_instant(text)


@pytest.mark.parametrize(
    "octets",
    [
        "07ea0b15ff051e0700800000",  # no deviation
        "ffff0b15ff051e0700000000",  # every year
        "07eaff15ff051e0700000000",
        "07ea0bfeff051e0700000000",  # last day of the month
        "07ea0bffff051e0700000000",
        "07ea0b15ffff1e0700000000",
        "07ea0b15ff05ff0700000000",
        "07ea0b15ff051eff00000000",
        "07e9021dff000000ff000000",  # 29 February of a common year
        "07ea0b15ff180000ff000000",  # 24:00
        "07ea0b15ff00000064000000",  # 100 hundredths
        "07ea0b15ff000000000500",
    ],
)
def test_an_unspecified_time_is_never_guessed(octets):
    with pytest.raises(ApduError):
        decode_date_time(bytes.fromhex(octets))


def test_a_time_may_come_as_octet_string_or_date_time():
    assert instant_from(date_time(AT)) == instant_from(CosemData(Tag.DATE_TIME, encode_date_time(AT))) == AT
    with pytest.raises(ApduError):
        instant_from(unsigned(1))


def buffer(*registers):
    return array(structure(date_time(Instant(AT)), unsigned(8), register) for register in registers)


def test_profile_rows_are_the_same_from_bytes_and_from_data():
    data = buffer(double_long_unsigned(1), double_long_unsigned(2))
    assert profile_rows(encode_data(data)) == profile_rows(data) == [(AT, 8, 1), (AT, 8, 2)]
    assert profile_rows(encode_data(array([]))) == []
    wide = buffer(long64_unsigned(1 << 40))
    assert profile_rows(encode_data(wide)) == [(AT, 8, 1 << 40)]


def test_profile_rows_of_changing_types_are_still_read():
    data = buffer(double_long_unsigned(1), long_unsigned(2), long64_unsigned(3))
    assert profile_rows(encode_data(data)) == [(AT, 8, 1), (AT, 8, 2), (AT, 8, 3)]


@pytest.mark.parametrize(
    "data",
    [
        unsigned(1),
        array([unsigned(1)]),
        array([structure(null, unsigned(0), unsigned(1))]),
        array([structure(octet_string(bytes(5)), unsigned(0), unsigned(1))]),
        array([structure(date_time(AT), unsigned(0), octet_string(b""))]),
        array([structure(date_time(AT), unsigned(0))]),
    ],
)
def test_a_row_of_another_shape_is_malformed(data):
    with pytest.raises(ApduError):
        profile_rows(encode_data(data))


def test_a_flipped_tag_in_a_late_row_is_found():
    octets = bytearray(encode_data(buffer(*[double_long_unsigned(7)] * 48)))
    octets[-5] = 0x63
    with pytest.raises(ApduError):
        profile_rows(bytes(octets))


def test_wrapper_frames_come_out_of_a_stream_in_any_pieces():
    stream = wrapper.encode(16, 1, b"\xc0\x01") + wrapper.encode(1, 16, b"\xc4")
    for size in range(1, len(stream) + 1):
        decoder = wrapper.Decoder()
        frames = [frame for at in range(0, len(stream), size) for frame in decoder.feed(stream[at : at + size])]
        assert frames == [wrapper.Frame(16, 1, b"\xc0\x01"), wrapper.Frame(1, 16, b"\xc4")]


@pytest.mark.parametrize("octets", ["0002001000010001c0", "0001001000010000", "47455420 2f204854", "0001001000010101"])
def test_what_is_not_a_wrapper_header_is_malformed(octets):
    with pytest.raises(MalformedError):
        wrapper.Decoder(limit=256).feed(bytes.fromhex(octets))


def test_a_wrapper_cannot_carry_nothing_or_too_much():
    for apdu in (b"", bytes(65_536)):
        with pytest.raises(UsageError):
            wrapper.encode(1, 1, apdu)


def test_a_gateway_prefix_wraps_and_unwraps():
    prefixed = gateway.Prefixed(0, b"\x00\x01", b"\xc0\x01")
    assert gateway.wrap(prefixed).hex() == "e600020001c001"
    assert gateway.unwrap(gateway.wrap(prefixed)) == prefixed
    answer = gateway.Prefixed(3, b"meter", b"\xc4", answer=True)
    assert gateway.wrap(answer)[0] == 0xE7
    assert gateway.unwrap(gateway.wrap(answer)) == answer
    assert gateway.unwrap(b"\xc0\x01") is None


@pytest.mark.parametrize("octets", ["e6", "e600", "e60001", "e6000101", "e60000c0"])
def test_a_cut_gateway_prefix_is_malformed(octets):
    with pytest.raises(ApduError):
        gateway.unwrap(bytes.fromhex(octets))
