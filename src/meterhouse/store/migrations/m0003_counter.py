"""Version 3: the whole counter: vends that are pending, accounts with limits, agreements with their history, cards."""

from __future__ import annotations

from typing import Final

__all__ = ["STATEMENTS"]

STATEMENTS: Final[tuple[str, ...]] = (
    "ALTER TABLE vends ADD COLUMN state TEXT NOT NULL DEFAULT 'posted'",
    "ALTER TABLE vends ADD COLUMN kind TEXT NOT NULL DEFAULT 'payment'",
    "ALTER TABLE vends ADD COLUMN rnd INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX vends_pending ON vends (id) WHERE state = 'pending'",
    "CREATE INDEX vends_by_network ON vends (network, id)",
    "ALTER TABLE accounts ADD COLUMN supplier TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE accounts ADD COLUMN closed_kind TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE accounts ADD COLUMN successor TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE accounts ADD COLUMN weekly_cap BIGINT",
    "ALTER TABLE accounts ADD COLUMN debt_place TEXT NOT NULL DEFAULT 'counter'",
    "ALTER TABLE accounts ADD COLUMN tariff TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE accounts ADD COLUMN paid_day BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE accounts ADD COLUMN paid_in_day BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE accounts ADD COLUMN debt_week BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE accounts ADD COLUMN debt_in_week BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX accounts_by_meter ON accounts (meter)",
    """CREATE TABLE agreements (
        id {serial}, account TEXT NOT NULL, since BIGINT NOT NULL, debt_share INTEGER NOT NULL, weekly_cap BIGINT,
        debt_place TEXT NOT NULL, tariff TEXT NOT NULL, why TEXT NOT NULL)""",
    "CREATE INDEX agreements_by_account ON agreements (account, id)",
    """CREATE TABLE cards (
        card TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (account), state TEXT NOT NULL)""",
    "CREATE TABLE tallies (name TEXT NOT NULL PRIMARY KEY, day BIGINT NOT NULL, amount BIGINT NOT NULL)",
    """CREATE TABLE batches (
        digest TEXT NOT NULL PRIMARY KEY, network TEXT NOT NULL, name TEXT NOT NULL, at BIGINT NOT NULL,
        report TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX batches_once ON batches (network, name)",
    "CREATE TABLE api_keys (hash TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, scope TEXT NOT NULL)",
    """CREATE TABLE hooks (
        name TEXT NOT NULL PRIMARY KEY, url TEXT NOT NULL, secret {blob} NOT NULL, position BIGINT NOT NULL,
        attempts INTEGER NOT NULL, due BIGINT NOT NULL)""",
)
