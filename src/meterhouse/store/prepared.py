"""Statements of the counter's hot path, compiled once.

SQLAlchemy builds an execution context anew for each statement: some 40 µs, five times what SQLite needs to run one. A
payment runs ten. So the statements that a payment runs are written in Core like all others, compiled once for a
dialect, and given to the driver directly.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Dialect, bindparam
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.elements import BindParameter

__all__ = ["Prepared", "PreparedList"]

_SIZES: Final = (1, 8, 32, 128, 256)
"""Lengths that an `IN` list is written in: few enough that a driver keeps each as a statement of its own."""


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


class PreparedList:
    """A select with one `IN` list of texts: a `Prepared` for each of a few lengths, the rest filled with repeats.

    Args:
        build: the statement, from the list's parameters.
    """

    __slots__ = ("_build", "_sized")

    def __init__(self, build: Callable[[Sequence[BindParameter[str]]], ClauseElement]) -> None:
        self._build = build
        self._sized: dict[int, Prepared] = {}

    def of(self, wanted: Sequence[str]) -> tuple[Prepared, dict[str, object]]:
        """The statement for this list, and its parameters.

        Args:
            wanted: 1 text or more.
        """
        size = next((size for size in _SIZES if size >= len(wanted)), len(wanted))
        prepared = self._sized.get(size)
        if prepared is None:
            prepared = self._sized[size] = Prepared(self._build([bindparam(f"w{place}") for place in range(size)]))
        filled = [*wanted, *[wanted[-1]] * (size - len(wanted))]
        return prepared, {f"w{place}": text for place, text in enumerate(filled)}


class _Form:
    """One dialect's text, how its parameters are laid out, and what its rows are called."""

    __slots__ = ("_constants", "_order", "_row", "text")

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        self.text: str = compiled.string
        self._order = _picker(compiled.positiontup) if compiled.positional else None
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._row: Any = None

    def parameters(self, given: Mapping[str, object]) -> tuple[object, ...] | dict[str, object]:
        """The given parameters and the statement's own constants, as the driver wants them."""
        whole = {**self._constants, **given} if self._constants else given
        return dict(whole) if self._order is None else self._order(whole)

    def rows(self, cursor: Any) -> list[Any]:
        """All rows, with a name for each column."""
        if cursor.description is None:
            return []
        if self._row is None:
            make: Any = namedtuple  # noqa: PYI024 - the names are data, which no checker can follow
            self._row = make("Row", [column[0] for column in cursor.description])
        return list(map(self._row._make, cursor.fetchall()))


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    """What takes the values of these names, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)
