"""Telegrams of OMS Vol. 2 Annex N, of meters in the field, and of an independent generator of the gas profile."""

from __future__ import annotations

from datetime import date

import pytest

from meterhouse.model import AuthenticationError, MalformedError, ReplayError, parse_instant
from meterhouse.protocols.wmbus import (
    Address,
    Ci,
    Control,
    KeyUse,
    LinkFormat,
    MasterKey,
    Record,
    RecordHeader,
    Session,
    Telegram,
    decode_date,
    decode_moment,
    decode_telegram,
    encode_date,
    encode_moment,
    encode_telegram,
)
from meterhouse.protocols.wmbus.values import Coding

OMS_A = "0102030405060708090A0B0C0D0E0F11"
OMS_B = "000102030405060708090A0B0C0D0E0F"
BARE, A, B = LinkFormat.BARE, LinkFormat.A, LinkFormat.B

W01 = "6044B8059430040001037A1D005085E2B670BCF1A5C87E0C1A51DA18924EF984613DA2A9CD39D8F4C7208326C76D42DBEADF80D574192B71BD7C4F56A7F1513151768A9DB804883B28CB085CA2D0F7438C361CB9E2734712ED9BFBB2A14EF55208"
W11 = "76442104710007612507727100076121042507B5006005E2E95A3C2A1279A5415E6732679B43369FD5FDDDD783EEEBB48236D34E7C94AF0A18A5FDA5F7D64111EB42D4D891622139F2952F9D12A20088DFA4CF8123871123EE1F6C1DCEA414879DDB4E05E508F1826D7EFBA6964DF804C9261EA23BBF03"
W15 = "2E4493157856341233037A2A0020255923C95AAA26D1B2E7493B013EC4A6F6D3529B520EDFF0EA6DEFC99D6D69EBF3"
W16 = "2E44931578563412330333637A2A0020255923C95AAA26D1B2E7493BC2AD013EC4A6F6D3529B520EDFF0EA6DEFC955B29D6D69EBF3EC8A"
W17 = "304493157856341233037A2A0020255923C95AAA26D1B2E7493B013EC4A6F6D3529B520EDFF0EA6DEFC99D6D69EBF3B853"
W18 = "434493157856341233038C2075900F002C25B30A000021924D4F2FB66E017A75002007109058475F4BC91DF878B80A1B0F98B629024AAC727942BFC549233C0140829B93"
W20 = "304493444433221155378C00757288776655934455080004100500DFE2A782146D1513581CD2F83F39040CFD1078563412"
W22 = "53446D3E2143658701038C2009900F002C25671200001041845D757BF1077A09003007108303FDB91DBDB388FD6CF6A1A6780E0376A47F6CD80BDE85330AF267A7B089AC4F55BE5125DF5EF01EBFAD4F378E99EA"
W23 = "3E446D3E2143658701037A09003025867C5B00701C9BB1BEDF9B7B9A5AA85EAD90DFADBB6860D79F1E841D66AFA9A561FED5C8DD8645E5156AD8C03BD8FC45"
W24 = "26536D3E0100000001315B214365876D3E01031100100557D6D5F287B087286DBD4D9F254520E8"
W25 = "43446D3E2143658701038C200A900F002C2568120000890C81405D7B40E87A0A0020071025CA8CC817BE51AD9590EE47906DB39E0C922A3293579739FF007F8B6EF52263"

METER = Address("OSM", 87654321, 1, 3)
HUB = Address("OSM", 1, 1, 0x31)


def decoded(frame: str, key: str, link_format: LinkFormat = BARE) -> Telegram:
    return decode_telegram(bytes.fromhex(frame), MasterKey(bytes.fromhex(key)), link_format)


def values(telegram: Telegram) -> dict[str, object]:
    return {record.header.encoded.hex(): record.value for record in telegram.records}


