"""The console as one application: the API, the pages, and the guard in front of both."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import FastAPI
from nicegui import ui

from meterhouse.app.desk import Desk
from meterhouse.app.order_room import OrderRoom
from meterhouse.app.seen_desk import SeenDesk
from meterhouse.app.sight import EVERYTHING, Sight
from meterhouse.app.visit_room import VisitRoom
from meterhouse.console.api import API_PATH, build_api
from meterhouse.console.api.seen import SightOf
from meterhouse.console.origin_guard import OriginGuard
from meterhouse.console.pages import add_pages
from meterhouse.model import ConfigurationError
from meterhouse.store.api_keys import ApiScope
from meterhouse.supplier.trust import Viewer

__all__ = ["build_app"]

_LOCAL: Final = "Europe/London"
_AT_WORK: Final = frozenset({None, Viewer.OPERATOR, Viewer.APPROVER})
"""Who has to do with orders and visits."""
_RECONNECT_S: Final = 30.0
"""How long a browser may be away and still find its page as it was, typed values included."""


def build_app(
    desk: Desk,
    *,
    names: Collection[str] = (),
    zone: tzinfo | None = None,
    scope_of: Callable[[str], ApiScope | None] | None = None,
    sight_of: SightOf | None = None,
    sight: Sight = EVERYTHING,
    room: OrderRoom | None = None,
    visits: VisitRoom | None = None,
) -> FastAPI:
    """The whole console of one street.

    The page library keeps one set of pages a process, so one process serves one street.

    Args:
        desk: all that the console knows of the street.
        names: further host names that browsers may use; see `OriginGuard`.
        zone: the local time of the pages (exports are UTC); British time by default, UTC where the machine lacks it.
        scope_of: what a caller of the API may do; None lets everybody do everything. The pages ask for no key.
        sight_of: what such a caller sees of homes; None shows everything.
        sight: what whoever looks at the pages sees of homes.
        room: where orders about supplies are raised and approved; None for a street whose orders are not sealed.
        visits: where visits to homes are planned, and their steps stated; None for a console without them.

    Raises:
        ConfigurationError: this process has already served a console.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount(API_PATH, build_api(desk, scope_of=scope_of, sight_of=sight_of))
    seen = desk if sight.viewer is None else SeenDesk(desk, sight)
    at_work = sight.viewer in _AT_WORK  # a reason or a visit tells of the home too
    add_pages(
        seen, zone if zone is not None else _british_time(), room if at_work else None, visits if at_work else None
    )
    try:
        ui.run_with(
            app,
            title="Meterhouse",
            favicon="🏠",
            dark=None,
            language="en-GB",
            reconnect_timeout=_RECONNECT_S,
            tailwind=False,
            show_welcome_message=False,
        )
    except RuntimeError as error:
        raise ConfigurationError(
            "This process has already served a console.",
            why="The page library starts once in a process.",
            remedy="Start the street in a new process.",
        ) from error
    app.add_middleware(OriginGuard, names=names)
    return app


def _british_time() -> tzinfo:
    try:
        return ZoneInfo(_LOCAL)
    except ZoneInfoNotFoundError:
        return UTC
