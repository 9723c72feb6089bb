"""The gas meter on real telegrams: the hub here is the hub's end of the link and a few lines."""

from __future__ import annotations

import dataclasses
import itertools
import json

import pytest

from meterhouse.companion.gas import (
    NO_LIMIT_LITRES,
    CloseValve,
    GasAddress,
    GasReport,
    HubEnd,
    OpenValve,
    Order,
    OrderAnswer,
    ReadCutoffVolume,
    ReadPrepayStatus,
    ReadTotalVolume,
    Refusal,
    ValveState,
    WriteCutoff,
)
from meterhouse.model import DAY, HALF_HOUR, MINUTE, SECOND, Event, Instant, Machine, UsageError, parse_instant
from meterhouse.premises.gas_meter import COUNTER_RESERVE, GAS_RADIO, GasMeter, GasMeterSettings, Supply
from meterhouse.protocols.wmbus import Ci, Coding, Control, MasterKey, Record, RecordHeader, Session, Telegram

KEY = bytes(range(16))
ADDRESS = GasAddress("OSM", 87654321, 1, 3)
HUB = GasAddress("OSM", 1, 1, 0x31)
START = parse_instant("2026-11-21T00:00:00Z")


class Bench:
    """A meter, its hub's end, and the air between them; `link` cuts the air."""

    def __init__(self, **settings: object) -> None:
        self.settings = GasMeterSettings(ADDRESS, HUB, KEY, **settings)
        self.meter = GasMeter(self.settings, START)
        self.hub = HubEnd(KEY, ADDRESS, HUB)
        self.now = Instant(START + MINUTE)  # half an hour later its report has been sent
        self.link = True
        self.orders: list[Order] = []
        self.reports: list[GasReport] = []
        self.answers: list[OrderAnswer] = []
        self.seen: list[Event] = []

    def run(self, until: int) -> None:
        """Let time pass, wake by wake, and let the hub answer at once what reaches it."""
        self._air()
        while (due := self.meter.deadline()) is not None and due <= until:
            self.now = Instant(max(due, self.now))
            self.meter.elapse(self.now)
            self._air()
        self.now = Instant(until)
        self.meter.elapse(self.now)
        self.seen += self.meter.events()

    def half_hours(self, count: int = 1) -> None:
        self.run(self.now + count * HALF_HOUR)

    def _air(self) -> None:
        while frames := list(self.meter.outgoing()):
            for port, frame in frames:
                assert port == GAS_RADIO
                if self.link:
                    self._answer(frame)

    def _answer(self, frame: bytes) -> None:
        heard = self.hub.understand(frame)
        if isinstance(heard, GasReport):
            self.reports.append(heard)
        else:
            self.answers.append(heard)
        if self.orders:
            self.send(self.hub.order(self.orders.pop(0), heard.access_number))
        elif isinstance(heard, GasReport):
            self.send(self.hub.acknowledge(heard.access_number))

    def send(self, frame: bytes) -> None:
        self.meter.receive(GAS_RADIO, frame, Instant(self.now + 30))
        self.now = Instant(self.now + 30)

    def obey(self, *orders: Order) -> None:
        self.orders += orders
        self.half_hours()
        assert not self.orders

    def burn(self, litres: int) -> int:
        return self.meter.pass_gas(litres, self.now)

    def kinds(self) -> list[str]:
        self.seen += self.meter.events()
        return [event.kind for event in self.seen]


def restored(bench: Bench) -> Bench:
    """The same home after a restart from a snapshot that went through JSON."""
    state = json.loads(json.dumps(bench.meter.state()))
    bench.meter = GasMeter(bench.settings, Instant(0), state)
    return bench


def test_a_gas_meter_is_a_machine():
    assert isinstance(Bench().meter, Machine)


# Reporting


