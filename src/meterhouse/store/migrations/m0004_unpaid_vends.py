"""Version 4: a token that nobody paid for is more than was paid; only a payment must share out to the last unit.

SQLite cannot change a table's check, so the table is made anew; `id` only orders, so it may be numbered again.
"""

from __future__ import annotations

from typing import Final

__all__ = ["STATEMENTS"]

_COLUMNS: Final = (
    "request, account, home, meter, network, at, currency, paid, to_debt, in_token, value, debt_left, token, tid, "
    "state, kind, rnd"
)

STATEMENTS: Final[tuple[str, ...]] = (
    """CREATE TABLE vends_new (
        id {serial}, request TEXT NOT NULL UNIQUE, account TEXT NOT NULL, home TEXT NOT NULL, meter TEXT NOT NULL,
        network TEXT NOT NULL, at BIGINT NOT NULL, currency TEXT NOT NULL, paid BIGINT NOT NULL,
        to_debt BIGINT NOT NULL, in_token BIGINT NOT NULL, value BIGINT NOT NULL, debt_left BIGINT NOT NULL,
        token TEXT NOT NULL, tid BIGINT,
        state TEXT NOT NULL DEFAULT 'posted', kind TEXT NOT NULL DEFAULT 'payment',
        rnd INTEGER NOT NULL DEFAULT 0,
        CHECK ((kind = 'payment' AND paid = to_debt + in_token)
            OR (kind <> 'payment' AND paid = 0 AND to_debt = 0)))""",
    f"INSERT INTO vends_new ({_COLUMNS}) SELECT {_COLUMNS} FROM vends ORDER BY id",  # noqa: S608 - our own words
    "DROP TABLE vends",
    "ALTER TABLE vends_new RENAME TO vends",
    "CREATE INDEX vends_by_account ON vends (account, id)",
    "CREATE INDEX vends_by_network ON vends (network, id)",
    "CREATE INDEX vends_pending ON vends (id) WHERE state = 'pending'",
    "CREATE UNIQUE INDEX vends_by_tid ON vends (meter, tid)",
)
