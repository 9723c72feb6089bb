"""Who sees which data of a home, at the API: every role, every kind, with and without the customer's consent (S3-17)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from typer.testing import CliRunner

import counter_street as counter
from fakes.street_desk import START, StreetDesk
from meterhouse.app.api_access import ApiAccess
from meterhouse.app.desk import ButtonPress, HomeDetail, Supply
from meterhouse.app.seen_desk import SeenDesk
from meterhouse.app.sight import EVERYTHING, TOLD, Sight, SightError, own_access
from meterhouse.cli import app as cli
from meterhouse.console import API_PATH, build_api
from meterhouse.console.api.documents import HomeDetailDocument, MeterDocument, PaymentDocument
from meterhouse.console.api.seen import FIELDS, OPEN
from meterhouse.console.views import happening
from meterhouse.model import Event, Fuel, MeterhouseError, Money
from meterhouse.store import ApiScope, Database, DataFolder, SqlRegistry
from meterhouse.supplier.trust import DataKind, Viewer

HOME, OTHER = "07", "03"
NOT_SHOWN = {DataKind.DAYS, DataKind.VOLTAGE, DataKind.PERSONAL}
"""Kinds of which the API has no field at all."""


class Caller:
    """Asks an API that shows it what `sight` sees."""

    def __init__(self, sight: Sight | None, desk: StreetDesk) -> None:
        api = FastAPI(openapi_url=None)
        api.mount(API_PATH, build_api(desk, scope_of=lambda _token: ApiScope.VEND, sight_of=lambda _token: sight))
        self._transport = httpx.ASGITransport(api, raise_app_exceptions=False)

    async def ask(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://127.0.0.1") as client:
            return await client.get(API_PATH + path)


@pytest_asyncio.fixture
async def desk() -> StreetDesk:
    made = StreetDesk(clock=lambda: START)
    for home in (HOME, OTHER):
        account = (await made.home(home)).view.account
        await made.pay(account, Money.parse("20.00"), f"paid-{home}", "shop")
    return made


def sight(viewer: Viewer, *, consent: bool, home: str = HOME) -> Sight:
    return Sight(viewer, home if viewer is Viewer.CUSTOMER else "", lambda at: consent and at == HOME)


def kinds_of(document: dict[str, Any]) -> set[DataKind]:
    """Every kind of data that a home's document tells anything of."""
    parts = [(FIELDS[HomeDetailDocument], document)]
    parts += [(FIELDS[MeterDocument], meter) for meter in document["meters"]]
    parts += [(FIELDS[PaymentDocument], one) for one in document.get("payments") or ()]
    return {kind for fields, part in parts for name, kind in fields.items() if part.get(name) is not None}


def test_every_field_of_a_home_is_of_one_kind_or_open_to_whoever_sees_the_home() -> None:
    for document, fields in FIELDS.items():
        assert not set(fields) & OPEN[document]
        assert set(fields) | OPEN[document] == set(document.model_fields)  # type: ignore[attr-defined]
    assert {kind for fields in FIELDS.values() for kind in fields.values()} == set(DataKind) - NOT_SHOWN


def test_every_sentence_that_tells_an_amount_or_a_volume_is_of_a_kind() -> None:
    told = dict.fromkeys(("amount_money5", "balance_money5", "volume_l", "remaining_l", "register_l"), 7_654_321)
    told |= {"shown": "GBP 7.00", "owed": "GBP 8.00", "reason": "", "why": "", "way": "keypad"}
    for kind in (*happening._SENTENCES, "token.accepted"):
        said = happening.said_of(Event(START, "hub", kind, told), "GBP")
        if any(word in said for word in ("7,654", "7654", "76.54", "GBP")):
            assert any(kind.startswith(start) for start in TOLD), f"{kind} says: {said}"


