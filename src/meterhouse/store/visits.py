"""Visits to homes in SQL: each with its history, and whether one holds a home's supply off."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, Row, Table, Text, bindparam, insert, select, update

from meterhouse.model import Fuel, Instant, NotFoundError, StateError, StorageError
from meterhouse.store.counters import SqlCounters
from meterhouse.store.schema import homes, metadata
from meterhouse.store.transaction import Transaction
from meterhouse.supplier.office import Isolation, Means, Visit, VisitState, VisitStep

__all__ = ["SqlVisits", "visit_steps", "visits"]

visits: Final = Table(
    "visits",
    metadata,
    Column("number", Text, primary_key=True),
    Column("home", Text, nullable=False),
    Column("fuel", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("worker", Text, nullable=False),
    Column("isolation", Text, nullable=False),
    Index("visits_by_home", "home", "state"),
)

visit_steps: Final = Table(
    "visit_steps",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("number", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("switch", Text, nullable=False),
    Index("visit_steps_by_number", "number", "id"),
)

_HOLDING: Final = tuple(state.value for state in VisitState if state.holds)
_GET: Final = select(visits).where(visits.c.number == bindparam("n"))
_ALL: Final = select(visits).order_by(visits.c.number)
_AT_HOME: Final = _ALL.where(visits.c.home == bindparam("h"))
_HOLD: Final = _AT_HOME.where(visits.c.state.in_(_HOLDING))
_STEPS: Final = select(visit_steps).where(visit_steps.c.number == bindparam("n")).order_by(visit_steps.c.id)
_KNOWN: Final = select(homes.c.home).where(homes.c.home == bindparam("h"))


class SqlVisits:
    """The visits within one transaction."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def number(self) -> str:
        """A number that no visit had before."""
        return f"V{SqlCounters(self._transaction).reserve('visit', 1, floor=1)[0]:06d}"

    def add(self, visit: Visit, step: VisitStep) -> None:
        """Keep a new visit.

        Raises:
            NotFoundError: there is no such home.
        """
        if self._transaction.first(_KNOWN, {"h": visit.home}) is None:
            raise NotFoundError(f"there is no home {visit.home}", remedy="Look at the street.")
        row = {
            "number": visit.number,
            "home": visit.home,
            "fuel": visit.fuel.value,
            "purpose": visit.purpose,
            "planned_at": visit.planned_at,
        }
        self._transaction.execute(insert(visits), row | _changing(visit))
        self._write(visit.number, step)

    def change(self, before: Visit, after: Visit, step: VisitStep) -> None:
        """Keep a visit's next state, and one line of its history.

        Raises:
            StateError: somebody else has changed it meanwhile.
        """
        table = visits.c
        as_it_was = (table.number == before.number, table.state == before.state.value, table.at == before.at)
        statement = update(visits).where(*as_it_was).values(**_changing(after))
        if self._transaction.execute(statement).rowcount == 0:
            raise StateError(f"visit {before.number} has changed meanwhile", remedy="Look at it, and say it again.")
        self._write(after.number, step)

    def get(self, number: str) -> Visit:
        """A visit.

        Raises:
            NotFoundError: there is none of that number.
        """
        row = self._transaction.first(_GET, {"n": number})
        if row is None:
            raise NotFoundError(f"there is no visit {number}")
        return _visit(row)

    def all(self, home: str | None = None) -> list[Visit]:
        """Every visit, or every one to a home; oldest first."""
        rows = self._transaction.rows(_ALL) if home is None else self._transaction.rows(_AT_HOME, {"h": home})
        return [_visit(row) for row in rows]

    def holding(self, home: str) -> Visit | None:
        """A visit during which nothing is armed at a home, if any."""
        row = self._transaction.first(_HOLD, {"h": home})
        return None if row is None else _visit(row)

    def history(self, number: str) -> list[VisitStep]:
        """What became of a visit, line by line."""
        rows = self._transaction.rows(_STEPS, {"n": number})
        return [VisitStep(Instant(row.at), VisitState(row.state), row.who, row.why, row.switch) for row in rows]

    def _write(self, number: str, step: VisitStep) -> None:
        row = {"number": number, "at": step.at, "state": step.state.value, "who": step.who}
        self._transaction.execute(insert(visit_steps), row | {"why": step.why, "switch": step.switch})


def _changing(visit: Visit) -> dict[str, Any]:
    stated = "" if visit.isolation is None else json.dumps(asdict(visit.isolation))
    return {"state": visit.state.value, "at": visit.at, "worker": visit.worker, "isolation": stated}


def _visit(row: Row[Any]) -> Visit:
    try:
        stated = json.loads(row.isolation) if row.isolation else None
        return Visit(
            row.number,
            row.home,
            Fuel(row.fuel),
            row.purpose,
            Instant(row.planned_at),
            VisitState(row.state),
            Instant(row.at),
            row.worker,
            None if stated is None else Isolation(**stated | {"means": Means(stated["means"])}),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise StorageError(f"visit {row.number} is not as it was written", why=f"{error}.") from error
