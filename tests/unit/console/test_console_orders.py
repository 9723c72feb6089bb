"""The page of orders with ten thousand of them, and with whatever hostile words an order may hold."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC

import httpx
import pytest
import pytest_asyncio
from nicegui import core, ui
from nicegui.functions.download import download
from nicegui.functions.navigate import Navigate
from nicegui.functions.notify import notify
from nicegui.testing import User
from nicegui.testing.general import prepare_simulation
from test_console_pages import MoodyDesk, page_library
from tests.trust_office import TEN, Office

from meterhouse.app.order_files import OrderFiles, OrderView
from meterhouse.app.order_room import OrderFile
from meterhouse.console.pages import add_pages
from meterhouse.model import SECOND, Instant, StorageError
from meterhouse.store import Database, SqlWorkOrders
from meterhouse.supplier.headend import Culprit, Finding
from meterhouse.supplier.trust import Step, WorkOrder, WorkState

MANY = 10_000
EVIL = "<img src=x onerror=alert(1)>\x1b[2J\u202egnp.exe"
SHOWN = "<img src=x onerror=alert(1)>\ufffd[2J\ufffdgnp.exe"


def order(number: int, **changes: object) -> WorkOrder:
    made = replace(ORDER, number=f"W{number:06d}", raised_at=Instant(TEN + number // 3 * SECOND))
    return replace(made, **changes)  # type: ignore[arg-type]


ORDER = Office().raised()


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Ten thousand ended orders, three in a second, and the newest of them hostile."""
    with Database(f"sqlite:///{tmp_path_factory.mktemp('orders') / 'house.db'}") as database:

        def fill(tx):
            orders = SqlWorkOrders(tx)
            for number in range(1, MANY):
                ended = order(number, state=WorkState.REFUSED, why="no")
                orders.put(ended, Step(TEN, WorkState.REFUSED, "Ann", "no"))
            evil = order(MANY, reason=EVIL * 90, evidence=EVIL, why=EVIL)
            orders.put(evil, Step(TEN, WorkState.RAISED, EVIL, EVIL))

        database.run(fill)
        yield OrderFiles(database)


def test_pages_of_ten_thousand_hold_each_once_newest_first_and_are_quick(many: OrderFiles):
    seen: list[str] = []
    began = time.process_time()
    while page := many.page(400, seen[-1] if seen else ""):
        seen += [one.number for one in page]
    whole = time.process_time() - began
    assert seen == [f"W{number:06d}" for number in range(MANY, 0, -1)]
    began = time.process_time()
    many.page(26)
    assert time.process_time() - began < max(0.25, whole / 5)
    assert [one.number for one in many.page(5, live=True)] == [f"W{MANY:06d}"]


class Room:
    """Reads from a data base; nobody does anything."""

    def __init__(self, files: OrderFiles) -> None:
        self.files = files
        self.asked: list[int] = []
        self.trouble: Exception | None = None

    async def orders(self, count: int, before: str = "") -> tuple[WorkOrder, ...]:
        if self.trouble is not None:
            raise self.trouble
        self.asked.append(count)
        return self.files.page(count, before)

    async def order(self, number: str) -> OrderFile:
        view = self.files.show(number)
        return OrderFile(OrderView(view.order, view.history), Finding(Culprit.HUB, "drop", EVIL))

    async def brakes(self) -> tuple[()]:
        return ()


@pytest_asyncio.fixture
async def user(many: OrderFiles, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[User, Room]]:
    monkeypatch.setitem(os.environ, "NICEGUI_USER_SIMULATION", "true")
    room = Room(many)
    with page_library():
        prepare_simulation()
        add_pages(MoodyDesk(), UTC, room)  # type: ignore[arg-type]
        transport = httpx.ASGITransport(core.app)
        async with (
            core.app.router.lifespan_context(core.app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            yield User(client), room
        ui.navigate, ui.notify, ui.download = Navigate(), notify, download


@pytest.mark.asyncio
async def test_of_ten_thousand_orders_a_page_draws_twenty_five_and_turns(user: tuple[User, Room]) -> None:
    page, room = user
    await page.open("/orders")
    await page.should_see(f"W{MANY:06d}")
    await page.should_not_see(f"W{MANY - 25:06d}")
    assert max(room.asked) == 26
    page.find(marker="older").click()
    await page.should_see(f"W{MANY - 25:06d}", retries=20)
    await page.should_not_see(f"W{MANY:06d}")
    page.find(marker="newest").click()
    await page.should_see(f"W{MANY:06d}", retries=20)


@pytest.mark.asyncio
async def test_hostile_words_are_shown_as_words_cut_short_and_never_as_markup(user: tuple[User, Room]) -> None:
    page, _ = user
    await page.open("/orders")
    page.find(marker=f"order-W{MANY:06d}").click()
    await page.should_see("is at fault (drop)", retries=20)
    elements = page._client.elements.values()
    assert not [one for one in elements if isinstance(one, ui.html)]
    texts = [str(one.text) for one in elements if isinstance(one, ui.label)]
    assert any(SHOWN in text for text in texts)
    assert not [text for text in texts if "\x1b" in text or "\u202e" in text or len(text) > 4_500]


@pytest.mark.asyncio
async def test_a_page_of_orders_outlives_a_store_that_fails(user: tuple[User, Room]) -> None:
    page, room = user
    room.trouble = StorageError("The disk is full.")
    await page.open("/orders")
    await page.should_see("The disk is full.")
    room.trouble = None
    await page.should_see(f"W{MANY:06d}", retries=30)
