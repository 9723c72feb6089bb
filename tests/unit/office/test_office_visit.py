"""A visit's rules: no work before a physical isolation that its own worker has proved, whatever the switch says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import Fuel, Instant, MeterhouseError, PolicyError, StateError, parse_instant
from meterhouse.supplier.office import Isolation, Means, Visit, VisitState, parse_means

TEN = parse_instant("2026-11-23T10:00:00Z")
FUSE = Isolation(Means.CUT_OUT_FUSE, "cut-out in the hall", "fuse in my bag", "tester 0417", True, True)


def planned() -> Visit:
    return Visit.plan("V000001", "07", Fuel.ELECTRICITY, "change the meter", "Ann", TEN)


def arrived() -> Visit:
    return planned().arrive("Ben", TEN)


def test_a_visit_goes_from_plan_to_close_by_way_of_isolation():
    visit = arrived().isolate("Ben", FUSE, TEN)
    assert (visit.state, visit.isolation) == (VisitState.ISOLATED, FUSE)
    done = visit.work("Ben", TEN).restore("Ben", TEN).close("Ann", TEN)
    assert done.state is VisitState.CLOSED
    assert done.state.ended
    assert not done.state.holds


@pytest.mark.requirement("S0-50")
@pytest.mark.parametrize("visit", [planned(), arrived()], ids=["planned", "arrived"])
def test_no_work_begins_before_somebody_has_isolated_physically(visit: Visit):
    with pytest.raises(StateError):
        visit.work("Ben", TEN)


@pytest.mark.requirement("S0-50")
@pytest.mark.parametrize("told", ["switch", "meter-switch", "valve", "load switch open", "remote cut", "W000001", ""])
def test_a_meters_own_switch_is_no_means(told: str):
    with pytest.raises(PolicyError, match="no physical means"):
        parse_means(told)


@pytest.mark.requirement("S0-50")
@pytest.mark.parametrize(
    "lacking",
    [{"proved_dead": False}, {"tester_proved": False}, {"tester": " "}, {"place": ""}, {"secured": "no"}],
    ids=str,
)
def test_an_isolation_that_is_not_whole_is_not_taken(lacking: dict[str, object]):
    with pytest.raises(PolicyError):
        arrived().isolate("Ben", replace(FUSE, **lacking), TEN)  # type: ignore[arg-type]


def test_an_isolation_is_of_the_supply_that_is_worked_on():
    gas = Visit.plan("V000002", "07", Fuel.GAS, "change the meter", "Ann", TEN).arrive("Ben", TEN)
    with pytest.raises(PolicyError, match="does not separate gas"):
        gas.isolate("Ben", FUSE, TEN)
    assert gas.isolate("Ben", replace(FUSE, means=Means.BLANKED_GAS_INLET), TEN).state is VisitState.ISOLATED


def test_nobody_states_a_step_at_the_installation_for_another():
    visit = arrived()
    for step in (lambda: visit.isolate("Eve", FUSE, TEN), lambda: visit.isolate("Ben", FUSE, TEN).work("Eve", TEN)):
        with pytest.raises(PolicyError, match="Ben is at visit"):
            step()
    with pytest.raises(PolicyError, match="Ben is at visit"):
        visit.isolate("Ben", FUSE, TEN).work("Ben", TEN).restore("Eve", TEN)


def test_whoever_comes_back_to_what_was_left_apart_isolates_anew():
    left = arrived().isolate("Ben", FUSE, TEN).work("Ben", TEN).leave_apart("Ann", "Ben was called away", TEN)
    assert left.state.holds
    assert not left.state.ended
    with pytest.raises(StateError):
        left.work("Ben", TEN)
    again = left.arrive("Eve", TEN)
    assert again.isolation is None
    with pytest.raises(StateError):
        again.work("Eve", TEN)
    assert again.isolate("Eve", FUSE, TEN).work("Eve", TEN).state is VisitState.WORKING


def test_a_visit_is_abandoned_only_while_nothing_is_separated():
    assert planned().abandon("Ann", "nobody at home", TEN).state.ended
    assert arrived().abandon("Ben", "no access", TEN).state.ended
    separated = arrived().isolate("Ben", FUSE, TEN)
    for visit in (separated, separated.work("Ben", TEN)):
        with pytest.raises(StateError, match="cannot become abandoned"):
            visit.abandon("Ben", "no access", TEN)


def test_a_visits_time_never_goes_back():
    assert arrived().abandon("Ben", "no access", Instant(TEN - 1)).at == TEN


STEPS = {
    "arrive": lambda visit, who: visit.arrive(who, TEN),
    "isolate": lambda visit, who: visit.isolate(who, FUSE, TEN),
    "work": lambda visit, who: visit.work(who, TEN),
    "restore": lambda visit, who: visit.restore(who, TEN),
    "leave": lambda visit, who: visit.leave_apart(who, "for the night", TEN),
    "close": lambda visit, who: visit.close(who, TEN),
    "abandon": lambda visit, who: visit.abandon(who, "no access", TEN),
}


@pytest.mark.requirement("S0-50")
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(["Ben", "Eve"])), max_size=30))
def test_by_no_way_does_work_begin_without_the_workers_own_isolation_since_they_came(steps: list[tuple[str, str]]):
    visit, isolated_by = planned(), ""
    for step, who in steps:
        try:
            visit = STEPS[step](visit, who)
        except MeterhouseError:
            continue
        isolated_by = {"arrive": "", "isolate": who}.get(step, isolated_by)
        if visit.state is VisitState.WORKING:
            assert visit.worker == isolated_by == who
        if visit.state.holds and visit.state is not VisitState.LEFT_APART:
            assert visit.worker
