"""Meters are kept as simple as possible, and how simple is counted."""

from __future__ import annotations

import pytest

from home_bench import GAS_KEY, RADIO_HUB, RADIO_METER, START, HomeBench, make_meter
from meterhouse.companion.complexity import Complexity, gas_meter_complexity, object_complexity
from meterhouse.companion.gas import (
    CloseValve,
    HubEnd,
    OpenValve,
    ReadCutoffVolume,
    ReadPrepayStatus,
    ReadTotalVolume,
    WriteCutoff,
)
from meterhouse.model import Instant
from meterhouse.premises.electricity_meter.objects import meter_device
from meterhouse.premises.gas_meter import GasMeter, GasMeterSettings
from meterhouse.premises.hub.objects import hub_objects, mirror_objects
from meterhouse.premises.prepay import account_objects

SIX = (ReadTotalVolume(), ReadCutoffVolume(), ReadPrepayStatus(), WriteCutoff(5_000, 144), OpenValve(), CloseValve())


@pytest.mark.requirement("S0-77")
def test_a_gas_meter_knows_the_six_orders_and_obeys_each_of_them():
    assert gas_meter_complexity() == Complexity(commands=6, attributes=0, settable=0)
    for order in SIX:
        meter = GasMeter(GasMeterSettings(RADIO_METER, RADIO_HUB, GAS_KEY), START)
        hub = HubEnd(GAS_KEY, RADIO_METER, RADIO_HUB)
        meter.elapse(meter.deadline())
        (_, report) = next(iter(meter.outgoing()))
        now = Instant(meter.deadline() - 10)
        meter.receive("gas_radio", hub.order(order, hub.understand(report).access_number), now)
        ((_, answer),) = meter.outgoing()
        assert hub.understand(answer).refusal is None


@pytest.mark.requirement("S0-77")
def test_the_cleverer_a_device_the_more_there_is_to_it_and_never_beyond_its_bound():
    bench = HomeBench()
    hub = bench.hub
    parts = [
        *hub_objects("MTHH00000001", hub.clock.reads),
        *mirror_objects(hub.mirror, hub.account),
        *account_objects(hub.account, hub.slot, lambda *_: None),
    ]
    gas, meter, whole = (
        gas_meter_complexity(),
        object_complexity(meter_device(make_meter()).objects.values()),
        (object_complexity(parts)),
    )
    assert gas.attributes + gas.commands < meter.attributes + meter.commands < whole.attributes + whole.commands
    assert meter.commands <= 6, "an electricity meter is told hardly more than a gas meter"
    assert meter.attributes <= 40
    assert meter.settable <= 2, "the clock, and little else"
