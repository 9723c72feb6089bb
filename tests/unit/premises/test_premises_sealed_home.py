"""A whole home under sealed orders: by the ports in an association, and by notes; nothing between opens or alters one."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_bench import METER_ID, TARIFF, head_end_client, token
from meterhouse.companion import objects
from meterhouse.companion.gas import ValveState
from meterhouse.companion.receipt import Deed, read_receipt
from meterhouse.companion.relay import Frame, Kind, Note, Refusal
from meterhouse.companion.sealed import (
    CONFIRM_QUERY,
    ORDER_RESULT,
    Component,
    ConfirmQuery,
    Envelope,
    Hindrance,
    OrderCode,
    OrderReply,
    OrderResult,
    Outcome,
    Role,
    SealedError,
    Standing,
    ZclFrame,
    decode_components,
    read_answer,
)
from meterhouse.model import DAY, HALF_HOUR, HOUR, MINUTE, SECOND
from meterhouse.premises.electricity_meter import ControlState
from meterhouse.premises.hub.gas_prices import flat_price
from meterhouse.premises.hub.meter_mail import MeterMail
from meterhouse.premises.orders import CutStage, OrderGate
from meterhouse.protocols import dlms
from sealed_bench import GAS_CODES, SealedHome, gas_content, priced, top_up, zcl
from sealed_home import ARM, GAS_ID, OPEN, READ, Parties, clock_set, load_limit
from sealed_parties import change_supply, read_status

PENDING, DONE = OrderReply(Standing.PENDING), OrderReply(Standing.DONE)


@pytest.mark.requirement("S0-73")
def test_a_cut_of_the_electricity_goes_all_the_way_by_port_and_notes():
    home = SealedHome()
    parties = home.electricity
    order = parties.order(OrderCode.OPEN_SWITCH, OPEN, home.now)
    assert OrderReply.decode(read_answer(home.set(order, meter=True), order, parties.signing.public).content) == PENDING
    ((code, content),) = home.words(parties)
    assert code == CONFIRM_QUERY
    assert home.bench.electricity.switch.closed
    answer = parties.answer(ConfirmQuery.decode(content), home.now)
    number = home.note(parties, answer, Role.CONFIRM)
    ((code, content),) = home.words(parties)
    assert code == ORDER_RESULT
    assert OrderResult.decode(content).outcome is Outcome.OPENED
    assert OrderResult.decode(content).order == order.identity
    assert home.bench.electricity.switch.state is ControlState.DISCONNECTED
    assert number in home.noted


@pytest.mark.requirement("S0-73")
def test_a_cut_of_the_gas_closes_the_valve_at_the_next_report_and_only_then_says_so():
    home = SealedHome()
    parties = home.gas
    order = parties.order(OrderCode.CLOSE_VALVE, change_supply(0), home.now)
    assert (
        OrderReply.decode(read_answer(home.set(order, meter=False), order, parties.signing.public).content) == PENDING
    )
    ((code, content),) = home.words(parties)
    query = ConfirmQuery.decode(content)
    assert (code, query.balance) == (CONFIRM_QUERY, 500_000)
    home.note(parties, parties.answer(query, home.now), Role.CONFIRM)
    assert home.words(parties) == []
    assert home.bench.gas.valve is ValveState.OPEN
    home.bench.run(home.now + HALF_HOUR)
    assert home.bench.gas.valve is ValveState.CLOSED
    ((code, content),) = home.words(parties)
    assert (code, OrderResult.decode(content).outcome) == (ORDER_RESULT, Outcome.OPENED)


def test_gas_that_an_order_closed_opens_by_no_token_and_no_hand_until_armed_and_then_by_a_hand():
    home = closed_gas()
    bench, parties = home.bench, home.gas
    bench.key_in(token(1_000_000))
    bench.press()
    bench.run(home.now + HOUR)
    assert bench.gas.valve is ValveState.CLOSED
    arm = parties.order(OrderCode.ARM_VALVE, change_supply(1), home.now)
    assert OrderReply.decode(read_answer(home.set(arm, meter=False), arm, parties.signing.public).content) == DONE
    bench.run(home.now + HOUR)
    assert bench.gas.valve is ValveState.CLOSED
    bench.press()
    bench.run(home.now + HOUR)
    assert bench.gas.valve is ValveState.OPEN


def closed_gas() -> SealedHome:
    home = SealedHome()
    parties = home.gas
    home.set(parties.order(OrderCode.CLOSE_VALVE, change_supply(0), home.now), meter=False)
    query = parties.query(home.gas_gate)
    home.note(parties, parties.answer(query, home.now), Role.CONFIRM)
    home.bench.run(home.now + HALF_HOUR)
    assert home.bench.gas.valve is ValveState.CLOSED
    return home


def test_an_armed_valve_that_nobody_opened_in_a_day_is_closed_by_order_again():
    home = closed_gas()
    bench, parties = home.bench, home.gas
    home.set(parties.order(OrderCode.ARM_VALVE, change_supply(1), home.now), meter=False)
    bench.run(home.now + DAY + MINUTE)
    bench.press()
    bench.run(home.now + HOUR)
    assert bench.gas.valve is ValveState.CLOSED
    home.set(parties.order(OrderCode.ARM_VALVE, change_supply(1), home.now), meter=False)
    bench.press()
    bench.run(home.now + HOUR)
    assert bench.gas.valve is ValveState.OPEN


def test_where_orders_come_sealed_the_plain_association_neither_arms_nor_cuts():
    home = SealedHome()
    bench = home.bench
    home.meter_gate.brake.count(0)
    bench.electricity.switch.state = ControlState.DISCONNECTED
    client = head_end_client(METER_ID)
    bench.line.call()
    bench.ask(client.associate(), meter=True)
    for method in (1, 2):
        with pytest.raises(dlms.AccessRefusedError):
            bench.ask(
                client.act(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, method, dlms.integer(0)), meter=True
            )
    assert bench.electricity.switch.state is ControlState.DISCONNECTED


@pytest.mark.requirement("S0-09")
@pytest.mark.parametrize("by_note", [False, True], ids=["by port", "by note"])
def test_the_hash_of_a_message_at_the_head_end_is_its_hash_at_the_device_for_every_command(by_note, monkeypatch):
    home = SealedHome()
    arrived: list[str] = []
    take = OrderGate.take

    def spy(gate, octets, now):
        arrived.append(hashlib.sha256(octets).hexdigest())
        reason = take(gate, octets, now)
        assert reason is None, "the device verifies the head end's signature and the broker's MAC"
        return reason

    monkeypatch.setattr(OrderGate, "take", spy)
    meter_contents = {
        OrderCode.OPEN_SWITCH: OPEN,
        OrderCode.ARM_SWITCH: ARM,
        OrderCode.READ_SWITCH: READ,
        OrderCode.SET_CLOCK: clock_set(home.now),
        OrderCode.SET_LOAD_LIMIT: load_limit(5_000),
    }
    assert {*meter_contents, *GAS_CODES} == set(OrderCode)
    sent = []
    for code in OrderCode:
        meter = code in meter_contents
        parties = home.electricity if meter else home.gas
        order = parties.order(code, meter_contents[code] if meter else gas_content(code), home.now)
        sent.append(hashlib.sha256(order.encode()).hexdigest())
        if by_note:
            home.note(parties, order, Role.SUPPLIER)
        else:
            home.set(order, meter=meter)
        home.bench.run(home.now + 12 * SECOND)
    assert arrived == sent


def test_a_valve_is_read_and_a_token_taken_by_sealed_order():
    home = SealedHome()
    parties = home.gas
    read = parties.order(OrderCode.READ_VALVE, read_status(), home.now)
    answer = read_answer(home.set(read, meter=False), read, parties.signing.public)
    (component,) = decode_components(answer.content)
    assert component.frame.payload == bytes.fromhex("1400003002")
    before = home.bench.hub.account.balance
    paid = parties.order(OrderCode.TOP_UP, top_up(token(500_000)), home.now)
    assert OrderReply.decode(read_answer(home.set(paid, meter=False), paid, parties.signing.public).content) == DONE
    credited = home.bench.hub.account.balance
    assert credited > before
    again = parties.order(OrderCode.TOP_UP, top_up(token(500_000)), home.now)
    refused = OrderReply.decode(read_answer(home.set(again, meter=False), again, parties.signing.public).content)
    assert refused.standing is Standing.REFUSED
    assert home.bench.hub.account.balance == credited


def test_a_note_is_sent_again_until_it_is_noted_and_a_refused_one_too():
    home = SealedHome()
    parties = home.gas
    home.bench.line.frames.clear()
    home.note(parties, parties.order(OrderCode.CLOSE_VALVE, change_supply(0), home.now), Role.SUPPLIER)
    home.bench.run(home.now + 25 * SECOND)
    notes = [frame for frame in home.bench.line.frames if frame.kind is Kind.NOTE]
    assert len({frame.payload for frame in notes}) == 1
    assert len(notes) == 3
    home.bench.line.send(Frame(Kind.REFUSED, notes[-1].session, bytes([Refusal.NOT_CONNECTED])))
    home.bench.line.frames.clear()
    home.bench.run(home.now + 15 * SECOND)
    assert len(home.heard()) == 1
    home.bench.run(home.now + MINUTE)
    assert home.heard() == []


def test_what_was_said_while_the_line_was_down_is_said_when_it_is_up():
    home = SealedHome()
    parties = home.gas
    home.bench.line.cut()
    home.gas_gate.take(parties.order(OrderCode.CLOSE_VALVE, change_supply(0), home.now).encode(), home.now)
    home.bench.run(home.now + MINUTE)
    home.bench.line.mend()
    assert CONFIRM_QUERY in [code for code, _ in home.words(parties, 20 * 60)]


def test_a_note_for_another_home_and_one_that_is_none_change_nothing_and_are_not_sent_for_ever():
    home = SealedHome()
    stranger = Parties(GAS_ID.__class__(b"\x02OTHER\x00\x01"))
    number = home.note(stranger, stranger.open(home.now), Role.SUPPLIER)
    home.numbers += 1
    home.bench.line.send(Note(home.gas.ids[Role.SUPPLIER], b"no message").frame(home.numbers))
    home.heard()
    assert {number, home.numbers} <= set(home.noted)
    assert home.bench.kinds("hub").count("note.refused") == 2
    test_a_valve_is_read_and_a_token_taken_by_sealed_order()


def test_a_hub_that_restarts_says_again_what_nobody_has_taken_and_nothing_else():
    home = SealedHome()
    parties = home.gas
    home.note(parties, parties.order(OrderCode.CLOSE_VALVE, change_supply(0), home.now), Role.SUPPLIER)
    home.bench.settle()
    assert [code for code, _ in home.words(parties, 3)] == [CONFIRM_QUERY]
    home.bench.restart_hub()
    told = home.words(parties, 60)
    assert [code for code, _ in told] == [ORDER_RESULT]
    assert OrderResult.decode(told[0][1]).outcome is Outcome.STAYED_BRAKE_OR_STATE


def test_a_dearer_price_runs_no_credit_out_for_a_day_and_then_it_does():
    home = SealedHome(balance=100_000)
    bench, parties = home.bench, home.gas
    bench.run(home.now + HALF_HOUR)
    near = bench.gas.cutoff_l
    dear = parties.order(
        OrderCode.SET_CALORIFIC_VALUE, zcl(0x0700, 3, "804A371C00000000C2010000" + "0110", to_client=True), home.now
    )
    assert OrderReply.decode(read_answer(home.set(dear, meter=False), dear, parties.signing.public).content) == DONE
    bench.run(home.now + HOUR)
    held = bench.gas.cutoff_l
    assert held > near + 10_000
    bench.run(home.now + DAY)
    assert bench.gas.cutoff_l < near


def valve_under_way() -> tuple[SealedHome, Envelope]:
    """A confirmed cut of the gas whose valve waits for the meter's next report."""
    home = SealedHome()
    parties = home.gas
    order = parties.order(OrderCode.CLOSE_VALVE, change_supply(0), home.now)
    home.note(parties, order, Role.SUPPLIER)
    home.note(parties, parties.answer(parties.query(home.gas_gate), home.now), Role.CONFIRM)
    assert home.bench.gas.valve is ValveState.OPEN
    assert home.gas_gate.cut.stage is CutStage.OPENING
    return home, order


