"""A thousand ciphered sessions over TCP: no counter is used twice, none is refused, none is lowered by a restart."""

from __future__ import annotations

import os

import pytest

from dlms_meter import CLIENT_TITLE, KEYS, NOW, PROFILE, REGISTER, ROWS, TEXT, Meter, proved
from meterhouse.app.reading import Approach, CounterFile, MeterSession, Target
from meterhouse.protocols.dlms import REGISTER as REGISTER_CLASS
from meterhouse.protocols.dlms import ClientSettings, Conformance, Entries, Mechanism, Policy, Server, octet_string
from meterhouse.protocols.dlms.initiate import IMPLEMENTED
from served_meter import ServedMeter

SESSIONS, RESTARTS = 1000, 20


def recorded(counter, taken):
    take = counter.take

    class Recording:
        def take(self):
            taken.append(take())
            return taken[-1]

    return Recording()


async def sessions(folder, port, taken):
    approach = Approach(Target("tcp", "127.0.0.1", port))
    for _ in range(RESTARTS):
        with CounterFile(folder, KEYS.encryption, CLIENT_TITLE) as file:
            counter, seen = recorded(file.counter(100), taken), file.seen()
            settings = ClientSettings(
                client_sap=1,
                mechanism=Mechanism.GMAC,
                system_title=CLIENT_TITLE,
                keys=KEYS,
                policy=Policy.BOTH,
                counter=counter,
                seen=seen,
                entropy=os.urandom,
            )
            for _ in range(SESSIONS // RESTARTS):
                session = await MeterSession.begin(approach, settings)
                read = await session.run(session.client.get(REGISTER_CLASS, REGISTER, 2))
                assert read.whole() == ROWS[-1][2]
                await session.close()


@pytest.mark.slow
@pytest.mark.asyncio
async def test_a_thousand_sessions_use_no_counter_twice_and_have_none_refused(tmp_path):
    meter, taken = Meter(), []
    served = ServedMeter(meter.server, NOW)
    async with served.on_tcp() as port:
        await sessions(tmp_path, port, taken)
    assert served.audit == []
    assert len(taken) == len(set(taken)) >= 4 * SESSIONS
    assert taken == sorted(taken)
    assert meter.seen.value == taken[-1]


@pytest.mark.asyncio
@pytest.mark.parametrize("over_hdlc", [False, True])
async def test_a_session_over_tcp_takes_and_sends_blocks_in_windows(over_hdlc):
    meter = Meter(max_pdu=200)
    old = meter.server
    meter.server = Server(old.system_title, old.logical_devices, old.clients, old.entropy, 200, block_window=6)
    blocks = Conformance.BLOCK_TRANSFER_WITH_GET | Conformance.BLOCK_TRANSFER_WITH_SET
    settings = proved(max_pdu=200, block_window=6, conformance=int(IMPLEMENTED) & ~int(blocks))
    served = ServedMeter(meter.server, NOW)
    async with served.on_tcp(over_hdlc=over_hdlc) as port:
        session = await MeterSession.begin(
            Approach(Target("hdlc+tcp" if over_hdlc else "tcp", "127.0.0.1", port)), settings
        )
        rows = await session.run(session.client.get(7, PROFILE, 2, Entries(1, 300)))
        await session.run(session.client.set(1, TEXT, 2, octet_string(bytes(5000))))
        await session.close()
    assert len(rows.items()) == 300
    assert meter.text == bytes(5000)
    assert served.audit == []
