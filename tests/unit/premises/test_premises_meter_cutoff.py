"""The end of credit at a meter whose account stands in its hub: one object, one automaton, and a hand on the button."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_bench import START
from meterhouse.companion import objects
from meterhouse.companion.account_objects import ACCOUNT_OBJECTS, ELECTRICITY_CUTOFF
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    REGISTER_LIMIT_WH,
    ConfigurationError,
    Fuel,
    Instant,
    RefusedError,
)
from meterhouse.premises.electricity_meter import LONGEST_HUB_DELAY, ControlState, CreditCutoff, SupplySwitch
from meterhouse.protocols import dlms
from meterhouse.rules import NO_LIMIT_WH
from prepaid_meter import MeterClient, cutoff_value, elapse, make_prepaid, prepay
from sealed_home import Parties, ask

DELAY = 144
OFF, ON, READY = ControlState


def kinds(meter):
    return [event.kind for event in meter.events()]


def hub_of(meter, now=START):
    return MeterClient(meter, objects.HUB_SAP, now)


def emptied(**settings):
    """A meter that credit has put off at 1 000 Wh, and its hub."""
    meter = make_prepaid(hub_account_delay=DELAY, **settings)
    hub = hub_of(meter)
    hub.write(1_000, DELAY)
    assert meter.use(1_500, START) == 1_000
    assert meter.credit.open_for_credit
    meter.events()
    return meter, hub


# the object: who may write it, and what


def test_a_meter_on_credit_has_none_of_the_objects_and_refuses_all_writes():
    meter = make_prepaid()
    at = ACCOUNT_OBJECTS[Fuel.ELECTRICITY]
    names = {getattr(at, name) for name in at.__dataclass_fields__} | {ELECTRICITY_CUTOFF}
    assert not names & set(meter._server.logical_devices[1].objects)
    for sap in (objects.HUB_SAP, objects.HEAD_END_SAP):
        client = MeterClient(meter, sap)
        for write in (lambda c=client: c.write(0), lambda c=client: c.get(ELECTRICITY_CUTOFF)):
            with pytest.raises(RefusedError):
                write()
    assert meter.switch.closed
    assert meter.credit is None
    assert meter.prepaid is None
    assert meter.key_in_token("1" * 20, START).verdict is TokenVerdict.NO_ACCOUNT
    assert not meter.select_emergency(START)


@pytest.mark.parametrize("sealed", [False, True])
def test_the_hub_writes_the_cut_off_and_the_head_end_reads_it_alone(sealed):
    meter = make_prepaid(hub_account_delay=DELAY, parties=Parties() if sealed else None)
    hub_of(meter).write(5_000, 100)
    head_end = MeterClient(meter)
    for client in (head_end, hub_of(meter)):
        assert client.get(ELECTRICITY_CUTOFF).native() == (5_000, 100, False)
    for value in (cutoff_value(0), cutoff_value(NO_LIMIT_WH, DELAY, arm=True)):
        with pytest.raises(RefusedError):
            head_end.set(ELECTRICITY_CUTOFF, value)
    assert (meter.credit.cutoff_wh, meter.credit.countdown) == (5_000, 100)
    assert meter.switch.closed


@pytest.mark.parametrize("sap", [objects.PUBLIC_SAP, objects.OPEN_READER_SAP])
def test_whoever_has_no_key_neither_writes_nor_sees_it(sap):
    meter = make_prepaid(hub_account_delay=DELAY, open_reader=True)
    client = MeterClient(meter, sap)
    with pytest.raises(RefusedError):
        client.get(ELECTRICITY_CUTOFF)
    with pytest.raises(RefusedError):
        client.write(0)
    assert meter.credit.cutoff_wh == NO_LIMIT_WH


@pytest.mark.parametrize("sealed", [False, True])
def test_the_hub_can_in_no_way_open_a_switch_of_a_meter_on_credit(sealed):
    meter = make_prepaid(parties=Parties() if sealed else None)
    hub = hub_of(meter)
    control = dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT
    for obis in (ELECTRICITY_CUTOFF, *vars_of(ACCOUNT_OBJECTS[Fuel.ELECTRICITY])):
        with pytest.raises(RefusedError):
            hub.set(obis, cutoff_value(0))
    for method in (1, 2):
        with pytest.raises(RefusedError):
            hub.act(*control, method, dlms.integer(0))
    for attribute in (2, 3, 4):
        with pytest.raises(RefusedError):
            hub.set(objects.ELECTRICITY_DISCONNECT, dlms.enum(0), attribute, dlms.DISCONNECT_CONTROL)
    assert meter.switch.closed
    assert meter.use(1_000_000, START) == 1_000_000


def vars_of(at):
    return [getattr(at, name) for name in at.__dataclass_fields__]


@pytest.mark.parametrize(
    "value",
    [
        cutoff_value(NO_LIMIT_WH + 1),
        cutoff_value(2**63),
        cutoff_value(2_000, 0),
        cutoff_value(2_000, 4 * DELAY + 1),
        cutoff_value(2_000, 65_535),
        dlms.structure(dlms.long64(-1), dlms.null, dlms.boolean(True)),
        dlms.structure(dlms.long64_unsigned(2_000), dlms.null, dlms.unsigned(1)),
        dlms.structure(dlms.long64_unsigned(2_000), dlms.boolean(True), dlms.boolean(True)),
        dlms.structure(dlms.octet_string(b"\x01"), dlms.null, dlms.boolean(True)),
        dlms.structure(dlms.long64_unsigned(2_000), dlms.null),
        dlms.structure(dlms.long64_unsigned(2_000), dlms.null, dlms.boolean(True), dlms.null),
        dlms.array([dlms.boolean(True)] * 3),
        dlms.long64_unsigned(2_000),
        dlms.null,
    ],
    ids=range(14),
)
def test_an_absurd_write_is_refused_and_changes_nothing_not_even_that_the_hub_was_heard(value):
    meter, hub = emptied()
    now = elapse(meter, START, 2 * HALF_HOUR)
    before = meter.credit.state()
    assert not meter.credit.comms_ok
    hub.now = now
    with pytest.raises(RefusedError):
        hub.set(ELECTRICITY_CUTOFF, value)
    assert meter.credit.state() == before
    assert meter.switch.state is OFF
    assert "access.refused" in kinds(meter)


def test_settings_of_two_accounts_of_no_delay_or_of_a_switch_that_never_opens_are_refused():
    for settings in (
        {"account": prepay(), "hub_account_delay": DELAY},
        {"hub_account_delay": 0},
        {"hub_account_delay": -1},
        {"hub_account_delay": LONGEST_HUB_DELAY + 1},
        {"hub_account_delay": DELAY, "control_mode": 0},
        {"account": prepay(), "control_mode": 0},
    ):
        with pytest.raises(ConfigurationError):
            make_prepaid(**settings)
    assert make_prepaid(hub_account_delay=LONGEST_HUB_DELAY).credit.countdown == LONGEST_HUB_DELAY
    assert make_prepaid(control_mode=0).credit is None


# the automaton


def expected(register, cutoff, comms, countdown):
    """Whether a supply that is on stays on: stated here once more, without the rule-book."""
    if cutoff == NO_LIMIT_WH or register < cutoff:
        return True
    return not comms and countdown > 0


@pytest.mark.parametrize("held", [False, True])
def test_all_states_of_switch_cut_off_link_and_countdown(held):
    """A switch that is on opens exactly where credit has ended; a press closes exactly what may be closed."""
    for state, register, cutoff, comms, countdown, for_credit in product(
        ControlState, (0, 999, 1_000, 1_001), (0, 1_000, NO_LIMIT_WH), (True, False), (0, 1, 7), (True, False)
    ):
        if for_credit and state is ON:
            continue
        told = []
        switch = SupplySwitch(state)
        switch.held = held
        credit = CreditCutoff(switch, 7, lambda _now, kind, told=told, **_f: told.append(kind))
        credit.cutoff_wh, credit.comms_ok, credit.countdown = cutoff, comms, countdown
        credit.open_for_credit = for_credit
        stays = expected(register, cutoff, comms, countdown)
        credit.settle(register, START)
        if state is ON:
            assert switch.closed is stays
            assert credit.open_for_credit is not stays
            assert told == ([] if stays else ["switch.opened"])
        else:
            assert (switch.state, credit.open_for_credit, told) == (state, for_credit, [])
        before, stands_for_credit = switch.state, credit.open_for_credit
        closes = credit.lets_close(register, START) and switch.press()
        armed = before is READY
        by_button = stands_for_credit and not comms and countdown > 0
        assert closes is (not held and before is not ON and stays and (armed or by_button))
        if not closes:
            assert switch.state is before


def test_energy_passes_up_to_the_cut_off_and_not_a_watt_hour_further_however_it_is_drawn():
    meter = make_prepaid(hub_account_delay=DELAY)
    hub_of(meter).write(1_000, DELAY)
    drawn = [meter.use(300, Instant(START + minute)) for minute in range(6)]
    assert drawn == [300, 300, 300, 100, 0, 0]
    assert meter.register_wh == 1_000
    opened = [event for event in meter.events() if event.kind == "switch.opened"]
    assert [event.fields["by"] for event in opened] == ["credit"]


def test_a_cut_off_reached_to_the_watt_hour_opens_and_one_short_of_it_does_not():
    for used, closed in ((999, True), (1_000, False)):
        meter = make_prepaid(hub_account_delay=DELAY)
        hub_of(meter).write(1_000)
        meter.use(used, START)
        assert meter.switch.closed is closed


def test_a_cut_off_below_the_register_opens_at_once():
    meter = make_prepaid(hub_account_delay=DELAY)
    meter.use(5_000, START)
    hub_of(meter).write(4_000, DELAY)
    assert meter.switch.state is OFF
    assert meter.credit.open_for_credit


def test_credit_arms_and_a_hand_closes():
    meter, hub = emptied()
    hub.write(3_000, DELAY)
    assert meter.switch.state is OFF, "a cut-off without an arm leaves it as it is"
    assert not meter.press_button(START)
    hub.write(3_000, DELAY, arm=True)
    assert meter.switch.state is READY
    assert meter.use(10, START) == 0
    assert meter.press_button(START)
    assert meter.switch.closed
    assert not meter.credit.open_for_credit
    assert meter.use(5_000, START) == 2_000


def test_an_arm_without_credit_arms_nothing():
    meter, hub = emptied()
    hub.write(1_000, DELAY, arm=True)
    assert meter.switch.state is OFF
    assert not meter.press_button(START)
    assert "switch.no_credit" in kinds(meter)


def test_an_arm_whose_credit_is_gone_before_the_press_is_taken_back():
    meter, hub = emptied()
    hub.write(3_000, arm=True)
    hub.write(1_000)
    assert meter.switch.state is OFF
    assert not meter.press_button(START)
    hub.write(3_000, arm=True)
    assert meter.press_button(START)


def test_an_arm_of_the_head_end_over_a_reached_cut_off_ends_at_the_press_and_waits_for_credit():
    meter, hub = emptied()
    MeterClient(meter).act(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 2, dlms.integer(0))
    assert meter.switch.state is READY
    assert not meter.press_button(START)
    assert kinds(meter)[-1] == "switch.no_credit"
    hub.write(3_000, arm=True)
    assert meter.press_button(START)


def test_a_sealed_arm_over_a_reached_cut_off_closes_nothing_and_no_day_takes_the_arm_of_credit():
    parties = Parties()
    meter, hub = emptied(parties=parties)
    ask(meter).take(parties.arm(START).encode(), START)
    assert meter.switch.state is READY
    assert not meter.press_button(START)
    assert "switch.no_credit" in kinds(meter)
    hub.write(3_000, DELAY, arm=True)
    now = elapse(meter, START, DAY + HALF_HOUR)
    assert not ask(meter).armed
    assert meter.switch.state is READY
    assert meter.press_button(now)


def test_voltage_from_the_house_keeps_every_press_from_closing():
    meter, hub = emptied()
    hub.write(3_000, arm=True)
    meter.back_feed = True
    assert not meter.press_button(START)
    now = elapse(meter, START, 2 * HALF_HOUR)
    assert not meter.credit.comms_ok
    assert not meter.press_button(now)
    meter.back_feed = False
    assert meter.press_button(now)


def test_a_button_that_is_down_already_closes_nothing():
    meter, hub = emptied()
    meter.hold_button(START)
    hub.write(3_000, arm=True)
    assert not meter.hold_button(START)
    now = elapse(meter, START, 2 * HALF_HOUR)
    assert not meter.hold_button(now)
    assert meter.switch.state is READY
    meter.release_button()
    assert meter.hold_button(now)


# the silent hub


def test_each_half_hour_without_a_word_of_the_hub_is_one_less_and_a_word_stops_it():
    meter = make_prepaid(hub_account_delay=3)
    elapse(meter, START, 0)
    hub = hub_of(meter)
    hub.write(1_000, 3)
    now, left = START, []
    for _ in range(6):
        now = elapse(meter, now, HALF_HOUR)
        left.append((meter.credit.countdown, meter.credit.comms_ok))
    assert left == [(3, True), (2, False), (1, False), (0, False), (0, False), (0, False)]
    hub.now = now
    hub.write(1_000)
    assert (meter.credit.countdown, meter.credit.comms_ok) == (0, True)
    hub.write(1_000, 2)
    assert (meter.credit.countdown, meter.credit.comms_ok) == (2, True)
    happened = kinds(meter)
    assert [happened.count(kind) for kind in ("hub_link.failed", "hub_link.restored")] == [1, 1]


def test_reading_alone_is_no_word_of_the_hub():
    meter = make_prepaid(hub_account_delay=3)
    elapse(meter, START, 0)
    hub = hub_of(meter)
    now = START
    for _ in range(2):
        now = hub.now = elapse(meter, now, HALF_HOUR)
        hub.get(ELECTRICITY_CUTOFF)
    assert (meter.credit.countdown, meter.credit.comms_ok) == (1, False)


def test_without_its_hub_the_supply_goes_on_past_the_cut_off_until_the_countdown_ends():
    meter = make_prepaid(hub_account_delay=2)
    elapse(meter, START, 0)
    hub_of(meter).write(1_000, 2)
    now = elapse(meter, START, 2 * HALF_HOUR)
    assert meter.use(3_000, now) == 3_000
    now = elapse(meter, now, HALF_HOUR)
    assert meter.switch.state is OFF
    opened = [event.fields for event in meter.events() if event.kind == "switch.opened"]
    assert [(fields["by"], fields["why"]) for fields in opened] == [("credit", "countdown_ended")]
    assert not meter.press_button(now)


def test_a_hub_that_is_back_opens_what_its_silence_kept_on():
    meter = make_prepaid(hub_account_delay=9)
    hub = hub_of(meter)
    hub.write(1_000, 9)
    now = hub.now = elapse(meter, START, 2 * HALF_HOUR)
    meter.use(3_000, now)
    hub.write(1_000)
    assert meter.switch.state is OFF
    assert meter.credit.open_for_credit


def test_with_the_hub_silent_a_press_closes_what_credit_opened_until_the_countdown_ends():
    meter, _ = emptied()
    assert not meter.press_button(START), "the hub is there: ask it"
    now = elapse(meter, START, 2 * HALF_HOUR)
    assert meter.press_button(now)
    assert meter.use(700, now) == 700
    now = elapse(meter, now, DELAY * HALF_HOUR)
    assert meter.switch.state is OFF
    assert not meter.press_button(now)


def test_with_the_hub_silent_no_press_closes_what_an_order_opened():
    meter = make_prepaid(hub_account_delay=DELAY)
    hub_of(meter).write(1_000, DELAY)
    now = elapse(meter, START, 2 * HALF_HOUR)
    meter.open_by_order(now)
    assert not meter.press_button(now)
    assert meter.switch.state is OFF


def test_before_a_hub_has_ever_written_nothing_opens():
    meter = make_prepaid(hub_account_delay=1)
    now = elapse(meter, START, DAY)
    assert meter.credit.countdown == 0
    assert meter.use(1_000_000, now) == 1_000_000


# orders, limits and credit


@pytest.mark.parametrize("stage", ["on", "off", "armed"])
def test_credit_never_undoes_a_cut_by_order(stage):
    meter, hub = emptied()
    if stage != "off":
        hub.write(3_000, DELAY, arm=True)
    if stage == "on":
        meter.press_button(START)
    meter.open_by_order(START)
    hub.write(9_000, DELAY, arm=True)
    assert meter.switch.state is OFF
    assert not meter.press_button(START)
    now = hub.now = elapse(meter, START, 3 * HALF_HOUR)
    assert not meter.press_button(now), "nor does a silent hub"
    hub.write(9_000, DELAY, arm=True)
    assert not meter.press_button(now)
    assert hub.get(ELECTRICITY_CUTOFF).native()[2] is False


def test_a_load_that_trips_the_switch_is_no_end_of_credit():
    meter = make_prepaid(hub_account_delay=DELAY)
    hub = hub_of(meter)
    hub.write(5_000, DELAY)
    meter.load_limit_w = 1_000
    meter.use(3_000, Instant(START + HALF_HOUR))
    assert meter.switch.state is READY
    assert not meter.credit.open_for_credit
    hub.write(3_000)
    assert not meter.press_button(START), "credit has ended meanwhile"
    assert "switch.no_credit" in kinds(meter)
    hub.write(9_000)
    assert meter.press_button(START)


def test_a_cut_by_order_of_an_armed_home_outlives_a_crash_back_to_an_older_snapshot():
    """The record of the order is newer than the snapshot, which still says that credit alone keeps the supply off."""
    parties, records = Parties(), []
    meter, hub = emptied(parties=parties, keep=records.append)
    old = meter.state()
    hub.write(9_000, DELAY, arm=True)
    meter.press_button(START)
    ask(meter).take(parties.open(START).encode(), START)
    ask(meter).take(parties.answer(parties.query(ask(meter)), START).encode(), START)
    assert meter.switch.state is OFF
    again = make_prepaid(hub_account_delay=DELAY, parties=parties)
    again.restore(old | {"orders": records[-1]})
    hub = hub_of(again)
    hub.write(9_000, DELAY, arm=True)
    assert again.switch.state is OFF
    assert not again.press_button(START)


def test_a_snapshot_mid_way_goes_on_with_cut_off_countdown_contact_and_why_it_stands_open():
    meter, _ = emptied()
    elapse(meter, START, 5 * HALF_HOUR)
    again = make_prepaid(hub_account_delay=DELAY)
    again.restore(meter.state())
    assert again.credit.state() == meter.credit.state()
    assert (again.credit.open_for_credit, again.credit.comms_ok) == (True, False)
    assert again.press_button(Instant(START + 5 * HALF_HOUR))


def test_a_register_that_rolls_over_without_its_hub_has_not_got_new_credit():
    meter = make_prepaid(hub_account_delay=3)
    meter.register_wh = REGISTER_LIMIT_WH - 1_000
    hub_of(meter).write(REGISTER_LIMIT_WH - 500, 3)
    now = elapse(meter, START, 2 * HALF_HOUR)
    assert meter.use(2_000, now) == 2_000
    assert meter.register_wh == 1_000
    now = elapse(meter, now, 2 * HALF_HOUR)
    assert meter.switch.state is OFF


def test_a_code_by_telephone_is_not_used_up_where_there_is_no_credit():
    parties = Parties()
    meter, hub = emptied(parties=parties, arm_key=bytes(range(16)))
    assert meter.key_in("000000000000", START).name == "NO_CREDIT"
    assert meter.keypad.number == 0
    hub.write(9_000)
    assert meter.key_in("000000000000", START).name == "WRONG"


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("use"), st.integers(0, 4_000)),
        st.tuples(st.just("write"), st.integers(0, 40_000), st.sampled_from([None, 1, 5, 12]), st.booleans()),
        st.tuples(st.just("wait"), st.integers(1, 4)),
        st.tuples(st.sampled_from(["press", "order", "arm", "trip", "restart", "disarm"])),
    ),
    min_size=1,
    max_size=40,
)


class Home:
    """A meter told by its hub, and whether an order has put it off and none has armed it since."""

    def __init__(self) -> None:
        self.meter, self.now, self.by_order = make_prepaid(hub_account_delay=3), START, False

    def use(self, energy_wh):
        was, register, credit = self.meter.switch.closed, self.meter.register_wh, self.meter.credit
        drawn = self.meter.use(energy_wh, self.now)
        assert was or drawn == 0
        assert self.meter.register_wh == register + drawn
        if credit.comms_ok or credit.countdown == 0:
            assert self.meter.register_wh <= max(credit.cutoff_wh, register)

    def write(self, cutoff_wh, refill, arm):
        self.meter.credit.hear(cutoff_wh, refill, self.meter.register_wh, self.now, arm=arm)

    def wait(self, half_hours):
        self.now = elapse(self.meter, self.now, half_hours * HALF_HOUR)

    def press(self):
        self.meter.press_button(self.now)

    def order(self):
        self.meter.open_by_order(self.now)
        self.by_order = True

    def arm(self):
        self.meter.arm(self.now)
        self.by_order = False

    def disarm(self):
        self.meter.disarm(self.now)

    def trip(self):
        self.meter.switch.trip()

    def restart(self):
        state = self.meter.state()
        self.meter = make_prepaid(hub_account_delay=3, now=self.now)
        self.meter.restore(state)
        assert self.meter.state()["credit"] == state["credit"]


@given(DEEDS)
def test_whatever_happens_only_a_hand_closes_and_only_an_arm_of_its_own_ends_an_order(deeds):
    home = Home()
    for deed, *values in deeds:
        was = home.meter.switch.closed
        getattr(home, deed)(*values)
        meter = home.meter
        assert deed == "press" or was or not meter.switch.closed
        assert not home.by_order or meter.switch.state is OFF
        assert not (meter.switch.closed and meter.credit.reached(meter.register_wh))
        assert not (meter.switch.closed and meter.credit.open_for_credit)


def test_the_supplier_of_a_sealed_home_cuts_and_arms_it_as_any_other():
    parties = Parties()
    meter = make_prepaid(hub_account_delay=DELAY, parties=parties)
    hub_of(meter).write(9_000, DELAY)
    ask(meter).take(parties.open(START).encode(), START)
    ask(meter).take(parties.answer(parties.query(ask(meter)), START).encode(), START)
    assert meter.switch.state is OFF
    assert not meter.credit.open_for_credit
    ask(meter).take(parties.arm(START).encode(), START)
    assert meter.press_button(START)
