"""who may order what: certificates, work orders, signing, confirmation, the security centre, the audit chain"""

from meterhouse.supplier.trust.access import Access, DataKind, Right, Viewer, parse_access
from meterhouse.supplier.trust.centre import SecurityCentre, admit_domain, attest
from meterhouse.supplier.trust.centre_records import (
    CentreRecords,
    CertificateRecord,
    CertificateStatus,
    Device,
    Job,
    Lapse,
    Product,
)
from meterhouse.supplier.trust.change_office import ChangeOffice, ChangeOrder
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
from meterhouse.supplier.trust.credentials import FREEZE, Credentials, ask_rotation, sign_recovery
from meterhouse.supplier.trust.hand_over import HandedOver, HandOver, HandOverOffice, parties_of, sign_hand_over
from meterhouse.supplier.trust.hierarchy import Issuer, Issuers, found_hierarchy, issue
from meterhouse.supplier.trust.life_cycle import OF_PRODUCT, LifeState
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
from meterhouse.supplier.trust.scheme import Scheme, standing_scheme
from meterhouse.supplier.trust.signing import BLOCK, RESTORE_STEP, OrderCounters, PenBook, SigningDesk
from meterhouse.supplier.trust.work_order import ENDED, LIVE, ReadBack, Step, WorkOrder, WorkState

__all__ = [
    "ARM_SUPPLY",
    "BLOCK",
    "CARRIER",
    "CUT_SUPPLY",
    "ENDED",
    "FREEZE",
    "LIVE",
    "OF_PRODUCT",
    "RESTORE_STEP",
    "Access",
    "AnswerBook",
    "CentreRecords",
    "CertificateRecord",
    "CertificateStatus",
    "ChangeOffice",
    "ChangeOrder",
    "ConfirmJudge",
    "ConfirmService",
    "ConfirmSettings",
    "Credentials",
    "CutHours",
    "DataKind",
    "Deed",
    "Device",
    "DeviceKeys",
    "Duty",
    "Given",
    "HandOver",
    "HandOverOffice",
    "HandedOver",
    "HomeBook",
    "HomeStanding",
    "Issuer",
    "Issuers",
    "Job",
    "Judgement",
    "Lapse",
    "LifeState",
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
    "Product",
    "ReadBack",
    "Right",
    "Scheme",
    "SecurityCentre",
    "SigningDesk",
    "Staff",
    "Statement",
    "Step",
    "Viewer",
    "WhatIf",
    "WorkOrder",
    "WorkState",
    "admit_domain",
    "ask_rotation",
    "attest",
    "believe",
    "check_statements",
    "found_hierarchy",
    "issue",
    "parse_access",
    "parties_of",
    "sign_hand_over",
    "sign_recovery",
    "standing_scheme",
    "state",
    "supply_content",
    "use_case_of",
]
