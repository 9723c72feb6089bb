"""What crosses the gas link in a home where everything happens: measuring and the valve; the hub has all the rest."""

from __future__ import annotations

import json

import pytest

from home_bench import GAS_KEY, RADIO_METER, HomeBench, head_end_client, token
from meterhouse.companion import objects
from meterhouse.companion.account_objects import GAS_ACCOUNT_OBJECTS
from meterhouse.companion.gas import Acknowledgement, HubEnd, OpenValve, ValveState, WriteCutoff
from meterhouse.companion.gas.profile import order_of
from meterhouse.model import HALF_HOUR, Instant
from meterhouse.premises.prepay import UNUSED_BLOCK, CreditLimits, EnergyTariff
from meterhouse.protocols import dlms
from meterhouse.protocols.wmbus import Ci, Control, MasterKey, Session

MONEY = ("price", "tariff", "balance", "credit_", "debt", "currency", "rate", "charge", "cv", "friendly", "emergency")
RATED = EnergyTariff(
    tuple(3_000 + 500 * place for place in range(16)),
    tuple(slot % 4 for slot in range(96)),
    (2_000, 9_000, UNUSED_BLOCK),
    29_110,
    39_000,
)


def eventful_week() -> HomeBench:
    """Rates, blocks, tokens, emergency and friendly credit, new values, outages, a restart; credit ends twice."""
    bench = HomeBench(balance=150_000, delay=48)
    account = bench.hub.account
    account.limits = CreditLimits(20_000, 50_000, 60_000)
    account.friendly = [0xFF] * 7
    account.set_tariff(RATED, bench.now)
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    for day in range(7):
        bench.half_hours(20, litres=40)
        bench.hub.select_emergency(bench.now)
        bench.ask(client.set(dlms.DATA, GAS_ACCOUNT_OBJECTS.debt_note, 2, dlms.double_long_unsigned(day)))
        value = dlms.structure(dlms.null, dlms.double_long_unsigned(38_000 + 500 * day))
        bench.ask(client.set(dlms.DATA, objects.GAS_CV, 2, value))
        bench.up = bench.down = False
        bench.half_hours(7, litres=60)
        bench.up = bench.down = True
        bench.half_hours(1)
        bench.key_in(token(100_000, tid=6_000_000 + day))
        bench.press()
        bench.half_hours(20, litres=50)
        bench.ask(client.get(dlms.EXTENDED_REGISTER, objects.GAS_VOLUME, 2))
        if day == 3:
            bench.restart_hub(json.loads(json.dumps(bench.hub.state())))
            account = bench.hub.account
            bench.run(Instant(bench.now + HALF_HOUR))
            bench.line.call()
            client = head_end_client()
            bench.ask(client.associate())
    return bench


@pytest.mark.requirement("S0-104")
def test_only_measuring_and_the_valve_cross_the_gas_link_whatever_happens_to_tariff_and_credit():
    bench = eventful_week()
    hub = bench.hub.account
    assert hub.tokens == 7
    assert len(set(bench.kinds("gas_meter"))) > 6, "it was eventful"
    ear = Session(MasterKey(GAS_KEY), RADIO_METER)
    said = []
    for frame in bench.telegrams_down:
        telegram = ear.open(frame)
        if telegram.ci == Ci.TRANSPORT_TO_METER and telegram.control == Control.ACK:
            said.append(Acknowledgement(telegram.access_number))
        else:
            said.append(order_of(telegram, telegram.records[-1].value))
    assert {type(one) for one in said} <= {Acknowledgement, WriteCutoff, OpenValve}
    assert {type(one) for one in said} >= {WriteCutoff, OpenValve}
    ear = HubEnd(GAS_KEY, RADIO_METER, bench.gas.settings.hub)
    records = set()
    for frame in bench.telegrams_up:
        heard = ear.understand(frame)
        records |= {name for name in type(heard).__slots__ if getattr(heard, name) is not None}
    assert not [name for name in records if any(word in name for word in MONEY) and name != "low_credit"]


@pytest.mark.requirement("S0-104")
def test_a_gas_meters_whole_state_is_litres_half_hours_and_counters_and_the_hubs_has_the_money():
    bench = eventful_week()

    def names(state, path=""):
        for name, value in state.items():
            yield f"{path}{name}"
            if isinstance(value, dict):
                yield from names(value, f"{path}{name}.")

    meter = list(names(json.loads(json.dumps(bench.gas.state()))))
    assert "supply.cutoff_l" in meter
    known = {"supply.low_credit"}
    assert not [name for name in meter if any(word in name for word in MONEY) and name not in known]
    hub = list(names(json.loads(json.dumps(bench.hub.state()))))
    assert {"account.balance", "account.prices", "account.rates", "account.friendly", "account.emergency"} <= set(hub)
    assert bench.gas.valve in (ValveState.OPEN, ValveState.CLOSED)