@pytest.mark.requirement("S3-17")
@pytest.mark.asyncio
@pytest.mark.parametrize("agreed", ["no consent", "with consent"])
@pytest.mark.parametrize("viewer", Viewer)
async def test_each_role_sees_of_a_home_what_the_matrix_says_and_nothing_else(
    viewer: Viewer, agreed: str, desk: StreetDesk
) -> None:
    consent = agreed == "with consent"
    everything = (await Caller(EVERYTHING, desk).ask(f"/homes/{HOME}")).json()
    assert kinds_of(everything) == set(DataKind) - NOT_SHOWN, "the home has something of every kind to hide"
    may = {kind for kind in DataKind if own_access().shows(viewer, kind, consent=consent)}
    caller = Caller(sight(viewer, consent=consent), desk)

    shown, listed = await caller.ask(f"/homes/{HOME}"), (await caller.ask("/homes")).json()
    if not may:
        assert (shown.status_code, listed) == (403, [])
    else:
        seen = shown.json()
        assert kinds_of(seen) == may - NOT_SHOWN
        assert {name: seen[name] for name in ("home",)} == {"home": HOME}
        line = next(each for each in listed if each["home"] == HOME)
        assert kinds_of(line) <= may
        for name, kind in FIELDS[HomeDetailDocument].items():
            if kind in may and name not in {"payments", "events"}:
                assert seen[name] == everything[name]
        kinds = {event["kind"] for event in seen["events"] or ()}
        assert not {
            kind for kind in kinds for start, needs in TOLD.items() if kind.startswith(start) and needs not in may
        }

    table = await caller.ask(f"/homes/{HOME}/half-hours.csv?fuel=gas")
    assert table.status_code == (200 if DataKind.HALF_HOURS in may else 403)
    displays = await caller.ask(f"/homes/{HOME}/displays")
    wanted = {DataKind.REGISTERS, DataKind.PAYMENTS, DataKind.DEBT, DataKind.EVENTS}
    assert displays.status_code == (200 if wanted <= may else 403)
    for refused in (table, displays):
        if refused.status_code == 403:
            assert refused.json()["next"]

    payments = (await caller.ask("/payments")).json()
    assert bool(payments) is (DataKind.PAYMENTS in may)
    request = everything["payments"][0]["request"]
    one = await caller.ask(f"/payments/{request}")
    assert one.status_code == (200 if DataKind.PAYMENTS in may else 403)
    for payment in [*payments, *([one.json()] if one.status_code == 200 else [])]:
        assert (payment["to_debt"] is not None) is (DataKind.DEBT in may)


@pytest.mark.asyncio
@pytest.mark.requirement("S3-17")
async def test_a_customer_sees_the_own_home_and_no_other_and_consent_for_one_home_is_for_that_one(
    desk: StreetDesk,
) -> None:
    customer = Caller(sight(Viewer.CUSTOMER, consent=False), desk)
    assert [home["home"] for home in (await customer.ask("/homes")).json()] == [HOME]
    assert (await customer.ask(f"/homes/{OTHER}")).status_code == 403
    assert (await customer.ask(f"/homes/{OTHER}/half-hours.csv?fuel=gas")).status_code == 403
    assert {one["home"] for one in (await customer.ask("/payments")).json()} == {HOME}
    third = Caller(sight(Viewer.THIRD_PARTY, consent=True), desk)
    assert [home["home"] for home in (await third.ask("/homes")).json()] == [HOME]
    assert (await third.ask(f"/homes/{HOME}/half-hours.csv?fuel=gas")).status_code == 200
    assert (await third.ask(f"/homes/{OTHER}/half-hours.csv?fuel=gas")).status_code == 403
    revoked = Caller(None, desk)
    assert (await revoked.ask("/homes")).json() == []


def kinds_seen(detail: HomeDetail) -> set[DataKind]:
    """Every kind of data of which a view tells anything."""
    view, found = detail.view, set()
    for meter in view.meters:
        found |= {DataKind.REGISTERS} if meter.register is not None or meter.cutoff_l is not None else set()
        out = (meter.last_contact, meter.countdown, meter.link_week)
        found |= {DataKind.EVENTS} if meter.supply is not Supply.UNKNOWN or any(out) or not meter.link_ok else set()
        money = (meter.balance, meter.terms, meter.why, meter.low_credit)
        found |= {DataKind.PAYMENTS} if any(each not in {None, "", False} for each in money) else set()
        found |= {DataKind.DEBT} if meter.debt is not None else set()
    found |= {DataKind.PAYMENTS} if view.account else set()
    found |= {DataKind.EVENTS} if detail.events or view.note or view.last_collected else set()
    return found | ({DataKind.HALF_HOURS} if detail.half_hours else set())


