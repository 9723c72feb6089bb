"""A thousand ciphered sessions over TCP: no counter is used twice, none is refused, none is lowered by a restart."""

from __future__ import annotations

import os

import pytest

from dlms_meter import CLIENT_TITLE, KEYS, NOW, REGISTER, ROWS, Meter
from meterhouse.app.reading import Approach, CounterFile, MeterSession, Target
from meterhouse.protocols.dlms import REGISTER as REGISTER_CLASS
from meterhouse.protocols.dlms import ClientSettings, Mechanism, Policy
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
