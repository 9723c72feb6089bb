"""The pages without a browser: what a visitor reads and what a click does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC

import httpx
import pytest
import pytest_asyncio
from nicegui import Client, core, ui
from nicegui.functions.download import download
from nicegui.functions.navigate import Navigate
from nicegui.functions.notify import notify
from nicegui.testing import User
from nicegui.testing.general import nicegui_reset_globals, prepare_simulation

from fakes.street_desk import START, StreetDesk
from meterhouse.app.desk import HomeView
from meterhouse.console import serve
from meterhouse.console.pages import add_pages
from meterhouse.model import ConfigurationError, Instant, LinkError, Money, StorageError

pytestmark = pytest.mark.asyncio


class MoodyDesk(StreetDesk):
    """A street in memory whose clock and troubles a test sets."""

    def __init__(self) -> None:
        self.at = START
        self.trouble: Exception | None = None
        super().__init__(clock=lambda: self.at)

    async def homes(self) -> tuple[HomeView, ...]:
        if self.trouble is not None:
            raise self.trouble
        return await super().homes()


@pytest.fixture
def desk() -> MoodyDesk:
    return MoodyDesk()


@contextlib.contextmanager
def page_library() -> Iterator[None]:
    """The page library's process-wide state, put back afterwards."""
    gc.freeze()  # it collects before and after: what thousands of tests have left behind is none of its business
    with nicegui_reset_globals():
        try:
            yield
        finally:
            Client.page_routes.clear()  # else the library forgets our modules, and everyone's classes come twice
            gc.unfreeze()


