"""Version 9: as whom each key of the API looks at homes; older keys look as their scope does by default."""

from __future__ import annotations

from typing import Final

__all__ = ["STATEMENTS"]

STATEMENTS: Final[tuple[str, ...]] = (
    "ALTER TABLE api_keys ADD COLUMN viewer TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE api_keys ADD COLUMN home TEXT NOT NULL DEFAULT ''",
)
