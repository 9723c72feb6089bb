"""What device, confirm service and supplier tell each other about a cut: query, answer, result, cancel, reply.

Codes and layouts are ours; the envelope is GBCS's. What a device tells unasked is an alert with a body behind its head;
what it is told, and what it answers, is one ZigBee component of the manufacturers' cluster `ORDERS_CLUSTER`, so that a
reader of pure GBCS, such as tshark, finds its way through both. Numbers are big-endian.

::

    query    F010, alert to the confirm service   nonce16 order32 switch1 balance8 load4 last-vend8 boot8
    answer   F011, command 01 to the device       nonce16 order32 verdict1 reason1
    result   F012, alert to the supplier          order32 outcome1 switch1 at8 hindrance1
    cancel   F013, command 02 to the device       order32
    reply    code of the order, response 00       standing1 hindrance1

`order32` is the identity of the order that is meant (`Envelope.identity`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from struct import error as StructError  # noqa: N812 -- it is an exception class
from typing import Any, Final, TypeVar

from meterhouse.companion.sealed.errors import SealedError
from meterhouse.companion.sealed.gbz import (
    AlertContent,
    Component,
    decode_alert_head,
    decode_components,
    encode_components,
    zigbee_time,
)
from meterhouse.companion.sealed.zcl import ZclFrame
from meterhouse.model import MINUTE, Instant, UsageError

__all__ = [
    "ANSWER_WITHIN",
    "CANCEL_ORDER",
    "CONFIRM_ANSWER",
    "CONFIRM_QUERY",
    "ORDERS_CLUSTER",
    "ORDER_RESULT",
    "ConfirmAnswer",
    "ConfirmQuery",
    "Hindrance",
    "OrderReply",
    "OrderResult",
    "Outcome",
    "Standing",
    "decode_cancel",
    "encode_cancel",
]

CONFIRM_QUERY: Final = 0xF010
CONFIRM_ANSWER: Final = 0xF011
ORDER_RESULT: Final = 0xF012
CANCEL_ORDER: Final = 0xF013
"""Message codes; a query and a result have the same number as their alert code."""

ORDERS_CLUSTER: Final = 0xFC01
"""Of ZigBee's manufacturers' range."""

ANSWER_WITHIN: Final = 15 * MINUTE
"""ms: how long a device waits for a yes, by its own run time, before the order is over and the supply stays on."""

_E = TypeVar("_E", bound=IntEnum)
_REPLY, _ANSWER, _CANCEL = 0x00, 0x01, 0x02
_QUERY_BODY: Final = Struct(">16s32sBqIQ8s")
_ANSWER_BODY: Final = Struct(">16s32sBB")
_RESULT_BODY: Final = Struct(">32sBBQB")
_UNKNOWN: Final = -(1 << 63)
"""A balance that the device does not keep."""


class Outcome(IntEnum):
    """How an order about a supply ended."""

    OPENED = 1
    STAYED_SAID_NO = 2
    STAYED_NO_ANSWER = 3
    CANCELLED = 4
    STAYED_BRAKE_OR_STATE = 5
    ARMED = 6
    HANDED_OVER = 7


class Standing(IntEnum):
    """Where an order stands when the device replies to it."""

    PENDING = 1
    DONE = 2
    REFUSED = 3


class Hindrance(IntEnum):
    """Why a device does not do what a genuine order asks; the number is stable."""

    NONE = 0
    STATE = 1
    """The switch is not in a state from which the order leads on: armed while closed, opened while open."""
    TOO_OFTEN = 2
    """Three openings in a day, or one within ten minutes."""
    FREEZE = 3
    """Within 72 hours of a change of credentials."""
    BACK_FEED = 4
    """There is voltage on the consumer's side."""
    BUSY = 5
    """Another cut is pending."""
    CANCELLED = 6
    LIMIT = 7
    """A field is outside the device's own limits; nothing of the order was done."""
    NOT_FITTED = 8
    """The device has no such part: no account, no switch, no valve."""
    NOTHING_PENDING = 9
    RESTARTED = 10
    """The device lost its power while the order was pending."""
    STORAGE = 11
    """The device could not keep its record; what is not kept is not done."""
    TOKEN = 12
    """The token was refused; its own status tells why."""
    SAID_NO = 13
    NO_ANSWER = 14
    LATE = 15
    """The order's own time ran out while it was pending."""
    PAID = 16
    """A token was accepted while the order was pending."""
    NOT_ITS_SUPPLIER = 17
    """A change of supplier that is not from the device's present one, or that the gainer did not sign."""


