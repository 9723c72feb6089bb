"""What a device refuses of sealed orders: with a reason, told to the supplier, counted; and the next genuine one works."""

from __future__ import annotations

from typing import Any

import pytest

from home_bench import METER_ID, START
from meterhouse.companion.sealed import (
    CANCEL_ORDER,
    CONFIRM_ANSWER,
    REFUSAL_ALERTS,
    Envelope,
    Hindrance,
    OrderCode,
    OrderReply,
    Outcome,
    Reason,
    Role,
    Standing,
    decode_envelope,
    encode_cancel,
    read_alert,
    seal,
)
from meterhouse.companion.sealed.signature import signed
from meterhouse.crypto import P256
from meterhouse.model import DAY, HOUR, MINUTE, SECOND, ConfigurationError, Eui64, Instant, StorageError
from meterhouse.premises.electricity_meter import ControlState, ElectricityMeter
from meterhouse.premises.orders import DeviceTrust
from sealed_home import ARM, CATALOGUE, OPEN, Parties, ask, clock_set, load_limit, script, sealed_meter

NOW = Instant(START + HOUR)


def refused(hindrance: Hindrance) -> OrderReply:
    return OrderReply(Standing.REFUSED, hindrance)


def genuine(parties: Parties, meter: ElectricityMeter, now: Instant) -> None:
    """The genuine order that every test of a refusal ends with."""
    order, gate = parties.open(now), ask(meter)
    assert gate.take(order.encode(), now) is None
    assert parties.reply(gate, order) == OrderReply(Standing.PENDING)
    assert gate.take(parties.answer(parties.query(gate), now).encode(), now) is None
    assert meter.switch.state is ControlState.DISCONNECTED
    assert parties.results(gate)[-1].outcome is Outcome.OPENED


def high_s(envelope: Envelope) -> Envelope:
    s = int.from_bytes(envelope.signature[32:], "big")
    return envelope.with_signature(envelope.signature[:32] + (P256.order - s).to_bytes(32, "big"))


def wrong(parties: Parties, reason: Reason) -> bytes:
    """An order that is wrong in one thing."""
    plain = parties.open(NOW)
    changed: dict[Reason, Any] = {
        Reason.FORM: lambda: plain.encode() + b"\x00",
        Reason.NOT_A_COMMAND: lambda: plain.encode().replace(b"\xdf\x09\x01", b"\xdf\x09\x03"),
        Reason.TARGET: lambda: parties.open(NOW, target=Eui64(b"\x02OTHER\x00\x01")).encode(),
        Reason.ORIGINATOR: lambda: plain.encode().replace(
            parties.ids[Role.SUPPLIER].octets, Eui64(b"\x02NOBODY\x01").octets
        ),
        Reason.CODE: lambda: seal(
            signed(
                Envelope(1, 9, plain.originator, plain.target, 0x004F, plain.content, plain.supplement),  # type: ignore[arg-type]
                parties.keys[Role.SUPPLIER],
            ),
            parties.sealing,
        ).encode(),
        Reason.MAC: lambda: plain.with_mac(bytes(12)).encode(),
        Reason.SIGNATURE: lambda: parties.open(NOW, key=parties.keys[Role.VEND]).encode(),
        Reason.HIGH_S: lambda: seal(high_s(plain), parties.sealing).encode(),
        Reason.ROLE: lambda: parties.open(NOW, role=Role.NETWORK_OPERATOR).encode(),
        Reason.MANDATE: lambda: seal(
            signed(
                Envelope(
                    1, 9, plain.originator, plain.target, plain.code, plain.content, bytes(8) + bytes(15) + b"\x09"
                ),  # type: ignore[arg-type]
                parties.keys[Role.SUPPLIER],
            ).with_signature(b""),
            parties.sealing,
        ).encode(),
        Reason.EARLY: lambda: parties.open(NOW, window=(NOW + 1, NOW + HOUR)).encode(),
        Reason.LATE: lambda: parties.open(NOW, window=(NOW - HOUR, NOW - 1)).encode(),
        Reason.PREMISES: lambda: parties.open(NOW, premises=bytes(8)).encode(),
        Reason.CONTENT: lambda: content_wrong(parties),
    }
    return changed[reason]()


def content_wrong(parties: Parties) -> bytes:
    plain = parties.open(NOW)
    made = Envelope(plain.kind, 9, plain.originator, plain.target, plain.code, script(53), plain.supplement)
    return seal(signed(made, parties.keys[Role.SUPPLIER]), parties.sealing).encode()


