"""A gas meter on mains, and the end of the other one's battery."""

from __future__ import annotations

import json

import pytest

from home_bench import GAS_KEY, RADIO_HUB, RADIO_METER, START
from meterhouse.companion.gas import CloseValve, HubEnd, OpenValve, ReadTotalVolume, ValveState, WriteCutoff
from meterhouse.model import DAY, HALF_HOUR, MINUTE, Instant, parse_instant
from meterhouse.premises.gas_meter import GasMeter, GasMeterSettings
from meterhouse.premises.gas_meter.battery import MAX_DAYS, BatteryModel

NOON = Instant(START + DAY // 2)


class Home:
    """A meter and its hub's end; the hub acknowledges each report at once."""

    def __init__(self, **settings):
        self.settings = GasMeterSettings(RADIO_METER, RADIO_HUB, GAS_KEY, **settings)
        self.meter, self.hub, self.number = GasMeter(self.settings, START), HubEnd(GAS_KEY, RADIO_METER, RADIO_HUB), 0
        self.events = []

    def run(self, until):
        while (due := self.meter.deadline()) <= until:
            self.meter.elapse(due)
            for _, frame in self.meter.outgoing():
                self.number = self.hub.understand(frame).access_number
                self.meter.receive("gas_radio", self.hub.acknowledge(self.number), Instant(due + 20))
            self.events += self.meter.events()

    def kinds(self):
        return [event.kind for event in self.events]

    def order(self, order, now):
        """Send one order; what came back within the same instant."""
        self.run(now)
        self.meter.receive("gas_radio", self.hub.order(order, self.number), now)
        self.events += self.meter.events()
        return [self.hub.understand(frame) for _, frame in self.meter.outgoing()]


@pytest.mark.requirement("S0-27")
def test_a_meter_on_mains_obeys_an_order_between_two_reports_at_once_and_one_on_a_battery_sleeps():
    for mains in (True, False):
        home = Home(mains=mains)
        home.run(NOON)
        between = Instant(NOON + 11 * MINUTE)
        answers = home.order(CloseValve(), between)
        assert len(answers) == mains
        assert home.meter.valve is (ValveState.CLOSED if mains else ValveState.OPEN)
        if mains:
            assert home.order(OpenValve(), Instant(between + 1_000))[0].valve is ValveState.OPEN
            assert home.order(ReadTotalVolume(), Instant(between + 2_000))[0].volume_l == 0
        home.run(Instant(between + HALF_HOUR))
        assert "report.missed" not in home.kinds()


@pytest.mark.requirement("S0-27")
def test_on_mains_an_unproved_or_repeated_telegram_still_changes_nothing():
    home = Home(mains=True)
    home.run(NOON)
    home.run(Instant(NOON + MINUTE))
    frame = home.hub.order(CloseValve(), home.number)
    home.meter.receive("gas_radio", frame, Instant(NOON + MINUTE))
    assert [home.hub.understand(answer).valve for _, answer in home.meter.outgoing()] == [ValveState.CLOSED]
    assert home.meter.valve is ValveState.CLOSED
    home.order(OpenValve(), Instant(NOON + 2 * MINUTE))
    home.run(Instant(NOON + 3 * MINUTE))
    before = home.meter.state()
    home.meter.receive("gas_radio", frame, Instant(NOON + 4 * MINUTE))
    home.meter.receive("gas_radio", bytes([*frame[:-3], frame[-3] ^ 1, *frame[-2:]]), Instant(NOON + 4 * MINUTE))
    assert home.meter.state() == before
    assert not list(home.meter.outgoing())


@pytest.mark.requirement("S0-27")
@pytest.mark.parametrize("order", [OpenValve(), CloseValve(), WriteCutoff(50, 144)])
def test_with_its_supply_lost_a_meter_on_mains_leaves_the_valve_as_it_is(order):
    home = Home(mains=True)
    home.run(NOON)
    home.order(order, Instant(NOON + MINUTE))
    valve, cutoff = home.meter.valve, home.meter.cutoff_l
    kept = json.loads(json.dumps(home.meter.state()))
    again = GasMeter(home.settings, Instant(NOON + 5 * HALF_HOUR), kept)
    assert (again.valve, again.cutoff_l) == (valve, cutoff)
    again.elapse(Instant(NOON + 6 * HALF_HOUR))
    assert again.valve is valve
    assert again.comms_ok is False, "the hub was not there: its absence is counted, not obeyed"
    assert again.battery_days == MAX_DAYS


@pytest.mark.requirement("S3-98")
def test_the_end_of_the_service_life_is_notified_once_with_a_forecast_and_calibration_never():
    model = BatteryModel()
    home = Home(battery=BatteryModel(capacity_uc=model.daily_uc * 190))
    home.run(Instant(START + 5 * DAY))
    assert "service_life.ending" not in home.kinds()
    home.run(Instant(START + 40 * DAY))
    told = [event for event in home.events if event.kind == "service_life.ending"]
    assert len(told) == 1
    fields = dict(told[0].fields)
    assert fields["battery_days"] == 179
    assert parse_instant(fields["forecast"]) == told[0].at // DAY * DAY + 179 * DAY
    assert not [event for event in home.events if "calibration" in event.kind or "calibration" in str(event.fields)]
    after = GasMeter(home.settings, Instant(START + 40 * DAY), home.meter.state())
    after.elapse(Instant(START + 41 * DAY))
    assert "service_life.ending" not in [event.kind for event in after.events()], "a restart does not tell it again"


@pytest.mark.requirement("S3-98")
def test_a_meter_on_mains_has_no_battery_to_give_notice_of():
    home = Home(mains=True, battery=BatteryModel(capacity_uc=1))
    home.run(Instant(START + 2 * DAY))
    assert "service_life.ending" not in home.kinds()
