"""Two processes at one order, on both data bases: what happened is what one after the other would have done."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import Barrier, Lock
from time import sleep

import pytest
from sqlalchemy import create_engine
from test_app_trust_office import HOME, METER, NOW, Standing, founded
from tests.counter_street import build

from meterhouse.app.sign_daemon import SignDaemon
from meterhouse.app.trust_folder import STAFF
from meterhouse.app.work_orders import open_work_orders
from meterhouse.companion.brake import Brake
from meterhouse.crypto import P256, PublicPoint
from meterhouse.model import Fuel, Instant, MeterhouseError, StateError, StorageError
from meterhouse.store import Database, SqlAuditChain, SqlBrakes, StaffKeys
from meterhouse.supplier.trust import CUT_SUPPLY, Deed, OrderRequest, WorkState, supply_content
from tools import postgres

__all__ = ["founded"]

ROUNDS = 3
"""Approvals that the brake lets pass in an hour."""


@pytest.fixture(scope="module")
def server():
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'house.db'}"
    address = request.getfixturevalue("server")
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return address


class OneAtATime:
    """The daemon as its socket gives it: a request after the other."""

    def __init__(self, daemon: SignDaemon) -> None:
        self._daemon, self._turn = daemon, Lock()
        self.before_sign = lambda: None

    def answer(self, request):
        if request.get("do") == "sign":
            self.before_sign()
        with self._turn:
            return self._daemon.answer(request)


class TwoProcesses:
    def __init__(self, stack: ExitStack, url, trust) -> None:
        self.clock = Standing()
        self.daemon = stack.enter_context(SignDaemon(trust / "signing", self.clock))
        self.line = OneAtATime(self.daemon)
        self.databases = [stack.enter_context(Database(url)) for _ in range(2)]
        self.databases[0].run(build)
        self.desks = [open_work_orders(each, trust, self.line) for each in self.databases]
        staff = StaffKeys(trust / "signing" / STAFF)
        self.pen = {name: staff.open(name, f"{name} says so") for name in ("Ann", "Bob")}

    def raised(self):
        content = supply_content(Fuel.GAS, arm=False)
        asked = OrderRequest(METER, HOME, CUT_SUPPLY[Fuel.GAS], content, "unpaid for 90 days", "case 4711/26")
        return self.desks[0].raise_order(asked, "Ann", "Ann says so", self.clock.at)

    def word(self, person: str, deed: Deed, order):
        """Beforehand: a passphrase takes longer to open than a race lasts."""
        return self.daemon._desk.write(person, self.pen[person], deed, order.digest, self.clock.at)

    def at_once(self, *acts):
        """Each in a thread of its own; what it gave or raised."""
        start = Barrier(len(acts))

        def run(act):
            start.wait()
            try:
                return act()
            except MeterhouseError as error:
                return error

        with ThreadPoolExecutor(len(acts)) as threads:
            return list(threads.map(run, acts))

    def checked(self, order):
        """The order, after the chain was found whole and its history as long as its states."""
        view = self.desks[1].show(order.number)
        public = PublicPoint(P256, bytes.fromhex(self.daemon.answer({"do": "status"})["audit"]))
        assert self.databases[1].read(lambda tx: SqlAuditChain(tx).verify(public)) == []
        assert view.history[-1].state is view.order.state
        return view


def approve(number, word, now, desk):
    return desk.approve(number, word, now)


def cancel(number, word, now, desk):
    return desk.cancel(number, word, now)


@pytest.fixture
def two(url, founded, tmp_path):
    shutil.copytree(founded, tmp_path / "trust")
    with ExitStack() as stack:
        yield TwoProcesses(stack, url, tmp_path / "trust")


def test_an_approval_and_a_cancel_at_once_leave_it_cancelled(two):
    for _ in range(ROUNDS):
        order = two.raised()
        yes, no = two.word("Bob", Deed.APPROVE, order), two.word("Ann", Deed.CANCEL, order)
        approved, cancelled = two.at_once(
            partial(two.desks[0]._act, partial(approve, order.number, yes, two.clock.at), NOW),
            partial(two.desks[1]._act, partial(cancel, order.number, no, two.clock.at), NOW),
        )
        assert cancelled.state is WorkState.CANCELLED
        assert isinstance(approved, StateError) or approved.state is WorkState.APPROVED
        assert two.checked(order).order.state is WorkState.CANCELLED
        two.clock.at = Instant(two.clock.at + 60_000)


def test_two_approvals_at_once_count_once(two):
    order = two.raised()
    word = two.word("Bob", Deed.APPROVE, order)
    done = two.at_once(
        *(
            lambda desk=each: desk._act(lambda rules: rules.approve(order.number, word, NOW), NOW)
            for each in (*two.desks, *two.desks)
        )
    )
    assert sorted(isinstance(one, StateError) for one in done) == [False, True, True, True]
    view = two.checked(order)
    assert [step.state for step in view.history] == [WorkState.RAISED, WorkState.APPROVED]
    assert two.desks[0].brakes(NOW)[0].hour[0] == 1


def test_orders_raised_at_once_have_each_a_number_of_their_own(two):
    done = two.at_once(*(two.raised for _ in range(4)))
    assert len({order.number for order in done}) == 4
    assert not [one for one in done if isinstance(one, StorageError)]
    two.checked(done[0])


def test_a_cancel_while_it_is_being_signed_throws_the_signature_away(two):
    order = two.raised()
    two.desks[0].approve(order.number, "Bob", "Bob says so", NOW)
    word = two.word("Ann", Deed.CANCEL, order)
    two.clock.at = two.desks[0].show(order.number).order.not_before
    cancelled = []
    two.line.before_sign = lambda: cancelled.append(
        two.desks[1]._act(lambda desk: desk.cancel(order.number, word, two.clock.at), two.clock.at)
    )
    assert two.desks[0].work(two.clock.at) == ()
    assert [one.state for one in cancelled] == [WorkState.CANCELLED]
    view = two.checked(order)
    assert (view.order.state, view.order.envelope) == (WorkState.CANCELLED, b"")
    assert two.desks[0].cancelling() == ()


def test_two_who_look_at_once_sign_an_order_once(two):
    order = two.raised()
    two.desks[0].approve(order.number, "Bob", "Bob says so", NOW)
    at = two.clock.at = two.desks[0].show(order.number).order.not_before
    looked = two.at_once(*(lambda desk=each: desk.work(at) for each in two.desks))
    assert not [one for one in looked if isinstance(one, MeterhouseError)]
    view = two.checked(order)
    assert [step.state for step in view.history].count(WorkState.SIGNED) == 1
    assert view.order.state is WorkState.SIGNED


def test_two_who_keep_the_same_head_at_once_keep_it_once(two):
    two.raised()
    line = two.databases[0].read(lambda tx: SqlAuditChain(tx).newest())
    head = two.desks[0]._signing.head(line)

    def keep(database):
        database.run(lambda tx: (SqlAuditChain(tx).keep(head), sleep(0.2)))

    kept = two.at_once(*(partial(keep, each) for each in two.databases))
    assert kept == [None, None]
    assert two.databases[1].read(lambda tx: SqlAuditChain(tx).newest_head()) == head


def test_two_officers_at_once_release_a_brake_and_one_twice_does_not(two):
    limits, officers = two.desks[0]._settings.limits, two.desks[0]._settings.officers

    def trip(tx):
        brake = Brake("B1", limits, officers, SqlBrakes(tx).load("B1"))
        brake.trip("too many homes")
        SqlBrakes(tx).save("B1", brake.snapshot())

    two.databases[0].run(trip)
    same = two.at_once(*(lambda desk=each: desk.release_brake("B1", "Uma", "Uma says so", NOW) for each in two.desks))
    assert True not in same
    assert two.desks[0].brakes(NOW)[0].latched
    told = two.at_once(
        lambda: two.desks[0].release_brake("B1", "Vic", "Vic says so", NOW),
        lambda: two.desks[1].release_brake("B1", "Vic", "Vic says so", NOW),
    )
    assert True in told
    assert not two.desks[0].brakes(NOW)[0].latched
