"""Somebody who cuts the gas link and lets it go a thousand times, and presses the button after each, gains nothing by it."""

from __future__ import annotations

import pytest

from meterhouse.companion.gas import ValveState
from meterhouse.links import Dice
from meterhouse.model import HALF_HOUR, MINUTE, Instant
from street_worlds import Scene

DELAY = 48
LITRES = 100
BOUGHT_L = 605
"""0.50 at 0.0737 a kWh; a test of the scenarios has the same."""
TOGGLES = 1_000
HOME = f'gas = {{ mode = "prepay", opening_balance = "0.50", no_comms_half_hours = {DELAY} }}'


@pytest.mark.parametrize("manner", ["at random", "round each report"])
def test_a_thousand_toggles_of_the_link_give_no_more_gas_than_one_delay(manner):
    scene = Scene(HOME, litres=LITRES)
    scene.half_hours(3)  # installed: the meter has heard its hub, and knows its cut-off
    site, wire, dice = scene.site(), scene.wires["gas_radio/01"], Dice(7)
    after_report = site.gas.settings.wake_offset
    for turn in range(TOGGLES):
        if turn % 2:
            wire.mend()
        else:
            scene.world.cut(wire)
        scene.street.press_gas("01")
        if manner == "at random":
            scene.world.run(Instant(scene.world.now + (1 + dice.below(45)) * MINUTE))
        else:  # the report is lost, then the link is there again until just before the next but one
            boundary = scene.world.now - scene.world.now % HALF_HOUR + HALF_HOUR
            scene.world.run(Instant(boundary + (after_report + 200 if turn % 2 == 0 else after_report - 200)))
    wire.mend()
    scene.half_hours(3)
    assert site.gas.valve is ValveState.CLOSED
    past = site.gas.volume_l - BOUGHT_L
    assert DELAY // 2 * LITRES <= past <= DELAY * LITRES, f"{past} l past the cut-off"
    assert scene.kinds("gas_meter").count("report.missed") > 100
    assert scene.broken() <= {6}, "readings of a link that is down for days come late"
