"""The sign-on of IEC 62056-21 and its hand-over to HDLC."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import Instant, UsageError
from meterhouse.protocols.dlms.mode_e import (
    HandedOver,
    Identified,
    ModeEClient,
    ModeEServer,
    SignOnFailed,
    with_even_parity,
)

NOW = Instant(1_800_000_000_000)


def talk(client, server, pieces=64):
    """Both sides until both are silent; all that happened on either."""
    client.start(NOW)
    asked, answered = [], []
    while octets := client.outgoing():
        for place in range(0, len(octets), pieces):
            answered += server.receive(octets[place : place + pieces], NOW)
        reply = server.outgoing()
        for place in range(0, len(reply), pieces):
            asked += client.receive(reply[place : place + pieces], NOW)
    return asked, answered


@pytest.mark.parametrize("pieces", [1, 3, 64])
def test_both_sides_agree_on_the_rate_and_hand_over(pieces):
    asked, answered = talk(ModeEClient(), ModeEServer("MTH", "meter 7", fastest=9600), pieces)
    assert asked == [Identified("MTH", "meter 7", 9600), HandedOver(9600)]
    assert answered == [Identified("", "", 9600), HandedOver(9600)]


def test_the_bytes_on_the_line_are_those_of_the_standard():
    client, server = ModeEClient(), ModeEServer("MTH", "7")
    client.start(NOW)
    assert client.outgoing() == b"/?!\r\n"
    server.receive(b"/?!\r\n", NOW)
    assert server.outgoing() == b"/MTH5\\27\r\n"
    client.receive(b"/MTH5\\27\r\n", NOW)
    assert client.outgoing() == b"\x06252\r\n"
    server.receive(b"\x06252\r\n", NOW)
    assert server.outgoing() == b"\x06252\r\n"


def test_the_slower_side_decides_the_rate():
    asked, answered = talk(ModeEClient(fastest=2400), ModeEServer("MTH", "7", fastest=19_200))
    assert asked[-1] == answered[-1] == HandedOver(2400)


def test_parity_bits_are_made_where_the_port_cannot_and_never_looked_at():
    assert with_even_parity(b"/?!\r\n").hex() == "af3f218d0a"
    asked, _ = talk(ModeEClient(software_parity=True), ModeEServer("MTH", "7"))
    assert asked[-1] == HandedOver(9600)


def test_a_meter_that_offers_no_hdlc_is_told_by_name():
    client = ModeEClient()
    client.start(NOW)
    told = client.receive(b"/ABC5old meter\r\n", NOW)
    assert told == [SignOnFailed("The meter ABC 'old meter' does not offer HDLC (mode E).")]
    assert client.deadline() is None


def test_a_silent_meter_is_asked_again_and_then_given_up():
    client = ModeEClient(tries=2, patience=1000)
    client.start(NOW)
    client.outgoing()
    assert client.elapse(Instant(NOW + 999)) == []
    assert client.elapse(Instant(NOW + 1000)) == []
    assert client.outgoing() == b"/?!\r\n"
    assert client.elapse(Instant(NOW + 2000)) == [SignOnFailed("The meter does not answer the sign-on.")]


def test_a_meter_that_does_not_confirm_is_taken_as_ready():
    client = ModeEClient(patience=1000)
    client.start(NOW)
    client.receive(b"/ABC5\\2@X1\r\n", NOW)
    assert client.elapse(Instant(NOW + 1000)) == [HandedOver(9600)]


def test_bytes_behind_the_confirmation_belong_to_hdlc():
    client = ModeEClient()
    client.start(NOW)
    client.receive(b"/ABC5\\2X\r\n", NOW)
    assert client.receive(b"\x06252\r\n\x7e\xa0", NOW) == [HandedOver(9600, b"\x7e\xa0")]


def test_a_meter_answers_to_its_own_address_and_to_none():
    server = ModeEServer("MTH", "7", device="12345678")
    server.receive(b"/?999!\r\n", NOW)
    assert server.outgoing() == b""
    asked, _ = talk(ModeEClient("12345678"), server)
    assert asked[-1] == HandedOver(9600)


@pytest.mark.parametrize("option", [b"\x06050\r\n", b"\x06051\r\n", b"\x06262\r\n", b"\x06292\r\n"])
def test_a_meter_refuses_another_mode_or_a_rate_it_did_not_offer_and_waits_again(option):
    server = ModeEServer("MTH", "7", fastest=9600)
    server.receive(b"/?!\r\n", NOW)
    server.outgoing()
    told = server.receive(option, NOW)
    assert isinstance(told[0], SignOnFailed)
    assert server.outgoing() == b""
    assert talk(ModeEClient(), server)[0][-1] == HandedOver(9600)


def test_a_meter_that_gets_no_acknowledgement_waits_for_the_next_sign_on():
    server = ModeEServer("MTH", "7", patience=1000)
    server.receive(b"/?!\r\n", NOW)
    server.outgoing()
    server.elapse(Instant(NOW + 1000))
    assert server.deadline() is None
    assert talk(ModeEClient(), server)[0][-1] == HandedOver(9600)


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_noise_never_raises_and_never_fills_the_memory(pieces):
    client, server = ModeEClient(), ModeEServer("MTH", "7")
    client.start(NOW)
    for piece in pieces:
        client.receive(piece, NOW)
        server.receive(piece, NOW)
        assert max(len(client._text.octets), len(server._text.octets)) <= 64
    assert talk(ModeEClient(), ModeEServer("MTH", "7"))[0][-1] == HandedOver(9600)


def test_settings_that_cannot_be_sent_are_refused():
    for make in (
        lambda: ModeEClient("no spaces"),
        lambda: ModeEServer("MTHX", "7"),
        lambda: ModeEServer("MTH", "a\\b"),
    ):
        with pytest.raises(UsageError):
            make()
