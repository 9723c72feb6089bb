"""the web pages: street, home, counter, orders"""

from __future__ import annotations

from datetime import tzinfo

from nicegui import app, ui

from meterhouse.app.desk import Desk
from meterhouse.app.order_room import OrderRoom
from meterhouse.app.visit_room import VisitRoom
from meterhouse.console.pages.counter_page import draw_counter
from meterhouse.console.pages.frame import Frame, draw_failure
from meterhouse.console.pages.home_page import draw_home
from meterhouse.console.pages.orders_page import draw_orders
from meterhouse.console.pages.street_page import draw_street

__all__ = ["add_pages"]


def add_pages(desk: Desk, zone: tzinfo, room: OrderRoom | None = None, visits: VisitRoom | None = None) -> None:
    """Make the pages of `desk` the ones that this process serves; with rooms, orders and visits as well."""
    orders = room is not None

    @ui.page("/", title="Street · Meterhouse")
    async def street() -> None:
        await draw_street(Frame(desk, zone, "/", orders=orders))

    @ui.page("/home/{home}", title="Home · Meterhouse")
    async def one_home(home: str) -> None:
        await draw_home(Frame(desk, zone, "", orders=orders), home, visits)

    @ui.page("/counter", title="Counter · Meterhouse")
    async def counter() -> None:
        await draw_counter(Frame(desk, zone, "/counter", orders=orders))

    if room is not None:

        @ui.page("/orders", title="Orders · Meterhouse")
        async def work_orders() -> None:
            await draw_orders(Frame(desk, zone, "/orders", orders=orders), room)

    app.on_page_exception(draw_failure)
