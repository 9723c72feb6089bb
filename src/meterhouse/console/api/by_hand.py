"""Operations of a person in the home: read its displays, and carry readings and codes between hub and gas meter."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body

from meterhouse.console.api import examples
from meterhouse.console.api.chair import Chair
from meterhouse.console.api.hand_documents import CodeOrder, DisplayDocument, HandDocument, ReadingOrder
from meterhouse.console.api.homes import HomeId
from meterhouse.console.api.seen import Eyes
from meterhouse.supplier.trust import DataKind

__all__ = ["router"]

router = APIRouter(prefix="/homes", tags=["homes"])


@router.get(
    "/{home}/displays",
    summary="What stands on the home's displays",
    responses=examples.answers(HTTPStatus.OK, [examples.DISPLAY], "not found", "not seen"),
)
async def show_displays(desk: Chair, home: HomeId, eyes: Eyes) -> list[DisplayDocument]:
    """The hub's page of each fuel, the gas meter's own display with its check digits, a prepaid electricity meter's."""
    eyes.require(home, DataKind.REGISTERS, DataKind.PAYMENTS, DataKind.DEBT, DataKind.EVENTS)
    return [DisplayDocument.of(view) for view in await desk.displays(home)]


@router.post(
    "/{home}/gas-reading",
    summary="Type the gas meter's reading on the hub",
    responses=examples.answers(HTTPStatus.OK, examples.HAND, "not found", "usage", "policy", "link"),
)
async def read_in(
    desk: Chair,
    home: HomeId,
    order: Annotated[ReadingOrder, Body(examples=[{"register_litres": 1_234_567, "check_digits": "123456"}])],
) -> HandDocument:
    """As a person in the home, while hub and gas meter don't hear each other."""
    return HandDocument.of(await desk.read_in(home, order.register_litres, order.check_digits))


@router.post(
    "/{home}/reopen-code",
    summary="Ask the hub for a code that opens the gas meter",
    responses=examples.answers(HTTPStatus.OK, examples.HAND, "not found", "policy", "link"),
)
async def reopen_code(desk: Chair, home: HomeId) -> HandDocument:
    """For the reading that was typed, and as much gas as there is credit for."""
    return HandDocument.of(await desk.reopen_code(home))


@router.post(
    "/{home}/meter-keypad",
    summary="Type a code on the gas meter",
    responses=examples.answers(HTTPStatus.OK, examples.HAND, "not found", "usage", "policy", "link"),
)
async def key_in_meter(
    desk: Chair, home: HomeId, order: Annotated[CodeOrder, Body(examples=[{"code": "1234 567 890"}])]
) -> HandDocument:
    """As a person in the home. Spaces and dashes are ignored; each code opens once."""
    code = "".join(letter for letter in order.code if letter not in " -")
    return HandDocument.of(await desk.key_in_meter(home, code))
