"""The tables, as the present code reads and writes them. `migrations` makes them; a test holds the two equal.

Instants are milliseconds UTC; money is 10⁻⁵ of the currency unit; identities of units are 16 hex digits.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

__all__ = [
    "accounts",
    "agreements",
    "api_keys",
    "batches",
    "cards",
    "carrier_usage",
    "commands",
    "counters",
    "device_state",
    "events",
    "homes",
    "hooks",
    "metadata",
    "meter_day_conflicts",
    "meter_days",
    "meters",
    "refusals",
    "signed_words",
    "tallies",
    "transfers",
    "vend_stages",
    "vends",
]

metadata: Final = MetaData()

_SERIAL: Final = BigInteger().with_variant(Integer, "sqlite")
"""A number the database gives out; SQLite does so for INTEGER only."""

homes: Final = Table(
    "homes",
    metadata,
    Column("home", Text, primary_key=True),
    Column("hub", Text, nullable=False),
    Column("note", Text, nullable=False),
)

meters: Final = Table(
    "meters",
    metadata,
    Column("meter", Text, primary_key=True),
    Column("home", Text, ForeignKey("homes.home"), nullable=False),
    Column("fuel", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("hub", Text, nullable=False),
    Column("pan", Text, nullable=False),
    Column("supply_group", Text, nullable=False),
    Column("tariff_index", Integer, nullable=False),
    Column("key_revision", Integer, nullable=False),
    Column("base_date", Integer, nullable=False),
    Column("last_tid", Integer),
    Column("scheme", Text, nullable=False, server_default="sts"),
    Index("meters_by_pan", "pan"),
)

accounts: Final = Table(
    "accounts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("home", Text, ForeignKey("homes.home"), nullable=False),
    Column("meter", Text, ForeignKey("meters.meter"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("debt", BigInteger, nullable=False),
    Column("debt_share", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("closed_why", Text, nullable=False),
    Column("supplier", Text, nullable=False),
    Column("closed_kind", Text, nullable=False),
    Column("successor", Text, nullable=False),
    Column("weekly_cap", BigInteger),
    Column("debt_place", Text, nullable=False),
    Column("tariff", Text, nullable=False),
    Column("paid_day", BigInteger, nullable=False),
    Column("paid_in_day", BigInteger, nullable=False),
    Column("debt_week", BigInteger, nullable=False),
    Column("debt_in_week", BigInteger, nullable=False),
    Index("accounts_by_meter", "meter"),
)

agreements: Final = Table(
    "agreements",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("account", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("debt_share", Integer, nullable=False),
    Column("weekly_cap", BigInteger),
    Column("debt_place", Text, nullable=False),
    Column("tariff", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("agreements_by_account", "account", "id"),
)

cards: Final = Table(
    "cards",
    metadata,
    Column("card", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.account"), nullable=False),
    Column("state", Text, nullable=False),
)

tallies: Final = Table(
    "tallies",
    metadata,
    Column("name", Text, primary_key=True),
    Column("day", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

batches: Final = Table(
    "batches",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("report", Text, nullable=False),
    Index("batches_once", "network", "name", unique=True),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("scope", Text, nullable=False),
    Column("viewer", Text, nullable=False, server_default=""),
    Column("home", Text, nullable=False, server_default=""),
)

hooks: Final = Table(
    "hooks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
)

vends: Final = Table(
    "vends",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("request", Text, nullable=False, unique=True),
    Column("account", Text, nullable=False),
    Column("home", Text, nullable=False),
    Column("meter", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("to_debt", BigInteger, nullable=False),
    Column("in_token", BigInteger, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("debt_left", BigInteger, nullable=False),
    Column("token", Text, nullable=False),
    Column("tid", BigInteger),
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rnd", Integer, nullable=False),
    Index("vends_by_account", "account", "id"),
    Index("vends_by_network", "network", "id"),
    Index("vends_by_tid", "meter", "tid", unique=True),
)

vend_stages: Final = Table(
    "vend_stages",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("request", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Index("vend_stages_once", "request", "stage", unique=True),
)

refusals: Final = Table(
    "refusals",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("request", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("why", Text, nullable=False),
)

transfers: Final = Table(
    "transfers",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("request", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("debit", Text, nullable=False),
    Column("credit", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("transfers_once", "request", "kind", unique=True),
)

commands: Final = Table(
    "commands",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("hub", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("expiry", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("request", Text),
    Index("commands_by_due", "state", "due"),
    Index("commands_once", "request", unique=True),
)

meter_days: Final = Table(
    "meter_days",
    metadata,
    Column("meter", Text, primary_key=True),
    Column("day", BigInteger, primary_key=True),
    Column("fuel", Text, nullable=False),
    Column("half_hours", Integer, nullable=False),
    Column("rows", LargeBinary, nullable=False),
    Index("meter_days_by_day", "day", "fuel"),
)

meter_day_conflicts: Final = Table(
    "meter_day_conflicts",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("meter", Text, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("kept", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("meter_day_conflicts_once", "meter", "day", "slot", "refused", unique=True),
)

events: Final = Table(
    "events",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Index("events_by_source", "source", "id"),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("reserved", BigInteger, nullable=False),
)

device_state: Final = Table(
    "device_state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)

signed_words: Final = Table(
    "signed_words",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("signer", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("octets", LargeBinary, nullable=False),
    Index("signed_words_by_signer", "signer", "kind", "counter"),
    Index("signed_words_by_order", "order_id", "id"),
)

carrier_usage: Final = Table(
    "carrier_usage",
    metadata,
    Column("day", BigInteger, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("hub", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("bytes_down", BigInteger, nullable=False),
    Column("bytes_up", BigInteger, nullable=False),
    Column("orders", BigInteger, nullable=False),
    Column("notes", BigInteger, nullable=False),
)
