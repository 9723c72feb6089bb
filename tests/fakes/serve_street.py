"""Serves the console over the street in memory until it is told to stop; prints its address first."""

from __future__ import annotations

import asyncio
import sys

from fakes.street_desk import StreetDesk
from fakes.visit_room import MemoryVisits
from meterhouse.console import serve
from meterhouse.model import Money


async def main(port: int) -> None:
    desk = StreetDesk()
    await desk.pay("1003", Money.parse("15.00"), "seed-1", "shop")
    await desk.pay("1007", Money.parse("20.00"), "seed-2", "shop")
    await desk.pay("1006", Money.parse("10.00"), "seed-3", "app")
    desk.refuse("seed-3", "The token was for another meter key.")
    visits = MemoryVisits([view.home for view in await desk.homes()], desk.now)
    told = lambda url: print(url, flush=True)  # noqa: E731, T201 - the test reads it
    await serve(desk, "127.0.0.1", port, started=told, visits=visits)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