@pytest.mark.parametrize(
    ("frame", "key", "link_format", "counter"),
    [(W15, OMS_A, BARE, None), (W16, OMS_A, A, None), (W17, OMS_A, B, None), (W18, OMS_B, BARE, 2739)],
    ids=["W15", "W16", "W17", "W18"],
)
def test_oms_annex_n_gas_meter_in_profiles_a_and_b_and_both_frame_formats(frame, key, link_format, counter):
    telegram = decoded(frame, key, link_format)
    assert telegram.sender == Address("ELS", 12345678, 0x33, 3)
    assert telegram.counter == counter
    assert telegram.access_number == (0x75 if counter else 0x2A)
    assert [record.value for record in telegram.records[::2]] == [2850427, 0]
    assert telegram.records[0].header.meaning.name == "volume"
    assert telegram.records[0].header.meaning.exponent == -2
    assert decode_moment(telegram.records[1].value) == parse_instant("2008-05-31T23:50:00Z")


@pytest.mark.parametrize(
    ("frame", "key", "link_format"),
    [
        (W11, "A004EB23329A477F1DD2D7820B56EB3D", BARE),
        (W15, OMS_A, BARE),
        (W16, OMS_A, A),
        (W17, OMS_A, B),
        (W18, OMS_B, BARE),
        (W22, OMS_B, BARE),
        (W23, OMS_B, BARE),
        (W24, OMS_B, BARE),
        (W25, OMS_B, BARE),
    ],
    ids=["W11", "W15", "W16", "W17", "W18", "W22", "W23", "W24", "W25"],
)
def test_the_encoder_gives_back_every_byte(frame, key, link_format):
    telegram = decoded(frame, key, link_format)
    assert encode_telegram(telegram, MasterKey(bytes.fromhex(key)), link_format).hex().upper() == frame


def test_message_keys_of_oms_annex_n_profile_b():
    key, meter = MasterKey(bytes.fromhex(OMS_B)), Address("ELS", 12345678, 0x33, 3)
    fields = (0x0AB3, meter.identification_field)
    assert key.derive(KeyUse.ENCIPHER_FROM_METER, *fields).hex() == "eccf39d475d730b8284fdfdc1995d52f"
    assert key.derive(KeyUse.AUTHENTICATE_FROM_METER, *fields).hex() == "c9cd19ff5a9aad5a6bbda13bd2c4c7ad"


def test_partial_encryption_gives_the_clear_records_too():
    telegram = decoded(W20, OMS_B)
    assert telegram.application == Address("QDS", 55667788, 0x55, 8)
    assert telegram.meter == telegram.application
    assert telegram.sender.identification == 11223344
    got = values(telegram)
    assert (got["0b6e"], got["4b6e"], got["0cfd10"]) == (1234, 23456, 12345678)
    assert decode_date(got["426c"]) == date(2007, 4, 30)


def test_a_gas_meter_of_the_field_whose_last_bytes_are_its_own():
    telegram = decoded(W01, "00" * 16)
    got = values(telegram)
    assert telegram.sender.identification == 43094
    assert (got["0c943a"], got["4c943a"], got["0c78"]) == (91700, 91132, 3162296)
    assert got["0dfd0c"] == "  4GGU"
    assert decode_moment(got["046d"]) == parse_instant("2021-09-15T13:18:00Z")
    assert telegram.payload == bytes.fromhex("5208")


def test_a_water_meter_of_the_field_with_fourteen_storages():
    telegram = decoded(W11, "A004EB23329A477F1DD2D7820B56EB3D")
    assert [record.header.storage for record in telegram.records] == [*range(15), 0]
    assert [record.value for record in telegram.records[:3]] == [466472, 46596, 45888]
    assert telegram.records[14].value == 35784


def header(coding: Coding, vif: str, **more: int) -> RecordHeader:
    return RecordHeader(coding, bytes.fromhex(vif), **more)