@pytest.mark.requirement("S0-106")
def test_forty_eight_reports_a_day_each_with_the_register_at_its_half_hour():
    bench = Bench()
    for _ in range(48):
        bench.burn(10)
        bench.half_hours()
    assert len(bench.reports) == 48
    rows = [row for report in bench.reports for row in report.half_hours]
    assert [row.end for row in rows] == [START + place * HALF_HOUR for place in range(49)]
    assert [row.register for row in rows] == [10 * place for place in range(49)]


def test_gas_that_passes_before_the_wake_but_after_the_boundary_belongs_to_the_next_half_hour():
    bench = Bench(wake_offset_ms=10 * SECOND)
    bench.run(START + HALF_HOUR - 1)
    bench.burn(5)
    bench.now = Instant(START + HALF_HOUR)
    bench.burn(7)
    bench.run(START + HALF_HOUR + 20 * SECOND)
    assert bench.reports[0].half_hours[-1].register == 5
    assert bench.reports[0].volume_l == 12


def test_half_hours_wait_for_an_acknowledgement_and_arrive_once_each_in_order():
    bench = Bench()
    bench.link = False
    for _ in range(40):
        bench.burn(3)
        bench.half_hours()
    bench.link = True
    bench.half_hours(2)
    rows = [row.end for report in bench.reports for row in report.half_hours]
    assert rows == [START + place * HALF_HOUR for place in range(len(rows))]
    assert len(rows) >= 41
    assert [report.more for report in bench.reports[:3]] == [True, True, False]
    assert bench.reports[0].clock == bench.reports[2].clock, "the backlog follows in the same wake"


def test_a_drifting_clock_stamps_its_own_half_hours_and_none_is_lost():
    bench = Bench(clock_drift_ppm=100)
    bench.half_hours(48 * 10)
    rows = [row.end for report in bench.reports for row in report.half_hours]
    assert rows == [START + place * HALF_HOUR for place in range(len(rows))]
    assert len(rows) in {480, 481}


@pytest.mark.requirement("S0-110")
def test_low_credit_warns_in_the_next_report_and_is_told_once():
    bench = Bench(low_credit_threshold_l=100)
    bench.obey(WriteCutoff(1_000, 144))
    assert not bench.reports[-1].low_credit
    bench.burn(901)
    bench.half_hours()
    bench.burn(10)
    bench.half_hours()
    assert [report.low_credit for report in bench.reports[-2:]] == [True, True]
    assert bench.kinds().count("low_credit") == 1
    bench.obey(WriteCutoff(9_000, 144))
    bench.half_hours()
    assert not bench.reports[-1].low_credit


@pytest.mark.requirement("S0-116")
def test_the_radio_sleeps_but_for_its_wakes_and_hears_nothing_while_it_sleeps():
    bench = Bench()
    bench.half_hours(2)
    access_number = bench.reports[-1].access_number
    before = bench.meter.state()
    bench.send(bench.hub.order(CloseValve(), access_number))
    assert bench.meter.state() == before
    assert not list(bench.meter.outgoing())
    assert bench.meter.valve == ValveState.OPEN


@pytest.mark.requirement("S0-116")
def test_a_battery_lasts_ten_years_of_reports():
    bench = Bench()
    fresh = bench.meter.battery_days
    bench.half_hours(48 * 30)
    assert fresh > 3650
    assert 25 <= fresh - bench.meter.battery_days <= 35


# The six orders


def test_each_reading_order_is_answered_with_what_it_asks_for():
    bench = Bench()
    bench.burn(77)
    bench.obey(ReadTotalVolume(), ReadCutoffVolume(), ReadPrepayStatus())
    total, cutoff, status = bench.answers
    assert (total.volume_l, total.cutoff_l) == (77, None)
    assert (cutoff.volume_l, cutoff.cutoff_l) == (None, NO_LIMIT_LITRES)
    assert (status.volume_l, status.cutoff_l, status.valve) == (77, NO_LIMIT_LITRES, ValveState.OPEN)


