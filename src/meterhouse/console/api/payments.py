"""Operations of the counter: sell credit, and see what became of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Response

from meterhouse.app.desk import Desk
from meterhouse.console.api import examples
from meterhouse.console.api.chair import Chair
from meterhouse.console.api.documents import PaymentDocument, PaymentOrder
from meterhouse.console.api.seen import Eyes, payment_seen
from meterhouse.model import Money, NotFoundError
from meterhouse.supplier.trust import DataKind

__all__ = ["router"]

router = APIRouter(prefix="/payments", tags=["payments"])

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="chosen by the caller, one for each payment; the same key again gives the same receipt",
        examples=["counter-20261121-0001"],
        pattern=r"^[A-Za-z0-9._~-]{1,64}$",
    ),
]
RequestId = Annotated[
    str, Path(description="the Idempotency-Key of the payment", examples=["counter-20261121-0001"], max_length=64)
]
Limit = Annotated[int, Query(ge=1, le=500, description="at most so many", examples=[50])]
Order = Annotated[
    PaymentOrder,
    Body(examples=[{"account": "1007", "amount": "20.00", "currency": "GBP", "network": "corner-shop"}]),
]


@router.get("", summary="The newest payments", responses=examples.answers(HTTPStatus.OK, [examples.PAYMENT], "usage"))
async def list_payments(desk: Chair, eyes: Eyes, limit: Limit = 50) -> list[PaymentDocument]:
    """Newest first; a customer's key lists those of its home, and a key that sees no payments none."""
    found = (await desk.home(eyes.home)).receipts[:limit] if eyes.home else await desk.receipts(limit)
    seen = [receipt for receipt in found if eyes.sees(DataKind.PAYMENTS, receipt.home)]
    return [payment_seen(PaymentDocument.of(receipt), eyes) for receipt in seen]


@router.post(
    "",
    summary="Sell credit",
    status_code=HTTPStatus.CREATED,
    responses={
        **examples.answers(HTTPStatus.CREATED, examples.PAYMENT, "not found", "policy", "usage"),
        **examples.answers(HTTPStatus.OK, examples.PAYMENT),
    },
)
async def pay(desk: Chair, eyes: Eyes, key: Key, order: Order, response: Response) -> PaymentDocument:
    """Debt first, the rest in a token that is sent to the home. 201 the first time, 200 for a repeat of the same key.

    The same key with other contents is refused with 409.
    """
    amount = Money.parse(order.amount, order.currency)
    repeated = await _is_known(desk, key)
    receipt = await desk.pay(order.account, amount, key, order.network)
    if repeated:
        response.status_code = HTTPStatus.OK
    return payment_seen(PaymentDocument.of(receipt), eyes)


@router.get(
    "/{request}",
    summary="One payment with its life line",
    responses=examples.answers(HTTPStatus.OK, examples.PAYMENT, "not found", "not seen"),
)
async def show_payment(desk: Chair, eyes: Eyes, request: RequestId) -> PaymentDocument:
    """The receipt, and the steps of its token up to now: made, carried, hub, accepted or refused."""
    receipt = await desk.receipt(request)
    eyes.require(receipt.home, DataKind.PAYMENTS)
    return payment_seen(PaymentDocument.of(receipt), eyes)


async def _is_known(desk: Desk, key: str) -> bool:
    try:
        await desk.receipt(key)
    except NotFoundError:
        return False
    return True
