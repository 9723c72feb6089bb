"""the counter: payment in, debt first, then a token; each request once"""

from meterhouse.supplier.vending.batch import Batch, BatchError, Reject, parse_batch, rejects_text
from meterhouse.supplier.vending.counter import pay
from meterhouse.supplier.vending.debt import WHOLE_SHARE, split, week_of
from meterhouse.supplier.vending.issue import HOUSE, Issue, issue
from meterhouse.supplier.vending.key_refusals import (
    KeyCapError,
    KeyExpiredError,
    KeyStoreAwayError,
    TokenLimitError,
)
from meterhouse.supplier.vending.key_store import KeyName, KeyStore
from meterhouse.supplier.vending.lifeline import advance
from meterhouse.supplier.vending.limits import PaymentLimits, parse_limits
from meterhouse.supplier.vending.memory_keys import AGREEMENT_KEY, DKGA02_KEY, DKGA04_KEY, MemoryKeyStore
from meterhouse.supplier.vending.migration import (
    SITES_MOST,
    BadLine,
    Migration,
    MigrationError,
    OldSite,
    parse_migration,
)
from meterhouse.supplier.vending.opening import OldMeter, Opening, OpeningStep, opening_of
from meterhouse.supplier.vending.outbox import DELIVERY_TIME, tell_debt
from meterhouse.supplier.vending.payment import PaymentRequest
from meterhouse.supplier.vending.pending import make, post_token, reserve, void
from meterhouse.supplier.vending.receipt import SMS_LENGTH, Receipt, grouped, receipt_of, receipt_sms, receipt_text
from meterhouse.supplier.vending.records import (
    AccountRecord,
    AccountState,
    Agreement,
    CardState,
    ClosedKind,
    Customer,
    DebtPlace,
    Delivery,
    MeterRecord,
    StageName,
    StageRecord,
    Tally,
    Vend,
    VendingRecords,
    VendKind,
    VendState,
)
from meterhouse.supplier.vending.refusals import (
    ClosedAccountError,
    ExpiredCardError,
    OldCardError,
    OtherSupplierError,
    OtherTenancyError,
    PaymentLimitError,
    PaymentRefusedError,
    RequestConflictError,
    ReversalRefusedError,
    UnknownAccountError,
    WrongCurrencyError,
)
from meterhouse.supplier.vending.reversal import Proof, Revoked, reverse, revoke
from meterhouse.supplier.vending.schemes import EncryptionSchemes
from meterhouse.supplier.vending.service import EncryptionService, EncryptionServices
from meterhouse.supplier.vending.sts_service import EA07_DKGA02, EA07_DKGA04, EA11_DKGA04, StsFamily, StsService
from meterhouse.supplier.vending.tenancy import Leaving, agree, consumed, end_account, meter_took_debt
from meterhouse.supplier.vending.utrn_service import UtrnService

__all__ = [
    "AGREEMENT_KEY",
    "DELIVERY_TIME",
    "DKGA02_KEY",
    "DKGA04_KEY",
    "EA07_DKGA02",
    "EA07_DKGA04",
    "EA11_DKGA04",
    "HOUSE",
    "SITES_MOST",
    "SMS_LENGTH",
    "WHOLE_SHARE",
    "AccountRecord",
    "AccountState",
    "Agreement",
    "BadLine",
    "Batch",
    "BatchError",
    "CardState",
    "ClosedAccountError",
    "ClosedKind",
    "Customer",
    "DebtPlace",
    "Delivery",
    "EncryptionSchemes",
    "EncryptionService",
    "EncryptionServices",
    "ExpiredCardError",
    "Issue",
    "KeyCapError",
    "KeyExpiredError",
    "KeyName",
    "KeyStore",
    "KeyStoreAwayError",
    "Leaving",
    "MemoryKeyStore",
    "MeterRecord",
    "Migration",
    "MigrationError",
    "OldCardError",
    "OldMeter",
    "OldSite",
    "Opening",
    "OpeningStep",
    "OtherSupplierError",
    "OtherTenancyError",
    "PaymentLimitError",
    "PaymentLimits",
    "PaymentRefusedError",
    "PaymentRequest",
    "Proof",
    "Receipt",
    "Reject",
    "RequestConflictError",
    "ReversalRefusedError",
    "Revoked",
    "StageName",
    "StageRecord",
    "StsFamily",
    "StsService",
    "Tally",
    "TokenLimitError",
    "UnknownAccountError",
    "UtrnService",
    "Vend",
    "VendKind",
    "VendState",
    "VendingRecords",
    "WrongCurrencyError",
    "advance",
    "agree",
    "consumed",
    "end_account",
    "grouped",
    "issue",
    "make",
    "meter_took_debt",
    "opening_of",
    "parse_batch",
    "parse_limits",
    "parse_migration",
    "pay",
    "post_token",
    "receipt_of",
    "receipt_sms",
    "receipt_text",
    "rejects_text",
    "reserve",
    "reverse",
    "revoke",
    "split",
    "tell_debt",
    "void",
    "week_of",
]
