"""Every COSEM type is written and read; what is malformed has one error; what is open is never guessed."""

from __future__ import annotations

import pytest

from meterhouse.model import Instant, UsageError, parse_instant
from meterhouse.protocols.dlms import (
    ApduError,
    CosemData,
    Tag,
    array,
    date_time,
    decode_data,
    double_long_unsigned,
    encode_data,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
)
from meterhouse.protocols.dlms.compact import CompactArray, TypeDescription
from meterhouse.protocols.dlms.moments import CosemDateTime
from meterhouse.protocols.dlms.rows import profile_rows, table_rows

START = parse_instant("2026-01-05T00:30:00Z")


@pytest.mark.parametrize(
    ("hexed", "tag", "value"),
    [
        ("0d25", Tag.BCD, 0x25),
        ("173fc00000", Tag.FLOAT32, 1.5),
        ("183ff8000000000000", Tag.FLOAT64, 1.5),
        ("1cfe", Tag.DELTA_INTEGER, -2),
        ("1dfffe", Tag.DELTA_LONG, -2),
        ("1efffffffe", Tag.DELTA_DOUBLE_LONG, -2),
        ("1ffe", Tag.DELTA_UNSIGNED, 254),
        ("20fffe", Tag.DELTA_LONG_UNSIGNED, 65534),
        ("21fffffffe", Tag.DELTA_DOUBLE_LONG_UNSIGNED, 4294967294),
        ("ff", Tag.DONT_CARE, None),
        ("1a07ea0105ff", Tag.DATE, bytes.fromhex("07ea0105ff")),
        ("1b0c1e00ff", Tag.TIME, bytes.fromhex("0c1e00ff")),
    ],
)
def test_each_simple_type_is_read_and_written_as_the_standard_lays_it_out(hexed, tag, value):
    octets = bytes.fromhex(hexed)
    assert decode_data(octets) == CosemData(tag, value)
    assert encode_data(CosemData(tag, value)) == octets


def test_a_compact_array_carries_one_description_and_bare_values():
    data = CompactArray.of(structure(unsigned(1), long_unsigned(2)), structure(unsigned(3), long_unsigned(4)))
    assert encode_data(data).hex() == "130202111206010002030004"
    assert decode_data(encode_data(data)) == data
    assert data.native() == [(1, 2), (3, 4)]


def test_compact_arrays_nest_arrays_and_structures_and_strings_of_any_length():
    one = structure(
        array([unsigned(1), unsigned(2)]), octet_string(b"abc"), null, structure(CosemData(Tag.BOOLEAN, True))
    )
    two = structure(
        array([unsigned(3), unsigned(4)]), octet_string(b""), null, structure(CosemData(Tag.BOOLEAN, False))
    )
    data = CompactArray.of(one, two)
    assert decode_data(encode_data(data)) == data


@pytest.mark.parametrize(
    "hexed",
    [
        "1313020201",  # a compact array inside
        "1302021112050100020300",  # cut in an item
        "130001aa",  # items of no room, and room left
        "1301ffff01ffff0001aa",  # 2^32 nulls out of one byte
        "13" + "01000a" * 20 + "1100",  # a description too deep
        "1302ff" + "11" * 255 + "00",  # more elements than a description may have
        "132a00",  # an unknown type
    ],
)
def test_a_malformed_compact_array_is_refused_with_the_one_error(hexed):
    with pytest.raises(ApduError):
        decode_data(bytes.fromhex(hexed))


def test_a_compact_array_of_items_of_two_shapes_cannot_be_made():
    with pytest.raises(UsageError):
        CompactArray.of(unsigned(1), long_unsigned(1))
    wrong = CosemData(Tag.COMPACT_ARRAY, CompactArray(TypeDescription(Tag.UNSIGNED), (long_unsigned(1),)))
    with pytest.raises(UsageError):
        encode_data(wrong)


