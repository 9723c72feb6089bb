"""Group commit: many jobs, one transaction, one wait for the disk.

Each job has a savepoint of its own: a job that raises is undone alone. Nobody is told of success before the commit has
returned, so a future that has a result is durable. Grouping is worth thirty times on a disk that takes 2 ms to sync.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from meterhouse.model import Instant, StorageError
from meterhouse.store.faults import storage_error
from meterhouse.store.refusals import Refusal, SqlRefusals
from meterhouse.store.transaction import Transaction
from meterhouse.store.vend_group import run_payments
from meterhouse.store.vending import SqlVendingRecords
from meterhouse.supplier.vending import PaymentRefusedError, PaymentRequest

__all__ = ["Job", "Payment", "Ticket", "run_group"]

Job = Callable[[Transaction], Any]
Ticket = tuple[Job, Future[Any]]
_LONG_AGO: Final = Instant(0)


@dataclass(frozen=True, slots=True)
class Payment:
    """A job that takes one payment, and may share its statements with the payments beside it.

    Attributes:
        request: what is asked for.
        take: takes it, on the records it is given.
        at: when it is taken; for the record of refusals.
    """

    request: PaymentRequest
    take: Callable[[SqlVendingRecords], Any]
    at: Instant = _LONG_AGO

    def __call__(self, transaction: Transaction) -> Any:
        """By itself."""
        return self.take(SqlVendingRecords(transaction))


_Outcome = tuple[Future[Any], Any, BaseException | None]


def run_group(connection: Connection, tickets: Sequence[Ticket]) -> None:
    """Run jobs in one transaction and resolve their futures once it is durable. Never raises on a job's behalf."""
    wanted = [ticket for ticket in tickets if ticket[1].set_running_or_notify_cancel()]
    try:
        alone = all(isinstance(job, Payment) for job, _ in wanted)
        if alone:
            outcomes = _payments_alone(connection, wanted)
        else:
            outcomes = _one_alone(connection, *wanted[0]) if len(wanted) == 1 else None
        if outcomes is None:
            with connection.begin():
                outcomes = _run_all(Transaction(connection), wanted, share=not alone)
    except SQLAlchemyError as error:
        _fail(wanted, storage_error(error))
    except StorageError as error:
        _fail(wanted, error)
    except Exception as error:  # noqa: BLE001 - the one writer must outlive it, or everybody waits for ever
        _fail(wanted, StorageError("the database failed; nothing was stored", why=f"It said: {error!r}."))
    else:
        for future, result, raised in outcomes:
            if raised is None:
                future.set_result(result)
            else:
                future.set_exception(raised)


def _one_alone(connection: Connection, job: Job, future: Future[Any]) -> list[_Outcome]:
    """A job by itself needs no savepoint: what it raises undoes the whole transaction, and nobody else's work."""
    with connection.begin() as whole:
        try:
            result = job(Transaction(connection))
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the future
            whole.rollback()
            return [(future, None, storage_error(error) if isinstance(error, SQLAlchemyError) else error)]
    return [(future, result, None)]


def _payments_alone(connection: Connection, tickets: Sequence[Ticket]) -> list[_Outcome] | None:
    """A group of payments and nothing else needs no savepoint: where the database refuses it, all of it is undone.

    Returns:
        None where it was refused. If that was an answer lost after a commit, each payment finds itself taken already.
    """
    try:
        with connection.begin():
            transaction = Transaction(connection)
            outcomes = _shared(transaction, tickets)
            _note_refusals(transaction, tickets, outcomes)
            return outcomes
    except (SQLAlchemyError, StorageError):
        return None


def _shared(transaction: Transaction, tickets: Sequence[Ticket]) -> list[_Outcome]:
    found = run_payments(transaction, [(job.request, job.take) for job, _ in tickets if isinstance(job, Payment)])
    return [(future, result, raised) for (_, future), (result, raised) in zip(tickets, found, strict=True)]


def _run_all(transaction: Transaction, tickets: Sequence[Ticket], *, share: bool) -> list[_Outcome]:
    """Payments that stand side by side share their statements; everything else runs by itself, in the order given."""
    outcomes: list[_Outcome] = []
    for together, some in groupby(tickets, lambda ticket: share and isinstance(ticket[0], Payment)):
        run = list(some)
        if together and len(run) > 1:
            outcomes += _run_payments(transaction, run)
        else:
            outcomes += [_run_one(transaction, job, future) for job, future in run]
    _note_refusals(transaction, tickets, outcomes)
    return outcomes


def _note_refusals(transaction: Transaction, tickets: Sequence[Ticket], outcomes: Sequence[_Outcome]) -> None:
    """Keep who was refused, in the commit after which they are told (S3-62)."""
    attempts = [
        Refusal.of(job.request, error, job.at)
        for (job, _), (_, _, error) in zip(tickets, outcomes, strict=True)
        if isinstance(error, PaymentRefusedError) and isinstance(job, Payment)
    ]
    SqlRefusals(transaction).append(attempts)


def _run_payments(transaction: Transaction, tickets: Sequence[Ticket]) -> list[_Outcome]:
    """All together; where the database refuses the whole, one by one, so that only the guilty one fails."""
    transaction.mark("SAVEPOINT payments")
    try:
        outcomes = _shared(transaction, tickets)
    except (SQLAlchemyError, StorageError) as error:
        _undo(transaction, storage_error(error) if isinstance(error, SQLAlchemyError) else error, "payments")
        return [_run_one(transaction, job, future) for job, future in tickets]
    transaction.mark("RELEASE SAVEPOINT payments")
    return outcomes


def _run_one(transaction: Transaction, job: Job, future: Future[Any]) -> _Outcome:
    transaction.mark("SAVEPOINT job")
    try:
        result = job(transaction)
    except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the future
        told = storage_error(error) if isinstance(error, SQLAlchemyError) else error
        _undo(transaction, told)
        return future, None, told
    transaction.mark("RELEASE SAVEPOINT job")
    return future, result, None


def _undo(transaction: Transaction, error: BaseException, savepoint: str = "job") -> None:
    """Undo one job; where a full disk has already undone the whole transaction, let its error end the group."""
    try:
        transaction.mark(f"ROLLBACK TO SAVEPOINT {savepoint}")
        transaction.mark(f"RELEASE SAVEPOINT {savepoint}")
    except StorageError:
        if isinstance(error, StorageError):
            raise error from None
        raise


def _fail(tickets: Sequence[Ticket], error: StorageError) -> None:
    for _, future in tickets:
        if not future.done():
            future.set_exception(error)
