"""Operations on the street as a whole: its clock and its health."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from meterhouse.console.api import examples
from meterhouse.console.api.chair import Chair
from meterhouse.console.api.documents import ClockDocument, HealthDocument
from meterhouse.model import isoformat

__all__ = ["router"]

router = APIRouter(tags=["status"])


@router.get("/clock", summary="The street's time", responses=examples.answers(HTTPStatus.OK, examples.CLOCK))
async def clock(desk: Chair) -> ClockDocument:
    """The street's own time and how fast it runs."""
    return ClockDocument(now=isoformat(desk.now()), speed=desk.speed())


@router.get("/health", summary="Whether the street answers", responses=examples.answers(HTTPStatus.OK, examples.HEALTH))
async def health(desk: Chair) -> HealthDocument:
    """`ok` if the desk answers; with how many hubs are online and how old the oldest collection is."""
    homes = await desk.homes()
    collected = [view.last_collected for view in homes]
    known = [at for at in collected if at is not None]
    complete = bool(known) and len(known) == len(collected)
    return HealthDocument(
        status="ok",
        homes=len(homes),
        hubs_online=sum(view.hub_online for view in homes),
        oldest_collected=isoformat(min(known)) if complete else None,
    )
