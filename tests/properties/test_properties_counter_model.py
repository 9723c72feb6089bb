"""The counter against a model of some fifty lines, in any order of acts; and eight clients against one history."""

from __future__ import annotations

import os
import random
from threading import Barrier, Thread
from time import perf_counter_ns

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from counter_street import NOW, SERVICE, build, payment
from meterhouse.model import DAY, Instant, Money, StateError
from meterhouse.store import Database, SqlBook, SqlCommands, SqlRegistry, SqlVendingRecords, Till, verify
from meterhouse.supplier.ledger import AccountKind
from meterhouse.supplier.vending import (
    Agreement,
    Issue,
    PaymentLimits,
    PaymentRefusedError,
    StageName,
    VendKind,
    VendState,
    advance,
    agree,
    pay,
    reserve,
)
from tools import postgres

LIMITS = {"GBP": PaymentLimits(account_day=6_000_000)}
ACCOUNTS = ("A0", "A1")
REQUESTS = st.sampled_from([f"r{number}" for number in range(8)])


class CounterModel(RuleBasedStateMachine):
    """What is owed, what was paid when, and how each request ended; everything else follows."""

    @initialize(debt=st.sampled_from(["0", "10.00", "37.33"]), share=st.sampled_from([0, 2000, 3333, 10_000]))
    def begin(self, debt, share):
        self.database = Database("sqlite://")
        self.database.run(lambda tx: build(tx, debt=debt, share=share))
        self.till = Till(self.database, SERVICE, os.urandom, limits=LIMITS)
        self.now = NOW
        self.owed = dict.fromkeys(ACCOUNTS, Money.parse(debt).amount)
        self.share = dict.fromkeys(ACCOUNTS, share)
        self.vends = {}
        self.paid = {}

    def teardown(self):
        if hasattr(self, "database"):
            self.database.close()

    @rule(days=st.integers(0, 2), minutes=st.integers(0, 90))
    def time_passes(self, days, minutes):
        self.now = Instant(self.now + days * DAY + minutes * 60_000)

    @rule(
        request=REQUESTS,
        account=st.sampled_from(ACCOUNTS),
        amount=st.sampled_from(["0.50", "1.00", "13.37", "20.00", "45.00"]),
        apart=st.booleans(),
    )
    def pay(self, request, account, amount, apart):
        asked, units = payment(request, amount, account), Money.parse(amount).amount
        known, today = self.vends.get(request), (account, self.now // DAY)
        if known is None:
            refused = units < 100_000 or self.paid.get(today, 0) + units > 6_000_000
        else:
            refused = known[:2] != (account, units)
        act = reserve if apart else pay
        try:
            vend = self.database.run(
                lambda tx: act(SqlVendingRecords(tx), SERVICE, asked, self.now, bytes, limits=LIMITS["GBP"])
            )
        except PaymentRefusedError:
            assert refused
            return
        assert not refused
        if known is None:
            to_debt = min(self.owed[account], units * self.share[account] // 10_000)
            assert vend.to_debt.amount == to_debt
            self.owed[account] -= to_debt
            self.paid[today] = self.paid.get(today, 0) + units
            pending = apart and to_debt != units
            self.vends[request] = (account, units, to_debt, "pending" if pending else "posted", today)

    def end(self, request, state):
        account, units, to_debt, _, today = self.vends[request]
        self.vends[request] = (account, units, to_debt, state, today)
        if state in ("voided", "reversed"):
            self.owed[account] += to_debt
            day = (account, self.now // DAY)
            self.paid[day] = max(0, self.paid.get(day, 0) - units)

    @rule()
    def resume(self):
        assert self.till.resume(self.now) == ()
        for request, vend in list(self.vends.items()):
            if vend[3] == "pending":
                self.end(request, "posted")

    @rule(request=REQUESTS)
    def void(self, request):
        state = self.vends.get(request, (None,) * 4)[3]
        try:
            self.till.void(request, "no answer", self.now)
        except StateError:
            assert state not in ("pending", "voided")
            return
        if state == "pending":
            self.end(request, "voided")

    @rule(request=REQUESTS)
    def reverse(self, request):
        if request not in self.vends:
            return
        state = self.vends[request][3]
        try:
            self.till.reverse(request, "wrong customer", self.now)
        except PaymentRefusedError:
            assert state in ("pending", "accepted")
            return
        if state == "posted":
            self.end(request, "reversed")

    @rule(request=REQUESTS)
    def accept(self, request):
        account, _, _, state, _ = self.vends.get(request, (None,) * 5)
        vend = self.database.read(lambda tx: SqlVendingRecords(tx).vend(request))
        if state not in ("posted", "reversed") or not vend.token:
            return
        self.database.run(lambda tx: advance(SqlVendingRecords(tx), request, StageName.ACCEPTED, self.now))
        if state == "posted":
            self.end(request, "accepted")
        elif request not in self.used():
            self.owed[account] += vend.value.amount
            self.vends[request] = (*self.vends[request][:3], "used anyway", None)

    def used(self):
        return {name for name, vend in self.vends.items() if vend[3] == "used anyway"}

    @rule(account=st.sampled_from(ACCOUNTS), share=st.sampled_from([0, 500, 10_000]))
    def agree(self, account, share):
        self.database.run(lambda tx: agree(SqlVendingRecords(tx), account, Agreement(self.now, share)))
        self.share[account] = share

    @rule(account=st.sampled_from(ACCOUNTS), number=st.integers(0, 3))
    def free(self, account, number):
        self.till.issue(Issue(f"free {account} {number}", account, VendKind.FREE, Money.parse("2.00")), self.now)

    @invariant()
    def every_law_holds_and_the_model_agrees(self):
        if not hasattr(self, "vends"):
            return
        assert self.database.read(verify) == ()
        owed = self.database.read(lambda tx: {one.account_id: one.debt.amount for one in SqlRegistry(tx).accounts()})
        assert owed == self.owed
        held = self.database.read(lambda tx: SqlBook(tx).balances())
        paid = sum(money.amount for (code, _), money in held.items() if code.kind is AccountKind.NETWORK)
        assert paid == sum(vend[1] for vend in self.vends.values() if vend[3] in ("pending", "posted", "accepted"))
        vends = self.database.read(lambda tx: SqlVendingRecords(tx).newest(1_000))
        tokens = [vend.token for vend in vends if vend.token]
        assert len(set(tokens)) == len(tokens)
        orders = self.database.read(lambda tx: SqlCommands(tx).open())
        ordered = [order for order in orders if not str(order.payload["request"]).startswith("debt/")]
        assert len(ordered) == sum(
            vend.kind is VendKind.FREE or vend.state is VendState.POSTED
            for vend in vends
            if vend.state is VendState.POSTED
        )


CounterModel.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestCounterModel = CounterModel.TestCase


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_history_of_eight_clients_is_that_of_one_till(kind, tmp_path):
    """Linearizable: for each account the answers chain by the debt they leave, and the chain keeps real time."""
    if kind == "postgresql":
        if reason := postgres.missing():
            pytest.skip(reason)
        with postgres.server() as url:
            _eight_clients(url)
    else:
        _eight_clients(f"sqlite:///{tmp_path / 'house.db'}")


def _eight_clients(url):
    history, failures, together = [], [], Barrier(8)

    def client(till, number):
        dice = random.Random(number)
        try:
            together.wait(10)
            for turn in range(25):
                account, amount = dice.choice(ACCOUNTS), dice.choice(["1.00", "3.21", "20.00"])
                asked = payment(
                    f"c{number}.{turn}" if dice.random() < 0.9 else f"shared.{account}.{amount}", amount, account
                )
                start = perf_counter_ns()
                receipt = till.pay(asked, NOW)
                history.append((start, perf_counter_ns(), receipt))
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            failures.append(error)

    with Database(url) as database:
        database.run(lambda tx: build(tx, debt="5000.00"))
        till = Till(database, SERVICE, os.urandom, limits={})
        threads = [Thread(target=client, args=(till, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert database.read(verify) == ()
    assert failures == []
    assert len(history) == 200
    for account in ACCOUNTS:
        _linear([one for one in history if one[2].account_id == account])


def _linear(history):
    """A request's first answer is its effect; later answers of the same request must be equal to it."""
    effects = {}
    for start, end, receipt in sorted(history, key=lambda one: one[1]):
        before = effects.setdefault(receipt.request_id, (start, end, receipt))
        assert before[2] == receipt
        earliest = min(start, before[0])
        effects[receipt.request_id] = (earliest, before[1], receipt)
    chain = sorted(effects.values(), key=lambda one: -one[2].debt_left.amount)
    left = Money.parse("5000.00")
    for _, _, receipt in chain:
        left -= receipt.to_debt
        assert receipt.debt_left == left, "two answers stand on the same state"
    latest_start = 0
    for start, end, _ in chain:
        assert end >= latest_start, "an answer that was given before another was asked for comes after it in the chain"
        latest_start = max(latest_start, start)
