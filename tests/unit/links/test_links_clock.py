"""Clocks never run back, and the paced one never runs away."""

from __future__ import annotations

import time

import pytest

from meterhouse.links import PacedClock, SystemClock
from meterhouse.model import Instant, UsageError

MS = 1_000_000


class Source:
    def __init__(self) -> None:
        self.ns = 77 * MS

    def __call__(self) -> int:
        return self.ns


def test_the_system_clock_is_utc_now() -> None:
    assert abs(SystemClock().now() - time.time_ns() // MS) < 1000


def test_a_system_clock_that_is_set_back_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    wall = [5_000 * MS, 4_000 * MS, 5_001 * MS]
    monkeypatch.setattr(time, "time_ns", lambda: wall.pop(0))
    assert [clock.now(), clock.now(), clock.now()] == [5_000, 5_000, 5_001]


def test_a_system_clock_looks_again_within_a_second() -> None:
    clock = SystemClock()
    assert clock.pause(Instant(clock.now() + 60_000)) == 1.0
    assert clock.pause(Instant(0)) == 0.0
    assert clock.pause(None) is None


def test_paced_time_moves_only_by_turns() -> None:
    source = Source()
    clock = PacedClock(Instant(1000), speed=300, longest_step=1500, source=source)
    clock.advance()
    source.ns += 4 * MS
    assert clock.now() == 1000
    assert clock.advance() == 1000 + 300 * 4
    assert clock.now() == 2200
    assert clock.real_speed() == pytest.approx(300)


def test_paced_time_holds_back_while_the_loop_is_blocked() -> None:
    source = Source()
    clock = PacedClock(Instant(0), speed=300, longest_step=1500, source=source)
    clock.advance()
    source.ns += 10_000 * MS
    assert clock.advance() == 1500
    source.ns += 1 * MS
    assert clock.advance() == 1800
    assert clock.real_speed() < 1


def test_slow_paced_time_loses_nothing_to_rounding() -> None:
    source = Source()
    clock = PacedClock(Instant(0), speed=1, source=source)
    clock.advance()
    for _ in range(10_000):
        source.ns += MS // 10
        clock.advance()
    assert clock.now() == 1000


def test_the_real_source_of_paced_time_moves_it() -> None:
    clock = PacedClock(Instant(0), speed=1000, longest_step=10**9)
    clock.advance()
    time.sleep(0.002)
    assert clock.advance() >= 2000


@pytest.mark.parametrize(("speed", "step"), [(0, 1000), (1, 0)])
def test_a_clock_that_cannot_move_is_refused(speed: int, step: int) -> None:
    with pytest.raises(UsageError):
        PacedClock(Instant(0), speed, step)
