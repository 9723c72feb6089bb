"""Kill the vending process again and again: `python -m tools.killed --kills 1000 --database sqlite --seed 7`.

Each victim is forked from a process that has everything imported, takes payments from eight threads, and is killed
(SIGKILL) at a random moment after a random number of answers. After each death the database is opened as at a
restart, and checked:

- before anything is mended: paid = recovered debt + in tokens + pending, to the unit;
- every payment that was answered is there, with the token that was told;
- one whose answer was lost is asked for again, twice: one vend, one receipt;
- no token and no identifier twice, no payment that nobody asked for, no debt but what its vends have left.

With `--apart`, tokens are made outside the transaction by keys in a process of their own, which outlives the victims.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.managers import BaseManager
from pathlib import Path
from threading import Thread
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, func, select, union_all

from meterhouse.model import DAY, Eui64, Fuel, Instant, Money, parse_instant
from meterhouse.protocols.sts import MeterPan
from meterhouse.store import Database, HomeRecord, RegisteredMeter, SqlRegistry, Till, Transaction, verify
from meterhouse.store.schema import accounts, transfers, vends
from meterhouse.supplier.ledger import AccountCode, AccountKind
from meterhouse.supplier.vending import (
    DKGA04_KEY,
    AccountRecord,
    KeyName,
    MemoryKeyStore,
    MeterRecord,
    PaymentRequest,
    StsService,
)
from tools import postgres

__all__ = ["DEBT", "HOMES", "KEYS", "NOON", "Outcome", "database_url", "furnish", "killed", "main"]

THREADS = 8
HOMES = 4
ANSWERS = 60
LONGEST = 0.02
"""A victim dies up to so many seconds after it has had up to so many answers: as random on a busy machine as on a quiet
one."""
VERIFY_EVERY = 100
DEBT = Money.parse("10000000.00")
AMOUNTS = ("1.00", "7.31", "20.00", "20.00001", "199.99")
NOON = parse_instant("2026-01-05T12:00:00Z")
KEYS = MemoryKeyStore({KeyName("123456", 1): bytes(range(DKGA04_KEY))})
_AUTHKEY = b"workshop"


class _KeyProcess(BaseManager):
    """Keys in a process of their own, on a socket."""


_KeyProcess.register("keys", callable=lambda: KEYS, exposed=("mac", "dkga02", "agree", "expiry", "spend"))


@dataclass
class Outcome:
    """What a run of deaths has shown.

    Attributes:
        payments: taken in all.
        in_doubt: asked for and not answered before a death.
        taken_unanswered: of those, how many were in the database all the same.
        left_pending: found pending after a death.
        seconds: of the whole run.
    """

    kills: int = 0
    payments: int = 0
    in_doubt: int = 0
    taken_unanswered: int = 0
    left_pending: int = 0
    seconds: float = 0.0
    last_transfer: int = 0
    last_vend: int = 0
    kinds: Counter[AccountKind] = field(default_factory=Counter)
    recovered: Counter[str] = field(default_factory=Counter)
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def figures(self) -> dict[str, object]:
        """For whoever reads the result."""
        names = ("kills", "payments", "in_doubt", "taken_unanswered", "left_pending")
        return {**{name: getattr(self, name) for name in names}, "seconds": round(self.seconds, 1)}


def furnish(transaction: Transaction) -> None:
    """A few homes whose accounts owe much."""
    registry = SqlRegistry(transaction)
    for number in range(HOMES):
        hub, meter = (Eui64((number << 8 | device).to_bytes(8)) for device in (0, 1))
        registry.add_home(HomeRecord(f"{number:02}", hub))
        record = MeterRecord(meter, Fuel.GAS, hub, str(MeterPan.of_serial(1, number)), "123456")
        registry.add_meter(RegisteredMeter(f"{number:02}", f"G{number}", record))
        registry.open_account(AccountRecord(f"A{number}", f"{number:02}", DEBT, 2_000), meter, NOON)


def _till(database: Database, keys: str) -> Till:
    if not keys:
        return Till(database, StsService(KEYS), os.urandom, limits={})
    manager: Any = _KeyProcess(address=keys, authkey=_AUTHKEY)
    manager.connect()
    return Till(database, StsService(manager.keys(), kept_keys=0), os.urandom, limits={}, apart=True)


def _payment(request: str, account: str, amount: str) -> PaymentRequest:
    return PaymentRequest(request, account, Money.parse(amount), "till")


def _say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def _live(order: dict[str, Any]) -> None:
    """A victim's life."""
    till, turn = _till(Database(order["url"]), order["keys"]), order["turn"]

    def pay_on(thread: int) -> None:
        dice = random.Random(f"{order['seed']} {turn} {thread}")  # noqa: S311 - for chance, not for secrets
        for number in count():
            request, account, amount = f"{turn}.{thread}.{number}", f"A{dice.randrange(HOMES)}", dice.choice(AMOUNTS)
            _say("ask", request, account, amount)
            receipt = till.pay(_payment(request, account, amount), Instant(NOON + turn * DAY))
            _say("told", request, receipt.token.replace(" ", ""))

    _say("ready")
    for thread in range(THREADS):
        Thread(target=pay_on, args=(thread,)).start()


