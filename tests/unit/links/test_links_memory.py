"""What a null modem does to bytes, and to the two who use it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.links import Channel, Dice, Lane, Manner, NullModem
from meterhouse.model import Instant, UsageError

AIR = Manner.DATAGRAM


def at(ms: int) -> Instant:
    return Instant(ms)


def through(channel: Channel, seed: int, count: int = 1000) -> list[tuple[Instant, bytes]]:
    lane = Lane(channel, Dice(seed))
    parcels = [parcel for n in range(count) for parcel in lane.carry(n.to_bytes(2, "big"), at(n * 10))]
    return sorted(parcels, key=lambda parcel: parcel[0])


def test_splitmix_gives_the_published_numbers() -> None:
    # Vigna's splitmix64.c, first outputs for state 1234567.
    dice = Dice(1234567)
    assert [dice.draw() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(st.integers(), st.integers(min_value=1, max_value=2**32))
def test_dice_stay_below_their_limit(seed: int, limit: int) -> None:
    assert 0 <= Dice(seed).below(limit) < limit


def test_dice_of_another_name_fall_otherwise() -> None:
    assert Dice.of(1, "hub").octets(13) != Dice.of(1, "meter").octets(13)
    assert len(Dice.of(1, "hub").octets(13)) == 13


def test_a_perfect_stream_delivers_at_the_same_instant() -> None:
    assert NullModem(Channel(), Dice(1)).send(0, b"x", at(5)) == [(5, 1, b"x", 1)]


@pytest.mark.parametrize("fault", ["loss_permille", "reorder_permille", "duplicate_permille"])
def test_the_same_seed_gives_the_same_faults_and_another_seed_others(fault: str) -> None:
    channel = Channel(delay_ms=30, jitter_ms=9, manner=AIR, **{fault: 200})
    assert through(channel, 7) == through(channel, 7)
    assert through(channel, 7) != through(channel, 8)


def test_loss_is_as_frequent_as_asked() -> None:
    assert 750 <= len(through(Channel(loss_permille=200, manner=AIR), 3)) <= 850
    assert through(Channel(loss_permille=1000, manner=AIR), 3) == []


def test_duplicates_are_as_frequent_as_asked() -> None:
    assert 1150 <= len(through(Channel(delay_ms=5, duplicate_permille=200, manner=AIR), 3)) <= 1250


def test_only_reordering_reorders() -> None:
    calm = [data for _, data in through(Channel(delay_ms=30, jitter_ms=50, manner=AIR), 3)]
    assert calm == sorted(calm)
    wild = [data for _, data in through(Channel(delay_ms=30, reorder_permille=100, manner=AIR), 3)]
    assert wild != sorted(wild)
    assert sorted(wild) == calm


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=30),
    st.integers(0, 50),
    st.integers(0, 80),
    st.integers(0, 7),
    st.integers(0, 2**64),
)
def test_a_stream_keeps_every_byte_in_order(sent: list[bytes], delay: int, jitter: int, piece: int, seed: int) -> None:
    lane = Lane(Channel(delay_ms=delay, jitter_ms=jitter, piece_bytes=piece), Dice(seed))
    parcels = [parcel for n, data in enumerate(sent) for parcel in lane.carry(data, at(n))]
    assert b"".join(data for _, data in parcels) == b"".join(sent)
    arrivals = [arrival for arrival, _ in parcels]
    assert arrivals == sorted(arrivals)
    assert piece == 0 or all(len(data) <= piece for _, data in parcels)


def test_a_broken_stream_is_told_to_both_and_loses_what_was_in_flight() -> None:
    modem = NullModem(Channel(delay_ms=100), Dice(1))
    ((_, side, first, session),) = modem.send(0, b"first", at(0))
    assert modem.admit(side, first, session)
    ((_, side, late, session),) = modem.send(0, b"late", at(50))
    told = modem.cut(at(60))
    assert [(when, who, data) for when, who, data, _ in told] == [(60, 0, b""), (60, 1, b"")]
    assert all(modem.admit(who, data, which) for _, who, data, which in told)
    assert not modem.admit(side, late, session)
    assert not modem.connected(0)
    assert not modem.connected(1)


def test_an_idle_stream_has_nobody_to_tell_of_a_cut() -> None:
    assert NullModem(Channel(), Dice(1)).cut(at(0)) == []


def test_who_closes_is_not_told_and_the_other_is_after_the_last_bytes() -> None:
    modem = NullModem(Channel(delay_ms=10), Dice(1))
    parcels = modem.send(0, b"bye", at(0)) + modem.send(0, b"", at(0))
    assert [(when, side, data) for when, side, data, _ in parcels] == [(10, 1, b"bye"), (10, 1, b"")]
    assert all(modem.admit(side, data, session) for _, side, data, session in parcels)
    assert modem.send(0, b"", at(20)) == []


def test_answers_to_a_closed_connection_never_reach_the_next_one() -> None:
    modem = NullModem(Channel(delay_ms=10), Dice(1))
    hello = modem.send(0, b"hello", at(0))[0]
    modem.admit(*hello[1:])
    answer = modem.send(1, b"answer", at(10))[0]
    end = modem.send(0, b"", at(12))[0]
    again = modem.send(0, b"again", at(13))[0]
    assert not modem.admit(*answer[1:])
    assert modem.admit(*end[1:])
    assert modem.admit(*again[1:])
    assert modem.connected(0)
    assert modem.connected(1)


def test_two_who_dial_at_once_share_one_connection() -> None:
    modem = NullModem(Channel(delay_ms=10), Dice(1))
    (one,), (other,) = modem.send(0, b"a", at(0)), modem.send(1, b"b", at(0))
    assert one[3] == other[3]
    assert modem.admit(*one[1:])
    assert modem.admit(*other[1:])


def test_dialling_a_link_that_is_down_fails_once_and_later() -> None:
    modem = NullModem(Channel(delay_ms=20, up=False), Dice(1))
    (refusal,) = modem.send(0, b"hello", at(100))
    assert refusal[:3] == (120, 0, b"")
    assert modem.send(0, b"more of the same", at(110)) == []
    modem.mend()
    assert modem.send(0, b"still the failed call", at(115)) == []
    assert modem.admit(*refusal[1:])
    assert modem.send(0, b"new", at(121))[0][:3] == (141, 1, b"new")


def test_a_stream_that_breaks_by_chance_tells_both() -> None:
    modem = NullModem(Channel(break_permille=1000), Dice(1))
    assert [(side, data) for _, side, data, _ in modem.send(1, b"x", at(0))] == [(0, b""), (1, b"")]


def test_a_cut_radio_link_loses_what_is_in_the_air_and_tells_nobody() -> None:
    modem = NullModem(Channel(delay_ms=10, manner=AIR), Dice(1))
    (flying,) = modem.send(0, b"x", at(0))
    assert modem.cut(at(5)) == []
    assert not modem.admit(*flying[1:])
    assert modem.send(0, b"y", at(6)) == []
    modem.mend()
    (landed,) = modem.send(0, b"z", at(7))
    assert modem.admit(*landed[1:])


@pytest.mark.parametrize(
    "wrong",
    [
        {"delay_ms": -1},
        {"loss_permille": 1001, "manner": AIR},
        {"loss_permille": 1},
        {"break_permille": 1, "manner": AIR},
        {"piece_bytes": 1, "manner": AIR},
        {"outages": ((10, 5),)},
        {"outages": ((10, 20), (20, 30))},
    ],
)
def test_a_channel_refuses_what_no_link_could_do(wrong: dict) -> None:
    with pytest.raises(UsageError):
        Channel(**wrong)
