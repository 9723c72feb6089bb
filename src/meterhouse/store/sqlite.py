"""All that is said to SQLite only: how it is opened, and how its transactions begin.

`journal_mode=WAL` lets readers go on beside the writer; `synchronous=FULL` makes a commit survive a power cut (NORMAL
may lose the last ones); `BEGIN IMMEDIATE` takes the write lock at once, where waiting for it later could fail.

The writer holds the indexes' busy pages in memory, copies the log into the file less often than SQLite would by itself
(each copy syncs twice, and writes a page once however often it was logged), and keeps what a savepoint might undo in
memory instead of in a file that each commit makes and deletes. None of this is part of what makes a commit last.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

__all__ = ["is_memory", "open_memory", "open_reader", "open_writer"]

_BUSY_TIMEOUT_MS: Final = 5_000
_CACHE_KIB: Final = 32_768
_CHECKPOINT_PAGES: Final = 4_000
"""16 MiB of log: a checkpoint of them holds commits up for some tens of milliseconds."""

_WRITER: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"cache_size=-{_CACHE_KIB}",
    f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
    "temp_store=MEMORY",
)


def is_memory(url: URL) -> bool:
    """Whether the database lives in this process only and is gone with it."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def open_memory(url: URL) -> Engine:
    """One connection for reads and writes, from whichever thread holds the turn."""
    engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    _prepare(engine, begin="", pragmas=())

    # Nobody else has this database, so that beginning cannot fail: it is said to the driver alone.
    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        connection.connection.cursor().execute("BEGIN")

    return engine


def open_writer(url: URL) -> Engine:
    """The engine of the one writer."""
    engine = create_engine(url, pool_size=1, max_overflow=0, connect_args={"check_same_thread": False})
    _prepare(engine, begin="BEGIN IMMEDIATE", pragmas=_WRITER)
    return engine


def open_reader(url: URL) -> Engine:
    """An engine whose connections cannot write."""
    engine = create_engine(url, connect_args={"check_same_thread": False})
    _prepare(engine, begin="BEGIN", pragmas=("query_only=ON",))
    return engine


def _prepare(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        for pragma in (f"busy_timeout={_BUSY_TIMEOUT_MS}", "foreign_keys=ON", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    if not begin:
        return

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
