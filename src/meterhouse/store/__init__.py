"""the memory: SQL (ledger, registry, commands) and interval data (Parquet); implements the supplier's ports"""

from meterhouse.store.api_keys import ApiGrant, ApiScope, SqlApiKeys
from meterhouse.store.audit import Trail, audit_trail
from meterhouse.store.audit_chain import SqlAuditChain
from meterhouse.store.backup import Restored, back_up, lift, restore
from meterhouse.store.batches import BatchReport, take_batch
from meterhouse.store.book import SqlBook
from meterhouse.store.carrier_usage import SqlCarrierUsage
from meterhouse.store.commands import DELIVER_TOKEN, SHOW_DEBT, Command, CommandState, NewCommand, SqlCommands
from meterhouse.store.counters import SEEN, SqlCounters
from meterhouse.store.database import Database
from meterhouse.store.debt_shown import DebtMismatch, compare_debt
from meterhouse.store.device_state import SqlDeviceState
from meterhouse.store.events import EVENTS_KEPT, SqlEvents
from meterhouse.store.flush import flush_days
from meterhouse.store.folder import LAYOUT_VERSION, DataFolder
from meterhouse.store.hooks import (
    Call,
    Hook,
    add_hook,
    due_hooks,
    list_hooks,
    remove_hook,
    signature,
    tell_hook,
    tell_hooks,
)
from meterhouse.store.intervals import partitions, read_partition, write_partition
from meterhouse.store.key_usage import KeyCap, KeyUsage, Used, audit_breach
from meterhouse.store.keys import FileKeyStore
from meterhouse.store.ledger_view import LedgerView
from meterhouse.store.meter_days import Conflict, Landing, SqlIntervals
from meterhouse.store.migrate_sites import MigratedSite, MigrationReport, migrate_sites
from meterhouse.store.party_keys import PartyKeys, StaffKeys
from meterhouse.store.refusals import REFUSALS_KEPT, Refusal, SqlRefusals
from meterhouse.store.registry import HomeRecord, RegisteredMeter, SqlRegistry, verify
from meterhouse.store.rekey import rekey_meter
from meterhouse.store.signed_words import SignedWord, SqlSignedWords, WordKind
from meterhouse.store.till import LIMITS_FILE, Till, read_limits
from meterhouse.store.transaction import Transaction
from meterhouse.store.trust_centre import SqlCentreRecords, SqlLifeStates
from meterhouse.store.trust_homes import SqlDeviceKeys, SqlHomeBook
from meterhouse.store.trust_records import SqlAnswers, SqlBrakes, SqlPen, SqlTrustRecords, SqlWorkOrders
from meterhouse.store.vending import SqlVendingRecords

__all__ = [
    "DELIVER_TOKEN",
    "EVENTS_KEPT",
    "LAYOUT_VERSION",
    "LIMITS_FILE",
    "REFUSALS_KEPT",
    "SEEN",
    "SHOW_DEBT",
    "ApiGrant",
    "ApiScope",
    "BatchReport",
    "Call",
    "Command",
    "CommandState",
    "Conflict",
    "DataFolder",
    "Database",
    "DebtMismatch",
    "FileKeyStore",
    "HomeRecord",
    "Hook",
    "KeyCap",
    "KeyUsage",
    "Landing",
    "LedgerView",
    "MigratedSite",
    "MigrationReport",
    "NewCommand",
    "PartyKeys",
    "Refusal",
    "RegisteredMeter",
    "Restored",
    "SignedWord",
    "SqlAnswers",
    "SqlApiKeys",
    "SqlAuditChain",
    "SqlBook",
    "SqlBrakes",
    "SqlCarrierUsage",
    "SqlCentreRecords",
    "SqlCommands",
    "SqlCounters",
    "SqlDeviceKeys",
    "SqlDeviceState",
    "SqlEvents",
    "SqlHomeBook",
    "SqlIntervals",
    "SqlLifeStates",
    "SqlPen",
    "SqlRefusals",
    "SqlRegistry",
    "SqlSignedWords",
    "SqlTrustRecords",
    "SqlVendingRecords",
    "SqlWorkOrders",
    "StaffKeys",
    "Till",
    "Trail",
    "Transaction",
    "Used",
    "WordKind",
    "add_hook",
    "audit_breach",
    "audit_trail",
    "back_up",
    "compare_debt",
    "due_hooks",
    "flush_days",
    "lift",
    "list_hooks",
    "migrate_sites",
    "partitions",
    "read_limits",
    "read_partition",
    "rekey_meter",
    "remove_hook",
    "restore",
    "signature",
    "take_batch",
    "tell_hook",
    "tell_hooks",
    "verify",
    "write_partition",
]
