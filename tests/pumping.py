"""How a test runs a pump for a while and waits for what it wants to see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from meterhouse.links import Pump
from meterhouse.model import Event

__all__ = ["kinds", "running", "until"]


@asynccontextmanager
async def running(pump: Pump) -> AsyncIterator[list[Event]]:
    heard: list[Event] = []
    pump.on_event(heard.append)
    task = asyncio.create_task(pump.run())
    try:
        yield heard
    finally:
        task.cancel()
        # What a strict pump raised fails the test.
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool], patience_s: float = 5.0) -> None:
    async with asyncio.timeout(patience_s):
        while not condition():  # noqa: ASYNC110  conditions on machines have no asyncio.Event
            await asyncio.sleep(0.001)


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]
