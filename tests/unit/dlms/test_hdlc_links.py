"""Both ends of an HDLC line: whole DLMS sessions in segments and windows, and recovery from whatever the line does."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlms_meter import NOW, PLAIN, PROFILE, REGISTER, ROWS, SERVER_TITLE, TEXT, Meter, fresh, proved
from hdlc_line import SERVER, START, Line
from meterhouse.model import HALF_HOUR, Instant, LinkError, StateError, UsageError
from meterhouse.protocols.dlms import REGISTER as REGISTER_CLASS
from meterhouse.protocols.dlms import Client, Range, converse, hdlc, octet_string

SMALL = hdlc.Parameters(64, 64, 1, 1)
WINDOWED = hdlc.Parameters(64, 64, 3, 7)
LARGE = hdlc.Parameters(2030, 2030, 7, 7)


def line_to(meter, sap=16, parameters=SMALL, offered=LARGE, **mangle):
    host = hdlc.HdlcHost(meter.server, hdlc.HdlcServerSettings((1,), parameters=offered))
    return Line(hdlc.HdlcClientSettings(SERVER, sap, parameters), host, **mangle)


@pytest.mark.parametrize("parameters", [SMALL, WINDOWED, LARGE, hdlc.Parameters()])
@pytest.mark.parametrize("ciphered", [False, True])
def test_a_whole_session_runs_unchanged_over_the_line(parameters, ciphered):
    meter = Meter()
    settings_ = fresh(proved()) if ciphered else PLAIN
    line = line_to(meter, settings_.client_sap, parameters).connect()
    client = Client(settings_)
    converse(client.associate(), line.exchange)
    read = converse(client.get(REGISTER_CLASS, REGISTER, 2), line.exchange)
    assert read.whole() == ROWS[-1][2]
    rows = converse(client.profile(PROFILE, Range(ROWS[0][0], Instant(ROWS[0][0] + 95 * HALF_HOUR))), line.exchange)
    assert rows == ROWS[:96]
    if ciphered:
        converse(client.set(1, TEXT, 2, octet_string(b"x" * 5000)), line.exchange)
        assert meter.text == b"x" * 5000
    converse(client.release(), line.exchange)
    line.disconnect()
    assert line.last(hdlc.Disconnected).cause is hdlc.Cause.ASKED
    assert line.now == START, "nothing waited for a time-out"


def test_each_side_keeps_the_least_that_both_state():
    line = line_to(
        Meter(), parameters=hdlc.Parameters(100, 200, 2, 5), offered=hdlc.Parameters(150, 80, 7, 1)
    ).connect()
    assert line.last(hdlc.Connected).parameters == hdlc.Parameters(80, 150, 1, 5)


def test_no_frame_is_longer_than_agreed_and_no_burst_wider():
    seen = []
    line = line_to(Meter(), parameters=WINDOWED, down=lambda octets: seen.append(octets) or octets).connect()
    client = Client(PLAIN)
    converse(client.associate(), line.exchange)
    converse(client.profile(PROFILE, Range(ROWS[0][0], ROWS[90][0])), line.exchange)
    bursts = [hdlc.Decoder().feed(octets) for octets in seen]
    assert max(len(frame.information) for burst in bursts for frame in burst) == 64
    assert max(map(len, bursts)) == 7
    assert all([frame.poll for frame in burst] == [False] * (len(burst) - 1) + [True] for burst in bursts)


class Every:
    """Damages each n-th passage: drops it, flips a bit of it, cuts it, or adds noise."""

    def __init__(self, period, how):
        self.numbers, self.period, self.how = count(1), period, how

    def __call__(self, octets):
        if next(self.numbers) % self.period:
            return octets
        half = len(octets) // 2
        return {
            "drop": b"",
            "flip": octets[:half] + bytes((octets[half] ^ 0x10,)) + octets[half + 1 :],
            "cut": octets[:half],
            "noise": b"\x7e\xa0\x41" + octets + b"\x00\xff\x7e",
        }[self.how]


@pytest.mark.parametrize("parameters", [SMALL, WINDOWED, LARGE])
@pytest.mark.parametrize("how", ["drop", "flip", "cut", "noise"])
@pytest.mark.parametrize("periods", [(3, 10**6), (10**6, 2), (3, 4), (5, 3)])
def test_a_session_survives_a_line_that_damages_every_few_passages(parameters, how, periods):
    meter = Meter()
    settings_ = fresh(proved())
    up, down = (Every(period, how) for period in periods)
    line = line_to(meter, 1, parameters, up=up, down=down).connect()
    client = Client(settings_)
    converse(client.associate(), line.exchange)
    for number in range(3):
        first = 10 * number
        rows = converse(client.profile(PROFILE, Range(ROWS[first][0], ROWS[first + 40][0])), line.exchange)
        assert rows == ROWS[first : first + 41]
    converse(client.set(1, TEXT, 2, octet_string(b"y" * 700)), line.exchange)
    assert meter.text == b"y" * 700
    assert not line.host.audit(), "no question was asked twice, no answer taken twice"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_on_any_line_a_session_ends_with_the_right_rows_or_a_disconnection(data):
    def mangle(octets):
        act = data.draw(st.sampled_from(("pass", "pass", "pass", "drop", "flip", "cut", "noise")))
        if act == "drop":
            return b""
        place = data.draw(st.integers(0, len(octets) - 1))
        if act == "flip":
            return octets[:place] + bytes((octets[place] ^ 1 << data.draw(st.integers(0, 7)),)) + octets[place + 1 :]
        if act == "cut":
            return octets[:place]
        return octets if act == "pass" else data.draw(st.binary(max_size=20)) + octets

    parameters = data.draw(st.sampled_from((SMALL, WINDOWED, LARGE)))
    line = line_to(Meter(), 16, parameters, up=mangle, down=mangle).connect()
    if not line.link.connected:
        assert line.last(hdlc.Disconnected).cause is hdlc.Cause.SILENCE
        return
    client = Client(PLAIN)
    try:
        converse(client.associate(), line.exchange)
        reading = client.profile(PROFILE, Range(ROWS[0][0], ROWS[30][0]))
        assert converse(reading, line.exchange) == ROWS[:31]
    except LinkError:
        assert line.last(hdlc.Disconnected)


def test_a_silent_line_is_given_up_after_all_tries_and_no_later():
    line = line_to(Meter(), up=lambda _octets: b"").connect()
    assert line.last(hdlc.Disconnected).cause is hdlc.Cause.SILENCE
    assert line.now - START == 3 * line.link.settings.response


def test_an_unknown_logical_device_does_not_want_to_connect():
    host = hdlc.HdlcHost(Meter().server, hdlc.HdlcServerSettings((1,)))
    line = Line(hdlc.HdlcClientSettings(hdlc.Address(9, 17)), host).connect()
    assert line.last(hdlc.Disconnected).cause is hdlc.Cause.REFUSED


def test_another_physical_device_on_the_line_stays_silent():
    host = hdlc.HdlcHost(Meter().server, hdlc.HdlcServerSettings((1,), station=18))
    line = Line(hdlc.HdlcClientSettings(SERVER), host).connect()
    assert line.last(hdlc.Disconnected).cause is hdlc.Cause.SILENCE
    assert host.link.passed_over == 3


def test_two_clients_share_one_line_with_an_association_each():
    meter = Meter()
    host = hdlc.HdlcHost(meter.server, hdlc.HdlcServerSettings((1,)))
    first = Line(hdlc.HdlcClientSettings(SERVER, 16), host).connect()
    second = Line(hdlc.HdlcClientSettings(hdlc.Address(1), 1), host).connect()
    public, managing = Client(PLAIN), Client(fresh(proved()))
    converse(public.associate(), first.exchange)
    converse(managing.associate(), second.exchange)
    assert host.link.connections == {(16, 1), (1, 1)}
    first.disconnect()
    assert host.link.connections == {(1, 1)}
    assert converse(managing.get(REGISTER_CLASS, REGISTER, 2), second.exchange).whole() == ROWS[-1][2]


def test_connecting_anew_forgets_the_association():
    meter = Meter()
    host = hdlc.HdlcHost(meter.server, hdlc.HdlcServerSettings((1,)))
    client = Client(PLAIN)
    converse(client.associate(), Line(hdlc.HdlcClientSettings(SERVER), host).connect().exchange)
    again = Line(hdlc.HdlcClientSettings(SERVER), host).connect()
    again.exchange(next(client.get(REGISTER_CLASS, REGISTER, 2)))
    assert [record.why for record in host.audit()] == ["there is no association"]


def test_a_client_that_falls_silent_is_dropped_after_the_inactivity_time():
    host = hdlc.HdlcHost(Meter().server, hdlc.HdlcServerSettings((1,), inactivity=60_000))
    Line(hdlc.HdlcClientSettings(SERVER), host).connect()
    assert host.deadline() == START + 60_000
    host.elapse(Instant(START + 59_999))
    assert host.link.connections
    host.elapse(Instant(START + 60_000))
    assert not host.link.connections
    assert host.deadline() is None


def test_a_server_that_is_not_ready_is_asked_again_but_not_for_ever():
    link = hdlc.HdlcServerLink(hdlc.HdlcServerSettings((1,)))

    class Slow:
        def receive(self, data, now):
            link.receive(data, now)
            return link.outgoing()

        def elapse(self, now):
            return b""

        def deadline(self):
            return None

    line = Line(hdlc.HdlcClientSettings(SERVER, answer=5000), Slow()).connect()
    assert line.exchange(b"\xc0\x01") is None
    assert line.last(hdlc.Disconnected).cause is hdlc.Cause.SILENCE
    assert line.now - START == 5000
    late = Line(hdlc.HdlcClientSettings(SERVER), Slow()).connect()
    late.link.send(b"\xc0\x01", late.now)
    late.run(lambda: late.now - START >= 1000)
    link.send(16, 1, b"\xc4\x01")
    late.run(lambda: late.last(hdlc.Received))
    assert late.last(hdlc.Received).apdu == b"\xc4\x01"


def test_a_push_in_an_unnumbered_frame_arrives_without_a_connection():
    server = hdlc.HdlcServerLink(hdlc.HdlcServerSettings((1,)))
    client = hdlc.HdlcClientLink(hdlc.HdlcClientSettings(SERVER))
    server.send_unnumbered(16, SERVER, b"\x0f\x00")
    assert client.receive(server.outgoing(), START) == [hdlc.Received(16, 1, b"\x0f\x00", unnumbered=True)]


def test_a_broadcast_is_heard_by_every_device_and_answered_by_none():
    server = hdlc.HdlcServerLink(hdlc.HdlcServerSettings((1, 2), station=5))
    everybody = hdlc.Frame(
        hdlc.Address(0x7F, 0x7F), hdlc.Address(1), hdlc.Kind.UNNUMBERED, False, information=b"\xe6\xe6\x00\xc1"
    )
    heard = server.receive(hdlc.encode_frame(everybody), START)
    assert [(one.server, one.apdu, one.unnumbered) for one in heard] == [(1, b"\xc1", True), (2, b"\xc1", True)]
    assert server.outgoing() == b""


def test_a_question_without_a_connection_is_answered_with_dm():
    server = hdlc.HdlcServerLink(hdlc.HdlcServerSettings((1,)))
    asked = hdlc.Frame(SERVER, hdlc.Address(16), hdlc.Kind.INFORMATION, information=b"\xe6\xe6\x00\xc0")
    assert server.receive(hdlc.encode_frame(asked), START) == []
    assert hdlc.decode_frame(server.outgoing()[1:-1]).kind is hdlc.Kind.DISCONNECTED


def test_a_client_that_takes_no_answer_cannot_fill_the_memory():
    meter = Meter()
    line = line_to(meter, parameters=LARGE).connect()
    host, told = line.host, []
    body = b"\xe6\xe6\x00\xc0\x01"
    for number in range(40):
        frame = hdlc.Frame(SERVER, hdlc.Address(16), hdlc.Kind.INFORMATION, False, number % 8, 0, False, body)
        told += host.link.receive(hdlc.encode_frame(frame), START)
        host.link.send(16, 1, bytes(60_000))
    assert told[-1].cause is hdlc.Cause.FAULT
    assert len([one for one in told if isinstance(one, hdlc.Received)]) < 4


def test_a_number_that_was_never_sent_is_rejected():
    line = line_to(Meter()).connect()
    frame = hdlc.Frame(SERVER, hdlc.Address(16), hdlc.Kind.READY, receive=5)
    told = line.host.link.receive(hdlc.encode_frame(frame), START)
    assert told[0].cause is hdlc.Cause.FAULT
    assert hdlc.decode_frame(line.host.link.outgoing()[1:-1]).kind is hdlc.Kind.REJECT


def test_more_connections_than_the_limit_are_refused():
    host = hdlc.HdlcHost(Meter().server, hdlc.HdlcServerSettings((1,)))
    lines = [Line(hdlc.HdlcClientSettings(SERVER, sap), host).connect() for sap in range(1, hdlc.MAX_CONNECTIONS + 2)]
    assert [line.link.connected for line in lines] == [True] * hdlc.MAX_CONNECTIONS + [False]


def test_a_line_that_goes_down_ends_what_stood_on_it():
    line = line_to(Meter()).connect()
    assert line.link.receive(b"", START)[0].cause is hdlc.Cause.SILENCE
    line.host.receive(b"", START)
    assert not line.host.link.connections
    with pytest.raises(StateError):
        line.link.send(b"\xc0", START)


def test_what_cannot_be_sent_is_refused_by_name():
    line = line_to(Meter()).connect()
    with pytest.raises(UsageError):
        line.link.send(b"", START)
    with pytest.raises(StateError):
        line.link.connect(START)
    with pytest.raises(UsageError):
        hdlc.HdlcClientSettings(hdlc.Address(0x7F))


@given(st.lists(st.binary(max_size=60), max_size=12))
def test_any_bytes_leave_both_ends_alive(pieces):
    line = line_to(Meter()).connect()
    now = START
    for piece in pieces:
        now = Instant(now + 700)
        line.link.receive(piece or b"\x7e", now)
        line.link.elapse(now)
        line.host.receive(piece or b"\x7e", now)
        line.host.elapse(now)
    fresh_line = Line(hdlc.HdlcClientSettings(SERVER, 3), line.host).connect()
    assert fresh_line.link.connected


def test_the_meter_of_these_tests_is_the_one_of_the_others():
    assert (Meter().server.system_title, NOW % 1000) == (SERVER_TITLE, 0)
