"""DLMS/COSEM: a whole session over a socket, the client's processor time alone, ours and both peers' in one run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from bench.dlms_meter import KEYS, PROFILE, REGISTER, ROWS
from bench.outside import ROOT, PeerError, ask
from bench.registry import Figure, bench
from bench.stopwatch import per_second
from meterhouse.crypto.gcm import GcmKey
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

__all__: list[str] = []

ROUND_TRIPS = {"plain": 5, "gmac": 6}
WORDS = {"plain": "no security", "gmac": "HLS 5 GMAC, suite 0 authenticated and encrypted"}
STEP = 1000
FLOORS = {("plain", "dlms-cosem"): 4, ("gmac", "dlms-cosem"): 4, ("plain", "gurux"): 8, ("gmac", "gurux"): 30}


@contextmanager
def meter() -> Iterator[int]:
    """A meter in another process; its port."""
    process = subprocess.Popen([sys.executable, "-m", "bench.dlms_meter"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


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


def session(port: int, settings: ClientSettings) -> tuple[int, int, list[tuple[int, int]]]:
    """Connect, associate, clock, register, a day's profile with instants, release."""
    with socket.socket() as link:
        link.connect(("127.0.0.1", port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        decoder, procedure = wrapper.Decoder(), _whole(Client(settings))
        apdu = next(procedure)
        while True:
            link.sendall(wrapper.encode(settings.client_sap, settings.server_sap, apdu))
            frames = []
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


def _ours(mode: str) -> float:
    with meter() as port:
        starts = count(1, STEP)
        assert session(port, _settings(mode, next(starts))) == (ROWS[-1][0], ROWS[-1][1], ROWS)
        return per_second(lambda: session(port, _settings(mode, next(starts))))


def _peer(peer: str, mode: str) -> tuple[float | None, str]:
    with meter() as port:
        question = {
            "port": port,
            "mode": mode,
            "encryption": KEYS.encryption.hex(),
            "authentication": KEYS.authentication.hex(),
            "first": ROWS[0][0],
            "last": ROWS[-1][0],
            "step": STEP,
        }
        try:
            answer = ask(peer, f"session_{peer.replace('-', '_')}.py", question)
        except PeerError as error:
            return None, str(error)
    if answer["registers"] != sum(register for _, register in ROWS):
        return None, f"{answer['name']} read other registers than were sent"
    return float(str(answer["per_second"])), str(answer["name"])


@bench
def dlms_client() -> Iterator[Figure]:
    """Whole sessions a second of the client's own processor time, and what the machine allows."""
    for mode, words in WORDS.items():
        ours = _ours(mode)
        for peer in ("dlms-cosem", "gurux"):
            rate, name = _peer(peer, mode)
            floor = None if rate is None else rate * FLOORS[mode, peer]
            note = f"connect, associate, clock, register, 48 x 2 profile typed, release; {1000 / ours:.3f} ms"
            yield Figure(f"DLMS client session, {words}", "1/s", ours, rate, name, limit=floor, note=note)
    with meter() as port:
        for mode, trips in ROUND_TRIPS.items():
            rate = per_second(lambda trips=trips: _bare(port, trips + 1))  # type: ignore[misc]
            note = f"connect and {trips + 1} round trips, nothing decoded: the most that a {mode} session could reach"
            yield Figure("bare socket session", "1/s", rate, note=note)
    key, text = GcmKey(bytes(16)), bytes(1100)
    sealed = key.seal(bytes(12), text, bytes(17))
    rate = per_second(lambda: key.open(bytes(12), sealed, bytes(17)))
    yield Figure("AES-128-GCM open of 1,100 bytes", "1/s", rate, note="what the machine allows a ciphered answer")
