"""A high-rise: meters in the basement, the hub upstairs; mains carry what no radio does."""

from __future__ import annotations

import pytest

from home_bench import GAS_KEY, RADIO_HUB, RADIO_METER, START, make_hub, make_meter
from meterhouse.companion.gas import ValveState
from meterhouse.links import LOW_POWER_RADIO, POWER_LINE, POWER_LINE_STREAM, Channel
from meterhouse.model import DAY, HALF_HOUR, MINUTE, SECOND, Instant, UsageError
from meterhouse.premises.gas_meter import GasMeter, GasMeterSettings
from meterhouse.premises.repeater import MAX_TELEGRAM, TELEGRAMS_A_SECOND, Repeater
from meterhouse.simulation.world import World

LITRES = 400
WATT_HOURS = 300
UPDATE_TARGET = 31 * MINUTE
"""A display of half hours shows each soon after its end."""


class Flat:
    """One prepay home; its gas link by radio, or by mains and a repeater; its M wire short, or by mains."""

    def __init__(self, *, mains: bool, seed: int = 1):
        self.world = World(seed, START)
        self.hub, self.electricity = make_hub(balance=600_000), make_meter()
        self.gas = GasMeter(GasMeterSettings(RADIO_METER, RADIO_HUB, GAS_KEY), START)
        self.repeater, self.mains, self.wires = Repeater("repeater"), mains, []
        self.kinds, self.opened = [], []
        self.world.on_event(lambda event: self.kinds.append(event.kind))
        for machine in (self.hub, self.electricity, self.gas):
            self.world.add(machine)
        self.world.join(
            self.hub, "m_bus", self.electricity, "m_bus/1", POWER_LINE_STREAM if mains else Channel(delay_ms=5)
        )
        if mains:
            self.plug_repeater()
        else:
            self.world.join(self.hub, "gas_radio", self.gas, "gas_radio", LOW_POWER_RADIO)
        self.world.every(HALF_HOUR, self._live, offset=5 * MINUTE)

    def plug_repeater(self):
        self.world.add(self.repeater)
        self.world.join(self.hub, "gas_radio", self.repeater, "power_line", POWER_LINE)
        self.world.join(self.repeater, "gas_radio", self.gas, "gas_radio", LOW_POWER_RADIO)

    def _live(self, _now):
        self.world.call(self.gas, lambda now: self.gas.pass_gas(LITRES, now))
        self.world.call(self.electricity, lambda now: self.electricity.use(WATT_HOURS, now))

    def run(self, until):
        self.world.run(Instant(until))

    def half_hours(self):
        return [(row.end, row.register) for row in self.hub.mirror.log.between(Instant(START + 1), self.world.now)]


@pytest.mark.requirement("S3-15")
def test_the_same_gas_scenario_ends_alike_over_radio_and_over_mains_with_a_repeater():
    """Credit is used up on the way, so valve, cut-off, account and half hours have all had their part."""
    flats = [Flat(mains=mains) for mains in (False, True)]
    for flat in flats:
        flat.run(START + 3 * DAY)
    radio, mains = flats
    assert radio.gas.valve is mains.gas.valve is ValveState.CLOSED
    assert radio.gas.volume_l == mains.gas.volume_l > 15 * LITRES
    assert radio.gas.cutoff_l == mains.gas.cutoff_l
    assert radio.hub.account.balance == mains.hub.account.balance
    assert radio.half_hours() == mains.half_hours()
    assert mains.repeater.handed_on > 3 * 3 * 48, "a report, an order and an answer each half hour at least"
    assert mains.repeater.dropped == 0


@pytest.mark.requirement("S3-15")
def test_a_lost_repeater_is_a_failed_link_on_both_sides_and_its_return_recovers_every_half_hour():
    flat = Flat(mains=True)
    flat.run(START + 4 * HALF_HOUR + MINUTE)
    flat.world.remove(flat.repeater)
    flat.run(START + 8 * HALF_HOUR + 20 * MINUTE)
    assert flat.hub.mirror.link_failed
    assert not flat.gas.comms_ok
    assert flat.gas.countdown == flat.hub.mirror.countdown == 144 - 4
    assert flat.gas.valve is ValveState.OPEN, "the countdown runs, the supply stays"
    assert {"gas_link.failed", "link.failed"} <= set(flat.kinds)
    flat.plug_repeater()
    flat.run(START + 10 * HALF_HOUR + MINUTE)
    assert not flat.hub.mirror.link_failed
    assert flat.gas.comms_ok
    assert flat.gas.countdown == 144
    assert [end for end, _ in flat.half_hours()] == [START + step * HALF_HOUR for step in range(1, 11)]


@pytest.mark.requirement("S3-14")
def test_electricity_of_a_basement_meter_reaches_the_hub_upstairs_over_mains_as_over_a_wire():
    flats = [Flat(mains=mains) for mains in (False, True)]
    for flat in flats:
        flat.run(START + DAY)
        before, _ = flat.hub.electricity
        flat.run(START + DAY + UPDATE_TARGET)
        works, read_at = flat.hub.electricity_link
        assert works
        assert flat.world.now - read_at <= UPDATE_TARGET
        assert flat.hub.electricity[0] >= before + WATT_HOURS
    assert flats[0].hub.electricity == flats[1].hub.electricity


def test_a_repeater_hands_on_what_it_gets_and_no_more_than_a_home_needs():
    repeater = Repeater("repeater")
    for number in range(TELEGRAMS_A_SECOND + 5):
        repeater.receive("power_line", bytes([number]), START)
    repeater.receive("gas_radio", b"up", START)
    repeater.receive("gas_radio", bytes(MAX_TELEGRAM + 1), START)
    repeater.receive("gas_radio", b"", START)
    out = list(repeater.outgoing())
    assert out == [("gas_radio", bytes([number])) for number in range(TELEGRAMS_A_SECOND)] + [("power_line", b"up")]
    assert (repeater.handed_on, repeater.dropped) == (TELEGRAMS_A_SECOND + 1, 6)
    repeater.receive("power_line", b"later", Instant(START + SECOND))
    assert list(repeater.outgoing()) == [("gas_radio", b"later")]
    with pytest.raises(UsageError, match="ports"):
        repeater.receive("wan", b"x", START)
