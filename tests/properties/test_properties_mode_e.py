"""The sign-on of mode E takes any bytes in any pieces: the same happens, and nothing behind the hand-over is lost."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from meterhouse.model import Instant
from meterhouse.protocols.dlms.mode_e import HandedOver, ModeEClient, ModeEServer

NOW = Instant(0)
WORDS = (
    b"/?!\r\n",
    b"/?7!\r\n",
    b"/?9!\r\n",
    b"\x06252\r\n",
    b"\x06050\r\n",
    b"\x06292\r\n",
    b"/MTH5\\2meter\r\n",
    b"/MTH5meter\r\n",
    b"\x7e\xa0\x07",
    b"\xaf\x3f\x21\x8d\x0a",
    b"\r\n",
    b"/?",
)
lines = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=12)), max_size=8).map(b"".join)


def fed(make, pieces):
    """What happened, what left, and all that belongs to HDLC."""
    machine, happened, left, rest, over = make(), [], b"", b"", False
    for piece in pieces:
        if over:
            rest += piece
            continue
        for one in machine.receive(piece, NOW):
            over = over or isinstance(one, HandedOver)
            rest += one.rest if isinstance(one, HandedOver) else b""
            happened.append(HandedOver(one.baud) if isinstance(one, HandedOver) else one)
        left += machine.outgoing()
    return happened, left, rest


def signed_on():
    client = ModeEClient(fastest=9600)
    client.start(NOW)
    return client


def server():
    return ModeEServer("MTH", "meter", device="7", fastest=9600)


def in_pieces(octets, cuts):
    places = sorted({min(cut, len(octets)) for cut in cuts})
    return [octets[start:end] for start, end in zip([0, *places], [*places, len(octets)], strict=True)]


@given(octets=lines, cuts=st.lists(st.integers(0, 60), max_size=5))
@example(octets=b"/?9!\r\n/?!\r\n\x06252\r\n\x7e\xa0", cuts=[6])
@example(octets=b"/?!\r\n\x06050\r\n/?!\r\n\x06252\r\n\x7e", cuts=[11])
def test_a_meter_takes_any_bytes_in_any_pieces_alike(octets, cuts):
    assert fed(server, [octets]) == fed(server, in_pieces(octets, cuts))


@given(octets=lines, cuts=st.lists(st.integers(0, 60), max_size=5))
def test_a_reader_takes_any_bytes_in_any_pieces_alike(octets, cuts):
    assert fed(signed_on, [octets]) == fed(signed_on, in_pieces(octets, cuts))


@given(
    before=st.binary(max_size=20).filter(lambda noise: b"/" not in bytes(one & 0x7F for one in noise)),
    after=st.binary(max_size=30),
)
def test_what_stands_behind_the_hand_over_is_handed_over(before, after):
    happened, left, rest = fed(server, [before + b"\r\n/?!\r\n\x06252\r\n" + after])
    assert HandedOver(9600) in happened or HandedOver(2400) in happened
    assert rest == after
    assert left.endswith(b"\x06252\r\n")
