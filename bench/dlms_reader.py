"""Our client reads a meter in whole sessions, in a process of its own, as the peers' clients do; or only dials it."""

from __future__ import annotations

import json
import os
import socket
import sys
from itertools import count

from bench.dlms_meter import KEYS, PROFILE, REGISTER, ROWS
from bench.stopwatch import take_rounds
from meterhouse.protocols.dlms import (
    CLOCK_OBIS,
    Client,
    ClientSettings,
    Counter,
    Mechanism,
    Policy,
    Procedure,
    Range,
    instant_from,
    wrapper,
)
from meterhouse.protocols.dlms.rows import table_rows

__all__ = ["main"]

ROUND_TRIPS = {"plain": 5, "gmac": 6}


def _settings(mode: str, start: int) -> ClientSettings:
    if mode == "plain":
        return ClientSettings()
    return ClientSettings(
        1,
        1,
        Mechanism.GMAC,
        b"",
        b"MTHREAD1",
        keys=KEYS,
        policy=Policy.BOTH,
        counter=Counter(start),
        entropy=os.urandom,
    )


def _whole(client: Client) -> Procedure[tuple[int, int, list[tuple[int, int]]]]:
    yield from client.associate()
    clock = instant_from((yield from client.get(8, CLOCK_OBIS, 2)))
    register = (yield from client.get(3, REGISTER, 2)).whole()
    rows = table_rows((yield from client.get_encoded(7, PROFILE, 2, Range(ROWS[0][0], ROWS[-1][0]))))
    yield from client.release()
    return clock, register, rows


def _session(port: int, settings: ClientSettings) -> tuple[int, int, list[tuple[int, int]]]:
    """Connect, associate, clock, register, a day's profile with instants, release."""
    with socket.socket() as link:
        link.connect(("127.0.0.1", port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        decoder, procedure = wrapper.Decoder(), _whole(Client(settings))
        apdu = next(procedure)
        while True:
            link.sendall(wrapper.encode(settings.client_sap, settings.server_sap, apdu))
            frames: list[wrapper.Frame] = []
            while not frames:
                frames = decoder.feed(link.recv(65536))
            try:
                apdu = procedure.send(frames[0].apdu)
            except StopIteration as stop:
                outcome: tuple[int, int, list[tuple[int, int]]] = stop.value
                return outcome


def _bare(port: int, trips: int) -> None:
    """What the sockets alone cost: connect, as many round trips of wrapper frames, close."""
    with socket.socket() as link:
        link.connect(("127.0.0.1", port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        frame = wrapper.encode(16, 1, bytes(20))
        for _ in range(trips):
            link.sendall(frame)
            link.recv(65536)


def main() -> None:
    """Told a port and a mode; does rounds of `session` and of `bare`."""
    asked = json.loads(sys.stdin.readline())
    port, mode, starts = asked["port"], asked["mode"], count(1, asked["step"])

    def session() -> int:
        clock, register, rows = _session(port, _settings(mode, next(starts)))
        assert (clock, register) == ROWS[-1]
        return sum(each for _, each in rows)

    facts = {"registers": session(), "name": "meterhouse"}
    take_rounds(facts, {"session": session, "bare": lambda: _bare(port, ROUND_TRIPS[mode])})


if __name__ == "__main__":
    main()
