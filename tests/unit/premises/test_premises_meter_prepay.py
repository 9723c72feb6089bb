"""A meter that holds its home's account: charged from its own log, topped up on the spot, off and on by rule."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_bench import START
from meterhouse.companion import objects
from meterhouse.companion.account_objects import ACCOUNT_OBJECTS, ELECTRICITY_CUTOFF
from meterhouse.companion.sealed import HandOver, Hindrance, SupplierChange
from meterhouse.companion.supplier_keys import wrap_token_key
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    HOUR,
    MINUTE,
    REGISTER_LIMIT_WH,
    Eui64,
    Fuel,
    Instant,
    RefusedError,
)
from meterhouse.premises.electricity_meter import ControlState
from meterhouse.premises.orders import newest_record
from meterhouse.premises.prepay import UNUSED_BLOCK, CreditLimits, EnergyTariff, PrepaidElectricity
from meterhouse.protocols import dlms, sts
from meterhouse.rules import NO_LIMIT_WH
from prepaid_meter import PRICE, MeterClient, elapse, electricity_token, make_prepaid, prepay
from sealed_home import Parties, ask

OFF, ON, READY = ControlState
AT = ACCOUNT_OBJECTS[Fuel.ELECTRICITY]
SAID = 280_024
"""10 000 Wh and not quite a whole one more: an amount that an STS token can say."""
SAID_WH = 10_001


def kinds(meter):
    return [event.kind for event in meter.events()]


def empty(**settings):
    """A meter of 1 000 Wh that are used up: off for credit, and not a half hour charged yet."""
    meter = make_prepaid(prepay(PRICE), **settings)
    elapse(meter, START, 0)
    assert meter.use(5_000, Instant(START + MINUTE)) == 1_000
    meter.events()
    return meter, Instant(START + 2 * MINUTE)


# charging


def test_the_supply_ends_at_the_watt_hour_that_the_money_ends_at_however_it_is_drawn():
    meter = make_prepaid(prepay(10 * PRICE))
    drawn, now = 0, START
    for _ in range(40):
        now = elapse(meter, now, 7 * MINUTE)
        drawn += meter.use(333, now)
    assert drawn == meter.register_wh == 10_000
    assert meter.switch.state is OFF
    assert meter.prepaid.account.balance == 0
    assert meter.credit.open_for_credit


def test_each_half_hour_is_charged_when_it_ends_and_once():
    meter = make_prepaid(prepay())
    now = elapse(meter, START, 0)
    for number in range(1, 5):
        meter.use(200, Instant(now + MINUTE))
        meter.use(300, Instant(now + 2 * MINUTE))
        assert meter.prepaid.account.consumed == (number - 1) * PRICE // 2
        now = elapse(meter, now, HALF_HOUR)
        assert meter.prepaid.account.consumed == number * PRICE // 2
        meter.elapse(now)
    assert meter.prepaid.account.balance == 8 * PRICE


def test_a_standing_charge_that_takes_the_last_money_opens_the_switch_at_midnight():
    meter = make_prepaid(prepay(10_000, EnergyTariff.flat(PRICE, 10_000)))
    now = elapse(meter, START, DAY - 1)
    assert meter.switch.closed
    elapse(meter, now, 1)
    assert meter.prepaid.account.balance == 0
    assert meter.switch.state is OFF


def test_a_dearer_rate_that_begins_moves_the_cut_off_with_it():
    rates = tuple([1] * 48 + [0] * 2 + [1] * 46)  # it is a Saturday
    meter = make_prepaid(
        prepay(10 * PRICE, EnergyTariff((PRICE,) * 4 + (10 * PRICE,) * 12, rates, (UNUSED_BLOCK,) * 3, 0))
    )
    now = elapse(meter, START, 0)
    assert meter.credit.cutoff_wh == 10_000
    now = elapse(meter, now, HALF_HOUR)
    assert meter.credit.cutoff_wh == 10_000
    elapse(meter, now, HALF_HOUR)
    assert meter.credit.cutoff_wh == 1_000


def test_within_a_friendly_window_nothing_opens_and_at_its_end_what_is_owed_does():
    first_hours = 0b1111
    meter = make_prepaid(prepay(PRICE, friendly=(first_hours,) * 7))
    now = elapse(meter, START, 0)
    for _ in range(3):
        meter.use(2_000, now)
        now = elapse(meter, now, HALF_HOUR)
        assert meter.switch.closed
    elapse(meter, now, HALF_HOUR)
    assert meter.switch.state is OFF
    assert meter.prepaid.account.balance == -5 * PRICE


def test_power_that_returns_within_a_friendly_window_finds_it_in_force():
    late = prepay(2 * PRICE, friendly=(0b1111 << 44,) * 7)
    before = make_prepaid(late)
    now = elapse(before, START, 14 * HOUR)
    back = Instant(START + 22 * HOUR + 10 * MINUTE)
    meter = make_prepaid(late, now=back)
    meter.restore(json.loads(json.dumps(before.state())))
    assert now < back
    assert meter.use(5_000, Instant(back + MINUTE)) == 5_000
    elapse(meter, back, HOUR)
    assert meter.switch.closed


def test_a_clock_that_is_put_right_says_which_half_hours_are_friendly():
    meter = make_prepaid(prepay(2 * PRICE, friendly=(0b1111 << 44,) * 7))
    now = elapse(meter, START, 2 * HOUR)
    meter.set_clock(Instant(now + 20 * HOUR), now)
    now = elapse(meter, now, HALF_HOUR)
    meter.set_clock(now, now)
    meter.receive("m_bus/1", b"", now)
    assert meter.use(5_000, Instant(now + MINUTE)) == 2_000


def test_a_register_that_rolls_over_is_charged_as_any_other():
    meter = make_prepaid(prepay(100 * PRICE))
    meter.register_wh = REGISTER_LIMIT_WH - 1_000
    meter.prepaid.account.rebase(meter.register_wh, START)
    now = elapse(meter, START, 0)
    assert meter.use(3_000, now) == 3_000
    now = elapse(meter, now, HALF_HOUR)
    assert meter.register_wh == 2_000
    assert meter.prepaid.account.balance == 97 * PRICE
    assert meter.credit.cutoff_wh == 2_000 + 97_000
    assert meter.use(200_000, now) == 97_000


STEPS = st.lists(
    st.tuples(st.integers(1, 3 * HALF_HOUR), st.integers(0, 4_000), st.sampled_from(["", "", "", "restart", "dark"])),
    min_size=1,
    max_size=60,
)


@given(
    steps=STEPS,
    prices=st.tuples(*[st.integers(1, 60_000)] * 16),
    standing=st.integers(0, 60_000),
    exact=st.booleans(),
)
def test_over_restarts_and_dark_hours_it_is_the_reference_ledger_to_the_last_unit(steps, prices, standing, exact):
    """Fractions, from the meter's own rows; a gap costs by its far side; a standing charge at each midnight."""
    tariff = EnergyTariff(prices, tuple(n % 4 for n in range(96)), (UNUSED_BLOCK,) * 3, standing)
    account = prepay(100_000_000, tariff, exact_blocks=exact)
    meter = make_prepaid(account)
    now = elapse(meter, START, 0)
    drawn = 0
    for wait, wanted, then in steps:
        now = elapse(meter, now, wait)
        drawn += meter.use(wanted, now)
        if then:
            state = json.loads(json.dumps(meter.state()))
            now = Instant(now + (5 * HOUR if then == "dark" else 0))
            meter = make_prepaid(account, now=now)
            meter.restore(state)
    elapse(meter, now, HALF_HOUR)
    assert meter.register_wh == drawn
    money, last = Fraction(0), (START, 0)
    for row in meter.log.between(Instant(0), Instant(now + DAY)):
        if row.end > START:
            begins, register = last
            slot = 48 * ((begins // DAY + 3) % 7 > 4) + begins % DAY // HALF_HOUR
            money += Fraction((row.register - register) * prices[4 * (slot % 4)], 1_000)
            money += standing * (row.end // DAY - begins // DAY)
            last = row.end, row.register
    assert meter.prepaid.account.balance == 100_000_000 - floor(money)
    assert last[1] == drawn


# the clock


def test_a_clock_that_is_set_on_leaves_no_energy_uncharged():
    meter = make_prepaid(prepay(100 * PRICE))
    now = elapse(meter, START, 0)
    meter.use(3_000, now)
    meter.set_clock(Instant(now + 5 * HOUR + 7), now)
    now = elapse(meter, now, HALF_HOUR)
    assert meter.prepaid.account.balance == 97 * PRICE


def test_a_clock_that_is_set_back_by_hours_charges_once_it_has_caught_up():
    meter = make_prepaid(prepay(100 * PRICE, EnergyTariff.flat(PRICE, 500)))
    now = elapse(meter, START, 5 * HOUR)
    meter.set_clock(Instant(now - 3 * HOUR), now)
    meter.use(3_000, now)
    now = elapse(meter, now, 3 * HOUR + HALF_HOUR)
    assert meter.prepaid.account.balance == 97 * PRICE
    elapse(meter, now, 19 * HOUR)
    assert meter.prepaid.account.balance == 97 * PRICE - 500


def test_a_clock_that_was_plainly_wrong_gives_back_the_days_that_never_were_and_goes_on_charging():
    meter = make_prepaid(prepay(100 * PRICE, EnergyTariff.flat(PRICE, 500)))
    now = elapse(meter, START, 10 * HOUR)
    meter.set_clock(Instant(now + 40 * DAY), now)
    meter.use(1_000, now)
    now = elapse(meter, now, HALF_HOUR)
    assert meter.prepaid.account.balance == 99 * PRICE - 40 * 500
    meter.set_clock(now, now)
    assert meter.prepaid.account.balance == 99 * PRICE
    meter.use(1_000, now)
    now = elapse(meter, now, HALF_HOUR)
    assert meter.prepaid.account.balance == 98 * PRICE
    elapse(meter, now, 13 * HOUR)
    assert meter.prepaid.account.balance == 98 * PRICE - 500
    assert meter.prepaid.account.consumed == 2 * PRICE + 500


# tokens and emergency credit, on the spot


def test_with_every_network_down_a_token_arms_and_a_hand_closes():
    meter, now = empty()
    assert not meter.press_button(now)
    entry = meter.key_in_token(electricity_token(SAID), now)
    assert (entry.verdict, entry.amount) == (TokenVerdict.ACCEPTED, SAID)
    assert meter.switch.state is READY, "a token arms; a hand closes"
    assert meter.use(10, now) == 0
    assert meter.press_button(now)
    assert meter.use(20_000, now) == SAID_WH
    assert not list(meter.outgoing())
    happened = ["switch.no_credit", "token.accepted", "switch.armed", "switch.closed", "switch.opened"]
    assert kinds(meter) == happened


def test_a_token_counts_once_whichever_way_it_comes():
    meter, now = empty()
    digits = electricity_token(SAID)
    head_end = MeterClient(meter, now=now)
    head_end.act(dlms.TOKEN_GATEWAY, AT.token_gateway, 1, dlms.octet_string(digits.encode()))
    assert meter.switch.state is READY, "what the network brings is followed at once"
    assert meter.key_in_token(digits, now).verdict is TokenVerdict.USED
    with pytest.raises(RefusedError):
        head_end.act(dlms.TOKEN_GATEWAY, AT.token_gateway, 1, dlms.octet_string(digits.encode()))
    assert meter.prepaid.account.credited == SAID


def test_a_token_of_gas_and_one_of_no_meter_credit_nothing():
    meter, now = empty()
    gas = sts.encode_currency_credit(
        meter.settings.prepay.token_key, sts.CreditSubclass.GAS_CURRENCY, tid=6_000_000, amount_money5=SAID
    )
    assert meter.key_in_token(gas.digits, now).verdict is TokenVerdict.NOT_CREDIT
    assert meter.key_in_token("0" * 20, now).amount == 0
    assert meter.key_in_token("", now).amount == 0
    assert meter.prepaid.account.credited == 0
    assert meter.switch.state is OFF


def test_five_wrong_tokens_lock_the_keypad_and_no_power_cut_opens_it():
    meter, now = empty()
    for number in range(5):
        meter.key_in_token(f"{number:020d}", now)
    assert meter.key_in_token(electricity_token(SAID), now).verdict is TokenVerdict.LOCKED
    again = make_prepaid(meter.settings.prepay, now=now)
    again.restore(meter.state())
    assert again.key_in_token(electricity_token(SAID), now).verdict is TokenVerdict.LOCKED
    later = elapse(again, now, 10 * MINUTE)
    assert again.key_in_token(electricity_token(SAID), later).verdict is TokenVerdict.ACCEPTED


def test_a_token_smaller_than_what_is_owed_arms_nothing():
    meter = make_prepaid(prepay(0, EnergyTariff.flat(PRICE, 400_000)))
    now = elapse(meter, START, DAY)
    assert meter.prepaid.account.balance == -400_000
    meter.key_in_token(electricity_token(SAID), now)
    assert meter.switch.state is OFF
    assert not meter.press_button(now)


def test_what_is_used_and_not_charged_yet_is_no_credit_that_arms():
    """Between two half hours the balance is still what it was: the cut-off decides, not the balance."""
    meter, now = empty()
    assert meter.prepaid.account.balance == PRICE
    MeterClient(meter, now=now).get(AT.credit, interface=dlms.CREDIT)
    assert meter.switch.state is OFF
    assert not meter.press_button(now)


def test_emergency_credit_is_offered_chosen_on_the_spot_and_closed_by_a_hand():
    limits = CreditLimits(emergency=5 * PRICE, emergency_threshold=PRICE // 2)
    meter = make_prepaid(prepay(PRICE, limits=limits))
    now = elapse(meter, START, 0)
    assert not meter.select_emergency(now), "not on offer while there is money"
    meter.use(5_000, now)
    now = elapse(meter, now, HALF_HOUR)
    assert meter.select_emergency(now)
    assert not meter.select_emergency(now)
    assert meter.switch.state is READY
    assert meter.press_button(now)
    assert meter.use(9_000, now) == 5_000
    now = elapse(meter, now, HALF_HOUR)
    assert meter.prepaid.account.balance == -5 * PRICE
    assert not meter.press_button(now)


def test_voltage_from_the_house_keeps_a_hand_from_closing_what_a_token_has_armed():
    meter, now = empty()
    meter.key_in_token(electricity_token(SAID), now)
    meter.back_feed = True
    assert not meter.press_button(now)
    meter.back_feed = False
    assert meter.press_button(now)


def test_a_new_meter_without_money_passes_nothing():
    meter = make_prepaid(prepay(0))
    assert meter.use(1, START) == 0
    assert meter.credit.open_for_credit


# by the wires


def test_the_head_end_has_all_of_the_account_and_no_cut_off_to_write():
    meter = make_prepaid(prepay())
    head_end = MeterClient(meter)
    assert head_end.get(AT.credit, interface=dlms.CREDIT).whole() == 10 * PRICE
    assert head_end.get(AT.emergency_credit, 8, dlms.CREDIT).whole() == 0
    assert [head_end.get(AT.tariff).items(3)[part].whole() for part in range(3)] == [PRICE, 0, 0]
    for obis in (AT.debt_note, AT.tariff_matrix, AT.credit_limits, AT.calendar, AT.reading_basis):
        head_end.get(obis)
    for obis in (ELECTRICITY_CUTOFF,):
        with pytest.raises(RefusedError):
            head_end.get(obis)
        with pytest.raises(RefusedError):
            head_end.write(0)
    with pytest.raises(RefusedError):
        head_end.set(AT.credit, dlms.double_long(1), interface=dlms.CREDIT)
    assert meter.prepaid.account.balance == 10 * PRICE


def test_the_hub_sees_balance_and_emergency_credit_and_touches_nothing():
    meter = make_prepaid(prepay(limits=CreditLimits(emergency=PRICE)), open_reader=True)
    hub = MeterClient(meter, objects.HUB_SAP)
    assert hub.get(AT.credit, interface=dlms.CREDIT).whole() == 10 * PRICE
    for attribute in (2, 3, 6, 8, 9, 10):
        hub.get(AT.emergency_credit, attribute, dlms.CREDIT)
    before = json.dumps(meter.prepaid.state())
    for obis in (AT.debt_note, AT.tariff, AT.tariff_matrix, AT.credit_limits, AT.calendar, AT.reading_basis):
        with pytest.raises(RefusedError):
            hub.get(obis)
        with pytest.raises(RefusedError):
            hub.set(obis, dlms.null)
    with pytest.raises(RefusedError):
        hub.act(dlms.TOKEN_GATEWAY, AT.token_gateway, 1, dlms.octet_string(electricity_token(SAID).encode()))
    with pytest.raises(RefusedError):
        hub.write(0)
    assert json.dumps(meter.prepaid.state()) == before
    for sap in (objects.PUBLIC_SAP, objects.OPEN_READER_SAP):
        with pytest.raises(RefusedError):
            MeterClient(meter, sap).get(AT.credit, interface=dlms.CREDIT)


def test_a_tariff_of_the_head_end_is_charged_from_the_next_half_hour_and_moves_the_cut_off():
    meter = make_prepaid(prepay(10 * PRICE))
    now = elapse(meter, START, MINUTE)
    tariff = dlms.structure(*map(dlms.double_long_unsigned, (2 * PRICE, 0, 0)))
    MeterClient(meter, now=now).set(AT.tariff, tariff)
    meter.use(1_000, now)
    now = elapse(meter, now, HALF_HOUR)
    assert meter.prepaid.account.balance == 9 * PRICE
    assert meter.credit.cutoff_wh == 1_000 + 4_500
    with pytest.raises(RefusedError):
        MeterClient(meter, now=now).set(AT.tariff, dlms.structure(*map(dlms.double_long_unsigned, (PRICE, 0, 39_500))))


# orders


def test_no_token_undoes_a_cut_by_order():
    parties = Parties()
    meter, now = empty(parties=parties)
    meter.key_in_token(electricity_token(SAID), now)
    meter.press_button(now)
    ask(meter).take(parties.open(now).encode(), now)
    ask(meter).take(parties.answer(parties.query(ask(meter)), now).encode(), now)
    assert meter.switch.state is OFF
    assert not meter.credit.open_for_credit
    meter.key_in_token(electricity_token(SAID, tid=6_000_001), now)
    later = elapse(meter, now, 2 * HALF_HOUR)
    assert not meter.press_button(later)
    ask(meter).take(parties.arm(later).encode(), later)
    assert meter.press_button(later)


def test_a_confirm_service_is_told_balance_and_last_payment_and_a_payment_ends_a_cut():
    parties = Parties()
    meter = make_prepaid(prepay(), parties=parties)
    now = elapse(meter, START, HOUR)
    ask(meter).take(parties.open(now).encode(), now)
    query = parties.query(ask(meter))
    assert (query.balance, query.last_vend) == (10 * PRICE, None)
    meter.key_in_token(electricity_token(SAID), now)
    ask(meter).take(parties.answer(query, now).encode(), now)
    assert meter.switch.closed
    assert parties.results(ask(meter))[-1].hindrance is Hindrance.PAID
    again = make_prepaid(prepay(), parties=parties, now=now)
    again.restore(meter.state())
    assert (again._works.facts().balance, again._works.facts().last_vend) == (10 * PRICE + SAID, now)


def test_a_new_price_puts_no_home_with_slots_off_for_a_day():
    meter = make_prepaid(prepay(10 * PRICE), parties=Parties())
    now = elapse(meter, START, MINUTE)
    tariff = dlms.structure(*map(dlms.double_long_unsigned, (15 * PRICE, 0, 0)))
    MeterClient(meter, now=now).set(AT.tariff, tariff)
    for _ in range(47):
        MeterClient(meter, now=now).get(AT.tariff)
        assert meter.use(1_000, now) == 1_000
        now = elapse(meter, now, HALF_HOUR)
    assert meter.switch.closed
    assert meter.prepaid.account.balance < -500 * PRICE
    elapse(meter, now, HOUR)
    assert meter.switch.state is OFF


def test_after_a_change_of_supplier_the_gainers_tokens_count_and_the_losers_do_not():
    parties, gainer = Parties(), KeyPair.generate(P256, Parties(seed="gainer").entropy)
    meter = make_prepaid(prepay(), parties=parties)
    meter.prepaid.account.debt_note = 7
    works, own, device = meter._works, parties.agreement, meter.settings.identity
    key = replace(meter.settings.prepay.token_key, octets=bytes(range(16)))
    wrapped = wrap_token_key(gainer, own.public, device, key)
    ids = Eui64(b"\x02GAINER\x01")

    def change(token_key):
        over = HandOver(device, parties.ids[min(parties.ids)], ids, START)
        return SupplierChange(over, gainer.public, gainer.public, ids, gainer.public, token_key)

    assert not works.knows_tokens_of(change(b""), own), "a prepaid home is never left with the loser's key"
    assert not works.knows_tokens_of(change(bytes(len(wrapped))), own)
    assert works.knows_tokens_of(change(wrapped), own)
    works.take_tokens_of(change(wrapped), own, "first")
    assert meter.key_in_token(electricity_token(SAID), START).amount == 0
    credit = sts.encode_currency_credit(
        key, sts.CreditSubclass.ELECTRICITY_CURRENCY, tid=6_000_000, amount_money5=SAID
    ).digits
    assert meter.key_in_token(credit, START).amount == SAID
    assert (meter.prepaid.account.balance, meter.prepaid.account.debt_note) == (10 * PRICE + SAID, None)
    again = make_prepaid(prepay(), parties=parties)
    again.restore(meter.state())
    again._works.take_tokens_of(change(wrapped), own, "first")
    assert again.key_in_token(credit, START).verdict is TokenVerdict.USED
    on_credit = make_prepaid(parties=parties)
    assert not on_credit._works.knows_tokens_of(change(wrapped), own)
    assert on_credit._works.knows_tokens_of(change(b""), own)


class SealedHome:
    """A prepaid meter that takes sealed orders, whose power goes at any time: back to its last snapshot and record."""

    def __init__(self):
        self.parties, self.records, self.now, self.by_order, self.tid = Parties(), [], START, False, 6_000_000
        self.meter = self.make()
        self.kept = self.meter.state()

    def make(self):
        return make_prepaid(prepay(2 * PRICE), now=self.now, parties=self.parties, keep=self.records.append)

    def cut(self):
        gate = ask(self.meter)
        gate.take(self.parties.open(self.now).encode(), self.now)
        if gate.pending:
            gate.take(self.parties.answer(self.parties.query(gate), self.now).encode(), self.now)
            self.by_order = self.by_order or self.meter.switch.state is OFF

    def arm(self):
        ask(self.meter).take(self.parties.arm(self.now).encode(), self.now)
        self.by_order = False

    def token(self):
        self.tid += 1
        self.meter.key_in_token(electricity_token(SAID, self.tid), self.now)

    def use(self):
        register = self.meter.register_wh
        self.meter.use(7_000, self.now)
        assert self.meter.register_wh <= max(register, self.meter.credit.cutoff_wh)

    def press(self):
        self.meter.press_button(self.now)

    def wait(self):
        self.now = elapse(self.meter, self.now, 20 * MINUTE)

    def day(self):
        self.now = elapse(self.meter, self.now, DAY)

    def keep(self):
        self.kept = json.loads(json.dumps(self.meter.state()))

    def crash(self):
        newest = newest_record(self.kept["orders"], *self.records[-1:])
        self.meter = self.make()
        self.meter.restore(self.kept | {"orders": newest})


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["cut", "arm", "token", "use", "press", "wait", "day", "keep", "crash"]), max_size=25))
def test_whatever_comes_no_credit_undoes_a_sealed_cut_and_only_a_hand_closes(deeds):
    home = SealedHome()
    for deed in deeds:
        was = home.meter.switch.closed
        getattr(home, deed)()
        assert deed in {"press", "crash"} or was or not home.meter.switch.closed
        assert not home.by_order or home.meter.switch.state is OFF


# memory


def test_a_meter_that_restarts_mid_way_goes_on_with_balance_cut_off_and_used_tokens():
    meter, now = empty()
    meter.key_in_token(electricity_token(SAID), now)
    state = json.loads(json.dumps(meter.state()))
    again = make_prepaid(prepay(PRICE), now=now)
    again.restore(state)
    assert kinds(again) == []
    assert json.loads(json.dumps(again.state())) == state
    assert again.key_in_token(electricity_token(SAID), now).verdict is TokenVerdict.USED
    assert again.press_button(now)
    assert again.use(20_000, now) == SAID_WH
    assert MeterClient(again, now=now).get(AT.credit, interface=dlms.CREDIT).whole() == PRICE + SAID


def test_a_home_that_was_on_credit_pays_in_advance_only_for_what_it_uses_from_then_on():
    meter = make_prepaid()
    now = elapse(meter, START, HOUR)
    meter.use(90_000, now)
    state = meter.state()
    again = make_prepaid(prepay(10 * PRICE), now=now)
    again.restore(state)
    assert again.credit.cutoff_wh == 100_000
    assert again.use(1_000, now) == 1_000
    elapse(again, now, HALF_HOUR)
    assert again.prepaid.account.balance == 9 * PRICE


def test_a_home_that_is_on_credit_again_is_armed_by_its_supplier_alone():
    meter, now = empty()
    again = make_prepaid(now=now)
    again.restore(meter.state())
    assert not again.press_button(now)
    MeterClient(again, now=now).act(dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT, 2, dlms.integer(0))
    assert again.press_button(now)
    assert again.use(9_000, now) == 9_000


def test_the_state_of_a_meter_on_credit_is_what_it_was():
    assert set(make_prepaid().state()) == {
        "register_wh",
        "switch",
        "button",
        "log",
        "reserved",
        "seen",
        "clock",
        "serial",
    }


# both placements


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("use"), st.integers(0, 3_000)),
        st.tuples(st.just("token"), st.integers(0, 30)),
        st.tuples(st.just("wait"), st.integers(1, 60)),
        st.tuples(st.sampled_from(["press", "emergency", "cut", "arm"])),
    ),
    min_size=1,
    max_size=50,
)