@pytest.mark.asyncio
@pytest.mark.requirement("S3-17")
@pytest.mark.parametrize("agreed", ["no consent", "with consent"])
@pytest.mark.parametrize("viewer", Viewer)
async def test_a_console_in_each_role_shows_what_the_matrix_says_and_does_nothing_whose_answer_tells_more(
    viewer: Viewer, agreed: str, desk: StreetDesk
) -> None:
    may = {kind for kind in DataKind if own_access().shows(viewer, kind, consent=agreed == "with consent")}
    eyes = SeenDesk(desk, sight(viewer, consent=agreed == "with consent"))
    detail = await desk.home(HOME)
    assert kinds_seen(detail) == set(DataKind) - NOT_SHOWN
    if may:
        seen = await eyes.home(HOME)
        assert kinds_seen(seen) == may - NOT_SHOWN
        assert HOME in {view.home for view in await eyes.homes()}
        assert bool(seen.receipts) is ({DataKind.PAYMENTS, DataKind.DEBT} <= may)
    else:
        assert await eyes.homes() == ()
        with pytest.raises(SightError):
            await eyes.home(HOME)
    acts = (
        ({DataKind.HALF_HOURS}, lambda: eyes.half_hours(HOME, Fuel.GAS)),
        ({DataKind.PAYMENTS, DataKind.DEBT}, lambda: eyes.receipt(f"paid-{HOME}")),
        ({DataKind.PAYMENTS, DataKind.DEBT}, lambda: eyes.debt_history(detail.view.account)),
        (
            {DataKind.PAYMENTS, DataKind.DEBT},
            lambda: eyes.pay(detail.view.account, Money.parse("5.00"), "again", "shop"),
        ),
        ({DataKind.PAYMENTS}, lambda: eyes.key_in(HOME, "1" * 20)),
        ({DataKind.PAYMENTS}, lambda: eyes.select_emergency(HOME)),
        (
            {DataKind.REGISTERS, DataKind.EVENTS, DataKind.PAYMENTS, DataKind.DEBT},
            lambda: eyes.displays(HOME),
        ),
        ({DataKind.REGISTERS}, lambda: eyes.read_in(HOME, 1, "1")),
        ({DataKind.REGISTERS, DataKind.PAYMENTS}, lambda: eyes.reopen_code(HOME)),
        ({DataKind.REGISTERS}, lambda: eyes.key_in_meter(HOME, "1")),
        ({DataKind.EVENTS}, lambda: eyes.press_button(HOME, Fuel.GAS)),
    )
    for wanted, act in acts:
        try:
            await act()
            refused = False
        except SightError:
            refused = True
        except MeterhouseError:  # the home's own answer
            refused = False
        assert refused is not (wanted <= may)
    receipts = await eyes.receipts()
    assert bool(receipts) is ({DataKind.PAYMENTS, DataKind.DEBT} <= may)


@pytest.mark.asyncio
@pytest.mark.parametrize("fuel", list(Fuel))
async def test_a_button_pressed_in_vain_tells_of_credit_whoever_sees_payments(desk: StreetDesk, fuel: Fuel) -> None:
    async def in_vain(_home: str, _fuel: Fuel) -> ButtonPress:
        return ButtonPress(Supply.OFF, "There is no credit.")

    desk.press_button = in_vain
    told = {
        viewer: (await SeenDesk(desk, sight(viewer, consent=False)).press_button(HOME, fuel)).said
        for viewer in (Viewer.OPERATOR, Viewer.SECURITY, Viewer.CUSTOMER, Viewer.APPROVER)
    }
    assert told == {
        Viewer.OPERATOR: f"The {fuel} stays off.",
        Viewer.SECURITY: f"The {fuel} stays off.",
        Viewer.CUSTOMER: "There is no credit.",
        Viewer.APPROVER: "There is no credit.",
    }


@pytest.fixture
def data(tmp_path):
    with DataFolder(tmp_path / "data") as folder, Database(folder.url) as database:
        database.run(counter.build)
    return tmp_path / "data"


def say(data, *words, code: int = 0) -> Any:
    said = CliRunner().invoke(cli, ["key", *words, "--data", str(data), "--json"])
    assert said.exit_code == code, said.output
    return json.loads(said.stdout) if code == 0 else None


@pytest.mark.requirement("S3-17")
def test_a_key_looks_in_its_role_and_a_customers_consent_counts_at_once_and_no_longer_than_it_holds(data) -> None:
    with Database(f"sqlite:///{data / 'meterhouse.db'}") as database:
        home = str(database.read(lambda tx: SqlRegistry(tx).homes()[0].home))
        keys = {
            "operator": say(data, "make", "a", "--scope", "read")["key"],
            "counter": say(data, "make", "b", "--scope", "vend")["key"],
            None: say(data, "make", "c", "--scope", "admin")["key"],
            "third-party": say(data, "make", "d", "--scope", "read", "--viewer", "third-party")["key"],
            "customer": say(data, "make", "e", "--scope", "read", "--viewer", "customer", "--home", home)["key"],
        }
        access = ApiAccess(database)
        assert {viewer: access.sight_of(key).viewer for viewer, key in keys.items()} == {
            viewer: None if viewer is None else Viewer(viewer) for viewer in keys
        }
        assert access.sight_of("mh_nobody") is None
        for wrong in (
            ("--scope", "admin", "--viewer", "auditor"),
            ("--scope", "vend", "--viewer", "billing"),
            ("--scope", "read", "--viewer", "customer"),
            ("--scope", "read", "--viewer", "billing", "--home", home),
        ):
            say(data, "make", "f", *wrong, code=2)

        def third() -> bool:
            return access.sight_of(keys["third-party"]).sees(DataKind.HALF_HOURS, home)

        assert not third()
        say(data, "consent", home, "third-party", "--given", "--as", "Ann")
        assert third()
        assert not access.sight_of(keys["operator"]).sees(DataKind.HALF_HOURS, home), "it was not asked for them"
        say(data, "consent", home, "third-party", "--withdrawn", "--as", "Ann")
        assert not third()
        say(data, "consent", "no such home", "third-party", "--given", "--as", "Ann", code=3)
        say(data, "consent", home, "security", "--given", "--as", "Ann", code=4)
