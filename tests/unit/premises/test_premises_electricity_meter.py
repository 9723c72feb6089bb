"""The electricity meter through its wires, by real DLMS bytes; and its half hours, clock, switch and memory."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_bench import HUB_KEYS, METER_ID, METER_KEYS, START, head_end_client, make_meter
from meterhouse.companion import objects
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    HOUR,
    MINUTE,
    REGISTER_LIMIT_WH,
    SECOND,
    ConfigurationError,
    HalfHour,
    Instant,
    Machine,
    MeterhouseError,
    Quality,
    RefusedError,
)
from meterhouse.premises.electricity_meter import ControlState, ElectricityMeter, SupplySwitch
from meterhouse.premises.home_load import HomeLoad
from meterhouse.protocols import dlms

PORT = "m_bus/1"


class Wire:
    """One connection: wrapper frames there and back."""

    def __init__(self, meter: ElectricityMeter, port: str = PORT, now: Instant = START) -> None:
        self.meter, self.port, self.now = meter, port, now
        self._decoder = dlms.wrapper.Decoder()

    def ask(self, procedure, sap=objects.HEAD_END_SAP):
        return dlms.converse(procedure, lambda apdu: self.exchange(apdu, sap))

    def exchange(self, apdu: bytes, sap: int) -> bytes | None:
        self.meter.receive(self.port, dlms.wrapper.encode(sap, objects.MANAGEMENT_DEVICE, apdu), self.now)
        answers = [frame.apdu for _, data in self.meter.outgoing() for frame in self._decoder.feed(data)]
        return answers[0] if answers else None


def as_head_end(meter: ElectricityMeter, now: Instant = START) -> tuple[Wire, dlms.Client]:
    wire, client = Wire(meter, now=now), head_end_client(METER_ID)
    wire.ask(client.associate())
    return wire, client


def as_hub(meter: ElectricityMeter) -> tuple[Wire, dlms.Client]:
    wire = Wire(meter, "m_bus/2")
    client = head_end_client(METER_ID, keys=HUB_KEYS, client_sap=objects.HUB_SAP)
    wire.ask(client.associate(), objects.HUB_SAP)
    return wire, client


def plain(meter: ElectricityMeter, sap: int) -> tuple[Wire, dlms.Client]:
    wire, client = Wire(meter, f"m_bus/{sap}"), dlms.Client(dlms.ClientSettings(client_sap=sap))
    wire.ask(client.associate(), sap)
    return wire, client


ALL_OBJECTS = [
    (dlms.CLOCK_CLASS, objects.CLOCK, 2),
    (dlms.DATA, objects.LOGICAL_DEVICE_NAME, 2),
    (dlms.DATA, objects.INVOCATION_COUNTER, 2),
    (dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2),
    (dlms.DATA, objects.ELECTRICITY_PROFILE_STATUS, 2),
    (dlms.PROFILE_GENERIC, objects.ELECTRICITY_PROFILE, 7),
    (dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 3),
]


def readable(wire: Wire, client: dlms.Client, sap: int) -> set[dlms.Obis]:
    found = set()
    for interface, obis, attribute in ALL_OBJECTS:
        try:
            wire.ask(client.get(interface, obis, attribute), sap)
        except RefusedError:
            continue
        found.add(obis)
    return found


def test_it_is_a_machine_without_a_radio():
    meter = make_meter()
    assert isinstance(meter, Machine)
    assert not any("radio" in name for name in vars(meter))


# who may do what


def test_the_public_client_sees_name_clock_and_its_counter_only():
    wire, client = plain(make_meter(), objects.PUBLIC_SAP)
    seen = readable(wire, client, objects.PUBLIC_SAP)
    assert seen == {objects.CLOCK, objects.LOGICAL_DEVICE_NAME, objects.INVOCATION_COUNTER}


def test_a_reader_without_keys_is_known_only_where_the_site_opened_its_meter():
    with pytest.raises(RefusedError):
        plain(make_meter(), objects.OPEN_READER_SAP)
    wire, client = plain(make_meter(open_reader=True), objects.OPEN_READER_SAP)
    assert readable(wire, client, objects.OPEN_READER_SAP) == {obis for _, obis, _ in ALL_OBJECTS}


@pytest.mark.parametrize("who", ["hub", "open reader", "public"])
def test_nobody_but_the_head_end_can_write_or_act(who):
    meter = make_meter(open_reader=True)
    meter.disconnect(START)
    if who == "hub":
        wire, client = as_hub(meter)
        sap = objects.HUB_SAP
    else:
        sap = objects.OPEN_READER_SAP if who == "open reader" else objects.PUBLIC_SAP
        wire, client = plain(meter, sap)
    later = dlms.octet_string(dlms.encode_date_time(Instant(START + DAY)))
    for attempt in (
        client.set(dlms.CLOCK_CLASS, objects.CLOCK, 2, later),
        client.set(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2, dlms.long64_unsigned(0)),
        client.act(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 1, dlms.integer(0)),
        client.act(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 2, dlms.integer(0)),
        client.act(dlms.PROFILE_GENERIC, objects.ELECTRICITY_PROFILE, 1, dlms.integer(0)),
        client.act(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 1, dlms.integer(0)),
    ):
        with pytest.raises(RefusedError):
            wire.ask(attempt, sap)
    assert meter.switch.state is ControlState.DISCONNECTED
    assert meter.clock.reads(START) == START
    assert [event.kind for event in meter.events()].count("access.refused") >= 6


@pytest.mark.parametrize("keys", [HUB_KEYS, dlms.Keys(METER_KEYS.encryption, bytes(16))])
def test_a_client_with_another_key_is_refused_and_leaves_the_meter_as_it_was(keys):
    meter = make_meter()
    before = json.dumps(meter.state())
    wire, client = Wire(meter), head_end_client(METER_ID, keys=keys)
    with pytest.raises(MeterhouseError):
        wire.ask(client.associate())
    assert not client.associated
    assert "access.refused" in [event.kind for event in meter.events()]
    after = json.loads(json.dumps(meter.state()))
    assert {**after, "reserved": 0} == {**json.loads(before), "reserved": 0}


def test_the_two_clients_have_associations_of_their_own_on_one_wire():
    meter = make_meter()
    (first, head_end), (second, hub) = as_head_end(meter), as_hub(meter)
    assert first.ask(head_end.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2)).whole() == 0
    assert second.ask(hub.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2), objects.HUB_SAP).whole() == 0
    meter.receive("m_bus/2", b"", START)  # unplugged: its association is gone, the other stands
    with pytest.raises(MeterhouseError):
        second.ask(hub.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2), objects.HUB_SAP)
    assert first.ask(head_end.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2)).whole() == 0


# the switch


def test_the_head_end_arms_and_only_the_button_closes():
    meter = make_meter()
    meter.disconnect(START)
    assert meter.use(100, START) == 0
    wire, client = as_head_end(meter)
    arm = lambda: client.act(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 2, dlms.integer(0))  # noqa: E731
    for _ in range(3):
        wire.ask(arm())
        assert meter.switch.state is ControlState.READY
    assert meter.use(100, START) == 0
    assert meter.press_button(START)
    assert meter.switch.closed
    wire.ask(arm())
    assert meter.switch.closed  # arming a supply that is on leaves it on
    assert meter.use(100, START) == 100


def test_there_is_no_method_that_closes_or_cuts():
    meter = make_meter()
    wire, client = as_head_end(meter)
    for method in (1, 3, 4, 0x7F):
        with pytest.raises(RefusedError):
            wire.ask(client.act(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, method, dlms.integer(0)))
    for attribute in (2, 3, 4):
        with pytest.raises(RefusedError):
            wire.ask(client.set(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, attribute, dlms.enum(1)))
    assert meter.switch.closed


@pytest.mark.parametrize("state", ControlState)
def test_the_switch_over_all_its_states(state):
    def after(act: str) -> ControlState:
        switch = SupplySwitch(state)
        getattr(switch, act)()
        return switch.state

    off, on, ready = ControlState.DISCONNECTED, ControlState.CONNECTED, ControlState.READY
    assert after("disconnect") is off
    assert after("arm") is {off: ready, on: on, ready: ready}[state]
    assert after("press") is {off: off, on: on, ready: on}[state]


# half hours and the clock


def rows(meter: ElectricityMeter) -> list[HalfHour]:
    """All but the opening row, which tells the register at the instant of switching on."""
    return meter.log.between(Instant(START + 1), Instant(START + 800 * DAY))


def live(meter: ElectricityMeter, until: int, energy_wh: int = 0) -> None:
    """Let the meter's own deadlines come, drawing before each."""
    meter.elapse(START)
    while (due := meter.deadline()) is not None and due <= until:
        meter.use(energy_wh, Instant(due - 1))
        meter.elapse(due)


