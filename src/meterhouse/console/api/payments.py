"""Operations of the counter: sell credit, and see what became of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Response

from meterhouse.app.desk import Desk
from meterhouse.console.api import examples
from meterhouse.console.api.chair import Chair
from meterhouse.console.api.documents import PaymentDocument, PaymentOrder
from meterhouse.model import Money, NotFoundError

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
async def list_payments(desk: Chair, limit: Limit = 50) -> list[PaymentDocument]:
    """Newest first."""
    return [PaymentDocument.of(receipt) for receipt in await desk.receipts(limit)]


@router.post(
    "",
    summary="Sell credit",
    status_code=HTTPStatus.CREATED,
    responses={
        **examples.answers(HTTPStatus.CREATED, examples.PAYMENT, "not found", "policy", "usage"),
        **examples.answers(HTTPStatus.OK, examples.PAYMENT),
    },
)
async def pay(desk: Chair, key: Key, order: Order, response: Response) -> PaymentDocument:
    """Debt first, the rest in a token that is sent to the home. 201 the first time, 200 for a repeat of the same key.

    The same key with other contents is refused with 409.
    """
    amount = Money.parse(order.amount, order.currency)
    repeated = await _is_known(desk, key)
    receipt = await desk.pay(order.account, amount, key, order.network)
    if repeated:
        response.status_code = HTTPStatus.OK
    return PaymentDocument.of(receipt)


@router.get(
    "/{request}",
    summary="One payment with its life line",
    responses=examples.answers(HTTPStatus.OK, examples.PAYMENT, "not found"),
)
async def show_payment(desk: Chair, request: RequestId) -> PaymentDocument:
    """The receipt, and the steps of its token up to now: made, carried, hub, accepted or refused."""
    return PaymentDocument.of(await desk.receipt(request))


async def _is_known(desk: Desk, key: str) -> bool:
    try:
        await desk.receipt(key)
    except NotFoundError:
        return False
    return True
