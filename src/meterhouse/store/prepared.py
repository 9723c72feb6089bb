"""Statements of the counter's hot path, compiled once.

SQLAlchemy builds an execution context anew for each statement: some 40 µs, five times what SQLite needs to run one. A
payment runs ten. So the statements that a payment runs are written in Core like all others, compiled once for a
dialect, and given to the driver directly.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Dialect
from sqlalchemy.sql import ClauseElement

__all__ = ["Prepared"]


class Prepared:
    """A statement with named parameters, for `Transaction.quick`. It must not use expanding parameters (`IN` lists).

    Args:
        statement: of SQLAlchemy Core; columns of types that need no conversion (texts, integers, blobs).
        columns: of an insert: those that are given.
    """

    __slots__ = ("_columns", "_forms", "_statement")

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._statement: Final = statement
        self._columns = columns
        self._forms: dict[str, _Form] = {}

    def form(self, dialect: Dialect) -> _Form:
        """The statement as one dialect's driver wants it."""
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Form(self._statement, self._columns, dialect)
        return form


class _Form:
    """One dialect's text, how its parameters are laid out, and what its rows are called."""

    __slots__ = ("_constants", "_order", "_row", "text")

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        self.text: str = compiled.string
        self._order: tuple[str, ...] | None = tuple(compiled.positiontup) if compiled.positional else None
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._row: Any = None

    def parameters(self, given: Mapping[str, object]) -> tuple[object, ...] | dict[str, object]:
        """The given parameters and the statement's own constants, as the driver wants them."""
        whole = {**self._constants, **given} if self._constants else given
        return tuple([whole[name] for name in self._order]) if self._order is not None else dict(whole)

    def rows(self, cursor: Any) -> list[Any]:
        """All rows, with a name for each column."""
        if cursor.description is None:
            return []
        if self._row is None:
            make: Any = namedtuple  # noqa: PYI024 - the names are data, which no checker can follow
            self._row = make("Row", [column[0] for column in cursor.description])
        return [self._row._make(row) for row in cursor.fetchall()]