@pytest.mark.parametrize("reason", [one for one in Reason if one not in {Reason.COUNTER, Reason.MANDATE}])
def test_a_wrong_order_is_refused_with_its_reason_told_to_the_supplier_and_counted(reason: Reason):
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    assert gate.take(wrong(parties, reason), NOW) is reason
    assert meter.switch.closed
    assert not gate.pending
    assert gate.refused == {reason: 1}
    (note,) = gate.uplink.notes
    alert, head = read_alert(note.octets, parties.ids[Role.SUPPLIER], METER_ID, parties.signing.public, -1)
    assert head.code == REFUSAL_ALERTS + reason
    assert alert.counter == 1
    genuine(parties, meter, NOW)


def test_an_old_counter_is_refused_and_an_identical_repeat_gets_the_identical_answer():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    first, second = parties.open(NOW), parties.arm(NOW)
    gate.take(first.encode(), NOW)
    answer = gate.last
    assert gate.take(first.encode(), NOW) is None
    assert gate.last == answer
    gate.take(second.encode(), NOW)
    assert gate.take(first.encode(), NOW) is Reason.COUNTER
    assert meter.switch.closed
    genuine(parties, meter, NOW)


@pytest.mark.requirement("S0-11")
def test_with_any_one_byte_changed_on_the_way_the_device_rejects_logs_alerts_and_changes_nothing():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    octets = parties.open(NOW).encode()
    state = meter.switch.state
    for place in range(len(octets)):
        list(meter.events())
        flipped = octets[:place] + bytes((octets[place] ^ 1,)) + octets[place + 1 :]
        at = Instant(NOW + place * MINUTE)
        before = gate.uplink.sequence
        assert gate.take(flipped, at) is not None
        assert [event.kind for event in meter.events() if event.kind.startswith("sealed")] == ["sealed.refused"]
        assert gate.uplink.sequence == before + 1
        assert (meter.switch.state, gate.pending) == (state, False)
    assert sum(gate.refused.values()) == len(octets)
    genuine(parties, meter, at)


def test_a_flood_of_refusals_neither_drowns_results_nor_outruns_a_minute_each():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW).encode(), NOW)
    query = parties.query(gate)
    for number in range(2_000):
        gate.take(b"flood %d" % number, Instant(NOW + number))
    assert gate.refused[Reason.FORM] == 2_000
    assert len(gate.uplink.notes) == 9
    for number in range(400):
        gate.take(b"flood %d" % number, Instant(NOW + 2_000 + number * MINUTE))
    assert len(gate.uplink.notes) == 64
    assert parties.query(gate) == query
    meter.elapse(Instant(NOW + 400 * MINUTE))
    genuine(parties, meter, Instant(NOW + 401 * MINUTE))


# limits ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("watts", [0, 999, 100_001])
def test_a_load_limit_outside_its_range_is_refused_whole(watts: int):
    parties = Parties()
    meter = sealed_meter(parties)
    order = parties.order(OrderCode.SET_LOAD_LIMIT, load_limit(5_000), NOW)
    bad = Envelope(order.kind, 9, order.originator, order.target, order.code, load_limit(watts), order.supplement)
    sealed = seal(signed(bad, parties.keys[Role.SUPPLIER]), parties.sealing)
    assert ask(meter).take(sealed.encode(), NOW) is Reason.CONTENT
    assert meter.load_limit_w == 0
    good = parties.order(OrderCode.SET_LOAD_LIMIT, load_limit(5_000), NOW, counter=10)
    ask(meter).take(good.encode(), NOW)
    assert parties.reply(ask(meter), good) == OrderReply(Standing.DONE)
    assert meter.load_limit_w == 5_000


def test_a_clock_goes_ten_seconds_by_order_and_no_further():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    for step, reply in (
        (10 * MINUTE, refused(Hindrance.LIMIT)),
        (-DAY, refused(Hindrance.LIMIT)),
        (9 * SECOND, OrderReply(Standing.DONE)),
    ):
        order = parties.order(OrderCode.SET_CLOCK, clock_set(Instant(NOW + step)), NOW)
        gate.take(order.encode(), NOW)
        assert parties.reply(gate, order) == reply
    assert meter.clock.reads(NOW) == NOW + 9 * SECOND
    genuine(parties, meter, NOW)


# the brake ------------------------------------------------------------------------------------------------------------


def cut_and_restore(parties: Parties, meter: ElectricityMeter, now: Instant) -> None:
    genuine(parties, meter, now)
    ask(meter).take(parties.arm(now).encode(), now)
    assert meter.press_button(now)


