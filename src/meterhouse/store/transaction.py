"""What a job is given: a transaction that is begun, and that somebody else will commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy import Row as Found

from meterhouse.store.faults import storage_error
from meterhouse.store.many import Many, Row
from meterhouse.store.prepared import Prepared

__all__ = ["Transaction"]

Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]


class Transaction:
    """One job's part of a transaction. Don't keep it: it ends with the job.

    Attributes:
        connection: SQLAlchemy's, for statements that the three methods here don't fit.
    """

    __slots__ = ("_cursor", "_driver_error", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._cursor: Any = connection.connection.cursor()
        self._driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error

    def quick(self, prepared: Prepared, parameters: Mapping[str, object]) -> list[Any]:
        """Run a prepared statement by the driver alone, and give its rows, with a name for each column.

        Raises:
            StorageError: the database failed.
        """
        form = prepared.form(self.connection.dialect)
        try:
            self._cursor.execute(form.text, form.parameters(parameters))
            return form.rows(self._cursor)
        except self._driver_error as error:
            raise storage_error(error) from error

    def many(self, statement: Many, rows: Sequence[Row]) -> None:
        """Run a statement for each of many rows; for none, nothing.

        Raises:
            StorageError: the database failed.
        """
        if not rows:
            return
        try:
            statement.run(self._cursor, self.connection.dialect, rows)
        except self._driver_error as error:
            raise storage_error(error) from error

    def mark(self, words: str) -> None:
        """Say a savepoint statement.

        Raises:
            StorageError: the database failed.
        """
        try:
            self._cursor.execute(words)
        except self._driver_error as error:
            raise storage_error(error) from error

    def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run a statement; a sequence of parameters runs it for each."""
        result = self.connection.execute(statement, parameters)
        assert isinstance(result, CursorResult)
        return result

    def first(self, statement: Executable, parameters: Parameters | None = None) -> Found[Any] | None:
        """The first row, if any."""
        return self.execute(statement, parameters).first()

    def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Found[Any]]:
        """All rows."""
        return self.execute(statement, parameters).all()
