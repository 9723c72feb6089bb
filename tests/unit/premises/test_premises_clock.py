from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import DAY, Instant
from meterhouse.premises.clock import DeviceClock

INSTANTS = st.integers(1_600_000_000_000, 1_900_000_000_000)
DRIFTS = st.integers(-500, 500)


@given(at=INSTANTS, later=st.integers(0, 400 * DAY), drift=DRIFTS)
def test_true_is_the_first_instant_at_which_the_clock_shows_it(at, later, drift):
    clock = DeviceClock(drift, Instant(at))
    shown = Instant(at + later)
    true = clock.true(shown)
    assert clock.reads(true) >= shown > clock.reads(Instant(true - 1))


@given(at=INSTANTS, later=st.integers(0, 400 * DAY), drift=DRIFTS, wrong_by=st.integers(-DAY, DAY))
def test_setting_shows_the_new_time_at_once_and_tells_the_step(at, later, drift, wrong_by):
    clock = DeviceClock(drift, Instant(at))
    now = Instant(at + later)
    before = clock.reads(now)
    assert clock.set(Instant(now + wrong_by), now) == now + wrong_by - before
    assert clock.reads(now) == now + wrong_by


def test_twenty_parts_per_million_are_1728_ms_a_day():
    clock = DeviceClock(20, Instant(0))
    assert clock.reads(Instant(DAY)) == DAY + 1_728
