"""the REST API of a street"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from meterhouse.app.desk import Desk
from meterhouse.console.api import homes, payments, status
from meterhouse.console.problem import answer_problems

__all__ = ["API_PATH", "build_api"]

API_PATH: Final = "/api/v1"


def build_api(desk: Desk) -> FastAPI:
    """The API as an application of its own, to be mounted at `API_PATH`.

    It gives `/openapi.json` but no web page for it: the usual ones load their scripts from elsewhere. It has no login
    and no guard; see `OriginGuard`.
    """
    api = FastAPI(
        title="Meterhouse",
        version="1",
        summary="A street's homes, its counter and its clock.",
        description=(
            "Money is decimal text with a currency, instants are ISO 8601 in UTC, energy is integer Wh and volume "
            "integer litres. Every error is an RFC 9457 problem with `why` and `next`. There is no login yet: the "
            "console answers on loopback only, unless it was told otherwise."
        ),
        servers=[{"url": API_PATH}],
        docs_url=None,
        redoc_url=None,
    )
    api.state.desk = desk
    answer_problems(api)
    for room in (homes, payments, status):
        api.include_router(room.router)
    return api