@pytest.mark.parametrize("stop", ["cancel", "payment", "arm"])
def test_t33_a_valve_on_its_way_stays_open_for_a_cancel_a_payment_and_an_arm(stop: str):
    home, order = valve_under_way()
    parties = home.gas
    if stop == "cancel":
        home.note(parties, parties.cancel(order, home.now), Role.SUPPLIER)
    elif stop == "payment":
        home.bench.key_in(token(1_000_000))
    else:
        home.note(parties, parties.order(OrderCode.ARM_VALVE, change_supply(1), home.now), Role.SUPPLIER)
    home.bench.run(home.now + HOUR)
    assert home.bench.gas.valve is ValveState.OPEN
    assert home.gas_gate.cut.stage is None
    (result,) = [one for one in parties.results(home.gas_gate) if one.order == order.identity]
    assert result.outcome is (Outcome.CANCELLED if stop == "cancel" else Outcome.STAYED_BRAKE_OR_STATE)


def test_t04_a_valve_that_could_not_close_within_the_orders_own_window_stays_open():
    home, order = valve_under_way()
    home.bench.up = False
    home.bench.run(home.now + 2 * HOUR)
    home.bench.up = True
    home.bench.run(home.now + HOUR)
    assert home.bench.gas.valve is ValveState.OPEN
    (result,) = home.gas.results(home.gas_gate)
    assert (result.order, result.hindrance) == (order.identity, Hindrance.LATE)


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_hub_whose_power_fails_in_a_cut_goes_on_as_its_record_says(confirmed):
    home = SealedHome()
    parties = home.gas
    order = parties.order(OrderCode.CLOSE_VALVE, change_supply(0), home.now)
    home.note(parties, order, Role.SUPPLIER)
    if confirmed:
        home.note(parties, parties.answer(parties.query(home.gas_gate), home.now), Role.CONFIRM)
    home.bench.restart_hub()
    home.bench.run(home.now + HOUR)
    assert (home.bench.gas.valve is ValveState.CLOSED) is confirmed
    (result,) = parties.results(home.gas_gate)
    assert result.outcome is (Outcome.OPENED if confirmed else Outcome.STAYED_BRAKE_OR_STATE)


