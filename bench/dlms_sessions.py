"""DLMS/COSEM: a whole session over a socket, the client's processor time alone, in turns with both peers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from bench.dlms_meter import KEYS, ROWS
from bench.outside import ROOT, PeerError, contestant, one_core
from bench.registry import Figure, bench
from bench.rounds import Run, side_by_side
from bench.stopwatch import per_second
from meterhouse.crypto.gcm import GcmKey

__all__: list[str] = []

WORDS = {"plain": "no security", "gmac": "HLS 5 GMAC, suite 0 authenticated and encrypted"}
STEP = 1000
FLOORS = {("plain", "dlms-cosem"): 4, ("gmac", "dlms-cosem"): 4, ("plain", "gurux"): 8, ("gmac", "gurux"): 30}
SCRIPTS = {
    "meterhouse": ["-m", "bench.dlms_reader"],
    "dlms-cosem": ["bench/peers/session_dlms_cosem.py"],
    "gurux": ["bench/peers/session_gurux.py"],
}
SESSION = "connect, associate, clock, register, 48 x 2 profile typed, release; client and meter on one core"


@contextmanager
def _meter() -> Iterator[int]:
    """A meter in another process; its port."""
    process = subprocess.Popen([sys.executable, "-m", "bench.dlms_meter"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def _question(port: int, mode: str) -> dict[str, object]:
    return {
        "port": port,
        "mode": mode,
        "encryption": KEYS.encryption.hex(),
        "authentication": KEYS.authentication.hex(),
        "first": ROWS[0][0],
        "last": ROWS[-1][0],
        "step": STEP,
    }


def _measured(mode: str) -> tuple[dict[str, float], dict[str, str]]:
    """Rates of all that take part, and of the bare sockets; and the names of all, or why they don't."""
    runs: dict[str, Run] = {}
    names = {}
    with one_core(), ExitStack() as stack:
        for peer, script in SCRIPTS.items():
            port = stack.enter_context(_meter())
            try:
                asked = stack.enter_context(contestant(peer, script, _question(port, mode)))
            except PeerError as error:
                names[peer] = str(error)
                continue
            names[peer] = str(asked.facts["name"])
            if asked.facts["registers"] != sum(register for _, register in ROWS):
                names[peer] += " read other registers than were sent"
                continue
            runs[peer] = partial(asked.seconds, "session")
            if peer == "meterhouse":
                runs["bare"] = partial(asked.seconds, "bare")
        return side_by_side(runs), names


@bench
def dlms_client() -> Iterator[Figure]:
    """Whole sessions a second of the client's own processor time, and what the machine allows."""
    for mode, words in WORDS.items():
        rates, names = _measured(mode)
        ours = rates["meterhouse"]
        note = f"{SESSION}; {1000 / ours:.3f} ms"
        for peer in ("dlms-cosem", "gurux"):
            rate = rates.get(peer)
            floor = None if rate is None else rate * FLOORS[mode, peer]
            yield Figure(f"DLMS client session, {words}", "1/s", ours, rate, names[peer], limit=floor, note=note)
        note = f"connect and as many round trips, nothing decoded: the most that a {mode} session could reach"
        yield Figure(f"bare sockets of a {mode} session", "1/s", rates["bare"], note=note)
    key, text = GcmKey(bytes(16)), bytes(1100)
    sealed = key.seal(bytes(12), text, bytes(17))
    rate = per_second(lambda: key.open(bytes(12), sealed, bytes(17)))
    yield Figure("AES-128-GCM open of 1,100 bytes", "1/s", rate, note="what the machine allows a ciphered answer")