def test_no_order_opens_the_switch_twice_in_ten_minutes_or_four_times_in_a_day():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    for place in range(3):
        now = Instant(NOW + place * HOUR)
        cut_and_restore(parties, meter, now)
        soon = parties.open(now)
        gate.take(soon.encode(), Instant(now + 9 * MINUTE))
        assert parties.reply(gate, soon) == refused(Hindrance.TOO_OFTEN)
        assert parties.results(gate)[-1].outcome is Outcome.STAYED_BRAKE_OR_STATE
    later = Instant(NOW + DAY - 1)
    fourth = parties.open(later)
    gate.take(fourth.encode(), later)
    assert parties.reply(gate, fourth) == refused(Hindrance.TOO_OFTEN)
    genuine(parties, meter, Instant(NOW + DAY))


def test_the_brake_does_not_believe_the_clock():
    parties = Parties()
    meter = sealed_meter(parties)
    for place in range(3):
        cut_and_restore(parties, meter, Instant(NOW + place * HOUR))
    now = Instant(NOW + 3 * HOUR)
    meter.set_clock(Instant(now + 30 * DAY), now)
    order = parties.open(now, window=(now + 30 * DAY - MINUTE, now + 30 * DAY + HOUR))
    ask(meter).take(order.encode(), now)
    assert parties.reply(ask(meter), order) == refused(Hindrance.TOO_OFTEN)
    meter.set_clock(Instant(NOW + DAY), Instant(NOW + DAY))
    genuine(parties, meter, Instant(NOW + DAY))


def test_for_72_hours_after_a_change_of_credentials_no_order_opens_and_the_loser_is_locked_out():
    parties, gaining = Parties(seed="old"), Parties(seed="new")
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW).encode(), NOW)
    gaining.signing, gaining.agreement, gaining.broker = parties.signing, parties.agreement, parties.broker
    gaining.sealing = parties.sealing
    gate.adopt(gaining.trust(), NOW)
    assert not gate.pending
    assert gate.take(parties.open(NOW).encode(), NOW) is Reason.SIGNATURE
    frozen = Instant(NOW + 72 * HOUR - 1)
    order = gaining.open(frozen)
    gate.take(order.encode(), frozen)
    assert gaining.reply(gate, order) == refused(Hindrance.FREEZE)
    free = Instant(NOW + 72 * HOUR)
    assert order.counter == 1, "a new supplier counts from where it likes"
    genuine(gaining, meter, free)


# confirm: absent, late, lying (T34), and cancel races (T33) --------------------------------------------------------------


def test_t34_a_confirm_service_that_is_away_for_a_day_opens_nothing_and_a_later_order_is_done():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    for hour in range(24):
        now = Instant(NOW + hour * HOUR)
        gate.take(parties.open(now).encode(), now)
        while gate.pending:
            due = gate.deadline()
            assert due is not None
            meter.elapse(due)
        assert parties.results(gate)[-1].outcome is Outcome.STAYED_NO_ANSWER
    assert meter.switch.closed
    genuine(parties, meter, Instant(NOW + DAY))


@pytest.mark.parametrize("minutes", [0, 1, 5, 10, 14])
def test_t34_a_slow_yes_opens_within_the_window_and_the_device_asks_again_meanwhile(minutes: int):
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW).encode(), NOW)
    asked = parties.query(gate)
    then = Instant(NOW + minutes * MINUTE)
    while (due := gate.deadline()) is not None and due <= then:
        meter.elapse(due)
    assert (parties.query(gate).nonce, parties.query(gate).order) == (asked.nonce, asked.order)
    gate.take(parties.answer(asked, then).encode(), then)
    assert meter.switch.state is ControlState.DISCONNECTED


@pytest.mark.parametrize("off", [-DAY, -6 * MINUTE, 6 * MINUTE, DAY])
def test_t34_a_confirm_service_whose_clock_lies_opens_nothing(off: int):
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW).encode(), NOW)
    shown = Instant(NOW + off)
    reason = gate.take(parties.answer(parties.query(gate), shown).encode(), NOW)
    assert reason in {Reason.EARLY, Reason.LATE}
    assert meter.switch.closed
    meter.elapse(Instant(NOW + 15 * MINUTE))
    genuine(parties, meter, Instant(NOW + 15 * MINUTE))


def test_t34_a_yes_that_would_hold_for_longer_than_five_minutes_is_none():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW).encode(), NOW)
    gate.take(parties.answer(parties.query(gate), NOW, window=(NOW, NOW + 5 * MINUTE + 1)).encode(), NOW)
    assert meter.switch.closed
    assert gate.pending
    gate.take(parties.answer(parties.query(gate), NOW).encode(), NOW)
    assert meter.switch.state is ControlState.DISCONNECTED


