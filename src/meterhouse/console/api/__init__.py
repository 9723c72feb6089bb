"""the REST API of a street"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import FastAPI

from meterhouse.app.desk import Desk
from meterhouse.console.api import by_hand, homes, payments, status
from meterhouse.console.api.scope_guard import ScopeGuard
from meterhouse.console.api.seen import SightOf
from meterhouse.console.problem import answer_problems
from meterhouse.store.api_keys import ApiScope

__all__ = ["API_PATH", "build_api"]

API_PATH: Final = "/api/v1"


def build_api(
    desk: Desk, *, scope_of: Callable[[str], ApiScope | None] | None = None, sight_of: SightOf | None = None
) -> FastAPI:
    """The API as an application of its own, to be mounted at `API_PATH`.

    It gives `/openapi.json` but no web page for it: the usual ones load their scripts from elsewhere. It has no login
    and no guard; see `OriginGuard`. With `scope_of` every call needs a key; see `ScopeGuard`. With
    `sight_of` each caller is shown what it sees of homes; see `seen`.
    """
    api = FastAPI(
        title="Meterhouse",
        version="1",
        summary="A street's homes, its counter and its clock.",
        description=(
            "Money is decimal text with a currency, instants are ISO 8601 in UTC, energy is integer Wh and volume "
            "integer litres. Every error is an RFC 9457 problem with `why` and `next`. Where the operator "
            "has made keys, every call needs `Authorization: Bearer` and one of them; where none is made, the API is "
            "open to this machine, and to no other."
        ),
        servers=[{"url": API_PATH}],
        docs_url=None,
        redoc_url=None,
    )
    api.state.desk = desk
    api.state.sight_of = sight_of
    answer_problems(api)
    if scope_of is not None:
        api.add_middleware(ScopeGuard, scope_of=scope_of)
    for room in (homes, by_hand, payments, status):
        api.include_router(room.router)
    return api