@pytest_asyncio.fixture
async def user(desk: MoodyDesk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    monkeypatch.setitem(os.environ, "NICEGUI_USER_SIMULATION", "true")
    with page_library():
        prepare_simulation()
        add_pages(desk, UTC)
        transport = httpx.ASGITransport(core.app)
        async with (
            core.app.router.lifespan_context(core.app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            yield User(client)
        ui.navigate, ui.notify, ui.download = Navigate(), notify, download


async def test_street_lists_homes_and_follows_changes(user: User, desk: MoodyDesk) -> None:
    await user.open("/")
    await user.should_see("weak gas link")
    await user.should_see("Armed")
    await user.should_not_see("painted blue")
    desk.set_note("01", "painted blue")
    await user.should_see("painted blue", retries=20)


async def test_device_text_is_never_markup(user: User, desk: MoodyDesk) -> None:
    desk.set_note("01", "<b>bold</b><script>alert(1)</script>")
    await user.open("/")
    await user.should_see("<b>bold</b><script>alert(1)</script>")
    assert not [element for element in user._client.elements.values() if isinstance(element, ui.html)]


async def test_trouble_is_shown_with_why_and_next_until_the_desk_answers_again(user: User, desk: MoodyDesk) -> None:
    await user.open("/")
    desk.trouble = LinkError("The street gives no answer.")
    await user.should_see("The street gives no answer. There was no answer in time.", retries=20)
    desk.trouble = None
    await user.should_not_see("The street gives no answer.", retries=20)


async def test_page_opens_even_while_the_desk_fails(user: User, desk: MoodyDesk) -> None:
    desk.trouble = StorageError("The disk is full.")
    await user.open("/counter")
    await user.should_see("The disk is full.")


async def test_unknown_home_says_so_and_leads_back(user: User) -> None:
    await user.open("/home/99")
    await user.should_see("There is no home '99'.")
    await user.should_see("Back to the street")


async def test_press_restores_and_the_button_goes(user: User) -> None:
    await user.open("/home/05")
    await user.should_see("Press to restore gas")
    user.find(marker="restore-gas").click()
    await user.should_see("The gas supply is restored.")
    await user.should_not_see("Press to restore gas")


async def test_credit_home_has_no_keypad(user: User) -> None:
    await user.open("/home/01")
    await user.should_see("Pays by bill")
    await user.should_not_see("Keypad")


async def test_a_home_with_an_account_in_its_meter_has_a_keypad_for_each_place(user: User) -> None:
    await user.open("/home/03")
    await user.should_see("Accounts 1003 and 2003")
    await user.should_see("Electricity meter's keypad")
    await user.should_see(marker="token")
    await user.should_see(marker="token-meter")
    await user.open("/home/04")
    await user.should_see("Account 1004")
    await user.should_not_see("Electricity meter's keypad")


async def test_gas_free_home_shows_one_meter(user: User) -> None:
    await user.open("/home/08")
    await user.should_see(marker="meter-electricity")
    await user.should_not_see(marker="meter-gas")


async def test_typed_token_counts_once(user: User, desk: MoodyDesk) -> None:
    receipt = await desk.pay("1007", Money.parse("20"), "one", "shop")
    for answer in ("Accepted. £16.00 added.", "This token has been used."):
        await user.open("/home/07")
        user.find(marker="token").type(receipt.token)
        user.find(marker="key-in").click()
        await user.should_see(answer)


async def test_chart_and_caption_follow_the_chosen_day(user: User) -> None:
    await user.open("/home/09")
    picker = next(iter(user.find(marker="days").elements))
    assert isinstance(picker, ui.select)
    chart = next(iter(user.find(marker="chart-gas").elements))
    assert isinstance(chart, ui.echart)
    assert len(chart.options["series"][0]["data"]) == 48 * 2 + 35
    picker.value = "Fri 20 Nov"
    await user.should_see("in 48 half hours")
    data = chart.options["series"][0]["data"]
    assert len(data) == 48
    assert data.count(None) == chart.options["series"][1]["data"].count(1)


async def test_counter_sells_once_a_form_and_shows_split_token_and_life_line(user: User, desk: MoodyDesk) -> None:
    await user.open("/counter")
    account = next(iter(user.find(marker="account").elements))
    assert isinstance(account, ui.select)
    account.value = "1007"
    user.find(marker="amount").type("20.00")
    user.find(marker="pay").click()
    await user.should_see("£4.00")
    await user.should_see("£16.00")
    await user.should_see("£46.00 debt left")
    await user.should_see("waiting")
    (receipt,) = await desk.receipts()
    desk.at = Instant(START + 3_600_000)
    await user.should_not_see("waiting", retries=20)
    assert receipt.paid == Money.parse("20")


async def test_counter_shows_an_account_s_debt_with_what_was_agreed_and_what_payments_took(user: User) -> None:
    await user.open("/counter")
    await user.should_not_see("owed")
    account = next(iter(user.find(marker="account").elements))
    assert isinstance(account, ui.select)
    account.value = "1007"
    await user.should_see("£50.00 owed", retries=20)
    await user.should_see("20 % of each payment pays debt, at most £5.00 a week.")
    await user.should_see("The meter recovers it; nothing is taken at the counter (opening)")
    await user.should_see("No payment has paid debt yet.")
    user.find(marker="amount").type("20.00")
    user.find(marker="pay").click()
    await user.should_see("£4.00 of £20.00 paid debt; £46.00 left", retries=20)
    await user.should_see("£46.00 owed")


async def test_failed_payment_keeps_its_request_so_that_a_retry_cannot_pay_twice(user: User, desk: MoodyDesk) -> None:
    asked: list[str] = []
    sell = desk.pay

    async def pay(account: str, amount: Money, request: str, network: str) -> object:
        asked.append(request)
        receipt = await sell(account, amount, request, network)
        if len(asked) == 1:
            raise LinkError("The answer was lost.")
        return receipt

    desk.pay = pay  # type: ignore[method-assign,assignment]
    await user.open("/counter")
    account = next(iter(user.find(marker="account").elements))
    assert isinstance(account, ui.select)
    account.value = "1003"
    user.find(marker="amount").type("20.00")
    user.find(marker="pay").click()
    await user.should_see("The answer was lost.")
    user.find(marker="pay").click()
    await user.should_see("In the token")
    assert asked[0] == asked[1]
    assert len(await desk.receipts()) == 1


@pytest.mark.parametrize("amount", ["", "twenty", "0", "-5", "5000"])
async def test_counter_says_why_an_amount_is_refused(user: User, desk: MoodyDesk, amount: str) -> None:
    await user.open("/counter")
    account = next(iter(user.find(marker="account").elements))
    assert isinstance(account, ui.select)
    account.value = "1003"
    user.find(marker="amount").type(amount)
    user.find(marker="pay").click()
    await user.should_see("Large top-ups are refused." if amount == "5000" else "A value is outside what is allowed.")
    assert await desk.receipts() == ()


async def test_refused_token_says_why_and_what_to_do(user: User, desk: MoodyDesk) -> None:
    await desk.pay("1006", Money.parse("10"), "one", "app")
    desk.refuse("one", "The token was for another meter key.")
    await user.open("/counter")
    user.find(marker="receipt-one").click()
    await user.should_see("Refused. The token was for another meter key.")
    await user.should_see("Check that the token is for this home's meter", retries=10)


async def test_served_console_answers_guards_and_lets_its_port_go(desk: MoodyDesk) -> None:
    with page_library():
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(desk, port=0, started=address.set_result))
        url = await asyncio.wait_for(address, 10)
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.get("/api/v1/clock")).json()["speed"] == 300
            assert "Meterhouse" in (await client.get("/")).text
            assert (await client.get("/api/v1/openapi.json")).json()["info"]["title"] == "Meterhouse"
            assert (await client.get("/", headers={"host": "evil.example"})).status_code == 403
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
        port = int(url.rpartition(":")[2])
        with socket.create_server(("127.0.0.1", port)):
            pass


async def test_port_in_use_is_one_sentence_that_says_what_to_do(desk: MoodyDesk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port}") as caught:
            await serve(desk, port=port)
    assert caught.value.remedy


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 8080), ("127.0.0.1", 99_999), ("192.0.2.1", 0)])
async def test_impossible_address_is_a_configuration_error(desk: MoodyDesk, host: str, port: int) -> None:
    with pytest.raises(ConfigurationError):
        await serve(desk, host=host, port=port)


async def test_emergency_credit_is_offered_selected_and_gone(user: User) -> None:
    await user.open("/home/06")
    await user.should_see("of emergency credit is on offer")
    user.find(marker="emergency").click()
    await user.should_see("may be used now")
    await user.should_not_see("of emergency credit is on offer")
