"""Is the history of many clients that of one till? `python -m tools.linear --payments 20000 --database postgresql`.

Eight clients pay into few accounts at once, and now and then send the same request together. Each answer is kept with
the instants of its question and its answer. The history is linearizable if, account by account, the answers stand in
one chain by the debt they leave, each taking its share off what the one before left, and no answer that was given
before another was asked for stands after it. What the database holds must be the same chain, its identifiers rising.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Barrier, Thread
from time import perf_counter_ns

from meterhouse.model import MeterhouseError, Money
from meterhouse.store import Database, SqlVendingRecords, Till, Transaction, verify
from meterhouse.supplier.vending import PaymentRequest, Receipt, StsService, Vend
from tools.killed import DEBT, HOMES, KEYS, NOON, database_url, furnish

__all__ = ["Answer", "breach", "main", "paid_by_many"]

CLIENTS = 8
SHARED = 0.1
"""Part of the questions that any client may send with the same id."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and its answer; instants in ns of one clock."""

    asked: int
    told: int
    receipt: Receipt


def paid_by_many(database: Database, payments: int, seed: object, *, apart: bool = False) -> list[Answer]:
    """What the clients were told, on a database with `furnish`'s homes.

    Raises:
        MeterhouseError: one of them was told something else than a receipt.
    """
    till = Till(database, StsService(KEYS), os.urandom, limits={}, apart=apart)
    answers: list[Answer] = []
    failures: list[MeterhouseError] = []
    together = Barrier(CLIENTS)

    def client(number: int) -> None:
        dice = random.Random(f"{seed} {number}")  # noqa: S311 - for chance, not for secrets
        together.wait(10)
        try:
            for turn in range(payments // CLIENTS):
                account, amount = f"A{dice.randrange(HOMES)}", dice.choice(("1.00", "3.21", "20.00"))
                shared = dice.random() < SHARED
                request = f"shared.{turn // 4}.{account}.{amount}" if shared else f"c{number}.{turn}"
                asked = perf_counter_ns()
                receipt = till.pay(PaymentRequest(request, account, Money.parse(amount), "till"), NOON)
                answers.append(Answer(asked, perf_counter_ns(), receipt))
        except MeterhouseError as error:
            failures.append(error)

    threads = [Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return answers


def breach(answers: Sequence[Answer], debt: Money = DEBT) -> str:
    """Why a history is not that of one till; empty where it is."""
    effects: dict[str, Answer] = {}
    for answer in sorted(answers, key=lambda one: one.told):
        first = effects.setdefault(answer.receipt.request_id, answer)
        if first.receipt != answer.receipt:
            return f"request {answer.receipt.request_id} was answered in two ways"
        effects[answer.receipt.request_id] = Answer(min(first.asked, answer.asked), first.told, first.receipt)
    for account in sorted({answer.receipt.account_id for answer in answers}):
        own = [answer for answer in effects.values() if answer.receipt.account_id == account]
        if why := _chain_breach(sorted(own, key=lambda one: -one.receipt.debt_left.amount), debt):
            return f"account {account}: {why}"
    return ""


def _chain_breach(chain: Sequence[Answer], left: Money) -> str:
    latest = 0
    for answer in chain:
        receipt = answer.receipt
        left -= receipt.to_debt
        if receipt.debt_left != left:
            return f"{receipt.request_id} leaves {receipt.debt_left}, and {left} was to be left"
        if answer.told < latest:
            return f"{receipt.request_id} was answered before one was asked for that stands in front of it"
        latest = max(latest, answer.asked)
    return ""


def _vends_of(account: str, transaction: Transaction) -> tuple[Vend, ...]:
    return SqlVendingRecords(transaction).of_account(account)


def stored_breach(database: Database, answers: Sequence[Answer]) -> str:
    """Where the vends that are stored are not the ones told, in one order, with rising identifiers."""
    told = {answer.receipt.request_id: answer.receipt for answer in answers}
    for number in range(HOMES):
        left, tid = DEBT, -1
        account = f"A{number}"
        for vend in database.read(partial(_vends_of, account)):
            left -= vend.to_debt
            receipt = told.pop(vend.request_id, None)
            if receipt is None or receipt.token.replace(" ", "") != vend.token or vend.debt_left != left:
                return f"{vend.request_id} is stored otherwise than it was told"
            if vend.tid is None or vend.tid <= tid:
                return f"{vend.request_id} has identifier {vend.tid} after {tid}"
            tid = vend.tid
    return f"{next(iter(told))} was told and is not stored" if told else ""


def main() -> int:
    """Print the figures; 1 where the history is not linearizable."""
    parser = argparse.ArgumentParser(prog="python -m tools.linear", description="is many clients' history one till's")
    parser.add_argument("--payments", type=int, default=20_000)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql (one of its own), or a URL")
    parser.add_argument("--seed", default="7")
    parser.add_argument("--apart", action="store_true", help="tokens made outside the transaction")
    arguments = parser.parse_args()
    start = time.monotonic()
    with database_url(arguments.database) as url, Database(url) as database:
        database.run(furnish)
        answers = paid_by_many(database, arguments.payments, arguments.seed, apart=arguments.apart)
        why = breach(answers) or stored_breach(database, answers) or "".join(map(str, database.read(verify)))
    if why:
        print(f"BROKEN: {why}", file=sys.stderr)
        return 1
    repeats = len(answers) - len({answer.receipt.request_id for answer in answers})
    figures = {"database": arguments.database, "apart": arguments.apart, "answers": len(answers), "repeats": repeats}
    print(json.dumps({**figures, "seconds": round(time.monotonic() - start, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
