from __future__ import annotations

import pytest

from meterhouse.companion.gas import (
    HALF_HOURS_A_REPORT,
    NO_LIMIT_LITRES,
    Acknowledgement,
    CloseValve,
    ForbiddenOrderError,
    GasAddress,
    GasReport,
    HubEnd,
    MeterEnd,
    OpenValve,
    OrderAnswer,
    ReadCutoffVolume,
    ReadPrepayStatus,
    ReadTotalVolume,
    Refusal,
    ValveState,
    WriteCutoff,
)
from meterhouse.model import (
    HALF_HOUR,
    AuthenticationError,
    HalfHour,
    Instant,
    MalformedError,
    ProtocolError,
    ReplayError,
    StateError,
    UsageError,
    parse_instant,
)
from meterhouse.protocols.wmbus import Ci, Coding, Control, MasterKey, Record, RecordHeader, Session, Telegram

KEY = bytes(range(16))
METER = GasAddress("OSM", 87654321, 1, 3)
HUB = GasAddress("OSM", 1, 1, 0x31)
NOW = parse_instant("2026-11-21T05:00:00Z")
SIX = [
    ReadTotalVolume(),
    ReadCutoffVolume(),
    ReadPrepayStatus(),
    WriteCutoff(12_350_000, 144),
    OpenValve(),
    CloseValve(),
]


def ends() -> tuple[MeterEnd, HubEnd]:
    return MeterEnd(KEY, METER, HUB), HubEnd(KEY, METER, HUB)


def report(rows: int = 1, access_number: int = 7, **more: object) -> GasReport:
    half_hours = tuple(
        HalfHour(Instant(NOW - (rows - 1 - place) * HALF_HOUR), 12_345_000 + place) for place in range(rows)
    )
    return GasReport(
        METER, access_number, NOW, 12_345_678, 12_350_000, ValveState.OPEN, 144, half_hours=half_hours, **more
    )


@pytest.mark.parametrize("rows", range(HALF_HOURS_A_REPORT + 1))
def test_a_report_arrives_as_it_was_sent(rows):
    meter, hub = ends()
    sent = report(rows, low_credit=True, button=rows % 2 == 0, battery_days=3000, more=rows > 3, low_battery=rows > 5)
    assert hub.understand(meter.report(sent)) == sent


def test_a_hub_acknowledges_and_the_meter_believes_it():
    meter, hub = ends()
    hub.understand(meter.report(report()))
    assert meter.understand(hub.acknowledge(7)) == Acknowledgement(7)


@pytest.mark.parametrize("order", [*SIX, WriteCutoff(NO_LIMIT_LITRES), WriteCutoff(0, 0)])
def test_each_order_arrives_as_it_was_given_and_is_answered(order):
    meter, hub = ends()
    hub.understand(meter.report(report()))
    assert meter.understand(hub.order(order, 7)) == order
    answer = hub.understand(meter.answer(order, 10, 20, ValveState.CLOSED, 30))
    expected = {
        ReadTotalVolume: OrderAnswer(METER, 7, volume_l=10),
        ReadCutoffVolume: OrderAnswer(METER, 7, cutoff_l=20),
        ReadPrepayStatus: OrderAnswer(METER, 7, volume_l=10, cutoff_l=20, valve=ValveState.CLOSED),
    }
    everything = OrderAnswer(METER, 7, volume_l=10, cutoff_l=20, valve=ValveState.CLOSED, countdown=30)
    assert answer == expected.get(type(order), everything)


def test_a_repeated_order_keeps_its_frame_count_bit_and_takes_a_new_counter():
    meter, hub = ends()
    hub.understand(meter.report(report()))
    first, again, other = hub.order(OpenValve(), 7), hub.order(OpenValve(), 7), hub.order(CloseValve(), 7)
    assert first[1] == again[1] == Control.SND_UD
    assert other[1] == Control.SND_UD_FCB
    assert [meter.understand(frame) for frame in (first, again, other)] == [OpenValve(), OpenValve(), CloseValve()]


def test_a_refusal_arrives_with_its_code():
    meter, hub = ends()
    hub.understand(meter.report(report()))
    assert hub.understand(meter.refuse(Refusal.NO_VALVE)) == OrderAnswer(METER, 7, refusal=Refusal.NO_VALVE)


def seventh_orders() -> list[Telegram]:
    def command(*records: Record, ci: Ci = Ci.COMMAND_LONG, payload: bytes = b"") -> Telegram:
        return Telegram(Control.SND_UD, HUB, ci, METER, 7, records=records, payload=payload)

    clock = Record(RecordHeader(Coding.INT32, b"\x6d"), 0)
    arm = Record(RecordHeader(Coding.INT8, b"\xfd\x1f"), 2)
    total = Record(RecordHeader(Coding.BCD8, b"\x13"), 0)
    opening = Record(RecordHeader(Coding.INT8, b"\xfd\x1f"), 1)
    return [
        command(clock),
        command(arm),
        command(total),
        command(opening, opening),
        command(),
        command(ci=Ci.CLOCK_SYNC_LONG, payload=b"\0" * 9),
        command(Record(RecordHeader(Coding.SELECTION, b"\x13", storage=1))),
    ]


@pytest.mark.requirement("S0-115")
@pytest.mark.parametrize("telegram", seventh_orders())
def test_a_proved_order_that_is_none_of_the_six_is_refused(telegram):
    meter, _ = ends()
    meter.report(report())
    with pytest.raises(ForbiddenOrderError):
        meter.understand(Session(MasterKey(KEY), METER).seal(telegram))