def test_a_cut_of_gas_in_a_credit_home_is_refused_for_its_meter_has_no_valve():
    home = SealedHome(prepay=False)
    parties = home.gas
    for code, status in ((OrderCode.CLOSE_VALVE, 0), (OrderCode.ARM_VALVE, 1)):
        order = parties.order(code, change_supply(status), home.now)
        home.note(parties, order, Role.SUPPLIER)
        assert parties.reply(home.gas_gate, order) == OrderReply(Standing.REFUSED, Hindrance.NOT_FITTED)


def test_mail_for_a_meter_whose_wire_is_unplugged_is_set_when_it_is_plugged_in_and_noted_only_then():
    home = SealedHome()
    parties = home.electricity
    home.bench.run(home.now + MINUTE)
    home.bench.wire.unplug()
    number = home.note(parties, parties.order(OrderCode.SET_LOAD_LIMIT, load_limit(5_000), home.now), Role.SUPPLIER)
    home.bench.run(home.now + 5 * MINUTE)
    home.heard()
    assert number not in home.noted
    home.bench.wire.plugged = True
    home.bench.run(home.now + 2 * MINUTE)
    home.heard()
    assert number in home.noted
    assert home.bench.electricity.load_limit_w == 5_000


def test_a_pending_meter_is_asked_every_ten_seconds_and_a_quiet_one_every_half_hour():
    home = SealedHome()
    home.bench.run(home.now + HALF_HOUR)
    reads = home.bench.hub.electricity_link[1]
    home.bench.run(home.now + 20 * MINUTE)
    assert home.bench.hub.electricity_link[1] == reads
    order = home.electricity.order(OrderCode.OPEN_SWITCH, OPEN, home.now)
    home.set(order, meter=True)
    home.bench.run(home.now + MINUTE)
    assert home.now - home.bench.hub.electricity_link[1] <= 10 * SECOND


