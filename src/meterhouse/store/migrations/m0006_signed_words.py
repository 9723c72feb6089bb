"""Version 6: what devices and hops signed, and what each party used of each hub's line, by day."""

from __future__ import annotations

from typing import Final

__all__ = ["STATEMENTS"]

STATEMENTS: Final[tuple[str, ...]] = (
    """CREATE TABLE signed_words (
        id {serial}, at BIGINT NOT NULL, signer TEXT NOT NULL, kind TEXT NOT NULL, counter BIGINT NOT NULL,
        order_id TEXT NOT NULL, octets {blob} NOT NULL)""",
    "CREATE INDEX signed_words_by_signer ON signed_words (signer, kind, counter)",
    "CREATE INDEX signed_words_by_order ON signed_words (order_id, id)",
    """CREATE TABLE carrier_usage (
        day BIGINT NOT NULL, party TEXT NOT NULL, hub TEXT NOT NULL, calls BIGINT NOT NULL, refused BIGINT NOT NULL,
        bytes_down BIGINT NOT NULL, bytes_up BIGINT NOT NULL, orders BIGINT NOT NULL, notes BIGINT NOT NULL,
        PRIMARY KEY (day, party, hub))""",
)
