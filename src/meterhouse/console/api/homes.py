"""Operations on homes: look, export, and what a person in the home may do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from meterhouse.console.api import examples
from meterhouse.console.api.chair import Chair
from meterhouse.console.api.documents import (
    ButtonDocument,
    ButtonOrder,
    HomeDetailDocument,
    HomeDocument,
    KeyInDocument,
    KeyInOrder,
)
from meterhouse.console.api.seen import Eyes, home_seen, homes_seen
from meterhouse.console.views import HalfHourSeries, series_csv
from meterhouse.model import Fuel, parse_instant
from meterhouse.supplier.trust import DataKind

__all__ = ["HomeId", "router"]

router = APIRouter(prefix="/homes", tags=["homes"])

HomeId = Annotated[str, Path(description="the home's short id", examples=["07"], max_length=64)]
FuelChoice = Annotated[Fuel, Query(description="electricity or gas", examples=["gas"])]
Bound = Annotated[
    str | None, Query(description="ISO 8601 with a zone", examples=["2026-11-21T00:00:00Z"], max_length=40)
]


@router.get("", summary="The street", responses=examples.answers(HTTPStatus.OK, [examples.HOME], "link"))
async def list_homes(desk: Chair, eyes: Eyes) -> list[HomeDocument]:
    """Every home in order: supply per fuel, balance, last contact. What a key does not see is null or left out."""
    return homes_seen([HomeDocument.of(view) for view in await desk.homes()], eyes)


@router.get(
    "/{home}",
    summary="One home",
    responses=examples.answers(HTTPStatus.OK, examples.HOME_DETAIL, "not found", "not seen"),
)
async def show_home(desk: Chair, home: HomeId, eyes: Eyes) -> HomeDetailDocument:
    """One home with its stored half hours, its payments and its events, as far as the key's role sees them."""
    if not eyes.sees_any(home):
        eyes.require(home, *DataKind)
    return home_seen(HomeDetailDocument.of_detail(await desk.home(home)), eyes)


@router.get(
    "/{home}/half-hours.csv",
    summary="A home's half hours as CSV",
    response_class=Response,
    responses=examples.answers(HTTPStatus.OK, examples.CSV, "not found", "usage", "not seen"),
)
async def export_half_hours(
    desk: Chair, eyes: Eyes, home: HomeId, fuel: FuelChoice, since: Bound = None, until: Bound = None
) -> Response:
    """All that is stored: what ends after `since` and not after `until` (either may be left out); header with unit."""
    eyes.require(home, DataKind.HALF_HOURS)
    first = parse_instant(since) if since is not None else None
    last = parse_instant(until) if until is not None else None
    text = series_csv(HalfHourSeries(fuel, await desk.half_hours(home, fuel, first, last)))
    name = f"home-{home}-{fuel.value}-half-hours.csv"
    printable = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "_" for letter in name
    )
    headers = {"Content-Disposition": f'attachment; filename="{printable}"'}
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post(
    "/{home}/keypad",
    summary="Type a token on a keypad",
    responses=examples.answers(HTTPStatus.OK, examples.KEY_IN, "not found", "usage", "link"),
)
async def key_in(
    desk: Chair,
    home: HomeId,
    order: Annotated[KeyInOrder, Body(examples=[{"token": "1234 5678 9012 3456 7890"}])],
) -> KeyInDocument:
    """As a person in the home. A refused token is answered with 200, `accepted: false` and the keypad's reason.

    The hub takes the tokens of every account that it holds; a meter those of its own.
    """
    token = "".join(letter for letter in order.token if letter not in " -")
    return KeyInDocument.of(await desk.key_in(home, token, order.place))


@router.post(
    "/{home}/emergency-credit",
    summary="Select emergency credit",
    responses=examples.answers(HTTPStatus.OK, examples.KEY_IN, "not found", "link"),
)
async def select_emergency(
    desk: Chair,
    home: HomeId,
    fuel: Annotated[Fuel | None, Query(description="of which account; without it, of the home's first")] = None,
) -> KeyInDocument:
    """As a person in the home. Where it is not on offer: 200, `accepted: false` and why."""
    return KeyInDocument.of(await desk.select_emergency(home, fuel))


@router.post(
    "/{home}/button",
    summary="Press a meter's restore button",
    responses=examples.answers(HTTPStatus.OK, examples.BUTTON, "not found", "policy", "link"),
)
async def press_button(
    desk: Chair, home: HomeId, order: Annotated[ButtonOrder, Body(examples=[{"fuel": "gas"}])]
) -> ButtonDocument:
    """As a person in the home, who has checked that appliances are turned off."""
    return ButtonDocument.of(await desk.press_button(home, order.fuel))
