"""Visits as CLI, console and API use them: each step is one transaction, with its line in the audit chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from meterhouse.model import Fuel, Instant, UsageError
from meterhouse.store import Database, SqlAuditChain, SqlWorkOrders, Transaction
from meterhouse.store.visits import SqlVisits
from meterhouse.supplier.office import Isolation, Visit, VisitStep
from meterhouse.supplier.trust import ARM_SUPPLY

__all__ = ["VisitAct", "VisitView", "Visits"]

_ARMS: Final = frozenset(ARM_SUPPLY.values())


class VisitAct(StrEnum):
    """What a person may say about a visit, besides that the supply is physically isolated."""

    ARRIVE = "arrive"
    WORK = "work"
    RESTORE = "restore"
    LEAVE_APART = "leave-apart"
    CLOSE = "close"
    ABANDON = "abandon"


@dataclass(frozen=True, slots=True)
class VisitView:
    """A visit with its history, and the orders that may arm the home's supply and are not ended: to be cancelled."""

    visit: Visit
    history: tuple[VisitStep, ...]
    arming: tuple[str, ...]


class Visits:
    """The service. Every call is durable when it returns; whatever is refused is raised and changes nothing.

    A step's `who` is what was typed; it is not signed. `switch` is what the meter's switch said then, for the record.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, home: str, fuel: Fuel, purpose: str, who: str, now: Instant) -> VisitView:
        """Plan a visit.

        Raises:
            NotFoundError: there is no such home.
            PolicyError: no purpose, or nobody plans it.
        """

        def job(tx: Transaction) -> VisitView:
            kept = SqlVisits(tx)
            visit = Visit.plan(kept.number(), home, fuel, purpose, who, now)
            step = VisitStep(now, visit.state, who.strip(), visit.purpose)
            kept.add(visit, step)
            _audit(tx, visit, step)
            return _view(tx, visit)

        return self._database.run(job)

    def isolate(self, number: str, who: str, isolation: Isolation, now: Instant, switch: str = "") -> VisitView:
        """Take the worker's statement that the supply is physically isolated and proved.

        Raises:
            NotFoundError, StateError, PolicyError: see `Visit.isolate`.
        """
        why = f"{isolation.means.words} at {isolation.place}; {isolation.secured}; proved with {isolation.tester}"
        return self._step(number, who, now, lambda visit, at: visit.isolate(who, isolation, at), why, switch)

    def act(self, number: str, act: VisitAct, who: str, now: Instant, why: str = "", switch: str = "") -> VisitView:
        """Take another step.

        Raises:
            NotFoundError, StateError, PolicyError: see `Visit`.
        """
        said = why.strip()

        def step(visit: Visit, at: Instant) -> Visit:
            match act:
                case VisitAct.ARRIVE:
                    return visit.arrive(who, at)
                case VisitAct.WORK:
                    return visit.work(who, at)
                case VisitAct.RESTORE:
                    return visit.restore(who, at)
                case VisitAct.LEAVE_APART:
                    return visit.leave_apart(who, said, at)
                case VisitAct.CLOSE:
                    return visit.close(who, at)
                case VisitAct.ABANDON:
                    return visit.abandon(who, said, at)

        return self._step(number, who, now, step, said, switch)

    def show(self, number: str) -> VisitView:
        """A visit.

        Raises:
            NotFoundError: there is none of that number.
        """
        return self._database.read(lambda tx: _view(tx, SqlVisits(tx).get(number)))

    def list(self, home: str | None = None, *, live: bool = False) -> tuple[VisitView, ...]:
        """Every visit, or those to a home, or those that have not ended; oldest first."""

        def look(tx: Transaction) -> tuple[VisitView, ...]:
            return tuple(_view(tx, each) for each in SqlVisits(tx).all(home) if not (live and each.state.ended))

        return self._database.read(look)

    def _step(
        self,
        number: str,
        who: str,
        now: Instant,
        change: Callable[[Visit, Instant], Visit],
        why: str,
        switch: str,
    ) -> VisitView:
        if not all(part.isprintable() for part in (why, switch)):
            raise UsageError("the words of a step hold what cannot be printed")

        def job(tx: Transaction) -> VisitView:
            kept = SqlVisits(tx)
            before = kept.get(number)
            after = change(before, now)
            step = VisitStep(after.at, after.state, who.strip(), why, switch)
            kept.change(before, after, step)
            _audit(tx, after, step)
            return _view(tx, after)

        return self._database.run(job)


def _audit(tx: Transaction, visit: Visit, step: VisitStep) -> None:
    fields: dict[str, Any] = {"home": visit.home, "fuel": visit.fuel.value, "why": step.why, "switch": step.switch}
    if visit.isolation is not None:
        fields["isolation"] = asdict(visit.isolation)
    SqlAuditChain(tx).write(step.at, step.who, f"visit.{visit.state.name.lower()}", visit.number, fields)


def _view(tx: Transaction, visit: Visit) -> VisitView:
    orders = () if visit.state.ended else SqlWorkOrders(tx).live()
    arming = (each.number for each in orders if each.home == visit.home and each.code in _ARMS)
    return VisitView(visit, tuple(SqlVisits(tx).history(visit.number)), tuple(arming))
