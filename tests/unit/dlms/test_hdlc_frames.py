"""HDLC frames: published bytes, addresses, and a decoder that no noise can stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import UsageError
from meterhouse.protocols.dlms import ApduError, hdlc
from meterhouse.protocols.dlms.hdlc.checksum import checksum

VECTORS = next(
    (
        found
        for folder in Path(__file__).resolve().parents
        if (found := folder.parent / "shared/reference/vectors/dlms.json").exists()
    ),
    None,
)
# Published by cosemlib in the comments of its HDLC source.
LONG_SNRM = "7ea00a00020023f193232e7e"
NEGOTIATING_SNRM = "7ea0210002002321931964818012050180060180070400000001080400000007655e7e"


def published() -> list[tuple[str, str]]:
    if VECTORS is None:
        pytest.skip("NOT TESTED: the reference vectors are not beside this repository")
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    found = [(one["name"], one["frame"].lower()) for one in vectors if "frame" in one]
    assert len(found) >= 6
    return [*found, ("cosemlib SNRM", LONG_SNRM), ("cosemlib SNRM with parameters", NEGOTIATING_SNRM)]


def some_frames() -> list[hdlc.Frame]:
    client, server = hdlc.Address(16), hdlc.Address(1, 17)
    return [
        hdlc.Frame(server, client, hdlc.Kind.SET_NORMAL_MODE),
        hdlc.Frame(client, server, hdlc.Kind.INFORMATION, True, 3, 5, True, b"\x7e\xa0\x7e" * 30),
        hdlc.Frame(server, client, hdlc.Kind.READY, receive=7),
        hdlc.Frame(client, hdlc.Address(300, 0x1234, 4), hdlc.Kind.INFORMATION, False, 7, 0, False, b"last"),
    ]


def test_the_check_is_the_published_one():
    assert checksum(b"123456789").hex() == "6e90"


def test_every_published_frame_decodes_and_encodes_to_itself():
    for name, octets in published():
        frame = hdlc.decode_frame(bytes.fromhex(octets)[1:-1])
        assert hdlc.encode_frame(frame).hex() == octets, name
        assert hdlc.Decoder().feed(bytes.fromhex(octets)) == [frame], name


def test_the_published_snrm_means_what_its_publisher_says():
    frame = hdlc.decode_frame(bytes.fromhex(LONG_SNRM)[1:-1])
    assert (frame.destination, frame.source.upper) == (hdlc.Address(1, 17, 4), 120)
    assert frame.kind is hdlc.Kind.SET_NORMAL_MODE
    assert frame.poll
    stated = hdlc.decode_frame(bytes.fromhex(NEGOTIATING_SNRM)[1:-1]).information
    assert hdlc.decode_parameters(stated) == hdlc.Parameters(128, 128, 1, 7)
    assert hdlc.Parameters(128, 128, 1, 7).encode() == stated


def test_the_published_ua_states_its_parameters():
    frames = dict(published())
    information = hdlc.decode_frame(bytes.fromhex(frames["HDLC UA with parameters (u9n)"])[1:-1]).information
    assert hdlc.decode_parameters(information) == hdlc.Parameters(0x9A, 0x9A, 1, 1)


@pytest.mark.parametrize(
    "octets", [b"", b"\x81", b"\x81\x80", b"\x81\x80\x03\x05\x01", b"\x80\x80\x00", b"\x81\x80\x00\x00"]
)
def test_parameters_of_another_form_raise_only_apdu_error(octets):
    if not octets:
        assert hdlc.decode_parameters(octets) == hdlc.Parameters()
        return
    with pytest.raises(ApduError):
        hdlc.decode_parameters(octets)


@pytest.mark.parametrize("information", [b"\x81\x80\x03\x05\x01\x1f", b"\x81\x80\x03\x07\x01\x00"])
def test_parameters_out_of_range_are_refused(information):
    with pytest.raises(ApduError):
        hdlc.decode_parameters(information)


@given(st.integers(0, 127), st.integers(0, 127), st.integers(0, 16383), st.integers(0, 16383))
def test_addresses_of_every_length_come_back(short, lower, long, long_lower):
    for address in (hdlc.Address(short), hdlc.Address(short, lower), hdlc.Address(long, long_lower, 4)):
        assert hdlc.decode_address(address.encode()) == address


def test_an_address_takes_the_shortest_form_unless_told():
    assert [hdlc.Address(*parts).size for parts in ((1,), (1, 17), (128, 17), (1, 128))] == [1, 2, 4, 4]
    with pytest.raises(UsageError):
        hdlc.Address(128)
    with pytest.raises(UsageError):
        hdlc.Address(1, None, 2)


@pytest.mark.parametrize("octets", ["", "02", "020202", "02020203", "0302", "0202020203", "020203"])
def test_an_address_of_another_length_raises_only_apdu_error(octets):
    if octets == "02020203":
        assert hdlc.decode_address(bytes.fromhex(octets)).size == 4
        return
    with pytest.raises(ApduError):
        hdlc.decode_address(bytes.fromhex(octets))


def test_no_single_bit_flip_of_a_frame_is_believed():
    for frame in some_frames():
        octets = hdlc.encode_frame(frame)
        for bit in range(8, 8 * (len(octets) - 1)):
            flipped = bytearray(octets)
            flipped[bit // 8] ^= 1 << bit % 8
            decoder = hdlc.Decoder()
            assert decoder.feed(bytes(flipped)) + decoder.give_up() == []


def test_after_any_prefix_of_a_frame_the_next_whole_frames_are_found():
    aborted, wanted = hdlc.encode_frame(some_frames()[1]), some_frames()
    line = b"".join(map(hdlc.encode_frame, wanted))
    for end in range(len(aborted) - 1):  # the next opening flag would end one that lacks only its closing flag
        decoder = hdlc.Decoder()
        assert decoder.feed(aborted[:end] + line) + decoder.give_up() == wanted


def test_one_flag_between_two_frames_is_enough():
    wanted = some_frames()
    line = b"\x7e" + b"".join(hdlc.encode_frame(frame)[1:] for frame in wanted)
    assert hdlc.Decoder().feed(line) == wanted
    assert hdlc.Decoder().feed(b"\x7e\x7e\x7e" + line + b"\x7e\x7e") == wanted


def test_noise_that_looks_like_a_long_frame_does_not_hold_up_the_next():
    decoder = hdlc.Decoder()
    assert decoder.feed(bytes.fromhex("7ea7ff03210093") + hdlc.encode_frame(some_frames()[1])) == [some_frames()[1]]


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(0, 3), max_size=6))
def test_noise_between_frames_never_raises_and_the_pieces_do_not_matter(noise, picks):
    frames = some_frames()
    line = b"".join(
        n + hdlc.encode_frame(frames[p]) for n, p in zip([*noise, *[b""] * len(picks)], picks, strict=False)
    )
    whole, single = hdlc.Decoder(), hdlc.Decoder()
    at_once = whole.feed(line)
    assert [frame for octet in line for frame in single.feed(bytes((octet,)))] == at_once
    assert single.noise == whole.noise
    assert len(single._buffer) <= hdlc.LARGEST_FRAME + 2


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_or_apdu_error(octets):
    try:
        frame = hdlc.decode_frame(octets)
    except ApduError:
        return
    assert hdlc.encode_frame(frame)[1:-1] == octets


def test_a_frame_that_does_not_fit_is_refused_by_name():
    client, server = hdlc.Address(16), hdlc.Address(1)
    with pytest.raises(UsageError, match="2047"):
        hdlc.encode_frame(hdlc.Frame(client, server, hdlc.Kind.INFORMATION, information=bytes(2040)))
