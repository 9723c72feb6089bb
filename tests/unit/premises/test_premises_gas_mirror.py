"""What a hub counts of its gas meter's silence, and what it knows of the valve after its orders."""

from __future__ import annotations

from home_bench import RADIO_METER, START
from meterhouse.companion.gas import GasReport, ValveState
from meterhouse.model import HALF_HOUR, MINUTE, Instant
from meterhouse.premises.hub.gas_mirror import GasMirror

DELAY = 48
GRACE = 2 * MINUTE


def mirror() -> GasMirror:
    return GasMirror(DELAY, GRACE, START)


def report(at: Instant, valve: ValveState = ValveState.OPEN) -> GasReport:
    return GasReport(RADIO_METER, 1, at, 100, 200, valve, DELAY)


def after(half_hours: int) -> Instant:
    return Instant(START + half_hours * HALF_HOUR + GRACE)


def test_a_new_hub_has_missed_nothing_and_knows_no_valve():
    one = mirror()
    assert (one.misses, one.missed_now, one.countdown, one.valve, one.link_failed) == (0, 0, DELAY, None, False)


def test_misses_are_counted_for_good_and_those_of_one_outage_until_the_next_report():
    one = mirror()
    assert not one.missed(Instant(after(1) - 1))
    assert [one.missed(after(number)) for number in (1, 2, 3)] == [True, False, False]
    assert (one.misses, one.missed_now, one.countdown) == (3, 3, DELAY - 3)
    one.take(report(after(3)), after(3))
    assert (one.misses, one.missed_now, one.link_failed) == (3, 0, False)
    assert one.missed(after(4))
    assert (one.misses, one.missed_now) == (4, 1)


def test_an_order_that_was_obeyed_shows_at_once_and_before_any_report_only_the_valve_is_known():
    one = mirror()
    one.settled(None, ValveState.CLOSED, None)
    assert (one.valve, one.report) == (ValveState.CLOSED, None)
    one.take(report(after(1)), after(1))
    one.settled(5_000, None, 7)
    assert one.valve is ValveState.OPEN
    assert one.report is not None
    assert (one.report.cutoff_l, one.report.valve, one.report.countdown) == (5_000, ValveState.OPEN, 7)
    one.settled(None, ValveState.CLOSED, None)
    assert (one.valve, one.report.valve, one.report.cutoff_l) == (ValveState.CLOSED, ValveState.CLOSED, 5_000)


def test_a_snapshot_goes_on_in_the_middle_of_an_outage():
    one = mirror()
    one.missed(after(2))
    again = mirror()
    again.restore(one.state())
    assert again.state() == one.state()
    assert not again.missed(after(3)), "it has been told already"
    assert (again.misses, again.missed_now, again.countdown) == (3, 3, DELAY - 3)


def test_a_snapshot_keeps_the_valve_as_its_last_order_left_it():
    one = mirror()
    one.settled(None, ValveState.ARMED, None)
    again = mirror()
    again.restore(one.state())
    assert again.valve is ValveState.ARMED


def test_a_snapshot_of_before_outages_were_counted_by_themselves_has_none_under_way():
    state = mirror().state()
    del state["missed_now"]
    again = mirror()
    again.restore(state)
    assert again.missed_now == 0
