"""Group commit: many jobs, one transaction, one wait for the disk.

Each job has a savepoint of its own: a job that raises is undone alone. Nobody is told of success before the commit has
returned, so a future that has a result is durable. Grouping is worth thirty times on a disk that takes 2 ms to sync.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from meterhouse.model import StorageError
from meterhouse.store.faults import storage_error
from meterhouse.store.transaction import Transaction

__all__ = ["Job", "Ticket", "run_group"]

Job = Callable[[Transaction], Any]
Ticket = tuple[Job, Future[Any]]
_Outcome = tuple[Future[Any], Any, BaseException | None]


def run_group(connection: Connection, tickets: Sequence[Ticket]) -> None:
    """Run jobs in one transaction and resolve their futures once it is durable. Never raises on a job's behalf."""
    wanted = [ticket for ticket in tickets if ticket[1].set_running_or_notify_cancel()]
    try:
        with connection.begin():
            transaction = Transaction(connection)
            outcomes = [_run_one(transaction, job, future) for job, future in wanted]
    except SQLAlchemyError as error:
        _fail(wanted, storage_error(error))
    except StorageError as error:
        _fail(wanted, error)
    else:
        for future, result, raised in outcomes:
            if raised is None:
                future.set_result(result)
            else:
                future.set_exception(raised)


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


def _undo(transaction: Transaction, error: BaseException) -> None:
    """Undo one job; where a full disk has already undone the whole transaction, let its error end the group."""
    try:
        transaction.mark("ROLLBACK TO SAVEPOINT job")
        transaction.mark("RELEASE SAVEPOINT job")
    except StorageError:
        if isinstance(error, StorageError):
            raise error from None
        raise


def _fail(tickets: Sequence[Ticket], error: StorageError) -> None:
    for _, future in tickets:
        if not future.done():
            future.set_exception(error)