@dataclass(frozen=True, slots=True)
class ConfirmQuery:
    """A device asks whether a cut is meant.

    Attributes:
        at: when, by the device's clock; whole seconds travel.
        nonce: 16 bytes, never used before.
        order: identity of the order.
        switch: control state of the switch: 0 off, 1 on, 2 armed.
        balance: 10⁻⁵ of the currency unit; None where the device keeps none.
        load: W, as last measured.
        last_vend: when a token was last accepted; None for never.
        boot: 8 bytes, drawn at each start.
    """

    at: Instant
    nonce: bytes
    order: bytes
    switch: int
    balance: int | None
    load: int
    last_vend: Instant | None
    boot: bytes

    def encode(self) -> bytes:
        """The content of the alert.

        Raises:
            UsageError: a number or length outside its field.
        """
        _sized(self.nonce, 16, "nonce")
        _sized(self.order, 32, "order")
        _sized(self.boot, 8, "boot id")
        balance = _UNKNOWN if self.balance is None else self.balance
        body = _packed(
            _QUERY_BODY, self.nonce, self.order, self.switch, balance, self.load, self.last_vend or 0, self.boot
        )
        return AlertContent(CONFIRM_QUERY, zigbee_time(self.at)).encode() + body

    @classmethod
    def decode(cls, content: bytes) -> ConfirmQuery:
        """From an alert's content.

        Raises:
            SealedError: another alert, or another length.
        """
        at, body = _alert(content, CONFIRM_QUERY, _QUERY_BODY)
        nonce, order, switch, balance, load, vend, boot = body
        return cls(
            at,
            nonce,
            order,
            switch,
            None if balance == _UNKNOWN else balance,
            load,
            Instant(vend) if vend else None,
            boot,
        )


@dataclass(frozen=True, slots=True)
class ConfirmAnswer:
    """The confirm service's word.

    Attributes:
        nonce, order: of the query.
        yes: whether the cut is meant.
        reason: of a no, by the service's own list; 0 for a yes.
    """

    nonce: bytes
    order: bytes
    yes: bool
    reason: int = 0

    def encode(self) -> bytes:
        """The content of the command.

        Raises:
            UsageError: a number or length outside its field.
        """
        _sized(self.nonce, 16, "nonce")
        _sized(self.order, 32, "order")
        return _component(_ANSWER, _packed(_ANSWER_BODY, self.nonce, self.order, self.yes, self.reason))

    @classmethod
    def decode(cls, content: bytes) -> ConfirmAnswer:
        """From a command's content.

        Raises:
            SealedError: anything else, or a verdict that is neither 1 nor 0.
        """
        nonce, order, verdict, reason = _unpacked(_ANSWER_BODY, _payload(content, _ANSWER, "answer"), "answer")
        if verdict > 1:
            raise SealedError(f"verdict {verdict} is neither yes nor no")
        return cls(nonce, order, bool(verdict), reason)


