"""Our client reads and writes a meter made of gurux-dlms's server: wrapper and HDLC, no security to suite 0, long both ways."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from meterhouse.app.reading import Approach, MeterSession, Target
from meterhouse.model import HALF_HOUR, AuthenticationError, parse_instant
from meterhouse.protocols.dlms import (
    ClientSettings,
    Counter,
    Keys,
    Mechanism,
    Obis,
    Policy,
    SeenCounter,
    octet_string,
    profile_rows,
)

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-peers" / "gurux" / "bin" / "python"
LONG = bytes(range(256)) * 3
REGISTER, TEXT, PROFILE = map(Obis.parse, ("1-0:1.8.0.255", "0-0:96.1.0.255", "1-0:99.1.0.255"))
KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
FIRST = parse_instant("2026-11-19T00:30:00Z")
ROWS = [(FIRST + number * HALF_HOUR, number % 3, 100_000 + 37 * number) for number in range(96)]
POLICIES = (Policy.AUTHENTICATED, Policy.ENCRYPTED, Policy.BOTH)
INTERFACES = ["wrapper", "hdlc", "terminal"]
SESSIONS = 1000


@pytest.fixture(autouse=True)
def _installed():
    if not PYTHON.exists():
        pytest.skip("NOT TESTED: the referee gurux is not installed; run `make peers`")


@asynccontextmanager
async def meter(interface, mode):
    """The way to a gurux meter of its own."""
    process = await asyncio.create_subprocess_exec(
        PYTHON, HERE / "gurux_meter.py", interface, mode, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        where = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
        if interface == "terminal":
            yield Approach(Target("serial", path=where))
        else:
            yield Approach(Target("tcp" if interface == "wrapper" else "hdlc+tcp", "127.0.0.1", int(where)))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def client(mode, policy, counter, seen, pdu=65535, password=b"12345678"):
    proved = mode in {"gmac", "suite"}
    mechanism = Mechanism.GMAC if proved else Mechanism.LLS if mode == "lls" else Mechanism.NONE
    return ClientSettings(
        mechanism=mechanism,
        secret=password if mode == "lls" else b"",
        max_pdu=pdu,
        policy=policy,
        system_title=b"MTHCLI01" if proved else b"",
        keys=KEYS if proved else None,
        counter=counter if proved else None,
        seen=seen,
        entropy=os.urandom,
    )


async def read_and_write(approach, settings, new):
    """The register, the long text as it was, and as it is once `new` was written, and the rows."""
    session = await MeterSession.begin(approach, settings)
    run, own = session.run, session.client
    try:
        register = await run(own.get(3, REGISTER, 2))
        before = await run(own.get(1, TEXT, 2))
        await run(own.set(1, TEXT, 2, octet_string(new)))
        after = await run(own.get(1, TEXT, 2))
        rows = profile_rows(await run(own.get_encoded(7, PROFILE, 2)))
        await run(own.release())
    finally:
        await session.close()
    return register.whole(), before.octets(), after.octets(), [tuple(row) for row in rows]


async def every_policy_and_size(interface, mode):
    """One meter, one session after the other: with each protection, in PDUs that hold all and in small ones."""
    counter, seen, held = Counter(100), SeenCounter(), LONG
    async with meter(interface, mode) as approach:
        for policy in POLICIES if mode == "suite" else (Policy.NONE,):
            for pdu in (65535, 200):
                new = os.urandom(700 + pdu % 100)
                read = await read_and_write(approach, client(mode, policy, counter, seen, pdu), new)
                assert read == (123456, held, new, ROWS), (policy, pdu)
                held = new
    return counter


@pytest.mark.peers
@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["none", "lls", "gmac", "suite"])
@pytest.mark.parametrize("interface", INTERFACES)
async def test_our_client_reads_and_writes_what_an_independent_meter_holds(interface, mode):
    await every_policy_and_size(interface, mode)


@pytest.mark.peers
@pytest.mark.asyncio
@pytest.mark.parametrize("interface", ["wrapper", "hdlc"])
async def test_a_wrong_password_is_told_as_authentication_failed(interface):
    settings = client("lls", Policy.NONE, None, SeenCounter(), password=b"87654321")
    async with meter(interface, "lls") as approach:
        with pytest.raises(AuthenticationError, match="authentication failed"):
            await MeterSession.begin(approach, settings)


@pytest.mark.peers
@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["gmac", "suite"])
async def test_a_wrong_key_at_an_independent_meter_is_told_as_authentication_failed(mode):
    policy = Policy.BOTH if mode == "suite" else Policy.NONE
    wrong = Keys(KEYS.encryption, bytes(16))
    async with meter("wrapper", mode) as approach:
        settings = client(mode, policy, Counter(100), SeenCounter())
        wrong_settings = ClientSettings(
            mechanism=Mechanism.GMAC,
            policy=policy,
            system_title=b"MTHCLI01",
            keys=wrong,
            counter=Counter(100),
            entropy=os.urandom,
        )
        with pytest.raises(AuthenticationError, match="authentication failed"):
            await MeterSession.begin(approach, wrong_settings)
        await read_and_write(approach, settings, b"still there")


class Recording:
    """A counter that tells what it gave."""

    def __init__(self):
        self.counter, self.taken = Counter(100), []

    def take(self):
        self.taken.append(self.counter.take())
        return self.taken[-1]


@pytest.mark.peers
@pytest.mark.asyncio
@pytest.mark.slow
async def test_a_thousand_ciphered_sessions_with_an_independent_meter_have_no_counter_fault():
    counter, seen, last = Recording(), SeenCounter(), 0
    async with meter("wrapper", "suite") as approach:
        for _ in range(SESSIONS):
            session = await MeterSession.begin(approach, client("suite", Policy.BOTH, counter, seen))
            assert (await session.run(session.client.get(3, REGISTER, 2))).whole() == 123456
            await session.close()
            assert seen.value >= last + 4  # AARE, proof, answer, RLRE
            last = seen.value
    assert len(counter.taken) == 5 * SESSIONS  # AARQ, the proof's tag and its message, GET, RLRQ
    assert counter.taken == sorted(set(counter.taken))
