"""Version 8: visits to homes, with every step that somebody stated."""

from __future__ import annotations

from typing import Final

__all__ = ["STATEMENTS"]

STATEMENTS: Final[tuple[str, ...]] = (
    """CREATE TABLE visits (
        number TEXT PRIMARY KEY, home TEXT NOT NULL, fuel TEXT NOT NULL, purpose TEXT NOT NULL,
        planned_at BIGINT NOT NULL, state TEXT NOT NULL, at BIGINT NOT NULL, worker TEXT NOT NULL,
        isolation TEXT NOT NULL)""",
    "CREATE INDEX visits_by_home ON visits (home, state)",
    """CREATE TABLE visit_steps (
        id {serial}, number TEXT NOT NULL, at BIGINT NOT NULL, state TEXT NOT NULL, who TEXT NOT NULL,
        why TEXT NOT NULL, switch TEXT NOT NULL)""",
    "CREATE INDEX visit_steps_by_number ON visit_steps (number, id)",
)
