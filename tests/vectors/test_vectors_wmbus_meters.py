"""Telegrams of meters in the field, published with what an independent decoder reads in them (wmbusmeters)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import AuthenticationError, NotFoundError, UsageError
from meterhouse.protocols.wmbus import (
    PUBLISHED,
    Address,
    Ci,
    Control,
    LinkFormat,
    MasterKey,
    Telegram,
    TelegramError,
    decode_telegram,
    displayed,
    encode_telegram,
    expand_compact,
    headers_signature,
)

MULTICAL = bytes.fromhex("2A442D2C998734761B168D2091D37CAC21E1D68CDAFFCD3DC452BD802913FF7B1706CA9E355D6C2701CC24")
MULTICAL_KEY = MasterKey(bytes.fromhex("28F64A24988064A079AA2C807D6102AE"))
COMPACT = bytes.fromhex("23442D2C998734761B168D2087D19EAD217F1779EDA86AB6710008190000081900007F13")
SUPERCOM = (
    "A244EE4D785634123C067A8F0000000C1348550000426CE1F14C130000000082046C21298C0413330000008D04931E3A3CFE330000003300"
    "0000330000003300000033000000330000003300000033000000330000003300000033000000330000004300000034180000046D0D0B5C2B"
    "03FD6C5E150082206C5C290BFD0F0200018C4079678885238310FD3100000082106C01018110FD610002FD66020002FD170000"
)
AMIPLUS = (
    "4E4401061010101002027A000040052F2F0E035040691500000B2B300300066D00790C7423400C78371204860BABC8FC100000000E833C"
    "8074000000000BAB3C0000000AFDC9FC0136022F2F2F2F2F"
)
SONTEX = (
    "AF46EE4D2827282716087A80000000046D040A9F2A036E000000426CE1F7436E000000525900008288016C61258388016E0000008D8801EE"
    "1E3533FE00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005"
    "FF2D0000803F8520FF2D0000803F0259AD0A0265D8041259AD0A8310FD3100000082106C01018110FD610082206C9F2A0BFD0F01030102FF"
    "2C000002FD66AC08"
)
HYDRUS = (
    "3E44A5116565656570067AFB0030052F2F0C13503400000DFD110A383731303134423032410B3B00000002FD74DC15C4016D3B178D29CC01"
    "13313400002F2F"
)
SENSOR = (
    "5744b40988227711101b7ab20800000265a00842658f088201659f08226589081265a0086265510852652b0902fb1aba0142fb1ab0018201"
    "fb1abd0122fb1aa90112fb1aba0162fb1aa60152fb1af501066d3b3bb36b2a00"
)


def read(frame: str) -> list[str]:
    return [displayed(each) for each in decode_telegram(bytes.fromhex(frame), None, LinkFormat.BARE).records]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (SUPERCOM, ["volume: 5.548 m3", "date_time: 2018-11-28T11:13:00", "battery_operating_time: 5470 h"]),
        (SONTEX, ["date: 2127-07-01, storage 1", "flow_temperature: 27.33 °C", "external_temperature: 12.40 °C"]),
        (SONTEX, ["flow_temperature: 27.33 °C, maximum", "date_time: 2020-10-31T10:04:00"]),
        (SENSOR, ["external_temperature: 21.91 °C, storage 1", "relative_humidity: 42.2 %, minimum, storage 1"]),
        (SENSOR, ["external_temperature: 23.47 °C, maximum, storage 1", "date_time: 2019-10-11T19:59:59"]),
        (AMIPLUS, ["energy: 15694050 Wh", "power: 330 W", "energy_backward: 7480 Wh", "voltage_phase_1: 236 V"]),
        (AMIPLUS, ["date_time: 2019-03-20T12:57:00", "fabrication_number: 86041237"]),
        (HYDRUS, ["volume: 3.450 m3", "customer: A20B410178", "date_time: 2020-09-13T23:59:00, storage 3"]),
        (HYDRUS, ["volume: 3.431 m3, storage 3", "battery_remaining: 5596 d"]),
        ("1844AE4C4455223368077A55000000041389E20100023B0000", ["volume: 123.529 m3", "volume_flow: 0.000 m3/h"]),
        ("1E44AE4C9956341268077A360010002F2F0413181E0000023B00002F2F2F2F", ["volume: 7.704 m3"]),
    ],
)
def test_what_a_meter_says_is_read_as_an_independent_decoder_reads_it(frame, said):
    assert [line for line in said if line not in read(frame)] == []


def test_a_telegram_that_was_deciphered_on_its_way_counts_as_clear():
    assert decode_telegram(bytes.fromhex(AMIPLUS), None, LinkFormat.BARE).mode == 0
    with pytest.raises(AuthenticationError):
        decode_telegram(bytes.fromhex(AMIPLUS), MasterKey(bytes(16)), LinkFormat.BARE)


def test_a_session_of_the_extended_link_is_deciphered_and_written_again_to_the_same_bytes():
    telegram = decode_telegram(MULTICAL, MULTICAL_KEY, LinkFormat.BARE)
    assert (telegram.sender.identification, telegram.session, telegram.mode) == (76348799, 0x21AC7CD3, 0)
    assert [displayed(each) for each in telegram.records][1:] == [
        "volume: 6.408 m3",
        "volume: 6.408 m3, storage 1",
        "flow_temperature: 127 °C, minimum, storage 1",
        "external_temperature: 19 °C, minimum, storage 1",
    ]
    assert encode_telegram(telegram, MULTICAL_KEY, LinkFormat.BARE) == MULTICAL


@pytest.mark.parametrize("key", [None, MasterKey(bytes(16))])
def test_a_session_without_its_key_is_not_read(key):
    with pytest.raises(AuthenticationError):
        decode_telegram(MULTICAL, key, LinkFormat.BARE)


def test_every_flipped_bit_of_a_session_is_seen():
    for bit in range(19 * 8, len(MULTICAL) * 8):
        octets = bytearray(MULTICAL)
        octets[bit // 8] ^= 1 << bit % 8
        with pytest.raises(AuthenticationError):
            decode_telegram(bytes(octets), MULTICAL_KEY, LinkFormat.BARE)


def test_a_compact_frame_is_read_under_the_headers_of_a_full_one():
    full = decode_telegram(MULTICAL, MULTICAL_KEY, LinkFormat.BARE)
    headers = [record.header for record in full.records]
    assert headers_signature(headers) == 0xA8ED
    compact = decode_telegram(COMPACT, None, LinkFormat.BARE)
    records = expand_compact(compact.payload, [headers])
    assert records == tuple(full.records)
    assert expand_compact(compact.payload, PUBLISHED) == records
    with pytest.raises(NotFoundError):
        expand_compact(compact.payload, [headers[:2]])


def test_a_compact_frame_with_other_values_than_its_check_word_is_refused():
    payload = decode_telegram(COMPACT, None, LinkFormat.BARE).payload
    for place in range(2, len(payload)):
        changed = payload[:place] + bytes((payload[place] ^ 1,)) + payload[place + 1 :]
        with pytest.raises(TelegramError):
            expand_compact(changed, PUBLISHED)
    for octets in (payload[:3], payload[:-1], payload + b"\0"):
        with pytest.raises(TelegramError):
            expand_compact(octets, PUBLISHED)


SENDER = Address("OSM", 87654321, 1, 3)
HUB = Address("OSM", 1, 1, 0x31)


@given(
    receiver=st.sampled_from([None, HUB]),
    session=st.none() | st.integers(0, (1 << 30) - 1),
    payload=st.binary(max_size=40),
    access=st.integers(0, 255),
)
def test_every_kind_of_extended_link_comes_back(receiver, session, payload, access):
    sent = Telegram(
        Control.SND_NR,
        SENDER,
        Ci.ERROR_NONE,
        extended=0x20,
        extended_access=access,
        payload=payload,
        receiver=receiver,
        session=session,
    )
    key = MasterKey(bytes(range(16)))
    assert decode_telegram(encode_telegram(sent, key, LinkFormat.A), key, LinkFormat.A) == sent


def test_a_session_has_its_place_in_an_extended_link_only():
    with pytest.raises(UsageError):
        encode_telegram(Telegram(Control.SND_NR, SENDER, session=1), None, LinkFormat.A)
    with pytest.raises(UsageError):
        encode_telegram(Telegram(Control.SND_NR, SENDER, extended=0, session=1 << 29), None, LinkFormat.A)
