"""the counter: payment in, debt first, then a token; each request once"""

from meterhouse.supplier.vending.counter import DELIVERY_TIME, pay
from meterhouse.supplier.vending.debt import WHOLE_SHARE, split
from meterhouse.supplier.vending.lifeline import advance
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
from meterhouse.supplier.vending.service import EncryptionService, KeyStore
from meterhouse.supplier.vending.sts_service import StsService

__all__ = [
    "DELIVERY_TIME",
    "WHOLE_SHARE",
    "AccountRecord",
    "AccountState",
    "ClosedAccountError",
    "Customer",
    "Delivery",
    "EncryptionService",
    "KeyStore",
    "MeterRecord",
    "PaymentLimitError",
    "PaymentLimits",
    "PaymentRefusedError",
    "PaymentRequest",
    "Receipt",
    "RequestConflictError",
    "StageName",
    "StageRecord",
    "StsService",
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