def test_forty_eight_rows_a_day_each_with_the_register_at_its_end():
    meter = make_meter()
    live(meter, START + DAY, 250)
    assert [row.end - START for row in rows(meter)] == [HALF_HOUR * number for number in range(1, 49)]
    assert [row.register for row in rows(meter)] == [250 * number for number in range(1, 49)]
    assert {row.quality for row in rows(meter)} == {Quality.MEASURED}


@pytest.mark.parametrize("drift_ppm", [-200, -20, 20, 200])
def test_the_half_hours_are_those_of_its_own_clock(drift_ppm):
    meter = make_meter(drift_ppm=drift_ppm)
    live(meter, START + 10 * DAY + MINUTE * 10)
    at = meter.clock.true(rows(meter)[-1].end)
    assert meter.clock.reads(at) == rows(meter)[-1].end
    assert abs((at - START) - (rows(meter)[-1].end - START) * (1_000_000 - drift_ppm) // 1_000_000) < SECOND
    assert len(rows(meter)) == 480


def set_clock(meter: ElectricityMeter, shown: int, now: int) -> None:
    wire, client = as_head_end(meter, Instant(now))
    value = dlms.octet_string(dlms.encode_date_time(Instant(shown)))
    wire.ask(client.set(dlms.CLOCK_CLASS, objects.CLOCK, 2, value))


def test_a_small_correction_of_the_clock_is_silent():
    meter = make_meter()
    live(meter, START + HALF_HOUR)
    set_clock(meter, START + HALF_HOUR + 5 * MINUTE + 9 * SECOND, START + HALF_HOUR + 5 * MINUTE)
    live(meter, START + 3 * HALF_HOUR)
    assert {row.quality for row in rows(meter)} == {Quality.MEASURED}


def test_a_clock_set_forward_leaves_a_gap_and_marks_the_half_hour():
    meter = make_meter()
    live(meter, START + HALF_HOUR, 100)
    set_clock(meter, START + HALF_HOUR + 125 * MINUTE, START + HALF_HOUR + 5 * MINUTE)
    live(meter, START + 3 * HALF_HOUR, 100)
    first, second, *_ = rows(meter)
    assert (first.quality, second.quality) == (Quality.MEASURED, Quality.CLOCK_ADJUSTED)
    assert second.end == START + 6 * HALF_HOUR  # 02:35 when set: the half hour under way ends at 03:00
    assert second.register == 200


def test_a_clock_set_back_never_writes_a_half_hour_twice():
    meter = make_meter()
    live(meter, START + 4 * HALF_HOUR, 100)
    set_clock(meter, START + HALF_HOUR, START + 4 * HALF_HOUR + MINUTE)
    live(meter, START + 10 * HALF_HOUR, 100)
    ends = [row.end for row in rows(meter)]
    assert ends == sorted(set(ends))
    after = [row for row in rows(meter) if row.end > START + 4 * HALF_HOUR]
    assert after[0].quality == Quality.CLOCK_ADJUSTED
    assert {row.quality for row in after[1:]} == {Quality.MEASURED}


def test_a_clock_set_to_a_wrong_year_and_back_goes_on_logging():
    """A slip of the head end must not cost the half hours of years."""
    meter = make_meter()
    live(meter, START + 2 * HALF_HOUR, 100)
    now = START + 2 * HALF_HOUR + MINUTE
    set_clock(meter, now + 400 * DAY, now)
    live(meter, START + 4 * HALF_HOUR, 100)
    right = START + 4 * HALF_HOUR + MINUTE
    set_clock(meter, right, right)
    live(meter, START + 8 * HALF_HOUR, 100)
    kept = [row for row in rows(meter) if row.end <= START + 8 * HALF_HOUR]
    assert [row.end - START for row in kept[-4:]] == [HALF_HOUR * number for number in (5, 6, 7, 8)]
    assert kept[-4].quality == Quality.CLOCK_ADJUSTED
    assert meter.log.newest is not None
    assert meter.log.newest.end == START + 8 * HALF_HOUR


@settings(max_examples=40)
@given(st.lists(st.integers(-6 * 60, 6 * 60), max_size=6))
def test_however_its_clock_is_set_the_rows_rise_and_no_energy_is_lost(steps):
    meter, now = make_meter(), START
    for minutes in steps:
        live(meter, now + 2 * HALF_HOUR, 100)
        now = Instant(now + 2 * HALF_HOUR + MINUTE)
        meter.set_clock(Instant(meter.clock.reads(now) + minutes * MINUTE), now)
    live(meter, now + DAY, 100)
    ends = [row.end for row in rows(meter)]
    assert ends == sorted(set(ends))
    registers = [row.register for row in rows(meter)]
    assert registers == sorted(registers)
    assert registers[-1] == meter.register_wh


def test_the_register_rolls_over():
    meter = make_meter()
    meter.register_wh = REGISTER_LIMIT_WH - 10
    assert meter.use(20, START) == 20
    assert meter.register_wh == 10
    wire, client = as_head_end(meter)
    assert wire.ask(client.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2)).whole() == 10