def test_the_port_says_which_message_is_none_which_is_for_another_and_where_the_last_one_stands():
    home = SealedHome()
    client = head_end_client()
    bench, parties = home.bench, home.gas
    bench.line.call()
    bench.ask(client.associate())
    downlink, status = (objects.sealed_port(1, part) for part in (objects.DOWNLINK, objects.PORT_STATUS))
    other = parties.order(OrderCode.CLOSE_VALVE, change_supply(0), home.now, target=METER_ID)
    for octets, result in (
        (b"nothing", dlms.DataAccessResult.TYPE_UNMATCHED),
        (bytes(1_501), dlms.DataAccessResult.TYPE_UNMATCHED),
        (other.encode(), dlms.DataAccessResult.OTHER_REASON),
    ):
        with pytest.raises(dlms.AccessRefusedError) as refused:
            bench.ask(client.set(dlms.DATA, downlink, 2, dlms.octet_string(octets)))
        assert refused.value.code == result
    order = parties.order(OrderCode.CLOSE_VALVE, change_supply(0), home.now)
    bench.ask(client.set(dlms.DATA, downlink, 2, dlms.octet_string(order.encode())))
    state, queued, counter, reason, receipt = bench.ask(client.get(dlms.DATA, status, 2)).items(5)
    assert (state.whole(), counter.whole(), reason.whole()) == (2, order.counter, 0)
    assert queued.whole() == len(home.gas_gate.uplink.notes)
    taken = read_receipt(receipt.octets(), parties.signing.public)
    assert (taken.deed, taken.subject, taken.signer) == (Deed.TAKEN, order.identity, GAS_ID)
    rows = bench.ask(client.get(dlms.PROFILE_GENERIC, objects.sealed_port(1, objects.UPLINK_QUEUE), 2)).items()
    assert [row.items(3)[2].octets() for row in rows] == [note.octets for note in home.gas_gate.uplink.notes]
    last = dlms.Entries(len(rows), 0)
    chosen = bench.ask(client.get(dlms.PROFILE_GENERIC, objects.sealed_port(1, objects.UPLINK_QUEUE), 2, last)).items()
    assert chosen == rows[-1:]


