"""orders that nobody on the way can change: envelope, keys, use cases, signer and verifier"""

from meterhouse.companion.sealed.agreement import Agreement
from meterhouse.companion.sealed.catalogue import EFFECTS, Catalogue, parse_catalogue
from meterhouse.companion.sealed.confirmation import (
    ANSWER_WITHIN,
    CANCEL_ORDER,
    CONFIRM_ANSWER,
    CONFIRM_QUERY,
    ORDER_RESULT,
    ORDERS_CLUSTER,
    ConfirmAnswer,
    ConfirmQuery,
    Hindrance,
    OrderReply,
    OrderResult,
    Outcome,
    Standing,
    decode_cancel,
    encode_cancel,
)
from meterhouse.companion.sealed.cosem import CosemStep, decode_steps
from meterhouse.companion.sealed.counters import MAX_COUNTER, CounterClass, Counters, Newest, VolatileCounters
from meterhouse.companion.sealed.envelope import MAX_CONTENT, Envelope, Kind, decode_envelope
from meterhouse.companion.sealed.errors import SealedError
from meterhouse.companion.sealed.explain import explain
from meterhouse.companion.sealed.gbz import (
    MAX_COMPONENTS,
    SMART_ENERGY,
    AlertContent,
    Component,
    decode_alert_content,
    decode_alert_head,
    decode_components,
    encode_components,
    zigbee_time,
)
from meterhouse.companion.sealed.hand_over import CHANGE_SUPPLIER, HandOver, SupplierChange
from meterhouse.companion.sealed.mandate import MAX_WINDOW, Mandate, decode_mandate, premises_binding
from meterhouse.companion.sealed.order_code import OrderCode
from meterhouse.companion.sealed.parties import Party, Role
from meterhouse.companion.sealed.responder import REFUSAL_ALERTS, AlertBuilder, Responder, read_alert, read_answer
from meterhouse.companion.sealed.signature import is_low, signed
from meterhouse.companion.sealed.signer import Signer, seal
from meterhouse.companion.sealed.use_case import ComponentRule, ContentKind, FieldLimit, StepRule, UseCase
from meterhouse.companion.sealed.verdict import Accepted, Reason, Refused, Repeated, Verdict
from meterhouse.companion.sealed.verifier import Verifier
from meterhouse.companion.sealed.zcl import ZclFrame, decode_zcl

__all__ = [
    "ANSWER_WITHIN",
    "CANCEL_ORDER",
    "CHANGE_SUPPLIER",
    "CONFIRM_ANSWER",
    "CONFIRM_QUERY",
    "EFFECTS",
    "MAX_COMPONENTS",
    "MAX_CONTENT",
    "MAX_COUNTER",
    "MAX_WINDOW",
    "ORDERS_CLUSTER",
    "ORDER_RESULT",
    "REFUSAL_ALERTS",
    "SMART_ENERGY",
    "Accepted",
    "Agreement",
    "AlertBuilder",
    "AlertContent",
    "Catalogue",
    "Component",
    "ComponentRule",
    "ConfirmAnswer",
    "ConfirmQuery",
    "ContentKind",
    "CosemStep",
    "CounterClass",
    "Counters",
    "Envelope",
    "FieldLimit",
    "HandOver",
    "Hindrance",
    "Kind",
    "Mandate",
    "Newest",
    "OrderCode",
    "OrderReply",
    "OrderResult",
    "Outcome",
    "Party",
    "Reason",
    "Refused",
    "Repeated",
    "Responder",
    "Role",
    "SealedError",
    "Signer",
    "Standing",
    "StepRule",
    "SupplierChange",
    "UseCase",
    "Verdict",
    "Verifier",
    "VolatileCounters",
    "ZclFrame",
    "decode_alert_content",
    "decode_alert_head",
    "decode_cancel",
    "decode_components",
    "decode_envelope",
    "decode_mandate",
    "decode_steps",
    "decode_zcl",
    "encode_cancel",
    "encode_components",
    "explain",
    "is_low",
    "parse_catalogue",
    "premises_binding",
    "read_alert",
    "read_answer",
    "seal",
    "signed",
    "zigbee_time",
]