class Placed:
    """One home, its account in the meter or beside it; the hub's part is no more than C-01 leaves to it."""

    def __init__(self, *, in_hub: bool) -> None:
        limits = CreditLimits(emergency=3 * PRICE, emergency_threshold=PRICE)
        self.account = prepay(5 * PRICE, EnergyTariff.flat(PRICE, 1_000), limits=limits)
        self.meter = make_prepaid(None if in_hub else self.account, hub_account_delay=48 if in_hub else None)
        self.hub = PrepaidElectricity(self.account, lambda *_a, **_f: None) if in_hub else None
        self.now = START
        if self.hub is not None:
            self.hub.account.begin(0, START)
        self.wait(0)

    @property
    def prepaid(self):
        return self.hub or self.meter.prepaid

    def tell(self, order):
        self.meter.credit.hear(order.cutoff_wh, None, self.meter.register_wh, self.now, arm=order.arm)

    def wait(self, minutes):
        until = Instant(self.now + minutes * MINUTE)
        while self.now < until or minutes == 0:
            due = min(Instant(self.now - self.now % HALF_HOUR + HALF_HOUR), until)
            self.now = elapse(self.meter, self.now, due - self.now)
            if self.hub is not None:
                rows = self.meter.log.between(Instant(self.hub.account.charged_until + 1), self.now)
                self.tell(self.hub.settle(self.meter.register_wh, rows, self.now))
            minutes = 1

    def use(self, energy_wh):
        return self.meter.use(energy_wh, self.now)

    def token(self, tid):
        if self.hub is None:
            return self.meter.key_in_token(electricity_token(SAID, 6_000_000 + tid), self.now).verdict
        entry = self.hub.slot.enter(electricity_token(SAID, 6_000_000 + tid), self.now, by_hand=True)
        self.tell(self.hub.order())
        return entry.verdict

    def emergency(self):
        if self.hub is None:
            return self.meter.select_emergency(self.now)
        chosen = self.hub.select_emergency(self.now)
        self.tell(self.hub.order())
        return chosen

    def press(self):
        return self.meter.press_button(self.now)

    def cut(self):
        self.meter.open_by_order(self.now)

    def arm(self):
        self.meter.arm(self.now)


@given(DEEDS)
def test_a_home_is_supplied_alike_wherever_its_account_stands(deeds):
    in_meter, in_hub = Placed(in_hub=False), Placed(in_hub=True)
    for deed, *values in deeds:
        assert getattr(in_meter, deed)(*values) == getattr(in_hub, deed)(*values)
        assert in_meter.meter.switch.state is in_hub.meter.switch.state
        assert in_meter.prepaid.account.balance == in_hub.prepaid.account.balance
        assert in_meter.meter.credit.cutoff_wh == in_hub.meter.credit.cutoff_wh
        assert in_meter.meter.credit.open_for_credit == in_hub.meter.credit.open_for_credit
        assert in_meter.meter.register_wh == in_hub.meter.register_wh


def test_a_free_tariff_has_no_cut_off():
    meter = make_prepaid(prepay(1, EnergyTariff.flat(0, 0)))
    assert meter.credit.cutoff_wh == NO_LIMIT_WH
    assert meter.use(500_000, START) == 500_000
