"""The REST API, asked as a client asks it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from fakes.street_desk import START, StreetDesk
from meterhouse.console import API_PATH, OriginGuard, build_api
from meterhouse.model import (
    AuthenticationError,
    ConfigurationError,
    Instant,
    LinkError,
    MeterhouseError,
    NotFoundError,
    PolicyError,
    RefusedError,
    StateError,
    StorageError,
    UsageError,
)

HERE = "http://127.0.0.1:8080"
ORDER = {"account": "1007", "amount": "20.00", "currency": "GBP", "network": "shop"}
GBP = "GBP"


class Client:
    def __init__(self, desk: StreetDesk, *, guarded: bool = False) -> None:
        app = FastAPI(openapi_url=None)
        app.mount(API_PATH, build_api(desk))
        if guarded:
            app.add_middleware(OriginGuard, names=("meterhouse.example",))
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url=HERE) as client:
            return await client.request(method, path if path.startswith("/api") else API_PATH + path, **more)


@pytest.fixture
def desk() -> StreetDesk:
    return StreetDesk(clock=lambda: START)


@pytest.fixture
def client(desk: StreetDesk) -> Client:
    return Client(desk)


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = dict(answer.json())
    assert problem["status"] == status
    for member in ("type", "title", "detail", "why", "next"):
        assert problem[member], f"{member} is empty"
    return problem


@pytest.mark.asyncio
async def test_street_gives_exact_money_and_utc_instants(client: Client) -> None:
    homes = (await client.ask("GET", "/homes")).json()
    assert [home["home"] for home in homes] == [f"{number:02d}" for number in range(1, 13)]
    gas = homes[2]["meters"][1]
    assert gas["balance"] == {"amount": "31.07342", "currency": GBP}
    assert gas["last_contact"] == "2026-11-21T17:30:00Z"
    assert homes[0]["account"] is None
    assert homes[11]["meters"][1]["last_contact"] is None
    assert [meter["fuel"] for meter in homes[7]["meters"]] == ["electricity"]


@pytest.mark.asyncio
async def test_payment_takes_debt_first_and_shows_its_life_line(client: Client) -> None:
    answer = await client.ask("POST", "/payments", json=ORDER, headers={"Idempotency-Key": "one"})
    assert answer.status_code == 201
    paid = answer.json()
    assert (paid["paid"]["amount"], paid["to_debt"]["amount"], paid["in_token"]["amount"]) == ("20.00", "4.00", "16.00")
    assert [stage["name"] for stage in paid["stages"]] == ["made"]
    assert (await client.ask("GET", "/payments/one")).json() == paid
    assert (await client.ask("GET", "/payments")).json() == [paid]


@pytest.mark.asyncio
async def test_repeat_of_a_payment_gives_the_same_receipt_with_200(client: Client) -> None:
    first = await client.ask("POST", "/payments", json=ORDER, headers={"Idempotency-Key": "one"})
    again = await client.ask("POST", "/payments", json=ORDER, headers={"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len((await client.ask("GET", "/payments")).json()) == 1


@pytest.mark.asyncio
async def test_same_key_with_another_amount_is_a_conflict(client: Client) -> None:
    await client.ask("POST", "/payments", json=ORDER, headers={"Idempotency-Key": "one"})
    other = await client.ask("POST", "/payments", json={**ORDER, "amount": "30.00"}, headers={"Idempotency-Key": "one"})
    assert assert_problem(other, 409)["title"] == "Conflict"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({}, {}, 422),
        ({}, {"Idempotency-Key": "has a space"}, 422),
        ({}, {"Idempotency-Key": "x" * 65}, 422),
        ({"amount": "twenty"}, {"Idempotency-Key": "k"}, 422),
        ({"amount": "NaN"}, {"Idempotency-Key": "k"}, 422),
        ({"amount": "1e999999"}, {"Idempotency-Key": "k"}, 422),
        ({"amount": "1e900"}, {"Idempotency-Key": "k"}, 422),
        ({"amount": "20." + "0" * 40 + "1"}, {"Idempotency-Key": "k"}, 422),
        ({"amount": "-5"}, {"Idempotency-Key": "k"}, 422),
        ({"amount": 20.0}, {"Idempotency-Key": "k"}, 422),
        ({"currency": "pounds"}, {"Idempotency-Key": "k"}, 422),
        ({"surprise": 1}, {"Idempotency-Key": "k"}, 422),
        ({"account": "nobody"}, {"Idempotency-Key": "k"}, 404),
        ({"amount": "5000"}, {"Idempotency-Key": "k"}, 409),
    ],
)
async def test_payment_that_cannot_be_is_refused_and_nothing_is_sold(
    client: Client, changes: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    assert_problem(await client.ask("POST", "/payments", json={**ORDER, **changes}, headers=headers), status)
    assert (await client.ask("GET", "/payments")).json() == []


@pytest.mark.asyncio
async def test_keypad_ignores_grouping_and_counts_a_token_once(client: Client) -> None:
    sold = await client.ask("POST", "/payments", json=ORDER, headers={"Idempotency-Key": "one"})
    token = sold.json()["token"]
    typed = {"token": f"{token[:4]} {token[4:8]}-{token[8:]}"}
    first = (await client.ask("POST", "/homes/07/keypad", json=typed)).json()
    assert first == {
        "accepted": True,
        "amount": {"amount": "16.00", "currency": GBP},
        "balance": {"amount": "18.20", "currency": GBP},
        "fuel": None,
        "why": "",
        "remedy": "",
    }
    second = (await client.ask("POST", "/homes/07/keypad", json=typed)).json()
    assert not second["accepted"]
    assert second["why"]
    assert second["remedy"]


@pytest.mark.asyncio
async def test_button_restores_an_armed_supply(client: Client) -> None:
    pressed = (await client.ask("POST", "/homes/05/button", json={"fuel": "gas"})).json()
    assert pressed["supply"] == "on"
    gas = (await client.ask("GET", "/homes/05")).json()["meters"][1]
    assert gas["supply"] == "on"


@pytest.mark.asyncio
async def test_csv_holds_exactly_the_half_hours_of_the_home(client: Client) -> None:
    answer = await client.ask("GET", "/homes/09/half-hours.csv?fuel=gas")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = answer.text.split("\r\n")
    assert lines[0] == "half_hour_end_utc,gas_litres"
    rows = [line.split(",") for line in lines[1:-1]]
    stored = (await client.ask("GET", "/homes/09")).json()["half_hours"]["gas"]
    assert [(end, int(value) if value else None) for end, value in rows] == [
        (row["end"], row["value"]) for row in stored
    ]
    assert sum(not value for _, value in rows) == 6


@pytest.mark.asyncio
async def test_csv_bounds_are_after_since_and_until_inclusive(client: Client) -> None:
    bounds = "since=2026-11-21T00:00:00Z&until=2026-11-21T01:00:00Z"
    answer = await client.ask("GET", f"/homes/01/half-hours.csv?fuel=electricity&{bounds}")
    ends = [line.split(",")[0] for line in answer.text.split()[1:]]
    assert ends == ["2026-11-21T00:30:00Z", "2026-11-21T01:00:00Z"]
    assert_problem(await client.ask("GET", "/homes/01/half-hours.csv?fuel=gas&since=yesterday"), 422)


@pytest.mark.asyncio
async def test_clock_and_health(client: Client) -> None:
    assert (await client.ask("GET", "/clock")).json() == {"now": "2026-11-21T17:42:00Z", "speed": 300}
    health = (await client.ask("GET", "/health")).json()
    assert health == {
        "status": "ok",
        "homes": 12,
        "hubs_online": 11,
        "oldest_collected": "2026-11-21T10:30:00Z",
    }


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/homes/99", 404),
        ("GET", "/payments/none", 404),
        ("GET", "/nothing", 404),
        ("DELETE", "/homes", 405),
        ("POST", "/homes/07/button", 422),
        ("GET", "/homes/07/half-hours.csv?fuel=coal", 422),
        ("GET", "/payments?limit=0", 422),
    ],
)
async def test_every_refusal_is_a_problem_with_why_and_next(
    client: Client, method: str, path: str, status: int
) -> None:
    assert_problem(await client.ask(method, path), status)


@pytest.mark.asyncio
async def test_body_that_is_no_json_is_a_problem(client: Client) -> None:
    headers = {"Idempotency-Key": "k", "content-type": "application/json"}
    assert_problem(await client.ask("POST", "/payments", content=b"{", headers=headers), 422)


class FailingDesk(StreetDesk):
    def __init__(self, error: Exception) -> None:
        super().__init__(clock=lambda: START)
        self._error = error

    async def homes(self) -> Any:
        raise self._error


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("x"), 422),
        (NotFoundError("x"), 404),
        (PolicyError("x"), 409),
        (StateError("x"), 409),
        (RefusedError("x", code=3), 409),
        (ConfigurationError("x"), 503),
        (StorageError("x"), 503),
        (LinkError("x"), 503),
        (AuthenticationError("x"), 502),
        (MeterhouseError("x"), 500),
    ],
)
async def test_each_kind_of_error_has_its_status(error: MeterhouseError, status: int) -> None:
    problem = assert_problem(await Client(FailingDesk(error)).ask("GET", "/homes"), status)
    assert problem["retry"] is error.retry


@pytest.mark.asyncio
async def test_own_why_and_remedy_go_before_the_general_ones() -> None:
    error = PolicyError("No.", why="Because.", remedy="Do that.")
    problem = assert_problem(await Client(FailingDesk(error)).ask("GET", "/homes"), 409)
    assert (problem["detail"], problem["why"], problem["next"]) == ("No.", "Because.", "Do that.")


@pytest.mark.asyncio
async def test_unforeseen_error_tells_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    answer = await Client(FailingDesk(ZeroDivisionError("inner secret"))).ask("GET", "/homes")
    problem = assert_problem(answer, 500)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert problem["trace_id"] in caplog.text


@pytest.fixture
def guarded(desk: StreetDesk) -> Client:
    return Client(desk, guarded=True)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://[broken"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
        {"host": "evil.example:8080", "origin": "http://evil.example:8080"},
        {"host": ""},
        {"host": "[broken"},
        {"host": "127.0.0.1.evil.example"},
    ],
)
async def test_post_from_a_foreign_page_is_refused_before_the_desk_sees_it(
    guarded: Client, headers: dict[str, str]
) -> None:
    answer = await guarded.ask("POST", "/homes/05/button", json={"fuel": "gas"}, headers=headers)
    assert_problem(answer, 403)
    assert (await guarded.ask("GET", "/homes/05")).json()["meters"][1]["supply"] == "armed"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": HERE, "sec-fetch-site": "same-origin"},
        {"host": "localhost:8080", "origin": "http://localhost:8080"},
        {"host": "[::1]:8080", "origin": "http://[::1]:8080"},
        {"host": "Meterhouse.Example", "origin": "https://meterhouse.example"},
    ],
)
async def test_post_from_own_page_or_without_a_browser_passes(guarded: Client, headers: dict[str, str]) -> None:
    answer = await guarded.ask("POST", "/homes/05/button", json={"fuel": "gas"}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.asyncio
async def test_reading_under_a_rebound_name_is_refused(guarded: Client) -> None:
    assert_problem(await guarded.ask("GET", "/homes", headers={"host": "evil.example"}), 403)


@pytest.mark.asyncio
async def test_websocket_from_a_foreign_page_is_closed_before_it_opens() -> None:
    reached: list[str] = []
    sent: list[dict[str, Any]] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    def scope(origin: bytes) -> dict[str, Any]:
        return {"type": "websocket", "headers": [(b"host", b"127.0.0.1:8080"), (b"origin", origin)]}

    guard = OriginGuard(inner)
    await guard(scope(b"http://evil.example"), receive, send)
    assert reached == []
    assert sent[0]["type"] == "websocket.close"
    await guard(scope(b"http://127.0.0.1:8080"), receive, send)
    assert reached == ["websocket"]


def _operations() -> list[tuple[str, dict[str, Any]]]:
    document = build_api(StreetDesk(clock=lambda: Instant(0))).openapi()
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize(("name", "operation"), _operations())
def test_every_operation_is_described_and_has_examples(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    answers = operation["responses"]
    success = next(answers[code] for code in ("201", "200") if code in answers)
    assert all(body["example"] for body in success["content"].values())
    for code, answer in answers.items():
        if int(code) >= 400 and "application/problem+json" in answer["content"]:
            example = answer["content"]["application/problem+json"]["example"]
            assert example["status"] == int(code)
            assert example["why"]
            assert example["next"]
    for parameter in operation.get("parameters", []):
        required = parameter["required"]
        assert not required or parameter["schema"].get("examples") or parameter.get("example")
    if name.startswith("POST") and not name.endswith(
        ("emergency-credit", "reopen-code")
    ):  # a wish, with nothing more to say
        assert operation["requestBody"]["content"]["application/json"]["schema"]


def test_api_offers_the_named_operations() -> None:
    assert {name for name, _ in _operations()} == {
        "GET /homes",
        "GET /homes/{home}",
        "GET /homes/{home}/half-hours.csv",
        "POST /homes/{home}/keypad",
        "POST /homes/{home}/button",
        "POST /homes/{home}/emergency-credit",
        "GET /homes/{home}/displays",
        "POST /homes/{home}/gas-reading",
        "POST /homes/{home}/reopen-code",
        "POST /homes/{home}/meter-keypad",
        "GET /payments",
        "POST /payments",
        "GET /payments/{request}",
        "GET /clock",
        "GET /health",
    }


@pytest.mark.asyncio
async def test_terms_and_link_are_shown_and_emergency_credit_is_selected_once(client: Client) -> None:
    _, gas = (await client.ask("GET", "/homes/06")).json()["meters"]
    assert gas["terms"]["price"] == {"amount": "0.06", "currency": GBP}
    assert (gas["terms"]["rates"], gas["terms"]["blocks"], gas["terms"]["emergency"]) == (2, 3, "offered")
    assert gas["terms"]["friendly_half_hours"] == 112
    assert gas["link_week"]["availability_permille"] == 917
    assert gas["link_week"]["ticket"]
    first = (await client.ask("POST", "/homes/06/emergency-credit")).json()
    assert first["accepted"]
    assert first["amount"] == {"amount": "5.00", "currency": GBP}
    second = (await client.ask("POST", "/homes/06/emergency-credit")).json()
    assert not second["accepted"]
    assert second["why"]
    assert_problem(await client.ask("POST", "/homes/99/emergency-credit"), 404)
    plain = (await client.ask("GET", "/homes/01")).json()["meters"][1]
    assert (plain["terms"], plain["link_week"]) == (None, None)


@pytest.mark.asyncio
async def test_displays_are_read_and_readings_and_codes_are_typed(client: Client) -> None:
    (display,) = (await client.ask("GET", "/homes/07/displays")).json()
    shown = {line["name"]: line["value"] for line in display["lines"]}
    reading = {"register_litres": 1_234, "check_digits": shown["check digits"]}
    assert (await client.ask("POST", "/homes/07/gas-reading", json=reading)).json()["accepted"]
    wrong = {**reading, "register_litres": 1_235}
    assert not (await client.ask("POST", "/homes/07/gas-reading", json=wrong)).json()["accepted"]
    code = (await client.ask("POST", "/homes/07/reopen-code")).json()["code"]
    typed = {"code": f"{code[:4]} {code[4:7]}-{code[7:]}"}
    assert (await client.ask("POST", "/homes/07/meter-keypad", json=typed)).json() == {
        "accepted": True,
        "said": "The gas is on.",
        "code": None,
    }
    for bad in ({"register_litres": -1, "check_digits": "246801"}, {"register_litres": 5, "check_digits": "24680"}, {}):
        assert (await client.ask("POST", "/homes/07/gas-reading", json=bad)).status_code in (400, 422)
    assert_problem(await client.ask("GET", "/homes/99/displays"), 404)
