"""A process that makes processes to be killed: each takes payments from several threads until it dies.

Reads one JSON order a line (url, round, apart); forks; the child says on stdout what it asks and what it was answered.
Everything is imported before the fork, so that a thousand deaths take minutes.
"""

from __future__ import annotations

import json
import os
import random
import sys
from itertools import count
from threading import Thread

from counter_street import NOW, SERVICE, payment
from meterhouse.model import DAY, Instant
from meterhouse.store import Database, Till

THREADS = 8
HOMES = 4
AMOUNTS = ("1.00", "7.31", "20.00", "20.00001", "199.99")


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def load(order: dict) -> None:
    database = Database(order["url"])
    till = Till(database, SERVICE, os.urandom, limits={}, apart=order["apart"])
    say("ready")

    def pay_on(thread: int) -> None:
        dice = random.Random(f"{order['round']} {thread}")
        for number in count():
            request, account = f"{order['round']}.{thread}.{number}", f"A{dice.randrange(HOMES)}"
            amount = dice.choice(AMOUNTS)
            say("ask", request, account, amount)
            receipt = till.pay(payment(request, amount, account), Instant(NOW + order["round"] * DAY))
            say("told", request, receipt.token.replace(" ", "") or "-")

    for thread in range(THREADS):
        Thread(target=pay_on, args=(thread,)).start()


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            load(json.loads(line))
            return
        say("child", child)
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main()