def test_a_price_comes_sealed_and_no_order_makes_gas_more_than_three_times_dearer():
    home = SealedHome()
    parties, account = home.gas, home.bench.hub.account
    for price, standing, reply in (
        (3 * TARIFF.price + 1, 25_000, OrderReply(Standing.REFUSED, Hindrance.LIMIT)),
        (8_000, 3_000_000, OrderReply(Standing.REFUSED, Hindrance.LIMIT)),
        (8_000, 25_000, DONE),
    ):
        order = parties.order(OrderCode.SET_GAS_PRICE, priced(price, standing), home.now)
        home.note(parties, order, Role.SUPPLIER)
        assert parties.reply(home.gas_gate, order) == reply
        if reply != DONE:
            assert account.tariff == TARIFF
    assert (account.tariff.price, account.tariff.standing_charge, account.tariff.cv) == (8_000, 25_000, TARIFF.cv)


@given(st.integers(min_value=0), st.binary(max_size=60))
def test_any_words_of_the_price_cluster_are_a_flat_price_or_a_sealed_error(place: int, noise: bytes):
    whole = decode_components(priced(8_000))
    assert flat_price(whole) == (8_000, 25_000)
    frame = whole[place % 2].frame
    cut = frame.payload[: place % len(frame.payload)] + noise
    spoilt = Component(0x0700, ZclFrame(True, True, 0, frame.command, cut, True))
    try:
        price, standing = flat_price((whole[1 - place % 2], spoilt))
    except SealedError:
        return
    assert (price, standing) >= (0, 0)


def test_a_note_that_gave_way_in_a_full_queue_leaves_no_deadline_behind():
    home = SealedHome()
    parties = home.gas
    home.note(parties, parties.open(home.now, premises=bytes(8)), Role.SUPPLIER)
    for place in range(80):
        home.gas_gate.uplink.add(parties.ids[Role.SUPPLIER], b"word %d" % place, home.now)
    home.bench.run(home.now + MINUTE)
    due = home.bench.hub.orders.deadline()
    assert due is not None
    assert due > home.now


def test_a_flood_of_notes_for_the_meter_is_owed_no_more_than_so_many_answers():
    home = SealedHome()
    home.bench.wire.unplug()
    for _ in range(100):
        home.note(home.electricity, home.electricity.open(home.now), Role.SUPPLIER)
    assert len(home.bench.hub.orders.post._owed) <= 32
    home.bench.wire.plugged = True
    home.bench.run(home.now + 5 * MINUTE)
    assert home.meter_gate.pending


def test_only_what_is_new_is_fetched_from_a_meter_however_much_it_has_kept(monkeypatch):
    home = SealedHome()
    for place in range(70):
        home.meter_gate.uplink.add(
            home.electricity.ids[Role.SUPPLIER],
            home.electricity.open(home.now).encode(),
            home.now,
            spare=bool(place % 3),
        )
    home.bench.run(home.now + HALF_HOUR)
    home.heard()
    fetched: list[int] = []
    keep = MeterMail._keep
    monkeypatch.setattr(MeterMail, "_keep", lambda mail, notes: (fetched.append(len(notes)), keep(mail, notes)))
    home.set(home.electricity.order(OrderCode.OPEN_SWITCH, OPEN, home.now, counter=9_000), meter=True)
    home.bench.run(home.now + 20 * SECOND)
    assert fetched == [1]
