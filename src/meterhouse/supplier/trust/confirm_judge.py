"""The confirm service's mind: whether a cut that a device asks about is meant (S0-73).

It shares nothing with whoever sends orders but a ledger that it can only read: its own key, its own list of staff, its
own policy and its own brake (B4), which counts homes from the meters' side. Only a whole, approved, live order whose
bytes are the very ones the device holds gets a yes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

from meterhouse.companion.brake import Brake, Limit, is_braked
from meterhouse.companion.sealed import Catalogue, ConfirmQuery, Envelope, Mandate, decode_envelope, decode_mandate
from meterhouse.crypto import PublicPoint, verify
from meterhouse.model import Eui64, Instant, MeterhouseError, PolicyError
from meterhouse.supplier.trust.order_policy import HomeBook, OrderPolicy, check_statements, use_case_of
from meterhouse.supplier.trust.people import Staff
from meterhouse.supplier.trust.work_order import LIVE, WorkOrder, WorkState

__all__ = ["ConfirmJudge", "Judgement", "NoReason", "OrderLedger"]

_ON: Final = 1
_CANCELLED: Final = frozenset({WorkState.CANCELLING, WorkState.CANCELLED})


class NoReason(IntEnum):
    """Why the answer is no; the number is stable and goes to the device."""

    NONE = 0
    UNKNOWN_ORDER = 1
    OTHER_DEVICE = 2
    NOT_APPROVED = 3
    CANCELLED = 4
    PAID = 5
    PROTECTED = 6
    TIME = 7
    STATE = 8
    BRAKE = 9
    ENDED = 10
    FREEZE = 11
    OTHER_SUPPLIER = 12


@dataclass(frozen=True, slots=True)
class Judgement:
    """Yes or no, and why not in words.

    Attributes:
        reason: NONE is a yes.
        why: for the supplier's people.
        number: of the work order, where there is one.
        later: not now: there is no answer yet, and the device asks again.
    """

    reason: NoReason
    why: str = ""
    number: str = ""
    later: bool = False

    @property
    def yes(self) -> bool:
        """Whether the cut is meant."""
        return self.reason is NoReason.NONE and not self.later


class OrderLedger(Protocol):
    """The supplier's books, to look into and not to write. Any failure to look raises StorageError."""

    def by_hash(self, order_hash: bytes) -> WorkOrder | None:
        """The work order with this identity on the wire."""


@dataclass(frozen=True, slots=True)
class ConfirmJudge:
    """The rules.

    Attributes:
        ledger: the work orders.
        homes: what is known of homes: binding, protection, payments.
        staff: its own list.
        catalogue: use cases.
        policy: its own.
        supplier: whose orders there are.
        supplier_key: the supplier's signature key.
        brake: B4.
        keep_brake: writes the brake's state durably; called before a yes.
    """

    ledger: OrderLedger
    homes: HomeBook
    staff: Staff
    catalogue: Catalogue
    policy: OrderPolicy
    supplier: Eui64
    supplier_key: PublicPoint
    brake: Brake
    keep_brake: Callable[[Brake], None]

    def judge(self, device: Eui64, query: ConfirmQuery, now: Instant, *, counted: bool = False) -> Judgement:
        """Whether the order in a device's query is meant. The query's own signature was checked before.

        Raises:
            StorageError: the ledger cannot be read: then there is no answer, and the supply stays on.
        """
        order = self.ledger.by_hash(query.order)
        if order is None:
            return Judgement(NoReason.UNKNOWN_ORDER, f"{device} holds an order that nobody has raised")
        refusal = self._objection(order, device, query, now)
        if refusal is not None:
            return refusal
        if not counted:
            held = self.brake.ask({order.feeder: 1}, now)
            self.keep_brake(self.brake)
            if held is not None:
                return Judgement(NoReason.BRAKE, held.why, order.number, held.limit is Limit.PACE)
        return Judgement(NoReason.NONE, "", order.number)

    def _objection(self, order: WorkOrder, device: Eui64, query: ConfirmQuery, now: Instant) -> Judgement | None:
        if order.device != device:
            return Judgement(NoReason.OTHER_DEVICE, f"order {order.number} is for {order.device}", order.number)
        if order.state in _CANCELLED:
            return Judgement(NoReason.CANCELLED, order.why, order.number)
        if order.state not in LIVE:
            return Judgement(NoReason.ENDED, f"order {order.number} is {order.state}", order.number)
        try:
            use_case = use_case_of(self.catalogue, order.code)
            check_statements(order, use_case, self.policy, self.staff)
            mandate = self._mandate(order, query)
        except MeterhouseError as error:
            return Judgement(NoReason.NOT_APPROVED, error.sentence(), order.number)
        if not mandate.not_before <= now <= mandate.not_after:
            return Judgement(NoReason.TIME, f"order {order.number} holds at another time", order.number)
        if query.switch != _ON or not is_braked(use_case):
            return Judgement(NoReason.STATE, f"the switch of {device} is not on", order.number)
        return self._home_objects(order, query, now)

    def _home_objects(self, order: WorkOrder, query: ConfirmQuery, now: Instant) -> Judgement | None:
        standing = self.homes.standing(order.home, order.device)
        if standing is None or standing.premises != order.premises:
            return Judgement(NoReason.OTHER_DEVICE, "the home has another device or tenancy now", order.number)
        if standing.protected:
            return Judgement(NoReason.PROTECTED, standing.protected, order.number)
        if standing.supplier not in {"", str(self.supplier)}:
            return Judgement(NoReason.OTHER_SUPPLIER, f"the home is {standing.supplier}'s now", order.number)
        if now < standing.frozen_until:
            return Judgement(NoReason.FREEZE, "nothing is cut for 72 hours after a change", order.number)
        paid = max(standing.last_paid or 0, query.last_vend or 0)
        if paid >= order.raised_at:
            return Judgement(NoReason.PAID, "somebody has paid since it was raised", order.number)
        return None

    def _mandate(self, order: WorkOrder, query: ConfirmQuery) -> Mandate:
        """The mandate in the very bytes that the device holds, which must be the supplier's and say what people signed.

        Raises:
            MalformedError, AuthenticationError, PolicyError: they are not.
        """
        envelope = decode_envelope(order.envelope)
        if envelope.identity != query.order or not self._is(envelope, order):
            raise PolicyError(f"the message of order {order.number} is not what was approved")
        verify(self.supplier_key, envelope.to_be_signed(), envelope.signature)
        mandate = decode_mandate(envelope.supplement)
        if mandate.premises != order.premises:
            raise PolicyError(f"the message of order {order.number} is for other premises")
        return mandate

    def _is(self, envelope: Envelope, order: WorkOrder) -> bool:
        told = (envelope.originator, envelope.target, envelope.code, envelope.content)
        return told == (self.supplier, order.device, order.code, order.content)
