"""Calls the listeners of a running street's payments: HTTP at the edge, a thread for each call, so many at the most.

Only addresses that the operator entered are called, and a redirect is not followed: an answer cannot send a call on to
a place that nobody chose.
"""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from meterhouse.model import Instant, StorageError
from meterhouse.store import Call, Database, due_hooks, tell_hook

__all__ = ["post", "telling"]

_LOOK_EVERY_S: Final = 1.0
_TIMEOUT_S: Final = 5.0
_AT_ONCE: Final = 16
"""Calls at the same time, each in a thread."""
_TO_THE_DEAF: Final = 8
"""Of these, how many may go to listeners that did not answer the last time: however many hang, others are told."""


@asynccontextmanager
async def telling(database: Database) -> AsyncIterator[None]:
    """While the body runs, whoever listens is told each step of each vend. On leaving, a call under way is ended."""
    task = asyncio.create_task(_tell(database))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def post(call: Call) -> bool:
    """Make a call; whether the answer was 2xx. What goes wrong on the way is an answer too: not heard."""
    request = urllib.request.Request(call.url, call.body, dict(call.headers), method="POST")  # noqa: S310 -- add_hook
    try:
        with _OPENER.open(request, timeout=_TIMEOUT_S) as answer:
            return 200 <= int(answer.status) < 300
    except Exception:  # noqa: BLE001 -- whatever a listener's machine does must not end the telling of the others
        return False


async def _tell(database: Database) -> None:
    with ThreadPoolExecutor(_AT_ONCE, "webhook") as threads:
        calls: dict[str, asyncio.Future[int]] = {}
        try:
            while True:
                calls = {name: call for name, call in calls.items() if not call.done()}
                with suppress(StorageError):  # nobody was told; the books themselves say what is wrong with the disk
                    await _begin(database, threads, calls)
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            await asyncio.gather(*calls.values(), return_exceptions=True)


async def _begin(database: Database, threads: ThreadPoolExecutor, calls: dict[str, asyncio.Future[int]]) -> None:
    """Call whoever is due and is not being called: each listener's steps stay in order, and none waits for another."""
    now = Instant(time.time_ns() // 1_000_000)
    loop = asyncio.get_running_loop()
    deaf = 0
    for hook in await loop.run_in_executor(None, due_hooks, database, now):
        if hook.name in calls or len(calls) >= _AT_ONCE:
            continue
        deaf += hook.attempts > 0
        if hook.attempts and deaf > _TO_THE_DEAF:
            continue
        call = loop.run_in_executor(threads, tell_hook, database, hook.name, now, post)
        call.add_done_callback(_seen)
        calls[hook.name] = call


def _seen(call: asyncio.Future[int]) -> None:
    if not call.cancelled():
        call.exception()  # of the store: the listener is told again


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_asked: Any, **_named: Any) -> None:
        """Follow none: the answer counts as not heard."""


_OPENER: Final = urllib.request.build_opener(_NoRedirects(), urllib.request.ProxyHandler({}))
