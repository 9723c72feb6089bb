"""The trust office's records in SQL: work orders, devices, products, certificates, jobs, hand-overs; with histories."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import and_, bindparam, insert, or_, select, update

from meterhouse.model import Eui64, Instant, NotFoundError, plain
from meterhouse.store.counters import SqlCounters
from meterhouse.store.transaction import Transaction
from meterhouse.store.trust_tables import brakes, confirm_answers, pen_words, trust_records, trust_steps
from meterhouse.supplier.trust import ENDED, Given, ReadBack, Statement, Step, WorkOrder, WorkState

__all__ = ["SqlAnswers", "SqlBrakes", "SqlPen", "SqlTrustRecords", "SqlWorkOrders"]

_RECORDS: Final = trust_records.c
_GET: Final = select(trust_records).where(_RECORDS.kind == bindparam("k"), _RECORDS.name == bindparam("n"))
_OF_SUBJECT: Final = select(trust_records).where(_RECORDS.kind == bindparam("k"), _RECORDS.subject == bindparam("s"))
_OF_KIND: Final = select(trust_records).where(_RECORDS.kind == bindparam("k")).order_by(_RECORDS.at, _RECORDS.name)
_OF_STATES: Final = _OF_KIND.where(_RECORDS.state.in_(bindparam("states", expanding=True)))
_CHANGE: Final = (
    update(trust_records)
    .where(_RECORDS.kind == bindparam("k"), _RECORDS.name == bindparam("n"))
    .values(state=bindparam("st"), subject=bindparam("su"), body=bindparam("b"))
)
_STEPS: Final = (
    select(trust_steps)
    .where(trust_steps.c.kind == bindparam("k"), trust_steps.c.name == bindparam("n"))
    .order_by(trust_steps.c.id)
)
_ORDER: Final = "order"
_PAGE: Final = (
    select(trust_records)
    .where(_RECORDS.kind == _ORDER, _RECORDS.state.in_(bindparam("states", expanding=True)))
    .where(or_(_RECORDS.at < bindparam("at"), and_(_RECORDS.at == bindparam("at"), _RECORDS.name < bindparam("n"))))
    .order_by(_RECORDS.at.desc(), _RECORDS.name.desc())
    .limit(bindparam("count"))
)
_BEGAN: Final = select(_RECORDS.at).where(_RECORDS.kind == _ORDER, _RECORDS.name == bindparam("n"))
_FOREVER: Final = (1 << 63) - 1
_LIVE: Final = [state.value for state in WorkState if state not in ENDED]


class SqlTrustRecords:
    """Records within one transaction: a body of JSON values, with a state and a subject to find it by."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """One record's body."""
        row = self._transaction.first(_GET, {"k": kind, "n": name})
        return None if row is None else dict(json.loads(row.body))

    def of_subject(self, kind: str, subject: str) -> list[dict[str, Any]]:
        """The bodies of every record with this subject."""
        return [dict(json.loads(row.body)) for row in self._transaction.rows(_OF_SUBJECT, {"k": kind, "s": subject})]

    def all(self, kind: str, states: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """The bodies of every record of a kind, or of those in some states, oldest first."""
        if states is None:
            rows = self._transaction.rows(_OF_KIND, {"k": kind})
        else:
            rows = self._transaction.rows(_OF_STATES, {"k": kind, "states": list(states)})
        return [dict(json.loads(row.body)) for row in rows]

    def put(self, kind: str, name: str, state: str, body: Mapping[str, Any], at: Instant, *, subject: str = "") -> None:
        """Write a record anew; `at` stays that of its first writing."""
        text = json.dumps(body, separators=(",", ":"))
        values = {"k": kind, "n": name, "st": state, "su": subject, "b": text}
        if self._transaction.execute(_CHANGE, values).rowcount == 0:
            row = {"kind": kind, "name": name, "state": state, "subject": subject, "at": at, "body": text}
            self._transaction.execute(insert(trust_records), row)

    def step(self, kind: str, name: str, at: Instant, state: str, who: str, why: str) -> None:
        """Write one line of a record's history."""
        row = {"kind": kind, "name": name, "at": at, "state": state, "who": who, "why": why}
        self._transaction.execute(insert(trust_steps), row)

    def steps(self, kind: str, name: str) -> list[tuple[Instant, str, str, str]]:
        """A record's history: when, state, who, why."""
        rows = self._transaction.rows(_STEPS, {"k": kind, "n": name})
        return [(Instant(row.at), row.state, row.who, row.why) for row in rows]


class SqlWorkOrders:
    """`OrderRecords` and `OrderLedger` within one transaction."""

    __slots__ = ("_records", "_transaction")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._records = SqlTrustRecords(transaction)

    def number(self) -> str:
        """A number that no order had before."""
        return f"W{SqlCounters(self._transaction).reserve('work order', 1, floor=1)[0]:06d}"

    def get(self, number: str) -> WorkOrder | None:
        """An order."""
        body = self._records.get(_ORDER, number)
        return None if body is None else WorkOrder.from_json(body)

    def by_hash(self, order_hash: bytes) -> WorkOrder | None:
        """The order with this identity on the wire; an empty one names nothing."""
        found = self._records.of_subject(_ORDER, order_hash.hex()) if order_hash else []
        return WorkOrder.from_json(found[0]) if found else None

    def put(self, order: WorkOrder, step: Step) -> None:
        """Write an order and one line of its history."""
        body, subject = order.to_json(), order.order_hash.hex()
        self._records.put(_ORDER, order.number, order.state.value, body, order.raised_at, subject=subject)
        self._records.step(_ORDER, order.number, step.at, step.state.value, step.who, step.why)

    def live(self) -> Sequence[WorkOrder]:
        """Every order that has not ended, oldest first."""
        return [WorkOrder.from_json(body) for body in self._records.all(_ORDER, _LIVE)]

    def all(self) -> Sequence[WorkOrder]:
        """Every order, oldest first."""
        return [WorkOrder.from_json(body) for body in self._records.all(_ORDER)]

    def page(self, count: int, before: str = "", *, live: bool = False) -> Sequence[WorkOrder]:
        """At most so many, newest first; those raised before one of this number, where one is given.

        Args:
            count: at most.
            before: number of an order; empty for the newest.
            live: only those that have not ended.

        Raises:
            NotFoundError: there is none of that number.
        """
        row = self._transaction.first(_BEGAN, {"n": before}) if before else None
        if before and row is None:
            raise NotFoundError(f"there is no order {plain(before, 40)}")
        states = _LIVE if live else [state.value for state in WorkState]
        asked = {"at": _FOREVER if row is None else row.at, "n": before, "count": count, "states": states}
        return [WorkOrder.from_json(json.loads(row.body)) for row in self._transaction.rows(_PAGE, asked)]

    def unread(self) -> Sequence[WorkOrder]:
        """The newest done order of each device, where nobody has looked back at it."""
        done = map(WorkOrder.from_json, self._records.all(_ORDER, [WorkState.DONE.value]))
        newest = {order.device: order for order in done}
        return [order for order in newest.values() if order.read_back is ReadBack.NONE]

    def history(self, number: str) -> list[Step]:
        """What became of an order, line by line."""
        return [Step(at, WorkState(state), who, why) for at, state, who, why in self._records.steps(_ORDER, number)]


class SqlBrakes:
    """The state of brakes within one transaction."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def load(self, name: str) -> dict[str, Any] | None:
        """The state of a brake; None for a new one."""
        row = self._transaction.first(select(brakes.c.state).where(brakes.c.name == name))
        return None if row is None else dict(json.loads(row.state))

    def save(self, name: str, state: Mapping[str, Any]) -> None:
        """Keep the state of a brake."""
        text = json.dumps(state, separators=(",", ":"))
        change = update(brakes).where(brakes.c.name == name).values(state=text)
        if self._transaction.execute(change).rowcount == 0:
            self._transaction.execute(insert(brakes), {"name": name, "state": text})


class SqlPen:
    """What the daemon's pen has written, within one transaction."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def wrote(self, statement: Statement, digest: bytes) -> None:
        """Remember a word; again changes nothing."""
        if not self.knows(statement, digest):
            row = {"signature": statement.signature.hex(), "digest": digest.hex()}
            self._transaction.execute(insert(pen_words), row)

    def knows(self, statement: Statement, digest: bytes) -> bool:
        """Whether this word, about this order, was written here."""
        asked = select(pen_words.c.digest).where(pen_words.c.signature == statement.signature.hex())
        row = self._transaction.first(asked)
        return row is not None and row.digest == digest.hex()


class SqlAnswers:
    """The confirm service's answers, within one transaction."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def given(self, order_hash: bytes, device: Eui64) -> Given | None:
        """The newest answer about an order to a device."""
        table = confirm_answers.c
        asked = select(confirm_answers).where(table.order_hash == order_hash.hex(), table.device == str(device))
        row = self._transaction.first(asked)
        return None if row is None else Given(bytes.fromhex(row.query), bytes(row.answer), bool(row.yes))

    def give(self, order_hash: bytes, device: Eui64, given: Given, now: Instant) -> None:
        """Keep an answer in place of the one before."""
        table = confirm_answers.c
        values = {"query": given.query.hex(), "answer": given.answer, "yes": int(given.yes), "at": now}
        mine = (table.order_hash == order_hash.hex(), table.device == str(device))
        if self._transaction.execute(update(confirm_answers).where(*mine).values(**values)).rowcount == 0:
            row = {"order_hash": order_hash.hex(), "device": str(device), **values}
            self._transaction.execute(insert(confirm_answers), row)
