"""the counter: payment in, debt first, then a token; each request once"""

from meterhouse.supplier.vending.counter import DELIVERY_TIME, pay
from meterhouse.supplier.vending.debt import WHOLE_SHARE, split
from meterhouse.supplier.vending.key_refusals import (
    KeyCapError,
    KeyExpiredError,
    KeyStoreAwayError,
    TokenLimitError,
)
from meterhouse.supplier.vending.key_store import KeyName, KeyStore
from meterhouse.supplier.vending.lifeline import advance
from meterhouse.supplier.vending.memory_keys import AGREEMENT_KEY, DKGA02_KEY, DKGA04_KEY, MemoryKeyStore
from meterhouse.supplier.vending.payment import PaymentLimits, PaymentRequest
from meterhouse.supplier.vending.receipt import Receipt, grouped, receipt_of, receipt_text
from meterhouse.supplier.vending.records import (
    AccountRecord,
    AccountState,
    Customer,
    Delivery,
    MeterRecord,
    StageName,
    StageRecord,
    Vend,
    VendingRecords,
)
from meterhouse.supplier.vending.refusals import (
    ClosedAccountError,
    PaymentLimitError,
    PaymentRefusedError,
    RequestConflictError,
    UnknownAccountError,
    WrongCurrencyError,
)
from meterhouse.supplier.vending.service import EncryptionService, EncryptionServices
from meterhouse.supplier.vending.sts_service import EA07_DKGA02, EA07_DKGA04, EA11_DKGA04, StsFamily, StsService

__all__ = [
    "AGREEMENT_KEY",
    "DELIVERY_TIME",
    "DKGA02_KEY",
    "DKGA04_KEY",
    "EA07_DKGA02",
    "EA07_DKGA04",
    "EA11_DKGA04",
    "WHOLE_SHARE",
    "AccountRecord",
    "AccountState",
    "ClosedAccountError",
    "Customer",
    "Delivery",
    "EncryptionService",
    "EncryptionServices",
    "KeyCapError",
    "KeyExpiredError",
    "KeyName",
    "KeyStore",
    "KeyStoreAwayError",
    "MemoryKeyStore",
    "MeterRecord",
    "PaymentLimitError",
    "PaymentLimits",
    "PaymentRefusedError",
    "PaymentRequest",
    "Receipt",
    "RequestConflictError",
    "StageName",
    "StageRecord",
    "StsFamily",
    "StsService",
    "TokenLimitError",
    "UnknownAccountError",
    "Vend",
    "VendingRecords",
    "WrongCurrencyError",
    "advance",
    "grouped",
    "pay",
    "receipt_of",
    "receipt_text",
    "split",
]
