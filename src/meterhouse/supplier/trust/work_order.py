"""A work order: why something that may cost a home its supply is to be done, who says so, and how far it has come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

from meterhouse.crypto import sha256
from meterhouse.model import Eui64, Instant, MalformedError, MeterhouseError, StateError
from meterhouse.supplier.trust.people import Deed, Statement

__all__ = ["ENDED", "LIVE", "ReadBack", "Step", "WorkOrder", "WorkState", "statement_json", "statement_of"]


class WorkState(StrEnum):
    """How far an order has come."""

    RAISED = "raised"
    APPROVED = "approved"
    SIGNED = "signed"
    SENT = "sent"
    PENDING = "pending"
    CANCELLING = "cancelling"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({WorkState.DONE, WorkState.REFUSED, WorkState.EXPIRED, WorkState.CANCELLED})
LIVE: Final = frozenset({WorkState.SIGNED, WorkState.SENT, WorkState.PENDING})
"""A signed order of these may be executed; in all others nobody confirms it."""

_NOT_YET: Final = Instant(0)
_NEXT: Final[Mapping[WorkState, frozenset[WorkState]]] = {
    WorkState.RAISED: frozenset({WorkState.APPROVED, WorkState.REFUSED, WorkState.EXPIRED, WorkState.CANCELLED}),
    WorkState.APPROVED: frozenset({WorkState.SIGNED, WorkState.REFUSED, WorkState.EXPIRED, WorkState.CANCELLED}),
    WorkState.SIGNED: frozenset({WorkState.SENT, WorkState.PENDING, WorkState.CANCELLING, *ENDED}),
    WorkState.SENT: frozenset({WorkState.PENDING, WorkState.CANCELLING, *ENDED}),
    WorkState.PENDING: frozenset({WorkState.CANCELLING, *ENDED}),
    WorkState.CANCELLING: ENDED,
    # What the device itself signs that it has done is believed, whatever was thought before.
    WorkState.EXPIRED: frozenset({WorkState.DONE}),
    WorkState.CANCELLED: frozenset({WorkState.DONE}),
    WorkState.REFUSED: frozenset({WorkState.DONE}),
}


class ReadBack(StrEnum):
    """What a look at the switch by another way said, after the result."""

    NONE = "none"
    MATCHES = "matches"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an order's history: when, what it became, who did it, and why."""

    at: Instant
    state: WorkState
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """One order. What people sign is its `digest`, over all that never changes.

    Attributes:
        number: unique.
        device: for which it is.
        home: the premises.
        feeder: on which the home hangs; empty where unknown.
        premises: the binding of 8 bytes that its mandate carries.
        code: message code.
        content: of the sealed message.
        reason: why, in words for the customer.
        evidence: what proves it: a reference to letters, a case, a court's warrant.
        raised_at: when.
        group: name of the group order that it belongs to; empty for an order of its own.
        homes_off: what the what-if said.
        state: how far it has come.
        raised: the raiser's word.
        approvals: the approvers' words.
        not_before: first instant of its mandate.
        not_after: last.
        envelope: the signed order; empty before.
        order_hash: its identity on the wire; empty before.
        why: why it ended.
        read_back: what an independent look said.
    """

    number: str
    device: Eui64
    home: str
    feeder: str
    premises: bytes
    code: int
    content: bytes
    reason: str
    evidence: str
    raised_at: Instant
    group: str = ""
    homes_off: int = 1
    state: WorkState = WorkState.RAISED
    raised: Statement | None = None
    approvals: tuple[Statement, ...] = ()
    not_before: Instant = _NOT_YET
    not_after: Instant = _NOT_YET
    envelope: bytes = b""
    order_hash: bytes = b""
    why: str = ""
    read_back: ReadBack = ReadBack.NONE

    @property
    def digest(self) -> bytes:
        """SHA-256 over what never changes."""
        fixed = [
            self.number,
            self.device.octets.hex(),
            self.home,
            self.feeder,
            self.premises.hex(),
            self.code,
            self.content.hex(),
            self.reason,
            self.evidence,
            self.raised_at,
            self.group,
            self.homes_off,
        ]
        return sha256(json.dumps(fixed, ensure_ascii=True, separators=(",", ":")).encode())

    def at_state(self, state: WorkState, why: str = "") -> WorkOrder:
        """The same, come to another state.

        Raises:
            StateError: no way leads there.
        """
        if state not in _NEXT.get(self.state, frozenset()):
            raise StateError(
                f"order {self.number} is {self.state} and cannot become {state}",
                why=f"It ended: {self.why}." if self.why else "",
            )
        return replace(self, state=state, why=why or self.why)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "number": self.number,
            "device": str(self.device),
            "home": self.home,
            "feeder": self.feeder,
            "premises": self.premises.hex(),
            "code": self.code,
            "content": self.content.hex(),
            "reason": self.reason,
            "evidence": self.evidence,
            "raised_at": self.raised_at,
            "group": self.group,
            "homes_off": self.homes_off,
            "state": self.state.value,
            "raised": None if self.raised is None else statement_json(self.raised),
            "approvals": [statement_json(each) for each in self.approvals],
            "not_before": self.not_before,
            "not_after": self.not_after,
            "envelope": self.envelope.hex(),
            "order_hash": self.order_hash.hex(),
            "why": self.why,
            "read_back": self.read_back.value,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """From what `to_json` gave.

        Raises:
            MalformedError: anything else.
        """
        try:
            raised = told["raised"]
            return cls(
                _text(told["number"]),
                Eui64.parse(_text(told["device"])),
                _text(told["home"]),
                _text(told["feeder"]),
                bytes.fromhex(told["premises"]),
                _number(told["code"]),
                bytes.fromhex(told["content"]),
                _text(told["reason"]),
                _text(told["evidence"]),
                Instant(_number(told["raised_at"])),
                _text(told["group"]),
                _number(told["homes_off"]),
                WorkState(told["state"]),
                None if raised is None else statement_of(raised),
                tuple(statement_of(each) for each in told["approvals"]),
                Instant(_number(told["not_before"])),
                Instant(_number(told["not_after"])),
                bytes.fromhex(told["envelope"]),
                bytes.fromhex(told["order_hash"]),
                _text(told["why"]),
                ReadBack(told["read_back"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, MeterhouseError) as error:
            raise MalformedError("not a work order", why=f"{error}.") from error


def statement_json(statement: Statement) -> dict[str, Any]:
    """As JSON values."""
    return {
        "person": statement.person,
        "deed": statement.deed.value,
        "at": statement.at,
        "signature": statement.signature.hex(),
    }


def statement_of(told: Mapping[str, Any]) -> Statement:
    """From what `statement_json` gave; a caller turns KeyError, TypeError and ValueError into its own."""
    at = Instant(_number(told["at"]))
    return Statement(_text(told["person"]), Deed(told["deed"]), at, bytes.fromhex(told["signature"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    value.encode()  # half a surrogate pair is no text either
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise TypeError(f"{value!r} is no number of ours")
    return value
