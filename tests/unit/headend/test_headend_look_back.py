"""A look at a supply by the head end: of gas in the hub's mirror, once the meter was heard; a refused one holds up nobody."""

from __future__ import annotations

import pytest
from test_headend_links import GAS_ID, Supplier

from home_bench import HUB_ID, METER_ID, HomeBench
from meterhouse.companion import objects
from meterhouse.model import MINUTE, Fuel, Instant
from meterhouse.supplier.headend import CallHub, LookBack


def at_home() -> Supplier:
    supplier = Supplier(HomeBench())
    supplier.run(2)
    return supplier


def looked(supplier: Supplier, meter, fuel: Fuel) -> list[tuple[int, int]]:
    """What one look tells, and that what waits behind it is done too."""
    found: list[tuple[int, int]] = []
    reached: list[int] = []
    head_end, now = supplier.carrier.head_end, supplier.bench.now
    supplier.carrier.now = now
    head_end.submit(
        HUB_ID, LookBack("look", meter, fuel, lambda state, register, _at: found.append((state, register))), now
    )
    head_end.submit(HUB_ID, CallHub("behind", reached.append), now)
    supplier.carrier.run(Instant(now + 2 * MINUTE))
    assert reached, "the call behind it was made"
    assert "job.failed" not in supplier.carrier.kinds(), "nothing is tried again and again"
    return found


def test_a_look_at_gas_tells_valve_and_register_as_soon_as_the_hub_has_heard_the_meter() -> None:
    bench = HomeBench()
    supplier = Supplier(bench)
    bench.up = False
    supplier.run(1)
    assert looked(supplier, GAS_ID, Fuel.GAS) == []
    bench.up = True
    supplier.run(3, litres=120)
    ((state, register),) = looked(supplier, GAS_ID, Fuel.GAS)
    assert state in {0, 1, 2}
    assert register > 0


def test_a_look_at_electricity_tells_switch_and_register() -> None:
    ((state, _register),) = looked(at_home(), METER_ID, Fuel.ELECTRICITY)
    assert state == 1


@pytest.mark.parametrize("fuel", Fuel)
def test_a_look_that_the_device_refuses_is_over_and_holds_up_nothing_behind_it(fuel, monkeypatch) -> None:
    supplier = at_home()
    monkeypatch.setattr(objects, "GAS_VALVE", objects.ELECTRICITY_IMPORT)
    monkeypatch.setattr(objects, "ELECTRICITY_DISCONNECT", objects.GAS_VOLUME)
    assert looked(supplier, GAS_ID if fuel is Fuel.GAS else METER_ID, fuel) == []
