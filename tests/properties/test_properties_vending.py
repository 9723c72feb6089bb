from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counter_street import KEYS, NOW, SERVICE, build, meter_of, paying, payment
from meterhouse.model import MINUTE, Instant, Money
from meterhouse.store import Database, SqlCommands, SqlRegistry, SqlVendingRecords, verify
from meterhouse.store.book import SqlBook
from meterhouse.supplier.ledger import AccountCode, AccountKind
from meterhouse.supplier.vending import PaymentRefusedError, PaymentRequest, StageName, StsService, advance, split

MONEY = st.integers(0, 25_000_000)


@given(MONEY.filter(bool), MONEY, st.integers(0, 10_000))
def test_a_split_loses_nothing_and_never_takes_more_than_is_owed_or_agreed(paid, debt, share):
    to_debt, in_token = split(Money(paid), Money(debt), share)
    assert to_debt + in_token == Money(paid)
    assert 0 <= to_debt.amount <= debt
    assert to_debt.amount * 10_000 <= paid * share
    assert to_debt.amount == debt or (to_debt.amount + 1) * 10_000 > paid * share


PAYMENTS = st.tuples(
    st.sampled_from([f"r{number}" for number in range(6)]),
    st.sampled_from(["A0", "A1", "nobody"]),
    st.one_of(st.integers(90_000, 21_000_000), st.sampled_from([100_000, 2_000_000, 20_000_000])),
    st.sampled_from(["shop", "post"]),
)
ACTS = st.lists(st.one_of(PAYMENTS, st.sampled_from([f"r{number}" for number in range(6)])), max_size=25)


@settings(max_examples=60, deadline=None)
@given(ACTS, st.lists(st.integers(-3, 3), min_size=25, max_size=25))
def test_any_run_of_payments_repeats_conflicts_and_acceptances_adds_up_to_the_last_unit(acts, minutes):
    with Database("sqlite://") as database:
        database.run(build)
        taken: dict[str, tuple[PaymentRequest, object]] = {}
        now = NOW
        for act, step in zip(acts, minutes, strict=False):
            now = Instant(now + step * MINUTE)
            if isinstance(act, str):
                if act in taken:
                    database.run(
                        lambda tx, name=act, at=now: advance(SqlVendingRecords(tx), name, StageName.ACCEPTED, at)
                    )
                continue
            request = PaymentRequest(act[0], act[1], Money(act[2]), act[3])
            try:
                receipt = database.run(paying(request, now))
            except PaymentRefusedError:
                assert taken.get(request.request_id, (None,))[0] != request
                continue
            known = taken.setdefault(request.request_id, (request, receipt))
            assert known == (request, receipt)
        _adds_up(database, taken)


def _adds_up(database, taken):
    assert database.read(verify) == ()
    paid = sum(request.amount.amount for request, _ in taken.values())
    networks = database.read(
        lambda tx: sum(
            SqlBook(tx).balance(AccountCode(AccountKind.NETWORK, name), "GBP").amount for name in ("shop", "post")
        )
    )
    assert networks == paid
    debts = database.read(lambda tx: {record.account_id: record.debt for record in SqlRegistry(tx).accounts()})
    for account, left in debts.items():
        receipts = [receipt for request, receipt in taken.values() if request.account_id == account]
        assert left.amount == 1_000_000 - sum(receipt.to_debt.amount for receipt in receipts)
    tokens = [receipt.token for _, receipt in taken.values() if receipt.token]
    assert len(set(tokens)) == len(tokens)
    assert len(database.read(lambda tx: SqlCommands(tx).open())) == len(taken)


class CrashError(Exception):
    pass


STEPS = (
    *((SqlVendingRecords, name) for name in ("save_owed", "save_tid", "save_vend", "save_stage", "save_delivery")),
    (SqlBook, "append"),
    (StsService, "issue"),
)


@pytest.mark.requirement("S3-87")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[name for _, name in STEPS])
def test_a_crash_at_any_step_neither_loses_nor_doubles_money(owner, step, after, tmp_path):
    url = f"sqlite:///{tmp_path / 'house.db'}"
    real = getattr(owner, step)

    def crashing(self, *arguments):
        if after:
            real(self, *arguments)
        raise CrashError

    with Database(url) as database:
        database.run(build)
        with patch.object(owner, step, crashing), pytest.raises(CrashError):
            database.run(paying(payment(), service=StsService(KEYS)))
    with Database(url) as database:
        assert _whole_state(database) == ([], 1_000_000, None, 0)
        receipt = database.run(paying(payment()))
        assert database.run(paying(payment())) == receipt
        vends, debt, tid, orders = _whole_state(database)
        assert ([vend.request_id for vend in vends], debt, orders) == (["r1"], 600_000, 1)
        assert vends[0].tid == tid
        assert database.read(verify) == ()


def _whole_state(database):
    def look(transaction):
        records = SqlVendingRecords(transaction)
        customer = records.customer("A0")
        orders = len(SqlCommands(transaction).open())
        return list(records.newest(9)), customer.account.debt.amount, customer.meter.last_tid, orders

    return database.read(look)


@pytest.mark.requirement("S3-87")
def test_one_payment_shows_its_three_steps_together():
    with Database("sqlite://") as database:
        database.run(build)
        receipt = database.run(paying(payment()))
        account = database.read(lambda tx: SqlRegistry(tx).account("A0"))
        (order,) = database.read(lambda tx: SqlCommands(tx).open())
        networks = database.read(lambda tx: SqlBook(tx).balance(AccountCode(AccountKind.NETWORK, "shop"), "GBP"))
    assert networks == Money.parse("20.00")
    assert account.debt == receipt.debt_left == Money.parse("6.00")
    assert order.payload["token"] == receipt.token.replace(" ", "")
    assert order.payload["value_money5"] == 1_600_024
    assert order.payload["meter"] == meter_of(0).octets.hex()


@pytest.mark.requirement("S3-88")
def test_the_order_in_the_outbox_carries_the_debt_that_is_left():
    with Database("sqlite://") as database:
        database.run(build)
        database.run(paying(payment(), service=SERVICE))
        (order,) = database.read(lambda tx: SqlCommands(tx).open())
    assert order.payload["debt_left_money5"] == 600_000
