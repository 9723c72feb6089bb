"""who may order what: certificates, work orders, signing, confirmation, the security centre, the audit chain"""

from meterhouse.supplier.trust.confirm_judge import ConfirmJudge, Judgement, NoReason, OrderLedger
from meterhouse.supplier.trust.confirm_service import (
    CARRIER,
    AnswerBook,
    ConfirmService,
    ConfirmSettings,
    DeviceKeys,
    Given,
)
from meterhouse.supplier.trust.contents import ARM_SUPPLY, CUT_SUPPLY, supply_content
from meterhouse.supplier.trust.order_desk import OrderDesk
from meterhouse.supplier.trust.order_policy import (
    CutHours,
    HomeBook,
    HomeStanding,
    OrderPolicy,
    WhatIf,
    check_statements,
    use_case_of,
)
from meterhouse.supplier.trust.order_records import OneEach, OrderRecords, OrderRequest
from meterhouse.supplier.trust.people import Deed, Duty, Person, Staff, Statement, believe, state
from meterhouse.supplier.trust.signing import BLOCK, RESTORE_STEP, OrderCounters, PenBook, SigningDesk
from meterhouse.supplier.trust.work_order import ENDED, LIVE, ReadBack, Step, WorkOrder, WorkState

__all__ = [
    "ARM_SUPPLY",
    "BLOCK",
    "CARRIER",
    "CUT_SUPPLY",
    "ENDED",
    "LIVE",
    "RESTORE_STEP",
    "AnswerBook",
    "ConfirmJudge",
    "ConfirmService",
    "ConfirmSettings",
    "CutHours",
    "Deed",
    "DeviceKeys",
    "Duty",
    "Given",
    "HomeBook",
    "HomeStanding",
    "Judgement",
    "NoReason",
    "OneEach",
    "OrderCounters",
    "OrderDesk",
    "OrderLedger",
    "OrderPolicy",
    "OrderRecords",
    "OrderRequest",
    "PenBook",
    "Person",
    "ReadBack",
    "SigningDesk",
    "Staff",
    "Statement",
    "Step",
    "WhatIf",
    "WorkOrder",
    "WorkState",
    "believe",
    "check_statements",
    "state",
    "supply_content",
    "use_case_of",
]
