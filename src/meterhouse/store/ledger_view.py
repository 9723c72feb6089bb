"""The house's data base for those who may look into it and not write: every connection refuses to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from meterhouse.model import ConfigurationError
from meterhouse.store.faults import storage_error
from meterhouse.store.sqlite import open_reader
from meterhouse.store.transaction import Transaction

__all__ = ["LedgerView"]

T = TypeVar("T")


class LedgerView:
    """A look into a data base that another process writes.

    Args:
        url: as of `Database`; it is not migrated, and must be there.

    Raises:
        ConfigurationError: the URL is none, or names a data base that lives in one process only.
    """

    def __init__(self, url: str) -> None:
        try:
            address = make_url(url)
            sqlite = address.get_backend_name() == "sqlite"
            if sqlite and not address.database:
                raise ConfigurationError("a data base in memory cannot be looked into by another process")
            self._engine = (
                open_reader(address) if sqlite else create_engine(address).execution_options(postgresql_readonly=True)
            )
        except (ArgumentError, SQLAlchemyError, ImportError) as error:
            raise ConfigurationError("the address of the books cannot be used", why=f"{error}.") from error

    def read(self, job: Callable[[Transaction], T]) -> T:
        """Run a job that only reads, on one consistent state.

        Raises:
            StorageError: the data base is away, or the job tried to write.
        """
        try:
            with self._engine.begin() as connection:
                return job(Transaction(connection))
        except SQLAlchemyError as error:
            raise storage_error(error) from error

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()
