"""The trace is readable, and its hash covers every byte whatever is shown."""

from __future__ import annotations

import hashlib

import pytest

from meterhouse.model import Event, Instant
from meterhouse.simulation import Level, Trace

NOON = Instant(1_700_000_000_123)


def filled(trace: Trace, data: bytes = b"abc", at: Instant = NOON) -> Trace:
    trace.delivery(at, "hub:wan -> carrier:hubs/1", data)
    trace.event(Event(at, "hub", "token.accepted", {"amount_money5": 1_600_000}))
    trace.delivery(at, "carrier:hubs/1 -> hub:wan", b"")
    return trace


def test_lines_are_readable() -> None:
    lines: list[str] = []
    filled(Trace(lines.append))
    assert lines == [
        "2023-11-14T22:13:20.123Z hub:wan -> carrier:hubs/1 len=3 crc=352441c2",
        "2023-11-14T22:13:20.123Z hub token.accepted amount_money5=1600000",
        "2023-11-14T22:13:20.123Z carrier:hubs/1 -> hub:wan down",
    ]


@pytest.mark.parametrize(("level", "shown"), [(Level.NOTHING, 0), (Level.EVENTS, 1), (Level.DELIVERIES, 3)])
def test_the_level_changes_what_is_shown_and_nothing_else(level: Level, shown: int) -> None:
    lines: list[str] = []
    trace = filled(Trace(lines.append, level))
    assert len(lines) == shown
    assert trace.hash() == filled(Trace()).hash()
    assert trace.tail() == filled(Trace()).tail()


def test_each_byte_instant_and_end_changes_the_hash() -> None:
    hashes = {
        filled(Trace()).hash(),
        filled(Trace(), b"abd").hash(),
        filled(Trace(), b"ab").hash(),
        filled(Trace(), at=Instant(NOON + 1)).hash(),
        Trace().hash(),
    }
    assert len(hashes) == 5


def test_the_hash_is_of_what_the_docstring_says() -> None:
    first = f"{NOON} hub:wan -> carrier:hubs/1 3\n".encode() + b"abc"
    line = "2023-11-14T22:13:20.123Z hub token.accepted amount_money5=1600000"
    event = f"! {len(line)} {line}\n".encode()
    last = f"{NOON} carrier:hubs/1 -> hub:wan 0\n".encode()
    assert filled(Trace()).hash() == hashlib.sha256(first + event + last).hexdigest()


def test_asking_for_the_hash_on_the_way_changes_nothing() -> None:
    asked, silent = Trace(), Trace()
    for n in range(3000):
        filled(asked, at=Instant(n))
        filled(silent, at=Instant(n))
        asked.hash()
    assert asked.hash() == silent.hash()


def test_only_the_latest_lines_are_kept_and_all_are_counted() -> None:
    trace = Trace(keep=2)
    for _ in range(5):
        filled(trace)
    assert len(trace.tail()) == 2
    assert trace.tail()[-1].endswith("hub:wan down")
    assert (trace.deliveries, trace.delivered_bytes, trace.events) == (10, 15, 5)
