"""What a job is given: a transaction that is begun, and that somebody else will commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Row

__all__ = ["Transaction"]

Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]


class Transaction:
    """One job's part of a transaction. Don't keep it: it ends with the job.

    Attributes:
        connection: SQLAlchemy's, for statements that the three methods here don't fit.
    """

    __slots__ = ("connection",)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run a statement; a sequence of parameters runs it for each."""
        result = self.connection.execute(statement, parameters)
        assert isinstance(result, CursorResult)
        return result

    def first(self, statement: Executable, parameters: Parameters | None = None) -> Row[Any] | None:
        """The first row, if any."""
        return self.execute(statement, parameters).first()

    def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Row[Any]]:
        """All rows."""
        return self.execute(statement, parameters).all()
