"""Prepaid electricity at the counter, in the API and on the pages: each account by itself, wherever it stands."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from meterhouse.app.desk import AccountPlace, KeyIn
from meterhouse.app.seen_desk import SeenDesk
from meterhouse.app.sight import Sight, SightError, event_seen
from meterhouse.app.street_desk import StreetDesk
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.console import API_PATH, build_api
from meterhouse.console.api.documents import HomeDocument
from meterhouse.console.api.seen import home_seen
from meterhouse.console.views import account_choices, emergency_outcome, meter_panel, said_of
from meterhouse.model import Event, Fuel, Instant, Money
from meterhouse.supplier.trust import Viewer
from street_worlds import START, Scene

METER = 'electricity = { mode = "prepay", price = "0.25", opening_balance = "1.00", emergency_credit = "5.00", emergency_below = "2.00" }\n'
HUB = 'electricity = { mode = "prepay", account = "hub", price = "0.25", opening_balance = "1.00" }\n'
GAS = 'gas = { mode = "prepay", opening_balance = "50.00" }\ndebt = "10.00"\n'


@pytest.fixture
def scene() -> Scene:
    found = Scene(METER + GAS, HUB)
    found.half_hours(4)
    return found


@pytest.fixture
def desk(scene: Scene) -> StreetDesk:
    return StreetDesk(scene.street, 1)


async def ask(desk: StreetDesk, method: str, path: str, **more: Any) -> Any:
    app = FastAPI(openapi_url=None)
    app.mount(API_PATH, build_api(desk))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080") as client:
        answer = await client.request(method, API_PATH + path, **more)
    assert answer.status_code < 300, answer.text
    return answer.json()


@pytest.mark.asyncio
async def test_each_prepaid_meter_names_its_account_and_where_it_stands(scene: Scene, desk: StreetDesk) -> None:
    first, second = await ask(desk, "GET", "/homes")
    electricity, gas = first["meters"]
    numbers = scene.site("01").accounts
    assert (gas["account"], electricity["account"]) == (numbers[Fuel.GAS], numbers[Fuel.ELECTRICITY])
    assert first["account"] == gas["account"] != electricity["account"]
    assert second["account"] == second["meters"][0]["account"]
    assert [meter["account_in"] for meter in (electricity, gas, *second["meters"])] == ["meter", "hub", "hub"]
    assert (electricity["mode"], electricity["balance"]["amount"]) == ("prepay", "0.80")
    assert electricity["cutoff_wh"] == 4_000
    assert electricity["cutoff_litres"] is None
    assert electricity["countdown_half_hours"] is None
    assert second["meters"][0]["countdown_half_hours"] == 144
    assert electricity["terms"]["calorific_value_kj_m3"] is None
    assert electricity["terms"]["price"]["amount"] == "0.25"


@pytest.mark.asyncio
async def test_a_payment_reaches_the_account_that_it_names(scene: Scene, desk: StreetDesk) -> None:
    for number, (fuel, account) in enumerate(scene.site("01").accounts.items()):
        order = {"account": account, "amount": "10.00"}
        sold = await ask(desk, "POST", "/payments", json=order, headers={"Idempotency-Key": f"p{number}"})
        assert (sold["account"], sold["fuel"]) == (account, fuel)
        assert sold["to_debt"]["amount"] == ("2.00" if fuel is Fuel.GAS else "0.00")
    scene.half_hours(2)
    site = scene.site("01")
    assert (site.held(Fuel.GAS).tokens, site.held(Fuel.ELECTRICITY).tokens) == (1, 1)
    for number in range(2):
        assert (await ask(desk, "GET", f"/payments/p{number}"))["stages"][-1]["name"] == "accepted"
    assert [one["fuel"] for one in (await ask(desk, "GET", "/homes/01"))["payments"]] == ["electricity", "gas"]


@pytest.mark.asyncio
async def test_a_token_is_typed_at_the_keypad_that_is_named(scene: Scene, desk: StreetDesk) -> None:
    scene.world.cut(scene.wires["wan/01"])
    order = {"account": scene.site("01").accounts[Fuel.ELECTRICITY], "amount": "10.00"}
    sold = await ask(desk, "POST", "/payments", json=order, headers={"Idempotency-Key": "typed"})
    at_hub = await ask(desk, "POST", "/homes/01/keypad", json={"token": sold["token"]})
    assert (at_hub["accepted"], at_hub["fuel"]) == (False, None)
    assert at_hub["remedy"] == "Nothing has changed. A token for electricity is typed on the meter."
    at_meter = await ask(desk, "POST", "/homes/01/keypad", json={"token": sold["token"], "place": "meter"})
    assert (at_meter["accepted"], at_meter["fuel"]) == (True, "electricity")


@pytest.mark.asyncio
async def test_a_keypad_without_an_account_says_where_the_homes_own_is() -> None:
    by_meter = StreetDesk(Scene(METER, HUB, "").street, 1)
    at_hub = await by_meter.key_in("01", "1" * 20)
    assert at_hub.why == "The hub holds no account."
    assert at_hub.remedy == "Nothing has changed. A token for electricity is typed on the meter."
    at_meter = await by_meter.key_in("02", "1" * 20, AccountPlace.METER)
    assert at_meter.why == "The electricity meter holds no account."
    assert at_meter.remedy == "Nothing has changed. A token for electricity is typed on the hub."
    short = await by_meter.key_in("02", "1" * 19)
    assert (short.why, short.remedy) == (TokenVerdict.FORMAT.sentence, "Nothing has changed.")
    assert (await by_meter.key_in("03", "1" * 20)).why == TokenVerdict.NO_ACCOUNT.sentence


@pytest.mark.asyncio
async def test_a_debt_that_no_hub_shows_stands_on_the_meter_that_holds_the_account() -> None:
    scene = Scene(METER + 'debt = "10.00"\n')
    scene.half_hours(2)
    shown = {
        one.title: {name: value for name, value, _ in one.lines}
        for one in await StreetDesk(scene.street, 1).displays("01")
    }
    assert shown["electricity meter"]["debt at supplier"] == "10.00 GBP"


def test_a_token_that_was_refused_is_told_to_nobody_as_an_access_that_was_refused() -> None:
    scene = Scene(METER + GAS)
    for fuel, account in scene.street.sites["01"].accounts.items():
        sold = scene.street.pay(account, Money.parse("5.00"), fuel.value, "shop")
        assert scene.street.key_in("01", sold.token.replace(" ", ""), scene.site("01").place(fuel)).accepted
    scene.half_hours(1)
    refused = [event for event in scene.events if event.kind == "access.refused"]
    assert {event.source for event in refused} == {"home/01/electricity", "home/01/hub"}
    assert [said_of(event, "GBP") for event in refused] == [""] * len(refused)
    other = Event(
        Instant(0), "home/01/hub", "access.refused", {"what": "set 0-1:1.1.1.1 class 1 index 2", "why": "Why"}
    )
    assert said_of(other, "GBP") == "A reader was refused: Why."


def test_who_types_tokens_keeps_the_slip_while_the_meter_is_dark() -> None:
    scene = Scene(METER + 'customer = { pay_below = "2.00", pay = "10.00", keypad = true }\n')
    site = scene.site("01")
    scene.world.cut(scene.wires["wan/01"])
    scene.world.remove(site.electricity)
    scene.half_hours(2)
    assert site.electricity.prepaid is not None
    assert site.electricity.prepaid.account.tokens == 0
    scene.world.add(site.electricity)
    scene.half_hours(1)
    assert (site.electricity.prepaid.account.tokens, len(scene.street.books.vends(9, "01"))) == (1, 1)


@pytest.mark.asyncio
async def test_emergency_credit_is_of_the_fuel_that_is_named(desk: StreetDesk) -> None:
    of_gas = await ask(desk, "POST", "/homes/01/emergency-credit")
    assert (of_gas["accepted"], of_gas["fuel"]) == (False, "gas")
    taken = await ask(desk, "POST", "/homes/01/emergency-credit", params={"fuel": "electricity"})
    assert (taken["accepted"], taken["fuel"], taken["amount"]["amount"]) == (True, "electricity", "5.00")


@pytest.mark.asyncio
async def test_who_may_not_see_payments_sees_no_account_of_either_fuel(scene: Scene, desk: StreetDesk) -> None:
    (view, _) = await desk.homes()
    hidden = home_seen(HomeDocument.of(view), Sight(Viewer.CARRIER))
    assert [meter.account for meter in hidden.meters] == [None, None]
    assert [meter.cutoff_wh for meter in hidden.meters] == [None, None]
    blind = SeenDesk(desk, Sight(Viewer.CARRIER))
    assert await blind.homes() == ()
    for account in scene.site("01").accounts.values():
        with pytest.raises(SightError):
            await blind.pay(account, Money.parse("1.00"), "x", "shop")


@pytest.mark.asyncio
async def test_the_counter_offers_both_accounts_of_a_home_and_says_which_is_which(
    scene: Scene, desk: StreetDesk
) -> None:
    choices = account_choices(await desk.homes())
    numbers = scene.site("01").accounts
    assert choices[numbers[Fuel.GAS]].endswith("home 01 · gas")
    assert choices[numbers[Fuel.ELECTRICITY]].endswith("home 01 · electricity")
    assert choices[scene.site("02").account].endswith("home 02")
    assert len(choices) == 3


@pytest.mark.asyncio
async def test_the_home_page_shows_electricity_as_it_shows_gas(desk: StreetDesk) -> None:
    view = (await desk.home("01")).view
    facts = {fact.name: fact.value for fact in meter_panel(view.meters[0], desk.now(), UTC).facts}
    assert facts["Balance"] == "£0.80"
    assert facts["Electricity left"].endswith("kWh")
    assert {"Cut-off at", "Price now", "Emergency credit", "Account"} <= set(facts)
    assert view.meters[0].account_in is AccountPlace.METER


def said(kind: str, **fields: object) -> str:
    return said_of(Event(Instant(START), "home/01/electricity", kind, fields), "GBP")


def test_events_of_electricity_say_that_they_are() -> None:
    assert said("token.accepted", fuel="electricity", way="keypad", amount_money5=5, balance_money5=7).startswith(
        "A token for electricity typed on the keypad added"
    )
    assert said("token.refused", fuel="electricity", way="network", why="Why.") == (
        "A token for electricity from the network was refused. Why."
    )
    assert said("token.refused", way="network", why="Why.") == "A token from the network was refused. Why."
    assert said("emergency.offered", fuel="electricity") == "Emergency credit for electricity is on offer."
    assert said("emergency.selected") == "Emergency credit was selected on the hub."
    assert said("switch.opened", by="order") == "The electricity was disconnected."
    assert "hub was silent" in said("switch.opened", by="credit", why="countdown_ended")
    assert "does not hear its hub" in said("hub_link.failed", countdown_half_hours=3)


def test_an_event_that_everybody_may_see_does_not_tell_that_credit_ended() -> None:
    assert said("switch.opened", by="credit", why="cutoff") == said("switch.opened", by="order")
    assert said("switch.armed", by="credit") == said("switch.armed", by="head end")
    assert not event_seen("switch.no_credit", "01", Sight(Viewer.SECURITY))
    assert event_seen("switch.opened", "01", Sight(Viewer.SECURITY))


def test_after_emergency_credit_the_right_button_is_named() -> None:
    taken = KeyIn(True, Money(1), Money(0), fuel=Fuel.ELECTRICITY)
    assert emergency_outcome(taken).next_step == "If the electricity is off, press the electricity meter's button."