@pytest.mark.parametrize("order", SIX)
def test_an_order_that_was_kept_back_is_not_about_a_later_report_with_the_same_access_number(order):
    meter, hub = ends()
    hub.understand(meter.report(report()))
    kept_back = hub.order(order, 7)
    newer = meter.report(report())
    with pytest.raises(ProtocolError, match="about the report of counter 1, not of 2"):
        meter.understand(kept_back)
    hub.understand(newer)
    assert meter.understand(hub.order(order, 7)) == order


@pytest.mark.parametrize("counter", [0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFD])
def test_an_order_names_its_report_whatever_the_counter(counter):
    meter, hub = MeterEnd(KEY, METER, HUB, sent=counter), HubEnd(KEY, METER, HUB, received=counter)
    hub.understand(meter.report(report()))
    assert meter.understand(hub.order(OpenValve(), 7)) == OpenValve()


def test_an_order_that_names_no_report_or_names_it_twice_is_none():
    meter, _ = ends()
    meter.report(report())
    hub = Session(MasterKey(KEY), METER)
    opening = Record(RecordHeader(Coding.INT8, b"\xfd\x1f"), 1)
    about = Record(RecordHeader(Coding.INT32, b"\xfd\x08"), 1)
    for records in ((opening,), (opening, about, about), (about, opening), (about,)):
        command = Telegram(Control.SND_UD, HUB, Ci.COMMAND_LONG, METER, 7, records=records)
        with pytest.raises(ForbiddenOrderError):
            meter.understand(hub.seal(command))
    command = Telegram(Control.SND_UD, HUB, Ci.COMMAND_LONG, METER, 7, records=(opening, about))
    assert meter.understand(hub.seal(command)) == OpenValve()


@pytest.mark.parametrize("delay", [-1, 673])
def test_a_delay_beyond_fourteen_days_is_refused_at_both_ends(delay):
    meter, hub = ends()
    meter.report(report())
    with pytest.raises(UsageError):
        hub.order(WriteCutoff(1, delay), 7)
    forged = (
        Record(RecordHeader(Coding.BCD8, b"\x13", subunit=1), 1),
        Record(RecordHeader(Coding.INT16, b"\xfd\x3a"), delay),
    )
    frame = Session(MasterKey(KEY), METER).seal(
        Telegram(Control.SND_UD, HUB, Ci.COMMAND_LONG, METER, 7, records=forged)
    )
    with pytest.raises(ForbiddenOrderError) as refused:
        meter.understand(frame)
    assert refused.value.refusal == Refusal.OUT_OF_RANGE


def test_a_replayed_telegram_is_refused_in_both_directions():
    meter, hub = ends()
    up = meter.report(report())
    hub.understand(up)
    down = hub.order(OpenValve(), 7)
    meter.understand(down)
    with pytest.raises(ReplayError):
        hub.understand(up)
    with pytest.raises(ReplayError):
        meter.understand(down)


def test_a_telegram_played_back_to_its_own_sender_is_not_believed():
    meter, hub = ends()
    up = meter.report(report())
    down = hub.acknowledge(7)
    with pytest.raises(ProtocolError):
        meter.understand(up)
    with pytest.raises(ProtocolError):
        hub.understand(down)


@pytest.mark.requirement("S0-116")
def test_another_station_cannot_address_the_meter():
    meter, _ = ends()
    meter.report(report())
    display = GasAddress("OSM", 2, 1, 0x25)
    with pytest.raises(ProtocolError):
        meter.understand(HubEnd(KEY, METER, display).acknowledge(7))
    with pytest.raises(AuthenticationError):
        meter.understand(HubEnd(bytes(16), METER, HUB).order(OpenValve(), 7))


def test_an_order_for_another_meter_is_not_ours_and_uses_up_no_counter():
    meter, _ = ends()
    meter.report(report())
    other = GasAddress("OSM", 87654322, 1, 3)
    with pytest.raises(ProtocolError):
        meter.understand(HubEnd(KEY, other, HUB, sent=99).order(OpenValve(), 7))
    assert meter.received == 0


def test_an_acknowledgement_of_an_older_report_is_none():
    meter, hub = ends()
    meter.report(report(access_number=7))
    meter.report(report(access_number=8))
    with pytest.raises(ProtocolError):
        meter.understand(hub.acknowledge(7))


def test_nothing_is_believed_before_the_first_report():
    meter, hub = ends()
    with pytest.raises(ProtocolError):
        meter.understand(hub.acknowledge(0))


@pytest.mark.parametrize("what", [0, 1])
def test_a_report_with_a_gap_or_too_many_rows_is_the_callers_fault(what):
    meter, _ = ends()
    rows = report(3).half_hours
    wrong = (rows[0], rows[2]) if what else rows[:1] * 17
    with pytest.raises(UsageError):
        meter.report(GasReport(METER, 7, NOW, 1, 2, ValveState.OPEN, 0, half_hours=wrong))


def test_a_proved_report_with_a_record_missing_is_malformed():
    _, hub = ends()
    records = (Record(RecordHeader(Coding.BCD8, b"\x13"), 1),)
    with pytest.raises(MalformedError):
        hub.understand(
            Session(MasterKey(KEY), METER).seal(Telegram(Control.SND_NR, METER, Ci.RESPONSE_SHORT, records=records))
        )


def test_a_key_whose_counters_are_used_up_seals_no_more():
    meter = MeterEnd(KEY, METER, HUB, sent=0xFFFF_FFFF)
    with pytest.raises(StateError):
        meter.report(report())
