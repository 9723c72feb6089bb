"""Listeners are told side by side: one that hangs keeps no other waiting, and however many hang, others are told."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter

import pytest

from counter_street import NOW, SERVICE, build, payment
from meterhouse.app import webhooks
from meterhouse.model import StorageError
from meterhouse.store import Database, Till, add_hook

SECRET = b"s" * 16


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setattr(webhooks, "_LOOK_EVERY_S", 0.01)
    with Database(f"sqlite:///{tmp_path / 'meterhouse.db'}") as one:
        one.run(build)
        yield one


def listen(database, *names):
    for name in names:
        database.run(lambda tx, name=name: add_hook(tx, name, f"https://{name}.example", SECRET))


def told_while(database, post, done, monkeypatch) -> None:
    monkeypatch.setattr(webhooks, "post", post)

    async def run():
        async with webhooks.telling(database):
            for _ in range(500):
                if done():
                    return
                await asyncio.sleep(0.01)

    asyncio.run(run())


@pytest.mark.parametrize("hanging", [1, 12])
def test_listeners_that_hang_keep_no_other_waiting(database, monkeypatch, hanging):
    listen(database, *(f"hung{number:02d}" for number in range(hanging)), "zz-well")
    heard, free = threading.Event(), threading.Event()

    def post(call):
        if "hung" in call.url:
            free.wait(10)
            return False
        heard.set()
        return True

    Till(database, SERVICE, bytes).pay(payment(), NOW)
    monkeypatch.setattr(webhooks, "post", post)

    async def run():
        async with webhooks.telling(database):
            was_heard = await asyncio.to_thread(heard.wait, 5)
            free.set()
            return was_heard

    assert asyncio.run(run())


def test_each_listener_hears_its_steps_once_in_order_and_never_two_calls_at_a_time(database, monkeypatch):
    listen(database, "one", "two")
    steps, calls, worst, turn = Counter(), Counter(), Counter(), threading.Lock()

    def post(call):
        with turn:
            calls[call.url] += 1
            worst[call.url] = max(worst[call.url], calls[call.url])
        for step in json.loads(call.body)["steps"]:
            steps[call.url, step["id"]] += 1
        with turn:
            calls[call.url] -= 1
        return True

    till = Till(database, SERVICE, bytes)
    for number in range(30):
        till.pay(payment(f"r{number}", "1.00"), NOW)
    told_while(database, post, lambda: len(steps) == 60, monkeypatch)
    assert len(steps) == 60
    assert set(steps.values()) == set(worst.values()) == {1}


def test_listeners_that_never_answer_take_no_more_than_their_share_of_the_calls(database, monkeypatch):
    listen(database, *(f"deaf{number:02d}" for number in range(40)))
    Till(database, SERVICE, bytes).pay(payment(), NOW)
    now, most, turn = Counter(), Counter(), threading.Lock()
    monkeypatch.setattr("meterhouse.store.hooks._FIRST_PAUSE", 1)

    def post(_call):
        with turn:
            now["calls"] += 1
            most["calls"] = max(most["calls"], now["calls"])
            now["all"] += 1
        threading.Event().wait(0.01)
        with turn:
            now["calls"] -= 1
        return False

    told_while(database, post, lambda: now["all"] > 120, monkeypatch)
    assert 1 < most["calls"] <= 16


def test_a_disk_that_fails_ends_no_telling(database, monkeypatch):
    listen(database, "one")
    Till(database, SERVICE, bytes).pay(payment(), NOW)
    looks, true_look = [], webhooks.due_hooks

    def look(database, now):
        looks.append(now)
        if len(looks) < 3:
            raise StorageError("full")
        return true_look(database, now)

    monkeypatch.setattr(webhooks, "due_hooks", look)
    heard = []
    told_while(database, lambda call: heard.append(call) is None, lambda: heard, monkeypatch)
    assert heard
