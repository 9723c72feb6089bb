"""Calls the listeners of a running street's payments: HTTP at the edge, in a thread of its own.

Only addresses that the operator entered are called, and a redirect is not followed: an answer cannot send a call on to
a place that nobody chose.
"""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from meterhouse.model import Instant, StorageError
from meterhouse.store import Call, Database, tell_hooks

__all__ = ["post", "telling"]

_LOOK_EVERY_S: Final = 1.0
_TIMEOUT_S: Final = 5.0
"""Listeners are called one after another: a slow one keeps the next waiting so long, and never a payment."""


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
    while True:
        now = Instant(time.time_ns() // 1_000_000)
        turn = asyncio.create_task(asyncio.to_thread(tell_hooks, database, now, post))
        try:
            with suppress(StorageError):  # nobody was told; the books themselves say what is wrong with the disk
                await asyncio.shield(turn)
        except asyncio.CancelledError:
            with suppress(StorageError):
                await turn
            raise
        await asyncio.sleep(_LOOK_EVERY_S)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_asked: Any, **_named: Any) -> None:
        """Follow none: the answer counts as not heard."""


_OPENER: Final = urllib.request.build_opener(_NoRedirects(), urllib.request.ProxyHandler({}))