@dataclass(frozen=True, slots=True)
class OrderResult:
    """How it ended.

    Attributes:
        at: when, by the device's clock, ms.
        order: identity of the order.
        outcome: what became of it.
        switch: control state now: 0 off, 1 on, 2 armed.
        hindrance: why not, where it was not done.
    """

    at: Instant
    order: bytes
    outcome: Outcome
    switch: int
    hindrance: Hindrance = Hindrance.NONE

    def encode(self) -> bytes:
        """The content of the alert.

        Raises:
            UsageError: a number or length outside its field.
        """
        _sized(self.order, 32, "order")
        body = _packed(_RESULT_BODY, self.order, self.outcome, self.switch, self.at, self.hindrance)
        return AlertContent(ORDER_RESULT, zigbee_time(self.at)).encode() + body

    @classmethod
    def decode(cls, content: bytes) -> OrderResult:
        """From an alert's content.

        Raises:
            SealedError: another alert, another length, or an unknown outcome.
        """
        _, (order, outcome, switch, at, hindrance) = _alert(content, ORDER_RESULT, _RESULT_BODY)
        return cls(Instant(at), order, _named(Outcome, outcome), switch, _named(Hindrance, hindrance))


@dataclass(frozen=True, slots=True)
class OrderReply:
    """The content of the response to an order that is not a read.

    Attributes:
        standing: pending, done or refused.
        hindrance: why refused.
    """

    standing: Standing
    hindrance: Hindrance = Hindrance.NONE

    def encode(self) -> bytes:
        """The content of the response."""
        return _component(_REPLY, bytes((self.standing, self.hindrance)), to_client=True)

    @classmethod
    def decode(cls, content: bytes) -> OrderReply:
        """From a response's content.

        Raises:
            SealedError: anything else.
        """
        payload = _payload(content, _REPLY, "reply", to_client=True)
        if len(payload) != 2:
            raise SealedError(f"a reply of {len(payload)} bytes is none")
        return cls(_named(Standing, payload[0]), _named(Hindrance, payload[1]))


def encode_cancel(order: bytes) -> bytes:
    """The content of a cancel of the order with this identity.

    Raises:
        UsageError: not 32 bytes.
    """
    return _component(_CANCEL, _sized(order, 32, "order"))


def decode_cancel(content: bytes) -> bytes:
    """The identity of the order that is cancelled.

    Raises:
        SealedError: anything else.
    """
    order = _payload(content, _CANCEL, "cancel")
    if len(order) != 32:
        raise SealedError(f"an identity of {len(order)} bytes is none")
    return order


def _component(command: int, payload: bytes, *, to_client: bool = False) -> bytes:
    frame = ZclFrame(cluster_specific=True, to_client=to_client, sequence=0, command=command, payload=payload)
    return encode_components((Component(ORDERS_CLUSTER, frame),))


def _payload(content: bytes, command: int, what: str, *, to_client: bool = False) -> bytes:
    components = decode_components(content)
    frame = components[0].frame
    expected = ZclFrame(cluster_specific=True, to_client=to_client, sequence=0, command=command, payload=frame.payload)
    if len(components) != 1 or components[0] != Component(ORDERS_CLUSTER, expected):
        raise SealedError(f"the content is no {what}")
    return frame.payload


def _alert(content: bytes, code: int, layout: Struct) -> tuple[Instant, tuple[Any, ...]]:
    head, body = decode_alert_head(content)
    if head.code != code:
        raise SealedError(f"alert {head.code:#06x} is not {code:#06x}")
    return head.instant, _unpacked(layout, body, "body of the alert")


def _packed(layout: Struct, *values: int | bytes) -> bytes:
    try:
        return layout.pack(*values)
    except StructError as error:
        raise UsageError("a number does not fit its field", why=f"{error}.") from error


def _unpacked(layout: Struct, octets: bytes, what: str) -> tuple[Any, ...]:
    if len(octets) != layout.size:
        raise SealedError(f"{what} has {len(octets)} bytes and not {layout.size}")
    return layout.unpack(octets)


def _sized(octets: bytes, size: int, what: str) -> bytes:
    if len(octets) != size:
        raise UsageError(f"{what} has {len(octets)} bytes and not {size}")
    return octets


def _named(names: type[_E], number: int) -> _E:
    try:
        return names(number)
    except ValueError as error:
        raise SealedError(f"{number} is no {names.__name__.lower()}") from error
