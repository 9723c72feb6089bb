"""Version 7: the trust office: records with their histories, brakes, written words, answers, the audit chain."""

from __future__ import annotations

from typing import Final

__all__ = ["STATEMENTS"]

STATEMENTS: Final[tuple[str, ...]] = (
    """CREATE TABLE trust_records (
        kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, subject TEXT NOT NULL, at BIGINT NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (kind, name))""",
    "CREATE INDEX trust_records_by_state ON trust_records (kind, state)",
    "CREATE INDEX trust_records_by_subject ON trust_records (kind, subject)",
    """CREATE TABLE trust_steps (
        id {serial}, kind TEXT NOT NULL, name TEXT NOT NULL, at BIGINT NOT NULL, state TEXT NOT NULL,
        who TEXT NOT NULL, why TEXT NOT NULL)""",
    "CREATE INDEX trust_steps_by_name ON trust_steps (kind, name, id)",
    "CREATE TABLE brakes (name TEXT PRIMARY KEY, state TEXT NOT NULL)",
    "CREATE TABLE pen_words (signature TEXT PRIMARY KEY, digest TEXT NOT NULL)",
    """CREATE TABLE confirm_answers (
        order_hash TEXT NOT NULL, device TEXT NOT NULL, query TEXT NOT NULL, answer {blob} NOT NULL,
        yes INTEGER NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (order_hash, device))""",
    """CREATE TABLE audit_lines (
        number BIGINT PRIMARY KEY, at BIGINT NOT NULL, who TEXT NOT NULL, deed TEXT NOT NULL, subject TEXT NOT NULL,
        fields TEXT NOT NULL, digest TEXT NOT NULL)""",
    """CREATE TABLE audit_heads (
        number BIGINT PRIMARY KEY, at BIGINT NOT NULL, digest TEXT NOT NULL, signature TEXT NOT NULL)""",
)
