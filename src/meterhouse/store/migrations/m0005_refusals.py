"""Version 5: payments that were refused stay known (S3-62), and a meter is found by its number."""

from __future__ import annotations

from typing import Final

__all__ = ["STATEMENTS"]

STATEMENTS: Final[tuple[str, ...]] = (
    """CREATE TABLE refusals (
        id {serial}, at BIGINT NOT NULL, request TEXT NOT NULL, account TEXT NOT NULL, network TEXT NOT NULL,
        amount BIGINT NOT NULL, currency TEXT NOT NULL, code TEXT NOT NULL, why TEXT NOT NULL)""",
    "CREATE INDEX meters_by_pan ON meters (pan)",
)