@pytest.mark.requirement("S0-115")
@pytest.mark.parametrize(
    ("ci", "records", "payload"),
    [
        (Ci.COMMAND_LONG, (Record(RecordHeader(Coding.INT8, b"\xfd\x1f"), 2),), b""),
        (Ci.COMMAND_LONG, (Record(RecordHeader(Coding.INT32, b"\x6d"), 1),), b""),
        (Ci.CLOCK_SYNC_LONG, (), b"\0" * 9),
    ],
    ids=["arm", "set clock record", "set clock"],
)
def test_a_seventh_order_is_refused_and_logged_and_changes_nothing(ci, records, payload):
    bench = Bench()
    bench.meter.elapse(bench.meter.deadline())
    ((_, frame),) = bench.meter.outgoing()
    report = bench.hub.understand(frame)
    telegram = Telegram(Control.SND_UD, HUB, ci, ADDRESS, report.access_number, records=records, payload=payload)
    before = bench.meter.state()["supply"]
    bench.meter.receive(GAS_RADIO, Session(MasterKey(KEY), ADDRESS).seal(telegram), bench.meter.deadline() - 1)
    ((_, answer),) = bench.meter.outgoing()
    assert isinstance(bench.hub.understand(answer).refusal, Refusal)
    assert bench.meter.state()["supply"] == before
    assert len(bench.meter.refusals) == 1
    assert "order.refused" in bench.kinds()


@pytest.mark.requirement("S0-32")
def test_the_plain_variant_measures_and_reports_and_refuses_all_about_a_valve():
    bench = Bench(has_valve=False)
    bench.orders += [WriteCutoff(10, 1), OpenValve(), CloseValve(), ReadTotalVolume()]
    bench.half_hours()
    assert [answer.refusal for answer in bench.answers] == [Refusal.NO_VALVE] * 3 + [None]
    assert bench.burn(500) == 500
    assert bench.meter.valve == ValveState.OPEN
    assert len(bench.meter.refusals) == 3


@pytest.mark.requirement("S0-32")
def test_a_gas_meter_has_no_word_of_tariff_currency_or_balance():
    names = {field.name for field in dataclasses.fields(GasMeterSettings)} | set(dir(GasMeter)) | set(dir(Supply))
    names |= {field.name for field in dataclasses.fields(GasReport)} | set(Bench().meter.state()["supply"])
    for word in ("tariff", "price", "rate", "currency", "money", "balance", "debt"):
        assert not {name for name in names if word in name.lower() and name != "low_credit"}


def test_an_order_with_the_same_content_twice_does_no_harm():
    bench = Bench()
    bench.obey(CloseValve(), CloseValve(), OpenValve(), OpenValve())
    assert bench.meter.valve == ValveState.OPEN
    assert bench.kinds().count("valve.opened") == 1


def test_an_order_to_open_moves_no_valve_where_the_cutoff_is_reached():
    bench = Bench()
    bench.burn(100)
    bench.obey(WriteCutoff(100, 144))
    assert bench.meter.valve == ValveState.CLOSED
    bench.obey(OpenValve())
    assert bench.answers[-1].valve == ValveState.CLOSED
    assert bench.kinds().count("valve.closed") == 1
    assert "valve.opened" not in bench.kinds()


# The valve rule on the device


def test_a_new_meter_holds_its_link_to_work_until_a_report_goes_unanswered():
    bench = Bench()
    assert bench.meter.comms_ok
    assert bench.meter.countdown == 144
    assert bench.meter.cutoff_l == NO_LIMIT_LITRES
    assert not bench.meter.low_credit


@pytest.mark.requirement("S0-109")
@pytest.mark.parametrize("step", [1, 3, 7, 1000])
def test_with_the_link_up_the_valve_closes_at_the_first_step_that_reaches_the_cutoff(step):
    bench = Bench()
    bench.obey(WriteCutoff(50, 144))
    passed = sum(bench.burn(step) for _ in range(60))
    assert passed == 50
    assert bench.meter.volume_l == 50
    assert bench.meter.valve == ValveState.CLOSED


