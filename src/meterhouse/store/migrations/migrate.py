"""Bringing a database forward to the version that this code speaks, one numbered step at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, inspect

from meterhouse.model import ConfigurationError

__all__ = ["migrate", "version_of"]

_WORDS = {
    "sqlite": {"serial": "INTEGER PRIMARY KEY AUTOINCREMENT", "blob": "BLOB"},
    "postgresql": {"serial": "BIGSERIAL PRIMARY KEY", "blob": "BYTEA"},
}
"""The two places where the databases' words differ."""
_LOCK = 0x6D68_6D67
"""Any number that nobody else would take."""


def version_of(connection: Connection) -> int:
    """The schema version that the database is at; 0 for an empty one."""
    if not inspect(connection).has_table("meta"):
        return 0
    row = connection.exec_driver_sql("SELECT version FROM meta").first()
    return int(row[0]) if row else 0


def migrate(connection: Connection, steps: Sequence[Sequence[str]]) -> int:
    """Take the steps that are missing; run inside one transaction.

    Returns:
        The version from which it started.

    Raises:
        ConfigurationError: the database is of a newer version than `steps` reaches, or of a kind not known here.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK:d})")  # two that start at once take turns
    found = version_of(connection)
    if found > len(steps):
        raise ConfigurationError(
            f"the data is of version {found} and this program speaks {len(steps)}",
            why="It was written by a newer Meterhouse.",
            remedy="Start the newer program, or choose another data folder.",
        )
    words = _WORDS.get(connection.dialect.name)
    if words is None:
        raise ConfigurationError(
            f"database kind '{connection.dialect.name}' is not known", remedy="Use sqlite: or postgresql: URLs."
        )
    if found == len(steps):
        return found
    if found == 0:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS meta (version INTEGER NOT NULL)")
        connection.exec_driver_sql("INSERT INTO meta (version) VALUES (0)")
    for step in steps[found:]:
        for statement in step:
            connection.exec_driver_sql(statement.format(**words))
    connection.exec_driver_sql(f"UPDATE meta SET version = {len(steps):d}")  # noqa: S608 - an integer of our own
    return found