def test_t34_an_order_whose_own_time_is_over_when_the_yes_comes_is_not_done():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW, window=(NOW, NOW + MINUTE)).encode(), NOW)
    later = Instant(NOW + 2 * MINUTE)
    gate.take(parties.answer(parties.query(gate), later).encode(), later)
    assert meter.switch.closed
    assert parties.results(gate)[-1].hindrance is Hindrance.LATE
    genuine(parties, meter, later)


def test_a_yes_of_another_meter_or_of_another_role_is_worth_nothing():
    parties, neighbour = Parties(), Parties(Eui64(b"\x02NEIGHB\x01"), seed="2")
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW).encode(), NOW)
    query = parties.query(gate)
    assert gate.take(neighbour.answer(query, NOW).encode(), NOW) is Reason.TARGET
    for role in Role:
        if role is not Role.CONFIRM:
            assert gate.take(parties.answer(query, NOW, role=role).encode(), NOW) is Reason.ROLE
    assert meter.switch.closed
    gate.take(parties.answer(query, NOW).encode(), NOW)
    assert meter.switch.state is ControlState.DISCONNECTED


@pytest.mark.parametrize("first", ["cancel", "yes"])
@pytest.mark.parametrize("at", [0, 1, 899_998, 899_999])
def test_t33_cancel_wins_whenever_it_comes_before_the_yes(first: str, at: int):
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    order = parties.open(NOW)
    gate.take(order.encode(), NOW)
    then = Instant(NOW + at)
    yes, cancel = parties.answer(parties.query(gate), then), parties.cancel(order, then)
    for message in (cancel, yes) if first == "cancel" else (yes, cancel):
        gate.take(message.encode(), then)
    assert meter.switch.closed is (first == "cancel")
    (result,) = parties.results(gate)
    assert result.outcome is (Outcome.CANCELLED if first == "cancel" else Outcome.OPENED)
    if first == "yes":
        assert parties.reply(gate, cancel) == refused(Hindrance.STATE)
    else:
        genuine(parties, meter, then)


def test_t33_a_cancel_that_overtakes_its_order_wins_too():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    order = parties.open(NOW)
    gate.take(parties.cancel(order, NOW).encode(), NOW)
    gate.take(order.encode(), NOW)
    assert parties.reply(gate, order) == refused(Hindrance.CANCELLED)
    assert parties.results(gate)[-1].outcome is Outcome.CANCELLED
    genuine(parties, meter, NOW)


def test_t33_only_the_supplier_cancels():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    order = parties.open(NOW)
    gate.take(order.encode(), NOW)
    for role in Role:
        if role is not Role.SUPPLIER:
            cancel = parties.order(CANCEL_ORDER, encode_cancel(order.identity), NOW, role=role)
            assert gate.take(cancel.encode(), NOW) is Reason.ROLE
    assert gate.pending
    gate.take(parties.answer(parties.query(gate), NOW).encode(), NOW)
    assert not meter.switch.closed


def test_t33_an_arm_ends_a_cut_that_is_pending():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    gate.take(parties.open(NOW).encode(), NOW)
    query = parties.query(gate)
    gate.take(parties.arm(NOW).encode(), NOW)
    gate.take(parties.answer(query, NOW).encode(), NOW)
    assert meter.switch.closed
    genuine(parties, meter, NOW)


# power and storage ----------------------------------------------------------------------------------------------------