def test_a_profile_by_range_is_what_the_log_holds():
    meter = make_meter()
    live(meter, START + 3 * DAY, 111)
    wire, client = as_head_end(meter)
    day = dlms.Range(Instant(START + DAY), Instant(START + 2 * DAY))
    got = wire.ask(client.profile(objects.ELECTRICITY_PROFILE, day))
    kept = meter.log.between(Instant(START + DAY), Instant(START + 2 * DAY))
    assert got == [(row.end, int(row.quality), row.register) for row in kept]
    assert len(got) == 49


# memory


def test_a_restart_goes_on_from_its_snapshot_and_marks_what_passed_without_power():
    meter = make_meter()
    live(meter, START + 4 * HALF_HOUR, 100)
    meter.disconnect(START)
    state = json.loads(json.dumps(meter.state()))
    later = make_meter(now=Instant(START + 9 * HALF_HOUR + MINUTE))
    later.restore(state)
    live(later, START + 11 * HALF_HOUR, 100)
    assert later.switch.state is ControlState.DISCONNECTED
    assert [row.end - START for row in rows(later)] == [HALF_HOUR * number for number in (1, 2, 3, 4, 10, 11)]
    assert [row.quality for row in rows(later)][-2:] == [Quality.POWER_DOWN, Quality.MEASURED]
    assert later.register_wh == 400