def test_the_largest_cutoff_never_comes():
    bench = Bench()
    bench.obey(WriteCutoff(NO_LIMIT_LITRES, 144))
    assert bench.burn(99_999) == 99_999
    assert bench.meter.valve == ValveState.OPEN
    bench.obey(WriteCutoff(50))
    assert bench.meter.valve == ValveState.CLOSED


@pytest.mark.requirement("S0-112")
def test_with_the_link_down_the_valve_stays_open_past_the_cutoff_until_the_delay_has_ended():
    bench = Bench()
    bench.obey(WriteCutoff(50, 144))
    bench.link = False
    bench.half_hours()
    assert bench.burn(60) == 60
    for left in range(142, -1, -1):
        assert bench.meter.valve == ValveState.OPEN
        bench.half_hours()
        assert bench.meter.countdown == left
    assert bench.meter.valve == ValveState.CLOSED
    closing = next(event for event in bench.seen if event.kind == "valve.closed")
    assert closing.fields["reason"] == "countdown_ended"


@pytest.mark.requirement("S0-125")
@pytest.mark.parametrize(("reached", "comms_ok", "ended"), [*itertools.product([False, True], repeat=3)])
def test_the_valve_closes_only_if_reached_and_link_up_or_countdown_ended(reached, comms_ok, ended):
    supply = Supply(has_valve=True, threshold_l=0, countdown=0 if ended else 5)
    supply.comms_ok, supply.volume_l, supply.cutoff_l = comms_ok, 99, 100
    supply.pass_gas(1 if reached else 0)
    assert (supply.valve == ValveState.CLOSED) == (reached and (comms_ok or ended))


@pytest.mark.requirement("S0-134")
@pytest.mark.parametrize(("closed", "comms_ok", "left"), [*itertools.product([False, True], repeat=3)])
def test_the_button_opens_in_one_of_eight_cases(closed, comms_ok, left):
    bench = Bench()
    supply = bench.meter._supply
    supply.comms_ok, supply.countdown = comms_ok, 5 if left else 0
    supply.valve = ValveState.CLOSED if closed else ValveState.OPEN
    opened = bench.meter.press_button(bench.now)
    assert opened == (closed and not comms_ok and left)
    assert bench.meter.valve == (ValveState.CLOSED if closed and not opened else ValveState.OPEN)


def test_a_press_with_the_valve_closed_brings_the_hubs_order_within_ten_seconds():
    bench = Bench()
    bench.obey(WriteCutoff(0, 144))
    bench.run(bench.now + 60 * SECOND)
    bench.orders += [WriteCutoff(500, 144), OpenValve()]
    pressed = bench.now
    assert not bench.meter.press_button(bench.now)
    bench.run(pressed + 10 * SECOND)
    assert bench.reports[-1].button
    assert bench.meter.valve == ValveState.OPEN
    assert not bench.meter.button
    bench.half_hours()
    assert not bench.reports[-1].button


def test_presses_in_a_row_wake_the_radio_at_most_every_five_seconds():
    bench = Bench()
    bench.obey(CloseValve())
    sent = bench.kinds().count("report.sent")
    start = bench.now
    for tenth in range(100):
        bench.run(start + tenth * 100)
        bench.meter.press_button(bench.now)
    assert bench.kinds().count("report.sent") - sent <= 3


def test_a_press_that_nobody_answers_costs_no_countdown():
    bench = Bench()
    bench.obey(WriteCutoff(0, 10))
    bench.link = False
    bench.run(bench.now + 60 * SECOND)
    bench.meter.press_button(bench.now)
    bench.run(bench.now + 10 * SECOND)
    assert bench.meter.countdown == 10
    assert bench.meter.comms_ok
    assert bench.meter.button, "the press is told in the next report that arrives"


