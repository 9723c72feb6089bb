"""One keypad on the hub for both fuels: each token to the account that it was made for, and to no other."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_bench import (
    PAN,
    START,
    TARIFF,
    TOKEN_KEY,
    HomeBench,
    electricity_setup,
    electricity_token,
    token,
)
from meterhouse.companion.gas import ValveState
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.companion.utrn import UtrnKey, UtrnValue, make_utrn
from meterhouse.model import MINUTE, UNIT, Eui64, Fuel, Instant
from meterhouse.premises.hub.keypad import Keypad
from meterhouse.premises.prepay import (
    CreditLimits,
    EnergyTariff,
    PrepaidElectricity,
    PrepaySetup,
    open_account,
    open_slot,
)
from meterhouse.protocols import sts

OTHER = sts.MeterPan.of_serial(99, 2)
GAS_UTRN = UtrnKey(bytes(range(32)), Eui64(b"\1" * 8), Eui64(b"\2" * 8))
ELECTRICITY_UTRN = UtrnKey(bytes(range(1, 33)), Eui64(b"\1" * 8), Eui64(b"\3" * 8))
ELECTRICITY_TARIFF = EnergyTariff.flat(28_340, 53_350)
GAS, ELECTRICITY = Fuel.GAS, Fuel.ELECTRICITY


def key(**changes):
    return sts.derive_dkga04(bytes(range(20)), supply_group="600451", pan=OTHER, **changes)


def credit(subclass, money5=1_000_000, tid=6_000_000, under=None):
    made = sts.encode_currency_credit(under or key(), subclass, tid=tid, amount_money5=money5)
    return made.digits


def for_electricity(money5=1_000_000, tid=6_000_000):
    return credit(sts.CreditSubclass.ELECTRICITY_CURRENCY, money5, tid)


def code(fuel, counter=1, pounds=20):
    return make_utrn(GAS_UTRN if fuel is GAS else ELECTRICITY_UTRN, counter, UtrnValue.of(pounds * UNIT)).digits


class Home:
    """A keypad over the accounts that stand in a hub."""

    def __init__(self, *, gas=True, electricity=True, electricity_key=None, **electricity_setup):
        self.told, self.served = [], []
        self.now = START
        setup = PrepaySetup(UNIT, TARIFF, TOKEN_KEY, PAN, utrn_key=GAS_UTRN, limits=CreditLimits(500_000, 600_000))
        self.gas = open_account(setup, GAS) if gas else None
        self.slot = open_slot(setup, self.gas, self.tell) if gas else None
        values = {"utrn_key": ELECTRICITY_UTRN, "limits": CreditLimits(500_000, 600_000)} | electricity_setup
        opened = PrepaySetup(UNIT, ELECTRICITY_TARIFF, electricity_key or key(), OTHER, **values)
        self.electricity = PrepaidElectricity(opened, self.tell) if electricity else None
        self.keypad = Keypad(
            (self.gas, self.slot) if gas else None,
            self.electricity,
            self.tell,
            lambda fuel, _now: self.served.append(fuel),
        )

    def tell(self, now, kind, **fields):
        self.told.append((kind, fields))

    def key_in(self, digits):
        return self.keypad.key_in(digits, self.now)

    def trace(self, fuel):
        """All that a token could change in one account."""
        gas = fuel is GAS
        state = {"account": self.gas.state(), "slot": self.slot.state()} if gas else self.electricity.state()
        return json.dumps([state["account"], state["slot"]["decoder"]])


def other(fuel):
    return ELECTRICITY if fuel is GAS else GAS


@pytest.mark.requirement("S0-141")
@pytest.mark.parametrize(
    ("digits", "fuel"),
    [
        (token(1_000_000), GAS),
        (for_electricity(), ELECTRICITY),
        (code(GAS), GAS),
        (code(ELECTRICITY), ELECTRICITY),
    ],
    ids=["gas token", "electricity token", "gas code", "electricity code"],
)
def test_a_token_of_either_fuel_and_scheme_goes_to_its_own_account_and_leaves_no_trace_at_the_other(digits, fuel):
    home = Home()
    left = home.trace(other(fuel))
    entry = home.key_in(digits)
    assert (entry.verdict, entry.fuel) == (TokenVerdict.ACCEPTED, fuel)
    account = home.gas if fuel is GAS else home.electricity.account
    assert account.balance == UNIT + entry.amount > UNIT
    assert home.trace(other(fuel)) == left
    assert home.served == [fuel]
    assert [kind for kind, _ in home.told] == ["token.accepted"]
    assert home.told[0][1].get("fuel", GAS.value) == fuel.value
    again = home.key_in(digits)
    assert (again.verdict, again.fuel, again.amount) == (TokenVerdict.USED, fuel, 0)
    assert (account.tokens, home.served) == (1, [fuel])


@pytest.mark.requirement("S0-141")
@pytest.mark.parametrize(
    "digits",
    [
        credit(sts.CreditSubclass.ELECTRICITY_CURRENCY, under=TOKEN_KEY),
        credit(sts.CreditSubclass.GAS_CURRENCY),
        credit(sts.CreditSubclass.WATER_CURRENCY),
    ],
    ids=["electricity under the gas key", "gas under the electricity key", "water"],
)
def test_a_token_of_the_wrong_fuel_is_refused_and_changes_nothing_at_either_account(digits):
    home = Home()
    left = home.trace(GAS), home.trace(ELECTRICITY)
    entry = home.key_in(digits)
    assert (entry.verdict, entry.amount) == (TokenVerdict.NOT_CREDIT, 0)
    assert (home.trace(GAS), home.trace(ELECTRICITY)) == left
    assert home.served == []


@pytest.mark.requirement("S0-141")
@pytest.mark.parametrize(("alone", "digits"), [(GAS, for_electricity()), (ELECTRICITY, token(1_000_000))])
def test_where_one_account_stands_in_the_hub_a_token_of_the_other_fuel_is_a_wrong_one(alone, digits):
    home = Home(gas=alone is GAS, electricity=alone is ELECTRICITY)
    left = home.trace(alone)
    entry = home.key_in(digits)
    assert (entry.verdict, entry.fuel, home.trace(alone)) == (TokenVerdict.WRONG, None, left)


def test_where_none_stands_there_is_no_account_and_nothing_is_told():
    home = Home(gas=False, electricity=False)
    assert home.key_in(token(1_000_000)).verdict is TokenVerdict.NO_ACCOUNT
    assert not home.keypad.select_emergency(START)
    assert not home.keypad.select_emergency(START, ELECTRICITY)
    assert home.keypad.take_quietly(token(1_000_000)) == 0
    assert (home.told, home.served) == ([], [])


# one lock


@pytest.mark.requirement("S0-141")
def test_five_wrong_entries_lock_the_one_keypad_once_for_both_fuels():
    home = Home()
    for number in range(4):
        assert home.key_in(f"{number:020d}").verdict is TokenVerdict.WRONG
    assert home.key_in(for_electricity()).verdict is TokenVerdict.ACCEPTED, "wrong at both is one wrong entry, not two"
    for number in range(5):
        assert home.key_in(f"{number:020d}").verdict is TokenVerdict.WRONG
    for good in (token(1_000_000), for_electricity(tid=6_000_050)):
        assert home.key_in(good).verdict is TokenVerdict.LOCKED
    home.now = Instant(START + 5 * MINUTE - 1)
    assert home.key_in(token(1_000_000)).verdict is TokenVerdict.LOCKED
    home.now = Instant(START + 5 * MINUTE)
    assert home.key_in(token(1_000_000)).verdict is TokenVerdict.ACCEPTED
    assert home.key_in(for_electricity(tid=6_000_050)).verdict is TokenVerdict.ACCEPTED
    refused = [fields for kind, fields in home.told if kind == "token.refused"]
    assert len(refused) == 4 + 5 + 3, "each entry is told once"


def test_wrong_entries_count_together_whichever_fuel_was_meant():
    home = Home()
    mistyped = [code(GAS)[:-1] + str((int(code(GAS)[-1]) + 1) % 10), "1" * 20, "12", for_electricity()[:-1], "7" * 20]
    for digits in mistyped:
        assert home.key_in(digits).verdict in (TokenVerdict.WRONG, TokenVerdict.FORMAT)
    assert home.key_in(for_electricity()).verdict is TokenVerdict.LOCKED


def test_the_lock_outlives_a_loss_of_power():
    home, after = Home(), Home()
    for number in range(5):
        home.key_in(f"{number:020d}")
    kept = json.loads(json.dumps([home.slot.state(), home.electricity.state()]))
    after.slot.restore(kept[0])
    after.electricity.restore(kept[1])
    assert after.key_in(for_electricity()).verdict is TokenVerdict.LOCKED
    assert after.key_in(token(1_000_000)).verdict is TokenVerdict.LOCKED


def test_a_used_token_is_no_wrong_one_however_often_it_is_typed():
    home = Home()
    home.key_in(for_electricity())
    home.key_in(token(1_000_000))
    for _ in range(6):
        assert home.key_in(for_electricity()).verdict is TokenVerdict.USED
        assert home.key_in(token(1_000_000)).verdict is TokenVerdict.USED


# what one account knows of a token wins over the other's "wrong"


@pytest.mark.requirement("S0-141")
@pytest.mark.parametrize("fuel", [GAS, ELECTRICITY])
def test_used_old_and_over_the_limit_are_told_of_the_fuel_that_knows_it(fuel):
    home = Home()
    make = token if fuel is GAS else for_electricity
    for number in range(50):
        home.key_in(make(10_000, tid=6_000_000 + number))
    said = home.key_in(make(10_000, tid=6_000_000))
    assert (said.verdict, said.fuel) == (TokenVerdict.USED, fuel)
    said = home.key_in(make(10_000, tid=5_000_000))
    assert (said.verdict, said.fuel) == (TokenVerdict.OLD, fuel)
    account = home.gas if fuel is GAS else home.electricity.account
    account.balance = 49_900_000
    said = home.key_in(make(1_000_000, tid=6_000_100))
    assert (said.verdict, said.fuel, account.balance) == (TokenVerdict.OVER_LIMIT, fuel, 49_900_000)


def test_a_token_whose_key_has_expired_says_so_though_the_other_account_calls_it_wrong():
    ending = key(ken=10)
    home = Home(electricity_key=ending)
    late = credit(sts.CreditSubclass.ELECTRICITY_CURRENCY, tid=16_000_000, under=replace(ending, ken=255))
    said = home.key_in(late)
    assert (said.verdict, said.fuel) == (TokenVerdict.EXPIRED, ELECTRICITY)


@pytest.mark.parametrize("fuel", [GAS, ELECTRICITY])
def test_a_counter_that_is_used_at_the_other_fuel_does_not_stop_a_code(fuel):
    home = Home()
    assert home.key_in(code(other(fuel), 7)).verdict is TokenVerdict.ACCEPTED
    said = home.key_in(code(fuel, 7))
    assert (said.verdict, said.fuel) == (TokenVerdict.ACCEPTED, fuel)


@pytest.mark.parametrize("fuel", [GAS, ELECTRICITY])
def test_guesses_at_one_fuel_count_though_their_counter_is_used_at_the_other(fuel):
    """A used counter is told before the MAC is looked at: whoever guesses must not hide behind it."""
    home = Home()
    assert home.key_in(code(other(fuel), 7)).verdict is TokenVerdict.ACCEPTED
    for guess in range(5):
        stranger = UtrnKey(bytes([guess] * 32), Eui64(b"\1" * 8), Eui64(b"\2" * 8))
        said = home.key_in(make_utrn(stranger, 7, UtrnValue.of(20 * UNIT)).digits)
        assert (said.verdict, said.fuel) == (TokenVerdict.WRONG, None)
    assert home.key_in(code(fuel, 7)).verdict is TokenVerdict.LOCKED


def test_where_two_accounts_were_set_up_with_one_key_a_code_proves_neither_and_credits_neither():
    home = Home(utrn_key=GAS_UTRN)
    left = home.trace(GAS), home.trace(ELECTRICITY)
    for _ in range(6):
        assert home.key_in(code(GAS)).verdict is TokenVerdict.NOT_CREDIT
    assert (home.trace(GAS), home.trace(ELECTRICITY), home.served) == (*left, [])
    assert home.keypad.take_quietly(code(GAS)) == 0
    for number in range(5):
        home.key_in(f"{number:020d}")
    assert home.key_in(code(GAS)).verdict is TokenVerdict.LOCKED


@given(
    st.lists(
        st.tuples(st.sampled_from(["sts", "utrn", "noise"]), st.sampled_from([GAS, ELECTRICITY]), st.integers(0, 5)),
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_typed_each_account_has_exactly_what_its_own_tokens_were_worth_each_once(typed):
    home, paid = Home(), {GAS: set(), ELECTRICITY: set()}
    for minute, (kind, fuel, number) in enumerate(typed):
        home.now = Instant(START + minute * 10 * MINUTE)  # no lock outlasts it
        if kind == "noise":
            digits = f"{number:020d}"
        elif kind == "utrn":
            digits = code(fuel, number + 1)
        else:
            digits = (token if fuel is GAS else for_electricity)(10_000, tid=6_000_000 + number)
        said = home.key_in(digits)
        if kind == "noise":
            assert said.verdict in (TokenVerdict.WRONG, TokenVerdict.LOCKED)
        elif said.verdict is not TokenVerdict.LOCKED:
            new = (kind, number) not in paid[fuel]
            assert (said.verdict, said.fuel) == (TokenVerdict.ACCEPTED if new else TokenVerdict.USED, fuel)
            paid[fuel].add((kind, number))
    worth = {"sts": 10_000, "utrn": 20 * UNIT}
    for fuel, account in ((GAS, home.gas), (ELECTRICITY, home.electricity.account)):
        assert account.balance == UNIT + sum(worth[kind] for kind, _ in paid[fuel])


@given(st.one_of(st.text(max_size=40), st.text(alphabet="0123456789 -٠١५", min_size=19, max_size=26)))
@settings(max_examples=120, deadline=None)
def test_whatever_characters_are_typed_nothing_is_credited_and_nothing_breaks(typed):
    home = Home()
    left = home.trace(GAS), home.trace(ELECTRICITY)
    said = home.key_in(typed)
    assert said.verdict is not TokenVerdict.ACCEPTED
    assert (home.trace(GAS), home.trace(ELECTRICITY), home.served) == (*left, [])
    assert home.keypad.take_quietly(typed) == 0


# emergency credit, and another hub's tokens


@pytest.mark.requirement("S0-141")
@pytest.mark.parametrize("fuel", [GAS, ELECTRICITY])
def test_emergency_credit_is_selected_for_the_fuel_that_is_named_and_for_no_other(fuel):
    home = Home()
    for account in (home.gas, home.electricity.account):
        account.balance = 100_000
        assert account.offer_emergency()
    left = home.trace(other(fuel))
    assert home.keypad.select_emergency(START, fuel)
    chosen = home.gas if fuel is GAS else home.electricity.account
    assert (chosen.emergency_active, home.trace(other(fuel)), home.served) == (True, left, [fuel])
    kind, fields = home.told[-1]
    assert (kind, fields.get("fuel", GAS.value), fields["limit_money5"]) == ("emergency.selected", fuel.value, 500_000)
    assert not home.keypad.select_emergency(START, fuel), "once, until it is repaid"


def test_a_token_that_another_hub_took_is_credited_at_its_own_account_unless_it_is_known_and_nothing_is_told():
    home = Home()
    home.key_in(for_electricity())
    home.told.clear()
    taken = [
        for_electricity(),
        for_electricity(tid=6_000_050),
        token(1_000_000),
        code(ELECTRICITY),
        "0" * 20,
        code(GAS),
    ]
    known = home.key_in(for_electricity()).amount
    assert [home.keypad.take_quietly(digits) > 0 for digits in taken] == [False, True, True, True, False, True]
    assert [home.keypad.take_quietly(digits) for digits in taken] == [0] * 6
    assert (home.gas.tokens, home.electricity.account.tokens, known) == (2, 3, 0)
    assert [kind for kind, _ in home.told] == ["token.refused"]


# the hub in a home


def both(**hub):
    return HomeBench(in_hub=electricity_setup(1_000_000), **hub)


@pytest.mark.requirement("S0-141")
@pytest.mark.requirement("S0-124")
def test_with_every_network_down_both_fuels_are_credited_at_the_one_keypad_each_at_its_own_account():
    bench = both()
    bench.half_hours(2, litres=50, watt_hours=100)
    bench.line.cut()
    gas, electricity = bench.hub.account, bench.hub.electricity_account.account
    before = gas.balance, electricity.balance
    assert bench.key_in(token(10_000)).fuel is GAS
    assert bench.key_in(electricity_token(10_000)).fuel is ELECTRICITY
    assert (gas.balance, electricity.balance) == (before[0] + 10_000, before[1] + 10_000)
    assert (gas.tokens, electricity.tokens) == (1, 1)
    bench.restart_hub(json.loads(json.dumps(bench.hub.state())))
    for digits in (token(10_000), electricity_token(10_000)):
        assert bench.key_in(digits).verdict is TokenVerdict.USED
    assert bench.key_in(electricity_token(10_000, tid=6_000_050)).fuel is ELECTRICITY, "and after a loss of power"
    held = bench.hub.electricity_account.account
    assert held.balance == before[1] + 20_000


def test_the_lock_of_a_hub_outlives_a_loss_of_power_for_both_fuels():
    bench = both()
    for number in range(5):
        bench.key_in(f"{number:020d}")
    bench.restart_hub(json.loads(json.dumps(bench.hub.state())))
    for digits in (token(10_000), electricity_token(10_000)):
        assert bench.key_in(digits).verdict is TokenVerdict.LOCKED
    bench.run(bench.now + 5 * MINUTE)
    assert bench.key_in(electricity_token(10_000)).verdict is TokenVerdict.ACCEPTED


def test_a_token_of_electricity_is_no_hand_at_the_gas_and_no_vend_of_it():
    bench = both(balance=20_000)
    bench.half_hours(4, litres=900)
    assert bench.hub.mirror.valve is ValveState.CLOSED
    bench.key_in(electricity_token(2_000_000))
    bench.half_hours(2)
    assert bench.hub.mirror.valve is ValveState.CLOSED
    assert bench.hub.orders.works.facts().last_vend is None
    bench.hub.account.credit(500_000)  # as the network would: the gas is armed, and waits for a hand at the gas
    bench.key_in(electricity_token(2_000_000, tid=6_000_050))
    bench.half_hours(2)
    assert bench.hub.mirror.valve is ValveState.CLOSED
    assert bench.hub._gas.hand.at is None
    assert bench.hub.orders.works.facts().last_vend is None
    bench.key_in(token(2_000_000))
    assert bench.hub.orders.works.facts().last_vend == bench.now
    bench.half_hours(2)
    assert bench.hub.mirror.valve is ValveState.OPEN


def test_emergency_credit_of_electricity_is_selected_at_the_hub_and_the_gas_has_none_of_it():
    terms = {"limits": CreditLimits(500_000, 2_000_000, 100_000)}
    bench = HomeBench(in_hub=electricity_setup(1_000_000, **terms), limits=CreditLimits(500_000, 2_000_000, 100_000))
    bench.half_hours(3, litres=10, watt_hours=10)
    assert bench.hub.select_emergency(bench.now, ELECTRICITY)
    assert (bench.hub.electricity_account.account.emergency_active, bench.hub.account.emergency_active) == (True, False)
    assert bench.hub.select_emergency(bench.now)
    assert bench.hub.account.emergency_active


@pytest.mark.requirement("S0-141")
def test_where_the_meter_holds_the_account_its_tokens_are_refused_at_the_hub_and_taken_at_the_meter():
    bench = HomeBench(in_meter=electricity_setup(1_000_000))
    bench.half_hours(1)
    digits = electricity_token(10_000)
    before = bench.hub.account.state()
    said = bench.key_in(digits)
    assert (said.verdict, said.fuel, bench.hub.account.state()) == (TokenVerdict.WRONG, None, before)
    said = bench.electricity.key_in_token(digits, bench.now)
    assert (said.verdict, said.fuel) == (TokenVerdict.ACCEPTED, ELECTRICITY)
    assert bench.electricity.key_in_token(token(10_000), bench.now).verdict is TokenVerdict.WRONG


@pytest.mark.requirement("S0-141")
@pytest.mark.parametrize("fuel", [GAS, ELECTRICITY])
def test_a_change_of_key_that_is_typed_changes_the_key_of_its_own_fuel_and_no_trace_of_it_is_at_the_other(fuel):
    home = Home()
    old, pan = (TOKEN_KEY, PAN) if fuel is GAS else (key(), OTHER)
    new = sts.derive_dkga04(bytes(range(1, 21)), supply_group="600452", pan=pan, key_revision=2)
    subclass = sts.CreditSubclass.GAS_CURRENCY if fuel is GAS else sts.CreditSubclass.ELECTRICITY_CURRENCY
    left = home.trace(other(fuel))
    for section in sts.encode_key_change(old, new):
        assert home.key_in(section.digits).fuel is fuel
        assert home.trace(other(fuel)) == left
    assert home.key_in(credit(subclass, under=old)).verdict is TokenVerdict.WRONG
    said = home.key_in(credit(subclass, under=new))
    assert (said.verdict, said.fuel, home.trace(other(fuel))) == (TokenVerdict.ACCEPTED, fuel, left)
