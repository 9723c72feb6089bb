"""The whole story of one payment: what was paid, what went to debt, the token and its order, out of one state (S3-41).

Each part is looked up by itself and held against the others: a payment without its debt entry, or a token whose value
is not what the journal says, shows as a gap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from meterhouse.model import NotFoundError
from meterhouse.store.book import SqlBook
from meterhouse.store.commands import delivery_name
from meterhouse.store.schema import commands
from meterhouse.store.transaction import Transaction
from meterhouse.store.vending import SqlVendingRecords
from meterhouse.supplier.ledger import Transfer, TransferKind
from meterhouse.supplier.vending import StageName, StageRecord, Vend, VendKind, VendState

__all__ = ["Trail", "audit_trail"]

_ORDER: Final = select(commands).where(commands.c.request == bindparam("named"))
_KINDS: Final = TransferKind
_BROUGHT_IN: Final = {VendKind.FREE: TransferKind.FREE, VendKind.OPENING: TransferKind.OPENING_CREDIT}


@dataclass(frozen=True, slots=True)
class Trail:
    """The story.

    Attributes:
        vend: the payment, what was shared out, and the token with its identifier.
        lines: of the journal, in the order written.
        order: how the order to the hub stands; empty where none was put out.
        order_debt: the debt that the order carries, 10⁻⁵ of the unit; None without an order.
        stages: the token's life line.
        gaps: what does not link up, one sentence each; empty is what must be.
    """

    vend: Vend
    lines: Sequence[Transfer]
    order: str
    order_debt: int | None
    stages: Sequence[StageRecord]
    gaps: Sequence[str]


def audit_trail(transaction: Transaction, request_id: str) -> Trail:
    """The trail of a request.

    Raises:
        NotFoundError: no payment has this id.
    """
    records = SqlVendingRecords(transaction)
    vend = records.vend(request_id)
    if vend is None:
        raise NotFoundError(f"no payment '{request_id}'", remedy="See `meterhouse ledger statement ACCOUNT`.")
    lines = list(SqlBook(transaction).transfers_of(request_id))
    order = _order_of(transaction, request_id)
    stages = list(records.stages(request_id))
    gaps = (*_money_gaps(vend, lines), *_order_gaps(vend, order, stages))
    return Trail(
        vend, lines, "" if order is None else order.state, None if order is None else order.debt_left, stages, gaps
    )


@dataclass(frozen=True, slots=True)
class _Order:
    state: str
    token: str
    value: int
    debt_left: int


def _order_of(transaction: Transaction, request_id: str) -> _Order | None:
    row = transaction.first(_ORDER, {"named": delivery_name(request_id)})
    if row is None:
        return None
    payload = json.loads(row.payload)
    return _Order(row.state, payload["token"], payload["value_money5"], payload["debt_left_money5"])


def _money_gaps(vend: Vend, lines: Sequence[Transfer]) -> Iterator[str]:
    """Whether the journal tells what the vend tells: debt first, then the token, then the rounding."""
    booked = {line.kind: line.amount.amount for line in lines}
    to_token = booked.get(_BROUGHT_IN.get(vend.kind, _KINDS.TO_TOKEN), booked.get(_KINDS.PENDING_TOKEN, 0))
    if vend.state is VendState.PENDING:
        to_token = booked.get(_KINDS.TO_PENDING, 0)
    elif vend.state is VendState.VOIDED:
        to_token = booked.get(_KINDS.PENDING_BACK, 0)
    rounding = 0 if vend.state in (VendState.PENDING, VendState.VOIDED) else (vend.value - vend.in_token).amount
    told = {
        "paid": (vend.paid.amount, booked.get(_KINDS.PAYMENT, 0)),
        "to debt": (vend.to_debt.amount, booked.get(_KINDS.TO_DEBT, 0)),
        "in the token": (vend.in_token.amount, to_token),
        "rounding of the token": (rounding, booked.get(_KINDS.ROUNDING, 0)),
    }
    for what, (kept, line) in told.items():
        if kept != line:
            yield f"{what}: the payment says {kept}, the journal {line} (10⁻⁵)"


def _order_gaps(vend: Vend, order: _Order | None, stages: Sequence[StageRecord]) -> Iterator[str]:
    """Whether the order carries the token and the debt of this payment, and a life line begins."""
    if vend.state in (VendState.PENDING, VendState.VOIDED) and order is None:
        return
    if order is None:
        yield "no order to the hub carries this token"
        return
    if (order.token, order.value) != (vend.token, vend.value.amount):
        yield f"the order to the hub carries another token or value: {order.value} (10⁻⁵)"
    if order.debt_left != vend.debt_left.amount:
        yield f"the order shows a debt of {order.debt_left}, the receipt {vend.debt_left.amount} (10⁻⁵)"
    if not any(stage.name is StageName.MADE for stage in stages):
        yield "the token's life line has no beginning"