class Flash:
    """Where a record is kept; can fail, and remembers all that it was given."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.fails = False

    def keep(self, record: dict[str, Any]) -> None:
        if self.fails:
            raise StorageError("the flash is worn out")
        self.records.append(record)


def test_after_a_power_cut_at_any_record_the_switch_is_where_its_result_says_and_nothing_old_moves_it():
    parties, flash = Parties(), Flash()
    meter = sealed_meter(parties, keep=flash.keep)
    snapshot = meter.state()
    order = parties.open(NOW)
    ask(meter).take(order.encode(), NOW)
    answer = parties.answer(parties.query(ask(meter)), NOW)
    ask(meter).take(answer.encode(), NOW)
    assert not meter.switch.closed
    assert len(flash.records) >= 6
    stages = set()
    for number, record in enumerate(tuple(flash.records)):
        again = sealed_meter(parties, now=Instant(NOW + HOUR), keep=flash.keep)
        again.restore(snapshot | {"orders": record})
        gate = ask(again)
        stages.add((record["cut"]["cut"] or ["", 0])[1])
        for message in (order, answer):
            gate.take(message.encode(), Instant(NOW + HOUR))
        assert not gate.pending
        results = [one for one in parties.results(gate) if one.order == order.identity]
        assert again.switch.closed is not any(one.outcome is Outcome.OPENED for one in results)
        assert again.switch.closed is bool(record["works"]["switch"])
        if record["cut"]["cut"]:
            assert [one.hindrance for one in results] == [Hindrance.RESTARTED]
        if again.switch.closed:
            counter = 10_000 + number * 10
            later = Instant(NOW + 2 * HOUR)
            fresh = parties.open(later, counter=counter)
            gate.take(fresh.encode(), later)
            gate.take(parties.answer(parties.query(gate), later, counter=counter + 1).encode(), later)
            assert again.switch.state is ControlState.DISCONNECTED
    assert stages == {0, 1, 2}


def test_what_cannot_be_kept_is_not_done_and_the_same_order_is_taken_once_it_can():
    parties, flash = Parties(), Flash()
    meter = sealed_meter(parties, keep=flash.keep)
    gate = ask(meter)
    order = parties.open(NOW)
    flash.fails = True
    with pytest.raises(StorageError):
        gate.take(order.encode(), NOW)
    assert not gate.pending
    flash.fails = False
    assert gate.take(order.encode(), NOW) is None
    assert gate.pending
    flash.fails = True
    with pytest.raises(StorageError):
        gate.take(parties.answer(parties.query(gate), NOW).encode(), NOW)
    assert meter.switch.closed
    flash.fails = False
    gate.take(parties.answer(parties.query(gate), NOW).encode(), NOW)
    assert meter.switch.state is ControlState.DISCONNECTED


def test_an_order_whose_power_went_before_the_reply_is_answered_as_not_done_when_it_comes_again():
    parties, flash = Parties(), Flash()
    meter = sealed_meter(parties, keep=flash.keep)
    snapshot = meter.state()
    order = parties.order(OrderCode.SET_LOAD_LIMIT, load_limit(5_000), NOW)
    ask(meter).take(order.encode(), NOW)
    again = sealed_meter(parties, now=NOW)
    again.restore(snapshot | {"orders": flash.records[0]})
    ask(again).take(order.encode(), NOW)
    assert parties.reply(ask(again), order) == refused(Hindrance.RESTARTED)
    assert again.load_limit_w == 0


def test_a_counter_is_never_lower_after_a_restart_and_alerts_rise():
    parties = Parties()
    meter = sealed_meter(parties)
    order = parties.arm(NOW, counter=500)
    ask(meter).take(order.encode(), NOW)
    before = decode_envelope(ask(meter).uplink.notes[-1].octets).counter
    again = sealed_meter(parties, now=NOW)
    again.restore(meter.state())
    gate = ask(again)
    assert gate.take(parties.arm(NOW, counter=499).encode(), NOW) is Reason.COUNTER
    assert decode_envelope(gate.uplink.notes[-1].octets).counter > before
    fresh = parties.open(NOW, counter=501)
    gate.take(fresh.encode(), NOW)
    gate.take(parties.answer(parties.query(gate), NOW).encode(), NOW)
    assert again.switch.state is ControlState.DISCONNECTED


# slots ----------------------------------------------------------------------------------------------------------------


def test_slots_take_one_party_a_role_and_no_key_twice():
    parties = Parties()
    trust = parties.trust()
    with pytest.raises(ConfigurationError, match="no supplier"):
        parties.trust(Role.CONFIRM)
    supplier, confirm = (trust.parties[parties.ids[role]] for role in (Role.SUPPLIER, Role.CONFIRM))
    one_key = {**trust.parties, confirm.identity: type(confirm)(confirm.identity, Role.CONFIRM, supplier.signing)}
    twice = {**trust.parties, METER_ID: type(confirm)(METER_ID, Role.SUPPLIER, parties.signing.public)}
    for slots, why in ((one_key, "one key"), (twice, "two parties")):
        with pytest.raises(ConfigurationError, match=why):
            DeviceTrust(METER_ID, trust.signing, trust.agreement, trust.broker, slots, trust.premises, CATALOGUE)
    assert "KeyPair" not in repr(trust)


def test_the_carriers_key_alone_does_nothing():
    parties = Parties()
    meter = sealed_meter(parties)
    gate = ask(meter)
    for code, content in ((0x0050, OPEN), (0x0051, ARM), (CONFIRM_ANSWER, b"")):
        if not content:
            continue
        forged = parties.order(code, content, NOW, key=parties.broker)
        assert gate.take(forged.encode(), NOW) is Reason.SIGNATURE
        unsigned = forged.with_signature(b"")
        assert gate.take(seal(unsigned, parties.sealing).encode(), NOW) is Reason.SIGNATURE
    genuine(parties, meter, NOW)
