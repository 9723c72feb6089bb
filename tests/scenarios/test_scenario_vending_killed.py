"""The vending process is killed at random moments under load; after each restart the money is there to the unit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from counter_street import NOW, SERVICE, build, payment
from meterhouse.model import DAY, Instant, Money
from meterhouse.store import Database, SqlRegistry, SqlVendingRecords, Till, verify
from meterhouse.store.book import SqlBook
from meterhouse.supplier.ledger import AccountKind
from tools import postgres

KILLS = int(os.environ.get("METERHOUSE_KILLS", "20"))
CHECK_EVERY = 1 if KILLS <= 20 else 25
LONGEST = 0.25
HOMES = 4
DEBT = "100000.00"
TESTS = Path(__file__).parent.parent


@contextmanager
def database_url(kind, tmp_path):
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'house.db'}"
    elif reason := postgres.missing():
        pytest.skip(reason)
    else:
        with postgres.server() as url:
            yield url


class Nursery:
    """Starts one victim after the other, and hears what each said before it died."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(TESTS / "fakes" / "vending_victim.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        )

    def words(self):
        line = self.process.stdout.readline()
        assert line, "the nursery died"
        return line.decode().split()

    def round(self, order, after):
        """What a victim asked and was told in its life, which lasts `after` seconds from its first payment."""
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        asked, told, child = {}, {}, None
        while (words := self.words()) != ["ready"]:
            assert words[0] == "child", words
            child = int(words[1])
        while child is None:
            child = int(self.words()[1])
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
        while (words := self.words()) != ["dead"]:
            if words[0] == "ask":
                asked[words[1]] = (words[2], words[3])
            elif words[0] == "told":
                told[words[1]] = words[2]
        return asked, told

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.mark.timeout(3600)
@pytest.mark.slow
@pytest.mark.requirement("S3-87")
@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_process_killed_at_any_moment_loses_no_payment_and_makes_no_token_twice(kind, apart, tmp_path):
    dice, everything, in_doubt = random.Random(f"{kind} {apart}"), {}, 0
    with database_url(kind, tmp_path) as url:
        with Database(url) as database:
            database.run(lambda tx: build(tx, HOMES, debt=DEBT))
        nursery = Nursery()
        try:
            for turn in range(KILLS):
                asked, told = nursery.round({"url": url, "round": turn, "apart": apart}, dice.uniform(0, LONGEST))
                everything |= asked
                with Database(url) as database:
                    in_doubt += _restart(database, turn, asked, told, apart=apart)
                    if turn % CHECK_EVERY == 0 or turn == KILLS - 1:
                        _whole(database, everything)
        finally:
            nursery.close()
    assert len(everything) > KILLS
    assert in_doubt > 0, "every victim died idle: nothing was proved"


def _restart(database, turn, asked, told, *, apart):
    """As a till does after a crash: finish what is pending, then ask again for what was never answered."""
    till = Till(database, SERVICE, os.urandom, limits={}, apart=apart)
    if turn % CHECK_EVERY == 0:
        _adds_up(database)
    assert till.resume(Instant(NOW + turn * DAY)) == ()
    for request, token in told.items():
        kept = till.last_response(request)
        assert kept is not None, f"{request} was answered and is gone"
        assert kept.token.replace(" ", "") == (token.replace("-", ""))
    doubtful = asked.keys() - told.keys()
    for request in doubtful:
        account, amount = asked[request]
        receipt = till.pay(payment(request, amount, account), Instant(NOW + turn * DAY))
        assert receipt.paid == Money.parse(amount)
        assert till.pay(payment(request, amount, account), Instant(NOW + turn * DAY)) == receipt
    return len(doubtful)


def _adds_up(database):
    """Before anything is mended: paid = debt recovered + tokens + pending, to the unit."""
    held = database.read(lambda tx: SqlBook(tx).balances())

    def total(*kinds):
        return sum(money.amount for (account, _), money in held.items() if account.kind in kinds)

    assert total(AccountKind.CUSTOMER) == 0
    paid = total(AccountKind.NETWORK)
    recovered = HOMES * Money.parse(DEBT).amount - total(AccountKind.DEBT)
    in_tokens = -total(AccountKind.TOKENS) - total(AccountKind.ROUNDING)
    assert paid == recovered + in_tokens - total(AccountKind.PENDING)


def _whole(database, everything):
    _adds_up(database)
    assert database.read(verify) == ()
    vends = database.read(lambda tx: SqlVendingRecords(tx).newest(10**9))
    assert sorted(vend.request_id for vend in vends) == sorted(everything)
    assert sum(vend.paid.amount for vend in vends) == sum(
        Money.parse(amount).amount for _, amount in everything.values()
    )
    tokens = [vend.token for vend in vends if vend.token]
    assert len(set(tokens)) == len(tokens)
    accounts = database.read(lambda tx: SqlRegistry(tx).accounts())
    for account in accounts:
        recovered = sum(vend.to_debt.amount for vend in vends if vend.account_id == account.account_id)
        assert account.debt.amount == Money.parse(DEBT).amount - recovered
