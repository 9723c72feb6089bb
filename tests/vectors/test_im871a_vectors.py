"""Frames of a serial radio adapter as captured from an IM871A and published with open programs that read it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import MalformedError, UsageError
from meterhouse.protocols.wmbus import (
    Address,
    HostFrame,
    HostReader,
    LinkFormat,
    RadioAdapter,
    TelegramError,
    decode_frame,
    decode_host_frame,
    encode_host_frame,
)

CAPTURED = [
    "a5820321442d2c952742761b168d206d82c40222942c7a5414f7be5ea4411ebab435fe4995ff91",
    "a5820327442d2c5768663230028d201a13e00920dddf142f84b1107cae4e84dbcb98210fc275ddc868ce8d2554",
    "a5820324442d2c622842761b168d20d651c00222420d6c7a7e8d04496a16e01a306e1d90c99bf2b41ef3",
    "a582032d442d2c5768663230028d201c21e00920d1c1b4c7ae4e8ea21285041754ef54367a7a00d2af4d23384dc51872b5970c",
    "a5820327442d2c5768663230028d20d230340720bda38b5c2dd10a0437d21cdc23e6e19983aa2d7d7a91631a58",
]
DEVICE_INFORMATION_REQUEST = "a5810f003413"
WHOLE = bytes.fromhex("".join(CAPTURED))


@pytest.mark.parametrize("octets", [bytes.fromhex(one) for one in CAPTURED])
def test_a_captured_telegram_is_read_and_written_alike(octets):
    found = decode_host_frame(octets + b"\xa5\x82")
    assert found is not None
    frame, length = found
    assert length == len(octets)
    assert (frame.endpoint, frame.message, frame.checked) == (2, 3, True)
    assert Address.from_link(frame.payload[1:9]).manufacturer == "KAM"
    assert encode_host_frame(frame) == octets


def test_a_request_is_written_as_published():
    assert encode_host_frame(HostFrame(1, 0x0F)).hex() == DEVICE_INFORMATION_REQUEST


@pytest.mark.parametrize("octets", [bytes.fromhex(one) for one in CAPTURED[:2]])
def test_every_prefix_asks_for_more_and_every_flipped_bit_is_refused_or_asks_for_more(octets):
    assert all(decode_host_frame(octets[:length]) is None for length in range(len(octets)))
    for bit in range(8 * len(octets)):
        wrong = bytearray(octets)
        wrong[bit // 8] ^= 1 << bit % 8
        if bit == 15:  # the bit that says whether a check word is there: without it there is none to be wrong
            continue
        with suppress(TelegramError):
            assert decode_host_frame(bytes(wrong)) is None


@given(st.binary(max_size=20), st.integers(1, 40))
def test_frames_are_found_in_any_pieces_and_behind_noise_that_holds_no_start(noise, size):
    octets = noise.replace(b"\xa5", b"\x5a") + WHOLE
    reader, frames = HostReader(), []
    for at in range(0, len(octets), size):
        frames += reader.feed(octets[at : at + size])
    assert [encode_host_frame(frame).hex() for frame in frames] == CAPTURED
    assert reader.dropped == len(noise)


@given(st.binary(max_size=600))
def test_no_bytes_bring_the_reader_down_and_a_still_line_empties_it(octets):
    adapter = RadioAdapter()
    adapter.feed(octets)
    adapter.quiet()
    assert adapter.feed(bytes.fromhex(CAPTURED[0]))[0][1:2] == b"\x44"


def test_a_start_byte_in_the_noise_hides_a_frame_only_until_the_line_is_still():
    reader = HostReader()
    assert reader.feed(b"\xa5\x02\x03\xff" + bytes.fromhex(CAPTURED[0])) == []
    assert [encode_host_frame(frame).hex() for frame in reader.quiet()] == [CAPTURED[0]]


@given(
    st.integers(0, 15),
    st.integers(0, 255),
    st.binary(max_size=255),
    st.none() | st.integers(0, 0xFFFF_FFFF),
    st.none() | st.integers(0, 255),
    st.booleans(),
)
def test_time_stamp_and_strength_stand_where_their_bits_say(endpoint, message, payload, stamp, strength, checked):
    frame = HostFrame(endpoint, message, payload, stamp, strength, checked)
    octets = encode_host_frame(frame)
    assert decode_host_frame(octets) == (frame, len(octets))


def test_what_is_out_of_range_is_refused():
    for wrong in (HostFrame(16, 0), HostFrame(1, 256), HostFrame(1, 1, bytes(256)), HostFrame(1, 1, b"", 1 << 32)):
        with pytest.raises(UsageError, match="is not 0 to"):
            encode_host_frame(wrong)
    with pytest.raises(MalformedError, match="reserved"):
        decode_host_frame(b"\xa5\x11\x01\x00")


def test_an_adapter_turns_telegrams_and_counts_what_could_not_be_sent():
    adapter = RadioAdapter(LinkFormat.B)
    (heard,) = adapter.feed(bytes.fromhex(CAPTURED[0]))
    body = decode_frame(heard, LinkFormat.B)
    assert decode_host_frame(adapter.encode(heard)) == (HostFrame(2, 1, body), len(body) + 6)
    assert adapter.feed(encode_host_frame(HostFrame(2, 2, b"\0"))) == []
    assert adapter.failed == 1