def test_a_restart_within_a_half_hour_marks_nothing():
    meter = make_meter()
    live(meter, START + 4 * HALF_HOUR, 100)
    later = make_meter(now=Instant(START + 4 * HALF_HOUR + MINUTE))
    later.restore(json.loads(json.dumps(meter.state())))
    live(later, START + 5 * HALF_HOUR, 100)
    assert {row.quality for row in rows(later)} == {Quality.MEASURED}
    assert len(rows(later)) == 5


def test_a_restart_keeps_the_clock_as_it_was_set():
    meter = make_meter()
    set_clock(meter, START + 7 * MINUTE, START)
    live(meter, START + HOUR)
    later = make_meter(now=Instant(START + HOUR))
    later.restore(json.loads(json.dumps(meter.state())))
    assert later.clock.reads(Instant(START + HOUR)) == START + HOUR + 7 * MINUTE
    assert later.deadline() == meter.deadline()


def test_an_old_conversation_played_again_after_a_restart_is_not_believed():
    meter = make_meter()
    said: list[bytes] = []
    wire, client = Wire(meter), head_end_client(METER_ID)
    exchange = wire.exchange
    wire.exchange = lambda apdu, sap: said.append(apdu) or exchange(apdu, sap)  # type: ignore[func-returns-value]
    wire.ask(client.associate())
    meter.disconnect(START)
    wire.ask(client.act(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 2, dlms.integer(0)))
    meter.disconnect(START)
    later = make_meter()
    later.restore(json.loads(json.dumps(meter.state())))
    again = Wire(later)
    for apdu in said:
        again.exchange(apdu, objects.HEAD_END_SAP)
    assert later.switch.state is ControlState.DISCONNECTED


