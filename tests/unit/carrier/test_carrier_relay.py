"""The blind relay, by its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.carrier import Carrier, CarrierSettings
from meterhouse.companion.relay import Frame, FrameReader, Hello, Kind, Refusal, Role
from meterhouse.model import MINUTE, Eui64, Instant, Machine, MalformedError

HUB = Eui64.parse("00DB1234567890A0")
OTHER_HUB = Eui64.parse("00DB1234567890A1")
HEAD_END = Eui64.parse("90B3D51F30010000")
T0 = Instant(1_700_000_000_000)


def carrier(may_reach=lambda _head_end, _hub: True):
    return Carrier(CarrierSettings("carrier", may_reach, 10 * MINUTE))


def say(machine, port, *frames, now=T0):
    machine.receive(port, b"".join(frame.encode() for frame in frames), now)
    return taken(machine)


def taken(machine):
    readers: dict[str, FrameReader] = {}
    return [
        (port, frame)
        for port, data in machine.outgoing()
        for frame in (readers.setdefault(port, FrameReader()).feed(data) if data else [None])
    ]


def connected(machine):
    say(machine, "hub/1", Hello(Role.HUB, HUB).frame())
    say(machine, "he/1", Hello(Role.HEAD_END, HEAD_END).frame())


def called(machine, session=7):
    out = say(machine, "he/1", Frame(Kind.CALL, session, HUB.octets))
    assert [port for port, _ in out] == ["hub/1"]
    return out[0][1].session


def test_it_is_a_machine():
    assert isinstance(carrier(), Machine)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20))
def test_bytes_pass_unchanged_in_both_directions(chunks):
    relay = carrier()
    connected(relay)
    number = called(relay)
    say(relay, "hub/1", Frame(Kind.ANSWERED, number))
    for chunk in chunks:
        assert say(relay, "he/1", Frame(Kind.DATA, 7, chunk)) == [("hub/1", Frame(Kind.DATA, number, chunk))]
        assert say(relay, "hub/1", Frame(Kind.DATA, number, chunk)) == [("he/1", Frame(Kind.DATA, 7, chunk))]
    usage = relay.usage.totals()[HEAD_END, HUB]
    assert (usage.bytes_down, usage.bytes_up) == (sum(map(len, chunks)),) * 2


def test_a_call_to_a_hub_that_is_unknown_gone_forbidden_or_busy_is_refused_by_reason():
    relay = carrier(lambda _head_end, hub: hub != OTHER_HUB)
    connected(relay)
    refused = say(relay, "he/1", Frame(Kind.CALL, 1, Eui64(bytes(8)).octets), Frame(Kind.CALL, 2, OTHER_HUB.octets))
    assert [frame.payload[0] for _, frame in refused] == [Refusal.UNKNOWN_HUB, Refusal.NOT_ALLOWED]
    called(relay)
    assert say(relay, "he/1", Frame(Kind.CALL, 3, HUB.octets))[0][1].payload[0] == Refusal.BUSY
    relay.receive("hub/1", b"", T0)
    taken(relay)
    assert say(relay, "he/1", Frame(Kind.CALL, 4, HUB.octets))[0][1].payload[0] == Refusal.NOT_CONNECTED


def test_when_a_side_goes_the_other_is_hung_up():
    for gone, told, number in (("hub/1", "he/1", 7), ("he/1", "hub/1", None)):
        relay = carrier()
        connected(relay)
        hub_number = called(relay)
        relay.receive(gone, b"", T0)
        assert taken(relay) == [(told, Frame(Kind.HANG_UP, number or hub_number))]


def test_a_newer_connection_of_a_hub_replaces_the_older():
    relay = carrier()
    connected(relay)
    out = say(relay, "hub/2", Hello(Role.HUB, HUB).frame())
    assert ("hub/1", None) in out
    assert say(relay, "he/1", Frame(Kind.CALL, 1, HUB.octets))[0][0] == "hub/2"


def test_a_silent_hub_is_dropped_and_a_pinging_one_stays():
    relay = carrier()
    connected(relay)
    say(relay, "hub/2", Hello(Role.HUB, OTHER_HUB).frame())
    say(relay, "hub/2", Frame(Kind.PING), now=Instant(T0 + 6 * MINUTE))
    relay.elapse(Instant(T0 + 10 * MINUTE))
    assert not relay.online(HUB)
    assert relay.online(OTHER_HUB)


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_from_a_stranger_end_in_silence_or_a_dropped_line(data):
    relay = carrier()
    connected(relay)
    relay.receive("stranger/1", data, T0)
    assert {port for port, _ in relay.outgoing()} <= {"stranger/1", "hub/1"}
    assert relay.online(HUB) or data[:2] == b"\x00\x0e"


@given(st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2**32 - 1), st.binary(max_size=50)), max_size=10))
def test_frames_are_the_same_fed_whole_or_byte_by_byte(parts):
    frames = [Frame(*part) for part in parts]
    stream = b"".join(frame.encode() for frame in frames)
    reader = FrameReader()
    assert FrameReader().feed(stream) == frames
    assert [frame for byte in stream for frame in reader.feed(bytes([byte]))] == frames


def test_a_frame_that_is_not_ours_raises_one_class():
    with pytest.raises(MalformedError):
        FrameReader().feed(b"GET / HTTP/1.1\r\n")


def test_a_head_end_that_dials_again_has_lost_its_old_line_and_its_calls_with_it():
    """A line that died without a word must not leave hubs busy for ever."""
    relay = carrier()
    connected(relay)
    hub_number = called(relay)
    out = say(relay, "he/2", Hello(Role.HEAD_END, HEAD_END).frame())
    assert ("he/1", None) in out
    assert ("hub/1", Frame(Kind.HANG_UP, hub_number)) in out
    assert [frame.kind for _, frame in say(relay, "he/2", Frame(Kind.CALL, 1, HUB.octets))] == [Kind.CALL]


def test_a_connection_that_says_hello_twice_is_dropped_and_leaves_no_name_behind():
    relay = carrier()
    connected(relay)
    out = say(relay, "hub/1", Hello(Role.HUB, OTHER_HUB).frame())
    assert ("hub/1", None) in out
    assert not relay.online(HUB)
    assert not relay.online(OTHER_HUB)


def test_a_hub_cannot_call_anybody():
    relay = carrier()
    connected(relay)
    number = called(relay)
    assert say(relay, "hub/1", Frame(Kind.CALL, number, OTHER_HUB.octets)) == []
    assert say(relay, "hub/1", Frame(Kind.WELCOME, number)) == []


def test_a_number_in_use_cannot_be_called_under_again_and_an_unknown_one_is_hung_up():
    relay = carrier()
    connected(relay)
    called(relay)
    say(relay, "hub/2", Hello(Role.HUB, OTHER_HUB).frame())
    refused = say(relay, "he/1", Frame(Kind.CALL, 7, OTHER_HUB.octets))
    assert refused == [("he/1", Frame(Kind.REFUSED, 7, bytes([Refusal.BUSY])))]
    assert say(relay, "he/1", Frame(Kind.DATA, 99, b"x")) == [("he/1", Frame(Kind.HANG_UP, 99))]
    assert ("he/1", None) in say(relay, "he/1", Frame(Kind.CALL, 8, b"short"))


def test_two_head_ends_do_not_hear_each_others_sessions():
    other = Eui64.parse("90B3D51F30010001")
    relay = carrier()
    connected(relay)
    say(relay, "he/2", Hello(Role.HEAD_END, other).frame())
    number = called(relay)
    assert say(relay, "he/2", Frame(Kind.DATA, 7, b"mine?")) == [("he/2", Frame(Kind.HANG_UP, 7))]
    assert say(relay, "hub/1", Frame(Kind.DATA, number, b"yours")) == [("he/1", Frame(Kind.DATA, 7, b"yours"))]


@given(st.lists(st.tuples(st.sampled_from(["hub/1", "he/1", "x"]), st.binary(min_size=0, max_size=60)), max_size=12))
def test_bytes_of_any_kind_on_any_line_never_raise(noise):
    relay = carrier()
    connected(relay)
    called(relay)
    for port, data in noise:
        relay.receive(port, data, T0)
        list(relay.outgoing())
        list(relay.events())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hub/1", "he/1", "x"]),
            st.sampled_from(Kind),
            st.integers(0, 8),
            st.sampled_from([b"", HUB.octets, OTHER_HUB.octets, b"\x01" + HUB.octets, b"\x02" + HEAD_END.octets]),
        ),
        max_size=20,
    )
)
def test_frames_in_any_order_never_raise_and_leave_no_session_without_two_ends(frames):
    relay = carrier()
    connected(relay)
    for port, kind, session, payload in frames:
        say(relay, port, Frame(kind, session, payload))
    lines = relay._lines.values()
    for line in lines:
        for one in line.sessions.values():
            assert one.hub in lines
            assert one.head_end in lines
    assert set(map(id, relay._hubs.values())) <= set(map(id, lines))
