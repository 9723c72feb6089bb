"""What payment networks need besides the counter: keys with scopes, and calls back that are signed and repeated."""

from __future__ import annotations

import asyncio
import hmac
import json

import httpx
import pytest
from fastapi import FastAPI

from counter_street import NOW, build, paying, payment
from meterhouse.console.api.scope_guard import ScopeGuard
from meterhouse.model import HOUR, SECOND, Instant, NotFoundError, StateError, UsageError
from meterhouse.store import ApiScope, Database, SqlApiKeys, add_hook, tell_hooks
from meterhouse.store.schema import api_keys


@pytest.fixture
def database():
    with Database("sqlite://") as opened:
        opened.run(build)
        yield opened


def test_a_key_is_kept_as_its_hash_and_says_its_scope(database):
    token = database.run(lambda tx: SqlApiKeys(tx).add("shop", ApiScope.VEND, bytes(32)))
    stored = database.read(lambda tx: str(list(tx.rows(api_keys.select()))))
    assert token.removeprefix("mh_") not in stored
    assert database.read(lambda tx: SqlApiKeys(tx).scope(token)) is ApiScope.VEND
    assert database.read(lambda tx: SqlApiKeys(tx).scope(token + "0")) is None
    with pytest.raises(StateError):
        database.run(lambda tx: SqlApiKeys(tx).add("shop", ApiScope.READ, bytes(range(32))))
    with pytest.raises(UsageError):
        database.run(lambda tx: SqlApiKeys(tx).add("other", ApiScope.READ, bytes(31)))
    database.run(lambda tx: SqlApiKeys(tx).remove("shop"))
    assert database.read(lambda tx: SqlApiKeys(tx).scope(token)) is None
    with pytest.raises(NotFoundError):
        database.run(lambda tx: SqlApiKeys(tx).remove("shop"))


def test_each_scope_does_its_own_and_no_more_and_a_refusal_says_what_to_do():
    keys = {"r": ApiScope.READ, "v": ApiScope.VEND, "a": ApiScope.ADMIN}
    app = FastAPI()

    @app.api_route("/{rest:path}", methods=["GET", "POST"])
    async def anything(rest: str) -> str:
        return rest

    app.add_middleware(ScopeGuard, scope_of=keys.get)

    async def ask(method, path, headers):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.request(method, path, headers=headers)

    calls = {"read": ("GET", "/homes"), "vend": ("POST", "/payments"), "admin": ("POST", "/homes/01/button")}
    allowed = {"r": {"read"}, "v": {"read", "vend"}, "a": {"read", "vend", "admin"}, "x": set(), "": set()}
    for token, may in allowed.items():
        for name, (method, path) in calls.items():
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = asyncio.run(ask(method, path, headers))
            assert answer.status_code == (200 if name in may else 403 if token in keys else 401)
            if name not in may:
                assert answer.json()["next"]
                assert answer.json()["why"]


def test_a_listener_hears_each_step_once_it_listens_signed_and_in_order(database):
    database.run(paying(payment("before")))
    database.run(lambda tx: add_hook(tx, "shop", "https://shop.example/hook", b"s" * 16))
    for number in range(3):
        database.run(paying(payment(f"r{number}", "2.00")))
    calls = []

    def deaf(call):
        calls.append(call)
        return False

    assert tell_hooks(database, NOW, deaf) == 0
    assert tell_hooks(database, NOW, deaf) == 0, "it is not its turn again yet"
    assert len(calls) == 1
    assert tell_hooks(database, Instant(NOW + 2 * SECOND), deaf) == 0
    assert tell_hooks(database, Instant(NOW + 4 * SECOND), deaf) == 0
    assert len(calls) == 2
    later = Instant(NOW + HOUR)
    assert tell_hooks(database, later, lambda call: calls.append(call) is None) == 3
    assert [step["request"] for step in json.loads(calls[-1].body)["steps"]] == ["r0", "r1", "r2"]
    seconds = str(later // SECOND)
    expected = hmac.new(b"s" * 16, f"{seconds}.".encode() + calls[-1].body, "sha256").hexdigest()
    assert calls[-1].headers["Meterhouse-Signature"] == f"t={seconds},v1={expected}"
    assert tell_hooks(database, later, deaf) == 0
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://shop.example", b"s" * 16),
        ("http://127.0.0.1.shop.example", b"s" * 16),
        ("http://127.0.0.1@shop.example", b"s" * 16),
        ("file:///etc/hosts", b"s" * 16),
        ("https://", b"s" * 16),
        ("https://shop.example", b"short"),
    ],
)
def test_a_listener_without_tls_or_with_a_short_secret_is_refused(database, url, secret):
    with pytest.raises(UsageError):
        database.run(lambda tx: add_hook(tx, "shop", url, secret))
