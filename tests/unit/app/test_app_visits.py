"""Visits on a real database: what is kept, what stands in the audit chain, and that nothing is armed meanwhile."""

from __future__ import annotations

import pytest
from tests.counter_street import build, meter_of
from tests.trust_office import Office

from meterhouse.app.visits import VisitAct, Visits
from meterhouse.model import Fuel, NotFoundError, PolicyError, StateError, StorageError, UsageError, parse_instant
from meterhouse.store import Database, SqlAuditChain, SqlHomeBook
from meterhouse.supplier.office import Isolation, Means, VisitState
from meterhouse.supplier.trust import HomeStanding, WorkState

NOW = parse_instant("2026-11-23T10:00:00Z")
HOME, METER = "00", meter_of(0)
FUSE = Isolation(Means.CUT_OUT_FUSE, "cut-out in the hall", "fuse in my bag", "tester 0417", True, True)


@pytest.fixture
def database(tmp_path):
    with Database(f"sqlite:///{tmp_path / 'meterhouse.db'}") as opened:
        opened.run(build)
        yield opened


@pytest.fixture
def visits(database: Database) -> Visits:
    return Visits(database)


def arrived(visits: Visits) -> str:
    number = visits.plan(HOME, Fuel.ELECTRICITY, "change the meter", "Ann", NOW).visit.number
    visits.act(number, VisitAct.ARRIVE, "Ben", NOW)
    return number


@pytest.mark.requirement("S0-50")
def test_an_open_switch_is_kept_for_the_record_and_lets_nobody_work(visits: Visits):
    number = arrived(visits)
    with pytest.raises(StateError, match="cannot become working"):
        visits.act(number, VisitAct.WORK, "Ben", NOW, switch="Open")
    shown = visits.show(number)
    assert shown.visit.state is VisitState.ARRIVED
    assert visits.isolate(number, "Ben", FUSE, NOW, switch="Closed").visit.state is VisitState.ISOLATED
    assert visits.act(number, VisitAct.WORK, "Ben", NOW).visit.state is VisitState.WORKING
    assert [step.switch for step in visits.show(number).history] == ["", "", "Closed", ""]


def test_every_step_stands_in_the_history_and_in_the_audit_chain(visits: Visits, database: Database):
    number = arrived(visits)
    visits.isolate(number, "Ben", FUSE, NOW)
    for act in (VisitAct.WORK, VisitAct.RESTORE, VisitAct.CLOSE):
        visits.act(number, act, "Ben", NOW)
    lines = database.read(lambda tx: list(SqlAuditChain(tx).lines()))
    told = [line for line in lines if line.subject == number]
    deeds = ["planned", "arrived", "isolated", "working", "restored", "closed"]
    assert [line.deed for line in told] == [f"visit.{deed}" for deed in deeds]
    assert [step.who for step in visits.show(number).history] == ["Ann", *["Ben"] * 5]
    assert "tester 0417" in told[2].fields
    assert visits.list(live=True) == ()
    assert len(visits.list(HOME)) == 1


@pytest.mark.requirement("S0-50")
def test_a_home_is_held_from_arrival_until_its_supply_is_restored(visits: Visits, database: Database):
    def held() -> str:
        standing = database.read(lambda tx: SqlHomeBook(tx).standing(HOME, METER))
        assert standing is not None
        return standing.visit

    number = visits.plan(HOME, Fuel.ELECTRICITY, "change the meter", "Ann", NOW).visit.number
    assert held() == ""
    visits.act(number, VisitAct.ARRIVE, "Ben", NOW)
    assert held() == f"Ben is at visit {number}, arrived"
    visits.isolate(number, "Ben", FUSE, NOW)
    assert held().endswith("physically isolated")
    visits.act(number, VisitAct.LEAVE_APART, "Ben", NOW, "for the night")
    assert held().endswith("left apart")
    visits.act(number, VisitAct.ARRIVE, "Eve", NOW)
    visits.isolate(number, "Eve", FUSE, NOW)
    visits.act(number, VisitAct.RESTORE, "Eve", NOW)
    assert held() == ""


@pytest.mark.requirement("S0-50")
def test_nothing_is_armed_over_a_workers_hands_and_all_else_goes_on():
    office = Office()
    waiting = office.raised(request=office.request(arm=True))
    assert waiting.state is WorkState.APPROVED
    plain = office.homes.plain("home-1", waiting.device)
    office.homes.changes["home-1"] = HomeStanding(
        plain.premises, plain.feeder, visit="Ben is at visit V000001, working"
    )
    with pytest.raises(PolicyError, match="not to be armed"):
        office.desk.draft(office.request(arm=True), NOW)
    assert office.desk.due(waiting.not_before) == []
    assert office.state(waiting) is WorkState.REFUSED
    assert office.desk.draft(office.request(), NOW).home == "home-1"
    office.homes.changes.clear()
    assert office.raised(request=office.request(arm=True)).state is WorkState.APPROVED


def test_a_visit_is_to_a_home_that_is_there(visits: Visits):
    with pytest.raises(NotFoundError):
        visits.plan("nowhere", Fuel.GAS, "change the meter", "Ann", NOW)
    with pytest.raises(NotFoundError):
        visits.show("V000009")


def test_words_that_would_write_over_a_line_are_refused(visits: Visits):
    number = arrived(visits)
    with pytest.raises(UsageError):
        visits.act(number, VisitAct.ABANDON, "Ben", NOW, "no\x1b[2Jaccess")
    planned = visits.plan(HOME, Fuel.GAS, "change the meter", "Ann", NOW).visit.number
    with pytest.raises(PolicyError):
        visits.act(planned, VisitAct.ARRIVE, "Ben\nEve", NOW)


def test_of_two_who_say_the_next_step_at_once_one_is_refused(visits: Visits, database: Database):
    from meterhouse.store.visits import SqlVisits
    from meterhouse.supplier.office import VisitStep

    number = arrived(visits)
    before = visits.show(number).visit
    visits.act(number, VisitAct.ABANDON, "Ben", NOW, "no access")
    after = before.isolate("Ben", FUSE, NOW)
    with pytest.raises(StateError, match="meanwhile"):
        database.run(lambda tx: SqlVisits(tx).change(before, after, VisitStep(NOW, after.state, "Ben")))
    assert visits.show(number).visit.state is VisitState.ABANDONED


def test_a_row_that_was_written_by_hand_is_told_as_damage(visits: Visits, database: Database):
    from sqlalchemy import text

    number = arrived(visits)
    database.run(lambda tx: tx.connection.execute(text('UPDATE visits SET isolation = \'{"means": "switch"}\'')))
    with pytest.raises(StorageError, match="not as it was written"):
        visits.show(number)
