"""Version 1: homes and meters, accounts and money, the outbox, meter days, events, counters, device states."""

from __future__ import annotations

from typing import Final

__all__ = ["STATEMENTS"]

STATEMENTS: Final[tuple[str, ...]] = (
    "CREATE TABLE homes (home TEXT NOT NULL PRIMARY KEY, hub TEXT NOT NULL, note TEXT NOT NULL)",
    """CREATE TABLE meters (
        meter TEXT NOT NULL PRIMARY KEY, home TEXT NOT NULL REFERENCES homes (home), fuel TEXT NOT NULL,
        serial TEXT NOT NULL, hub TEXT NOT NULL, pan TEXT NOT NULL, supply_group TEXT NOT NULL,
        tariff_index INTEGER NOT NULL, key_revision INTEGER NOT NULL, base_date INTEGER NOT NULL, last_tid INTEGER)""",
    """CREATE TABLE accounts (
        account TEXT NOT NULL PRIMARY KEY, home TEXT NOT NULL REFERENCES homes (home),
        meter TEXT NOT NULL REFERENCES meters (meter), currency TEXT NOT NULL,
        debt BIGINT NOT NULL CHECK (debt >= 0), debt_share INTEGER NOT NULL,
        state TEXT NOT NULL, closed_why TEXT NOT NULL)""",
    """CREATE TABLE vends (
        id {serial}, request TEXT NOT NULL UNIQUE, account TEXT NOT NULL, home TEXT NOT NULL, meter TEXT NOT NULL,
        network TEXT NOT NULL, at BIGINT NOT NULL, currency TEXT NOT NULL, paid BIGINT NOT NULL,
        to_debt BIGINT NOT NULL, in_token BIGINT NOT NULL, value BIGINT NOT NULL, debt_left BIGINT NOT NULL,
        token TEXT NOT NULL, tid INTEGER, CHECK (paid = to_debt + in_token))""",
    "CREATE INDEX vends_by_account ON vends (account, id)",
    "CREATE UNIQUE INDEX vends_by_tid ON vends (meter, tid)",
    """CREATE TABLE vend_stages (
        id {serial}, request TEXT NOT NULL, stage TEXT NOT NULL, at BIGINT NOT NULL, reason TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX vend_stages_once ON vend_stages (request, stage)",
    """CREATE TABLE transfers (
        id {serial}, request TEXT NOT NULL, kind TEXT NOT NULL, debit TEXT NOT NULL, credit TEXT NOT NULL,
        amount BIGINT NOT NULL CHECK (amount > 0), currency TEXT NOT NULL, at BIGINT NOT NULL)""",
    "CREATE UNIQUE INDEX transfers_once ON transfers (request, kind)",
    """CREATE TABLE commands (
        id {serial}, hub TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL,
        due BIGINT NOT NULL, lease_until BIGINT NOT NULL, attempts INTEGER NOT NULL, expiry BIGINT NOT NULL,
        reason TEXT NOT NULL, request TEXT)""",
    "CREATE INDEX commands_by_due ON commands (state, due)",
    "CREATE UNIQUE INDEX commands_once ON commands (request)",
    """CREATE TABLE meter_days (
        meter TEXT NOT NULL, day BIGINT NOT NULL, fuel TEXT NOT NULL, half_hours INTEGER NOT NULL,
        rows {blob} NOT NULL, PRIMARY KEY (meter, day))""",
    "CREATE INDEX meter_days_by_day ON meter_days (day, fuel)",
    """CREATE TABLE meter_day_conflicts (
        id {serial}, meter TEXT NOT NULL, day BIGINT NOT NULL, slot INTEGER NOT NULL, kept BIGINT NOT NULL,
        refused BIGINT NOT NULL, at BIGINT NOT NULL)""",
    "CREATE UNIQUE INDEX meter_day_conflicts_once ON meter_day_conflicts (meter, day, slot, refused)",
    """CREATE TABLE events (
        id {serial}, at BIGINT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, fields TEXT NOT NULL)""",
    "CREATE INDEX events_by_source ON events (source, id)",
    "CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, reserved BIGINT NOT NULL)",
    "CREATE TABLE device_state (name TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL, state TEXT NOT NULL)",
)
