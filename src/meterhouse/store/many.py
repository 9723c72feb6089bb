"""One statement for many rows, written once and said as each database likes it.

SQLite is given the statement for each row: it runs in this process, so a row costs what it costs. PostgreSQL is given
all rows in one parameter, as JSON: a row by itself would cost a message each way and a plan.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Dialect, Table, Text, bindparam, cast, column, func, insert, select
from sqlalchemy.sql import ClauseElement, ColumnElement
from sqlalchemy.types import TypeEngine

__all__ = ["Many", "Row", "inserting"]

Row = tuple[object, ...]
"""Values in the order of the statement's names: texts and whole numbers, or None."""

_Given = Callable[[Row], Row]
_Build = Callable[[Mapping[str, ColumnElement[Any]]], ClauseElement]

_JSON: Final = json.JSONEncoder(separators=(",", ":")).encode


class Many:
    """A statement to be run for each of many rows, for `Transaction.many`.

    Args:
        names: what a row's values are called, in their order, and their types.
        build: the statement, from the values by name. It must not depend on the order of the rows.
        one: the same for a single row, where a shorter form exists.
    """

    __slots__ = ("_build", "_forms", "_names", "_one")

    def __init__(self, names: Mapping[str, TypeEngine[Any]], build: _Build, one: _Build | None = None) -> None:
        self._names: Final = dict(names)
        self._build: Final = build
        self._one: Final = build if one is None else one
        self._forms: dict[str, tuple[str, _Given | None]] = {}

    def run(self, cursor: Any, dialect: Dialect, rows: Sequence[Row]) -> None:
        """Run it; whatever the driver raises goes on."""
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = self._form(dialect)
        text, given = form
        if dialect.name == "postgresql":
            cursor.execute(text, {"rows": _JSON([dict(zip(self._names, row, strict=True)) for row in rows])})
        else:
            cursor.executemany(text, rows if given is None else map(given, rows))

    def _form(self, dialect: Dialect) -> tuple[str, _Given | None]:
        """Its text; and, where the text wants a row's values in another order, what gives them so."""
        if dialect.name == "postgresql":
            columns = [column(name, kind) for name, kind in self._names.items()]
            rows = func.json_to_recordset(cast(bindparam("rows", type_=Text()), JSON))
            table = rows.table_valued(*columns, name="given").render_derived(with_types=True)
            return str(self._build({name: table.c[name] for name in self._names}).compile(dialect=dialect)), None
        values = {name: bindparam(name, type_=kind) for name, kind in self._names.items()}
        compiled: Any = self._one(values).compile(dialect=dialect)
        names = list(self._names)
        order = [names.index(name) for name in compiled.positiontup]
        return compiled.string, None if order == list(range(len(names))) else itemgetter(*order)


def inserting(table: Table, *names: str) -> Many:
    """New rows of a table: these of its columns, in this order."""
    kinds: dict[str, TypeEngine[Any]] = {
        name: Text() if isinstance(table.c[name].type, Text) else BigInteger() for name in names
    }
    return Many(
        kinds,
        lambda row: insert(table).from_select(list(names), select(*row.values())),
        lambda row: insert(table).values(row),
    )