def test_after_an_outage_the_hub_may_raise_the_cutoff_before_the_valve_closes():
    bench = Bench()
    bench.obey(WriteCutoff(50, 144))
    bench.link = False
    bench.half_hours(20)
    bench.burn(80)
    bench.half_hours(20)
    bench.link = True
    bench.half_hours()
    assert bench.meter.valve == ValveState.CLOSED, "the hub only acknowledged"
    bench.obey(WriteCutoff(200, 144), OpenValve())
    bench.link = False
    bench.half_hours(2)
    bench.burn(150)
    bench.link = True
    bench.obey(ReadTotalVolume(), WriteCutoff(1_000, 144))
    assert bench.meter.valve == ValveState.OPEN
    assert bench.kinds().count("valve.closed") == 1


# Nothing that is not proved


def test_a_forged_acknowledgement_drops_no_half_hour():
    bench = Bench()
    bench.link = False
    bench.meter.elapse(bench.meter.deadline())
    access_number = bench.meter.state()["radio"]["access_number"]
    forger = HubEnd(bytes(16), ADDRESS, HUB, sent=999)
    bench.meter.receive(GAS_RADIO, forger.acknowledge(access_number), Instant(bench.meter.deadline() - 1))
    assert bench.meter.backlog.acknowledged < START
    assert "telegram.refused" in bench.kinds()
    bench.half_hours(3)
    bench.link = True
    bench.half_hours()
    assert bench.reports[-1].half_hours[0].end == START


def test_a_telegram_after_the_window_is_not_heard():
    bench = Bench()
    bench.meter.elapse(bench.meter.deadline())
    ((_, frame),) = bench.meter.outgoing()
    report = bench.hub.understand(frame)
    bench.meter.receive(GAS_RADIO, bench.hub.acknowledge(report.access_number), bench.meter.deadline())
    assert bench.meter.backlog.acknowledged < START
    assert not bench.meter.comms_ok


def test_a_frame_that_nobody_took_in_its_window_is_off_the_air():
    bench = Bench()
    bench.meter.elapse(Instant(START + DAY))
    assert len(list(bench.meter.outgoing())) == 0
    assert bench.meter.countdown == 144 - 47


# Restarts


def test_a_restart_loses_no_half_hour_and_repeats_no_counter():
    bench = Bench()
    bench.burn(10)
    bench.obey(WriteCutoff(500, 100))
    bench.link = False
    bench.half_hours(5)
    sent = bench.meter.state()["radio"]["sent"] - COUNTER_RESERVE
    restored(bench)
    assert (bench.meter.volume_l, bench.meter.cutoff_l, bench.meter.countdown) == (10, 500, 95)
    assert not bench.meter.comms_ok
    bench.link = True
    bench.half_hours(2)
    rows = [row.end for report in bench.reports for row in report.half_hours]
    assert rows == [START + place * HALF_HOUR for place in range(len(rows))]
    assert bench.hub.received > sent
    assert bench.meter.comms_ok


def test_a_restart_in_the_middle_of_a_report_counts_that_half_hour_still():
    bench = Bench()
    bench.meter.elapse(bench.meter.deadline())
    bench.now = Instant(bench.meter.deadline() - 50)
    restored(bench)
    bench.link = False
    bench.run(bench.now + 10 * SECOND)
    assert bench.meter.countdown == 143


def test_a_snapshot_is_asked_for_before_the_reserve_is_used_up():
    bench = Bench()
    bench.half_hours(COUNTER_RESERVE // 2 + 1)
    assert "state.due" in bench.kinds()


@pytest.mark.parametrize("wrong", [{"delay_half_hours": 673}, {"wake_offset_ms": HALF_HOUR}, {"clock_drift_ppm": 5000}])
def test_a_meter_that_cannot_be_built_is_refused(wrong):
    with pytest.raises(UsageError):
        GasMeterSettings(ADDRESS, HUB, KEY, **wrong)


def test_gas_does_not_flow_back():
    with pytest.raises(UsageError):
        Bench().burn(-1)


def test_a_register_rolls_over_at_its_eight_digits():
    bench = Bench()
    bench.burn(99_999_999)
    assert bench.meter.valve == ValveState.OPEN
    bench.burn(2)
    assert bench.meter.volume_l == 1