def test_the_gas_profile_is_made_byte_for_byte_like_an_independent_generator():
    records = (
        Record(header(Coding.BCD8, "13"), 12345678),
        Record(header(Coding.INT32, "6D"), encode_moment(parse_instant("2026-11-21T05:00:00Z"))),
        Record(header(Coding.BCD8, "13", storage=1), 12000000),
        Record(header(Coding.INT16, "6C", storage=1), encode_date(date(2026, 11, 1))),
        Record(header(Coding.INT16, "3B"), 1500),
        Record(header(Coding.INT16, "FD1A"), 1),
    )
    key = MasterKey(bytes.fromhex(OMS_B))
    seven = Telegram(Control.SND_NR, METER, Ci.RESPONSE_SHORT, None, 9, 0, 0x20, 9, 7, 0, 0x1267, records)
    assert encode_telegram(seven, key, BARE).hex().upper() == W22
    five = Telegram(Control.SND_NR, METER, Ci.RESPONSE_SHORT, None, 9, mode=5, flags=0x2000, records=records)
    assert encode_telegram(five, key, BARE).hex().upper() == W23


def test_cutoff_and_valve_are_made_byte_for_byte_like_an_independent_generator():
    records = (
        Record(header(Coding.BCD8, "13"), 12345678),
        Record(header(Coding.BCD8, "13", subunit=1), 12350000),
        Record(header(Coding.INT16, "FD1A"), 0),
    )
    session = Session(MasterKey(bytes.fromhex(OMS_B)), METER, sent=4711, link_format=BARE)
    telegram = Telegram(
        Control.SND_NR, METER, Ci.RESPONSE_SHORT, None, 10, extended=0x20, extended_access=10, records=records
    )
    assert session.seal(telegram).hex().upper() == W25


def test_a_valve_order_of_mode_5_is_made_byte_for_byte():
    records = (Record(header(Coding.INT8, "FD1F"), 0),)
    order = Telegram(Control.SND_UD, HUB, Ci.COMMAND_LONG, METER, 0x11, mode=5, records=records)
    assert encode_telegram(order, MasterKey(bytes.fromhex(OMS_B)), BARE).hex().upper() == W24


@pytest.mark.parametrize("frame", [W01, W11, W15, W23, W24], ids=["W01", "W11", "W15", "W23", "W24"])
def test_a_wrong_key_fails_the_check_of_the_fillers(frame):
    with pytest.raises(AuthenticationError):
        decoded(frame, "FF" * 16)


@pytest.mark.parametrize("frame", [W15, W18, W20, W22], ids=["W15", "W18", "W20", "W22"])
def test_without_a_key_an_enciphered_telegram_gives_no_reading(frame):
    with pytest.raises(AuthenticationError):
        decode_telegram(bytes.fromhex(frame), None, BARE)


@pytest.mark.parametrize("frame", [W18, W22, W25], ids=["W18", "W22", "W25"])
def test_any_changed_bit_from_the_message_counter_on_is_caught(frame):
    raw = bytearray.fromhex(frame)
    for place in range(17, len(raw)):
        for bit in range(8):
            raw[place] ^= 1 << bit
            with pytest.raises((AuthenticationError, MalformedError)):
                decode_telegram(bytes(raw), MasterKey(bytes.fromhex(OMS_B)), BARE)
            raw[place] ^= 1 << bit


@pytest.mark.parametrize(("frame", "link_format"), [(W16, A), (W17, B)], ids=["W16", "W17"])
def test_any_changed_bit_of_a_frame_with_check_words_drops_it(frame, link_format):
    raw = bytearray.fromhex(frame)
    for place in range(len(raw)):
        for bit in range(8):
            raw[place] ^= 1 << bit
            with pytest.raises(MalformedError):
                decode_telegram(bytes(raw), MasterKey(bytes.fromhex(OMS_A)), link_format)
            raw[place] ^= 1 << bit


def test_a_counter_that_does_not_rise_is_refused():
    session = Session(MasterKey(bytes.fromhex(OMS_B)), METER, link_format=BARE)
    session.open(bytes.fromhex(W25))
    for frame in (W25, W22):
        with pytest.raises(ReplayError):
            session.open(bytes.fromhex(frame))
    assert session.received == 4712


def test_a_session_believes_nothing_without_a_mac():
    session = Session(MasterKey(bytes.fromhex(OMS_B)), METER, link_format=BARE)
    with pytest.raises(AuthenticationError):
        session.open(bytes.fromhex(W23))