def test_it_refuses_another_meters_snapshot():
    state = make_meter().state()
    state["serial"] = "MTHE00000002"
    with pytest.raises(ConfigurationError):
        make_meter().restore(state)


# garbage

_NOISY = make_meter()
_NOISY.disconnect(START)


@settings(max_examples=150)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=120),
            st.builds(
                dlms.wrapper.encode,
                st.sampled_from([1, 2, 16, 32, 7]),
                st.sampled_from([1, 0, 9]),
                st.binary(min_size=1, max_size=80),
            ),
        ),
        max_size=8,
    )
)
def test_bytes_of_any_kind_never_raise_and_never_change_register_or_switch(chunks):
    for number, data in enumerate(chunks):
        _NOISY.receive(f"m_bus/{number % 3}", data, START)
        list(_NOISY.outgoing())
        list(_NOISY.events())
    assert _NOISY.switch.state is ControlState.DISCONNECTED
    assert _NOISY.register_wh == 0
    assert _NOISY.clock.reads(START) == START


def test_a_frame_too_long_ends_its_own_connection_and_no_other():
    meter = make_meter()
    wire, client = as_head_end(meter)
    meter.receive("m_bus/9", bytes.fromhex("00010001 0001 FFFF") + bytes(70_000), START)
    assert ("m_bus/9", b"") in list(meter.outgoing()) or "wire.garbled" not in [e.kind for e in meter.events()]
    assert wire.ask(client.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2)).whole() == 0


def test_a_truncated_frame_waits_and_the_rest_completes_it():
    meter = make_meter()
    framed = dlms.wrapper.encode(objects.HEAD_END_SAP, 1, next(head_end_client(METER_ID).associate()))
    for byte in framed[:-1]:
        meter.receive(PORT, bytes([byte]), START)
    assert list(meter.outgoing()) == []
    meter.receive(PORT, framed[-1:], START)
    assert len(list(meter.outgoing())) == 1


# the load behind it


def test_a_load_draws_exactly_what_is_wanted_however_many_steps():
    for steps in (1, 2, 3, 7):
        meter = make_meter()
        load = HomeLoad("load", lambda _end: (1_001, 0), meter, None, steps, START)
        while (due := load.deadline()) is not None and due <= START + DAY:
            load.elapse(due)
            while meter.deadline() <= due:
                meter.elapse(meter.deadline())
        meter.elapse(Instant(START + DAY))
        amounts = [later.register - earlier.register for earlier, later in zip(rows(meter), rows(meter)[1:])]  # noqa: B905
        assert set(amounts) == {1_001}
        assert load.drawn_wh == 48 * 1_001


def test_what_is_wanted_while_the_supply_is_off_is_not_drawn_later():
    meter = make_meter()
    load = HomeLoad("load", lambda _end: (600, 0), meter, None, 6, START)
    meter.disconnect(START)
    load.elapse(Instant(START + 3 * HALF_HOUR))
    assert load.drawn_wh == 0
    meter.arm(START)
    meter.press_button(START)
    load.elapse(Instant(START + 4 * HALF_HOUR))
    assert load.drawn_wh == 600


def test_a_load_that_begins_in_the_middle_of_a_half_hour_draws_from_the_next_on():
    meter = make_meter()
    load = HomeLoad("load", lambda _end: (600, 0), meter, None, 6, Instant(START + 10 * MINUTE))
    load.elapse(Instant(START + HALF_HOUR))
    assert load.drawn_wh == 0
    load.elapse(Instant(START + 2 * HALF_HOUR))
    assert load.drawn_wh == 600