def _bear() -> None:
    """Fork a victim for each order on stdin, and tell when it is dead."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _live(json.loads(line))
            return
        _say("child", child)
        os.waitpid(child, 0)
        _say("dead")


def _note(words: list[str], asked: dict[str, tuple[str, str]], told: dict[str, str]) -> None:
    if words[0] == "ask":
        asked[words[1]] = (words[2], words[3])
    elif words[0] == "told":
        told[words[1]] = words[2]


class _Nursery:
    """Bears one victim after the other, and hears what each said before it died."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.killed", "--bear"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
        )

    def round(
        self, order: dict[str, object], answers: int, after: float
    ) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
        """What a victim asked, and what it was told, in a life that ends `after` seconds after that many answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        asked: dict[str, tuple[str, str]] = {}
        told: dict[str, str] = {}
        child, ready = 0, False
        while not (child and ready and len(told) >= answers):
            words = self._words()
            child = int(words[1]) if words[0] == "child" else child
            ready |= words == ["ready"]
            _note(words, asked, told)
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
        while (words := self._words()) != ["dead"]:
            _note(words, asked, told)
        return asked, told

    def _words(self) -> list[str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the nursery died")
        return line.decode().split()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


_SINCE: Final[BindParameter[int]] = bindparam("after")
_MOVED: Final = union_all(
    *(
        select(side.label("code"), func.sum(transfers.c.amount * sign).label("total"), func.max(transfers.c.id))
        .where(transfers.c.id > _SINCE)
        .group_by(side)
        for side, sign in ((transfers.c.debit, 1), (transfers.c.credit, -1))
    )
)
_NEW_VENDS: Final = select(vends).where(vends.c.id > _SINCE).order_by(vends.c.id)
_OWED: Final = select(accounts.c.account, accounts.c.debt)
_TWICE: Final = select(vends.c.meter, vends.c.tid).where(vends.c.tid.is_not(None)).group_by(vends.c.meter, vends.c.tid)


def _adds_up(database: Database, outcome: Outcome) -> None:
    """Paid = recovered debt + in tokens + pending, to the unit."""
    last = outcome.last_transfer
    for row in database.read(lambda tx: tx.rows(_MOVED, {"after": outcome.last_transfer})):
        code, moved, newest = tuple(row)
        outcome.kinds[AccountCode.parse(code).kind] += int(moved)
        last = max(last, newest)
    outcome.last_transfer = last
    held = outcome.kinds
    recovered = HOMES * DEBT.amount - held[AccountKind.DEBT]
    in_tokens = -held[AccountKind.TOKENS] - held[AccountKind.ROUNDING]
    _hold(held[AccountKind.CUSTOMER] == 0, "a customer's account is not at zero")
    _hold(held[AccountKind.NETWORK] == recovered + in_tokens - held[AccountKind.PENDING], f"it does not add up: {held}")


def _hold(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as the sentence it is
    if not holds:
        raise AssertionError(otherwise)


def _mend(till: Till, now: Instant, asked: dict[str, tuple[str, str]], told: dict[str, str], outcome: Outcome) -> None:
    """As a till does after a crash: finish what is pending, then ask again for what was never answered."""
    for request in asked.keys() - told.keys():
        known = till.last_response(request)
        outcome.taken_unanswered += known is not None
    _hold(till.resume(now) == (), "a pending payment could not be finished")
    for request, token in told.items():
        kept = till.last_response(request)
        _hold(kept is not None and kept.token.replace(" ", "") == token, f"{request} was answered, and is not there so")
    for request in asked.keys() - told.keys():
        outcome.in_doubt += 1
        receipt = till.pay(_payment(request, *asked[request]), now)
        _hold(receipt.paid == Money.parse(asked[request][1]), f"{request} came back with another amount")
        _hold(till.pay(_payment(request, *asked[request]), now) == receipt, f"{request} has two receipts")


def _whole(database: Database, outcome: Outcome) -> None:
    """Every payment asked for is there once, each token and identifier once, and the debts are what the vends left."""
    rows = database.read(lambda tx: tx.rows(_NEW_VENDS, {"after": outcome.last_vend}))
    for row in rows:
        outcome.last_vend = row.id
        account, amount = outcome.asked[row.request]
        _hold((row.account, row.paid) == (account, Money.parse(amount).amount), f"{row.request} is another payment")
        _hold(
            row.state == "posted" and row.token not in outcome.tokens, f"{row.request} is not posted, or a token twice"
        )
        outcome.tokens.add(row.token)
        outcome.recovered[row.account] += row.to_debt
    outcome.payments += len(rows)
    _hold(outcome.payments == len(outcome.asked), f"{outcome.payments} payments of {len(outcome.asked)} are there")
    for row in database.read(lambda tx: tx.rows(_OWED)):
        left = DEBT.amount - outcome.recovered[row.account]
        _hold(row.debt == left, f"account {row.account} owes {row.debt}, its vends leave {left}")


def _one_death(nursery: _Nursery, url: str, keys: str, dice: random.Random, outcome: Outcome) -> None:
    turn = outcome.kills
    order: dict[str, object] = {"url": url, "keys": keys, "turn": turn, "seed": dice.random()}
    asked, told = nursery.round(order, dice.randint(0, ANSWERS), dice.uniform(0, LONGEST))
    outcome.kills += 1
    outcome.asked |= asked
    with Database(url) as database:
        _adds_up(database, outcome)
        outcome.left_pending += database.read(
            lambda tx: len(tx.rows(select(vends.c.id).where(vends.c.state == "pending")))
        )
        _mend(_till(database, keys), Instant(NOON + turn * DAY), asked, told, outcome)
        _adds_up(database, outcome)
        _whole(database, outcome)
        if turn % VERIFY_EVERY == VERIFY_EVERY - 1:
            _hold(database.read(verify) == (), "an invariant of the ledger does not hold")


def killed(url: str, kills: int, seed: object, *, apart: bool = False) -> Outcome:
    """Kill that many victims on an empty database.

    Raises:
        AssertionError: something was lost, doubled or does not add up.
    """
    outcome, start = Outcome(), time.monotonic()
    dice = random.Random(f"{seed}")  # noqa: S311 - for chance, not for secrets
    with ExitStack() as stack:
        keys = ""
        if apart:
            keys = str(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="keys"))) / "socket")
            stack.enter_context(_KeyProcess(address=keys, authkey=_AUTHKEY))
        with Database(url) as database:
            database.run(furnish)
        nursery = stack.enter_context(closing(_Nursery()))
        for _ in range(kills):
            _one_death(nursery, url, keys, dice, outcome)
        with Database(url) as database:
            _hold(database.read(verify) == (), "an invariant of the ledger does not hold")
            twice = _TWICE.having(func.count() > 1)
            _hold(not database.read(lambda tx: tx.rows(twice)), "an identifier was given twice")
    outcome.seconds = time.monotonic() - start
    return outcome


@contextmanager
def database_url(kind: str) -> Iterator[str]:
    """A database of one's own for `sqlite` and `postgresql`; anything else is the URL of an empty one."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/house.db"
    elif kind == "postgresql":
        with postgres.server() as url:
            yield url
    else:
        yield kind


def main() -> int:
    """Print the figures; 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="python -m tools.killed", description="kill the vending process at random")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql (one of its own), or a URL")
    parser.add_argument("--seed", default="7")
    parser.add_argument("--apart", action="store_true", help="tokens by keys in another process, in two transactions")
    parser.add_argument("--bear", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bear:
        _bear()
        return 0
    with database_url(arguments.database) as url:
        try:
            outcome = killed(url, arguments.kills, arguments.seed, apart=arguments.apart)
        except AssertionError as error:
            print(f"BROKEN: {error}", file=sys.stderr)
            return 1
    print(json.dumps({"database": arguments.database, "apart": arguments.apart, **outcome.figures()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
