"""What fuzzed worlds found, each as small as it became: the seed that broke is in the name's comment."""

from __future__ import annotations

from meterhouse.companion.gas import ValveState
from meterhouse.model import HALF_HOUR, MINUTE, Instant
from meterhouse.premises.gas_meter import GasMeter
from meterhouse.simulation.faults import Fault, FaultKind, apply_faults
from street_worlds import START, Scene

NEARLY_OUT = 'gas = { mode = "prepay", opening_balance = "0.50", no_comms_half_hours = 48 }'


def used_up_within_a_half_hour() -> Scene:
    """The valve has closed at 10:20 or so; the hub has not charged that half hour yet and believes in some credit."""
    scene = Scene(NEARLY_OUT, litres=200)
    while scene.site().gas.valve is ValveState.OPEN:
        scene.world.run(Instant(scene.world.now + MINUTE))
    assert scene.world.now % HALF_HOUR < HALF_HOUR - 2 * MINUTE
    assert scene.site().hub.account.spendable > 0
    return scene


def test_a_press_before_the_half_hour_is_charged_moves_no_valve_and_is_told_as_it_is():
    """Seeds 2042, 2049: the valve opened and closed at once, again at each repetition of a lost answer."""
    scene = used_up_within_a_half_hour()
    scene.wires["gas_radio/01"].deaf[0] = True  # the answers are lost: the order is said again
    scene.street.press_gas("01")
    scene.world.run(Instant(scene.world.now + MINUTE))
    scene.wires["gas_radio/01"].deaf[0] = False
    scene.street.press_gas("01")
    scene.world.run(Instant(scene.world.now + MINUTE))
    assert "valve.opened" not in scene.kinds("gas_meter") + scene.kinds("hub")
    assert scene.kinds("gas_meter").count("valve.closed") == 1
    assert "valve.stays_closed" in scene.kinds("hub")
    assert scene.site().hub.mirror.valve is ValveState.CLOSED
    assert scene.broken() == set()


def test_two_power_cuts_of_one_hub_that_overlap_end_with_the_later():
    """Seeds 2011, 2012: the hub never came back, and its days were never collected."""
    scene = Scene(NEARLY_OUT)
    cuts = (Fault(FaultKind.HUB_OFF, "01", 60, 120), Fault(FaultKind.HUB_OFF, "01", 120, 600))
    apply_faults(scene.street_world, cuts)
    scene.world.run(Instant(START + 719 * MINUTE))
    assert scene.site().hub not in scene.world.machines
    scene.world.run(Instant(START + 721 * MINUTE))
    assert scene.site().hub in scene.world.machines


def test_after_a_power_cut_the_customer_looks_at_the_hub_that_stands_there_now():
    """All seeds with a power cut: nobody paid any more, and judges watched a hub that was gone."""
    scene = Scene(NEARLY_OUT + '\ncustomer = { pay_below = "0.30", pay = "5.00", keypad = true }', litres=100)
    apply_faults(scene.street_world, [Fault(FaultKind.HUB_OFF, "01", 30, 10)])
    scene.days(1)
    assert "token.accepted" in scene.kinds("hub")
    assert scene.site().hub.account.credited > 0


def test_a_meter_that_starts_anew_goes_on_from_what_it_had_kept():
    scene = Scene(NEARLY_OUT.replace("0.50", "6.00"), litres=10)
    apply_faults(scene.street_world, [Fault(FaultKind.METER_RESET, "01", 700, 1)])
    before = scene.site().gas
    scene.days(1.25)
    after = scene.site().gas
    assert isinstance(after, GasMeter)
    assert after is not before
    assert after.volume_l == 600
    assert scene.broken() == set()


def test_a_hub_that_takes_anothers_place_is_heard_by_the_meter_at_its_first_word():
    scene = Scene(NEARLY_OUT.replace("0.50", "6.00"), litres=10)
    apply_faults(scene.street_world, [Fault(FaultKind.HUB_SWAP, "01", 700, 6)])
    scene.days(1.25)
    assert "report.missed" not in scene.kinds("gas_meter")
    assert scene.site().hub.account.charged == 590, "the last half hour is told at the next wake"
    assert scene.broken() == set()