def test_a_date_time_keeps_what_is_open_and_gives_an_instant_only_when_whole():
    octets = bytes.fromhex("07ea0105ff001e00ff8000ff")
    moment = CosemDateTime.decode(octets)
    assert moment.encode() == octets
    assert (moment.weekday, moment.hundredths, moment.deviation, moment.status) == (None, None, None, None)
    with pytest.raises(ApduError, match="deviation"):
        moment.instant()
    assert moment.instant(deviation=0) == START
    assert moment.instant(deviation=-60) == START - 3_600_000


def test_a_pattern_such_as_the_last_day_of_any_month_is_no_instant():
    moment = CosemDateTime.decode(bytes.fromhex("ffffff fe ff 000000ff 0000 00"))
    assert moment.day == 0xFE
    assert "last day" in str(moment)
    with pytest.raises(ApduError, match="year, month, day"):
        moment.instant()


@pytest.mark.parametrize(
    "hexed", ["07ea0d05ff001e0000000000", "07ea0105ff181e0000000000", "07ea0105ff001e0000034900", "07"]
)
def test_a_field_out_of_its_range_is_refused(hexed):
    with pytest.raises(ApduError):
        CosemDateTime.decode(bytes.fromhex(hexed))


def test_a_weekday_that_does_not_fit_its_date_is_told_not_mended():
    assert CosemDateTime(2026, 1, 5, 1).conflict() is None
    assert "weekday" in str(CosemDateTime(2026, 1, 5, 2).conflict())
    assert CosemDateTime(2026, 2, 30).conflict() == "there is no such date"


def rows(count=5):
    return [(Instant(START + place * 1_800_000), 1000 + place, 7 - place) for place in range(count)]


def tagged(made):
    return array(structure(date_time(at), double_long_unsigned(a), CosemData(Tag.LONG, b)) for at, a, b in made)


def test_rows_of_any_fixed_shape_come_out_typed_from_an_array_and_from_a_compact_array():
    data = tagged(rows())
    assert table_rows(encode_data(data)) == rows()
    assert table_rows(encode_data(CompactArray.of(*data.value))) == rows()
    assert table_rows(data) == rows()


def test_rows_may_have_their_times_anywhere_and_more_than_one():
    made = array(structure(unsigned(place), date_time(at), date_time(at)) for place, (at, _, _) in enumerate(rows()))
    assert table_rows(made, times=(1, 2)) == [(place, at, at) for place, (at, _, _) in enumerate(rows())]
    assert table_rows(array([structure(unsigned(3)), structure(unsigned(4))]), times=()) == [(3,), (4,)]


def test_every_single_bit_of_every_tag_and_length_is_looked_at():
    octets = encode_data(tagged(rows()))
    row = (len(octets) - 2) // 5
    for start in range(2, len(octets), row):
        for offset in (0, 1, 2, 3, 16, 21):
            for bit in range(8):
                broken = bytearray(octets)
                broken[start + offset] ^= 1 << bit
                try:
                    found = table_rows(bytes(broken))
                except ApduError:
                    continue
                assert found == decoded_slowly(bytes(broken))


def decoded_slowly(octets):
    from meterhouse.protocols.dlms import instant_from

    return [
        (instant_from(row.items()[0]), *(cell.native() for cell in row.items()[1:]))
        for row in decode_data(octets).items()
    ]


def test_a_delta_is_added_to_the_row_before_and_stands_for_nothing_alone():
    first = structure(date_time(START), double_long_unsigned(100))
    later = structure(date_time(Instant(START + 1)), CosemData(Tag.DELTA_UNSIGNED, 5))
    assert [row[1] for row in table_rows(array([first, later, later]))] == [100, 105, 110]
    with pytest.raises(ApduError, match="delta"):
        table_rows(array([later]))


def test_a_null_time_is_refused_not_guessed():
    with pytest.raises(ApduError):
        table_rows(array([structure(null, unsigned(1))]))
    with pytest.raises(ApduError):
        profile_rows(array([structure(null, unsigned(1), unsigned(1))]))
