"""Half-open handshakes, slow ones and garbage at the carrier's TLS door: genuine hubs go on, and all is let go of."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from fakes.sealed_street import sealed_house
from meterhouse.links import pump

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]

MANY = 400
CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303")


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def let_go_of(mute: socket.socket) -> bool:
    """Whether the other end has closed the connection, with or without an alert of TLS before."""
    try:
        while mute.recv(1 << 14):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


async def test_a_flood_at_the_door_harms_no_hub_and_is_let_go_of(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(pump, "DIAL_TIMEOUT_S", 3.0)
    with ExitStack() as sockets:
        async with sealed_house(tmp_path) as house:
            (port,) = [
                one.sockets[0].getsockname()[1]
                for name, servers in house.pump._servers.items()
                for one in servers
                if name == "carrier"
            ]
            before, lines = open_files(), len(house.street.carrier._lines)
            flood = [sockets.enter_context(socket.socket()) for _ in range(MANY)]
            for number, mute in enumerate(flood):
                mute.setblocking(False)
                mute.connect_ex(("127.0.0.1", port))
                if number % 50 == 49:
                    await asyncio.sleep(0)
            await asyncio.sleep(0.2)
            for number, mute in enumerate(flood):
                begins = (b"", CLIENT_HELLO, b"GET / HTTP/1.1\r\n\r\n", os.urandom(64))[number % 4]
                if begins:
                    try:
                        mute.send(begins)
                    except OSError:
                        continue
            order = house.raised()
            assert (await house.ended(order)).state.value == "done", "a genuine order goes through meanwhile"
            assert not house.is_on()
            hubs = [site.names.hub for site in house.street.sites.values()]
            assert all(map(house.street.carrier.online, hubs))
            assert len(house.street.carrier._lines) <= lines + 1, "nobody who is not known is heard"
            await house.until("end of the flood", lambda: all(let_go_of(mute) for mute in flood), 20)
            for mute in flood:
                mute.close()
            await house.until("all files", lambda: open_files() <= before + 10, 20)
