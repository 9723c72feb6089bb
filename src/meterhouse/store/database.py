"""The database of a house, by URL: one writer that groups commits, and readers beside it (design D7)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Lock, Thread, get_ident
from time import monotonic
from typing import Any, Final, Self, TypeVar

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from meterhouse.model import ConfigurationError, StateError
from meterhouse.store.faults import storage_error
from meterhouse.store.group import Ticket, run_group
from meterhouse.store.migrations import MIGRATIONS, migrate
from meterhouse.store.sqlite import is_memory, open_memory, open_reader, open_writer
from meterhouse.store.transaction import Transaction

__all__ = ["Database"]

T = TypeVar("T")

_GROUP: Final = 256
"""Most jobs in one commit: a full group takes some 50 ms, the longest that a job can make another wait."""

_REGROUP_SECONDS: Final = 0.001


class Database:
    """Where state is kept. Thread-safe; close it, or use it in a `with`.

    Jobs given to `submit` and `run` take turns on one writer thread. A database in memory (`sqlite://`) has no thread:
    its jobs run at once in the caller's, so that a world stays deterministic.

    Args:
        url: `sqlite:///path`, `sqlite://`, or `postgresql+psycopg://…`.

    Raises:
        ConfigurationError: the URL is not one, its driver is missing, or the data was written by a newer program.
        StorageError: the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self._closed = False
        self._turn = Lock()
        self._writer_ident = 0
        self._queue: SimpleQueue[Ticket | None] = SimpleQueue()
        self._memory, self._engine, self._reader = _engines(url)
        try:
            with self._engine.begin() as connection:
                migrate(connection, MIGRATIONS)
            self._connection = self._engine.connect()
        except SQLAlchemyError as error:
            self._dispose()
            raise storage_error(error) from error
        except ConfigurationError:
            self._dispose()
            raise
        self._thread = None if self._memory else Thread(target=self._write, name="store writer", daemon=True)
        if self._thread:
            self._thread.start()

    def submit(self, job: Callable[[Transaction], T]) -> Future[T]:
        """Queue a job. The future has its result once it is durable, or what the job raised once it is undone.

        Raises:
            StateError: the database is closed.
        """
        if self._writer_ident == get_ident():
            raise StateError("a job asked for another job", remedy="Use the transaction that the job was given.")
        future: Future[T] = Future()
        with self._turn:
            if self._closed:
                raise StateError("the database is closed")
            if not self._memory:
                self._queue.put((job, future))
                return future
            self._writer_ident = get_ident()
            try:
                run_group(self._connection, [(job, future)])
            finally:
                self._writer_ident = 0
        return future

    def run(self, job: Callable[[Transaction], T]) -> T:
        """Run a job and wait until it is durable.

        Raises:
            StateError: called from inside a job, which would wait for itself.
            StorageError: it could not be stored; and whatever the job raises.
        """
        return self.submit(job).result()

    def read(self, job: Callable[[Transaction], T]) -> T:
        """Run a job that only reads, in the caller's thread, on one consistent state; it does not wait for writers.

        Raises:
            StorageError: the database failed, or the job tried to write.
        """
        if self._memory:
            return self.run(job)
        try:
            with self._reader.begin() as connection:
                return job(Transaction(connection))
        except SQLAlchemyError as error:
            raise storage_error(error) from error

    def close(self) -> None:
        """Finish what is queued, then let go of the database. Again does nothing."""
        with self._turn:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        if self._thread:
            self._thread.join()
        self._connection.close()
        self._dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _write(self) -> None:
        self._writer_ident = get_ident()
        last, before = False, 1
        while not last:
            tickets, last = self._next_group(before)
            if tickets:
                run_group(self._connection, tickets)
            before = len(tickets)

    def _next_group(self, before: int) -> tuple[list[Ticket], bool]:
        """All that waits, up to a group; and whether the end was reached.

        Those of the group before have their answers just now: where as many have not asked again yet, they are waited
        for a moment, or two halves would take turns and each commit would carry but one of them.
        """
        tickets: list[Ticket] = []
        ticket = self._queue.get()
        until = monotonic() + _REGROUP_SECONDS
        while ticket is not None:
            tickets.append(ticket)
            if len(tickets) == _GROUP:
                return tickets, False
            try:
                left = 0.0 if len(tickets) >= before else until - monotonic()
                ticket = self._queue.get(timeout=left) if left > 0 else self._queue.get_nowait()
            except Empty:
                return tickets, False
        return tickets, True

    def _dispose(self) -> None:
        self._engine.dispose()
        self._reader.dispose()


def _engines(text: str) -> tuple[bool, Engine, Engine]:
    try:
        url = make_url(text)
        if is_memory(url):
            engine = open_memory(url)
            return True, engine, engine
        if url.get_backend_name() == "sqlite":
            return False, open_writer(url), open_reader(url)
        reader = create_engine(url, pool_pre_ping=True)  # a reader that a restarted server has dropped is made anew
        return False, create_engine(url, pool_size=1), reader.execution_options(postgresql_readonly=True)
    except (ArgumentError, SQLAlchemyError, ImportError) as error:
        what: Any = text.split("://", 1)[0]
        raise ConfigurationError(
            f"the database address of kind '{what}' cannot be used",
            why=f"{error}.",
            remedy="Write it like sqlite:///path/to/file, or install the driver it names.",
        ) from error
