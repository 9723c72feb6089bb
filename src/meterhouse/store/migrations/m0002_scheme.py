"""Version 2: which scheme a meter's tokens are of; every meter so far takes STS."""

from __future__ import annotations

from typing import Final

__all__ = ["STATEMENTS"]

STATEMENTS: Final[tuple[str, ...]] = ("ALTER TABLE meters ADD COLUMN scheme TEXT NOT NULL DEFAULT 'sts'",)
