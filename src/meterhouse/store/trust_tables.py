"""The tables of the trust office; they belong to the house's schema like all others."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from meterhouse.store.schema import metadata

__all__ = ["audit_heads", "audit_lines", "brakes", "confirm_answers", "pen_words", "trust_records", "trust_steps"]

trust_records: Final = Table(
    "trust_records",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("trust_records_by_state", "kind", "state"),
    Index("trust_records_by_subject", "kind", "subject"),
)

trust_steps: Final = Table(
    "trust_steps",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("trust_steps_by_name", "kind", "name", "id"),
)

brakes: Final = Table("brakes", metadata, Column("name", Text, primary_key=True), Column("state", Text, nullable=False))

pen_words: Final = Table(
    "pen_words", metadata, Column("signature", Text, primary_key=True), Column("digest", Text, nullable=False)
)

confirm_answers: Final = Table(
    "confirm_answers",
    metadata,
    Column("order_hash", Text, primary_key=True),
    Column("device", Text, primary_key=True),
    Column("query", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("yes", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)

audit_lines: Final = Table(
    "audit_lines",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("deed", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("digest", Text, nullable=False),
)

audit_heads: Final = Table(
    "audit_heads",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("signature", Text, nullable=False),
)
