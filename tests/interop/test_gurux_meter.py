"""Our client reads a meter made of gurux-dlms's server: wrapper and HDLC, none and LLS, whole, in segments, in blocks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from meterhouse.app.reading import Approach, MeterSession, Target
from meterhouse.model import AuthenticationError
from meterhouse.protocols.dlms import ClientSettings, Mechanism, Obis

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-peers" / "gurux" / "bin" / "python"
LONG = bytes(range(256)) * 3


async def read(interface, mode, password, pdu):
    process = await asyncio.create_subprocess_exec(
        PYTHON, HERE / "gurux_meter.py", interface, mode, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        port = int(await asyncio.wait_for(process.stdout.readline(), 20))
        approach = Approach(Target("tcp" if interface == "wrapper" else "hdlc+tcp", "127.0.0.1", port))
        lls = mode == "lls"
        settings = ClientSettings(
            mechanism=Mechanism.LLS if lls else Mechanism.NONE, secret=password if lls else b"", max_pdu=pdu
        )
        session = await MeterSession.begin(approach, settings)
        try:
            register = await session.run(session.client.get(3, Obis.parse("1-0:1.8.0.255"), 2))
            text = await session.run(session.client.get(1, Obis.parse("0-0:96.1.0.255"), 2))
            return register.whole(), text.octets()
        finally:
            await session.close()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture(autouse=True)
def _installed():
    if not PYTHON.exists():
        pytest.skip("NOT TESTED: the referee gurux is not installed; run `make peers`")


@pytest.mark.peers
@pytest.mark.asyncio
@pytest.mark.parametrize("pdu", [65535, 200])
@pytest.mark.parametrize("mode", ["none", "lls"])
@pytest.mark.parametrize("interface", ["wrapper", "hdlc"])
async def test_our_client_reads_what_an_independent_meter_holds(interface, mode, pdu):
    assert await read(interface, mode, b"12345678", pdu) == (123456, LONG)


@pytest.mark.peers
@pytest.mark.asyncio
@pytest.mark.parametrize("interface", ["wrapper", "hdlc"])
async def test_a_wrong_password_is_told_as_authentication_failed(interface):
    with pytest.raises(AuthenticationError, match="authentication failed"):
        await read(interface, "lls", b"87654321", 65535)
