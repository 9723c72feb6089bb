"""What people carry and see: readings and codes between meter and hub while the link is down; both displays."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_bench import GAS_KEY, RADIO_METER, START, HomeBench, token
from meterhouse.companion.gas import (
    GasAddress,
    GasReport,
    ValveState,
    check_digits,
    code_grant,
    reopen_code,
)
from meterhouse.companion.hub_log import HubEvent, HubLogRow
from meterhouse.model import HALF_HOUR, HOUR, MINUTE, Fuel, Instant, UsageError
from meterhouse.premises.gas_meter import CodeVerdict, GasMeter, MeterDisplay
from meterhouse.premises.hub import HandVerdict, display_of
from meterhouse.premises.prepay import UNUSED_BLOCK, CreditLimits, EnergyTariff


def account(bench):
    assert bench.hub.account is not None
    return bench.hub.account


def cut_off(balance=500_000, half_hours=4, litres=100, **hub) -> HomeBench:
    """A home whose link went down after an hour, and which burnt gas since."""
    bench = HomeBench(balance=balance, **hub)
    bench.half_hours(2)
    bench.up = False
    bench.half_hours(half_hours, litres=litres)
    bench.run(bench.now + 3 * MINUTE)
    assert bench.hub.mirror.link_failed
    return bench


def keyed(bench, off=0):
    shown = bench.gas.display
    verdict = bench.hub.by_hand.read_in(shown.volume_l + off, shown.check_digits, bench.now)
    bench.settle()
    return verdict


def code(bench):
    verdict, digits = bench.hub.by_hand.code(bench.now)
    bench.settle()
    return verdict, digits


def noted(bench, event):
    rows = [HubLogRow.of(Instant(at), *rest) for at, *rest in bench.hub.log.entries(1, bench.hub.log.count())]
    return [row.detail for row in rows if row.code is event]


# the reading


@pytest.mark.requirement("S0-138")
def test_a_reading_with_its_check_digits_is_charged_and_told_to_the_head_end_as_manual():
    bench = cut_off()
    assert account(bench).balance == 500_000
    assert keyed(bench) is HandVerdict.ACCEPTED
    assert account(bench).balance == 500_000 - bench.exact_cost(400, 0)
    assert bench.hub.log.ring_at == bench.now, "it rings at once"
    assert noted(bench, HubEvent.MANUAL_READING) == [400]


@pytest.mark.requirement("S0-138")
@pytest.mark.parametrize("off", [-1, 1, 1_000, -400])
def test_a_reading_that_the_digits_do_not_belong_to_is_rejected(off):
    bench = cut_off()
    assert keyed(bench, off) is HandVerdict.WRONG
    assert account(bench).balance == 500_000
    assert noted(bench, HubEvent.MANUAL_READING) == []


@pytest.mark.requirement("S0-138")
@given(st.integers(0, 99_999_999), st.integers(0, 999_999))
def test_guessed_digits_are_right_once_in_a_million(register, guess):
    digits = check_digits(GAS_KEY, RADIO_METER, register)
    assert (f"{guess:06d}" == digits) == (guess == int(digits))
    assert check_digits(bytes(16), RADIO_METER, register) != digits or register % 999_983 == 0
    other = GasAddress("MTH", 20_000_002, 1, 3)
    assert len({digits, check_digits(GAS_KEY, other, register), check_digits(GAS_KEY, RADIO_METER, register ^ 1)}) > 1


def test_five_wrong_readings_lock_the_keypad_for_a_while():
    bench = cut_off()
    for _ in range(5):
        assert keyed(bench, 1) is HandVerdict.WRONG
    assert keyed(bench) is HandVerdict.LOCKED
    bench.restart_hub(json.loads(json.dumps(bench.hub.state())))
    assert keyed(bench) is HandVerdict.LOCKED, "pulling the plug does not help"
    bench.run(bench.now + 16 * MINUTE)
    assert keyed(bench) is HandVerdict.ACCEPTED


def test_an_old_reading_and_one_while_the_link_works_are_refused():
    bench = cut_off()
    old = bench.gas.display
    bench.half_hours(2, litres=100)
    assert keyed(bench) is HandVerdict.ACCEPTED
    balance = account(bench).balance
    assert bench.hub.by_hand.read_in(old.volume_l, old.check_digits, bench.now) is HandVerdict.IMPOSSIBLE
    assert bench.hub.by_hand.read_in(-1, "000000", bench.now) is HandVerdict.WRONG
    assert account(bench).balance == balance
    bench.up = True
    bench.half_hours(1)
    assert keyed(bench) is HandVerdict.LINK_WORKS


def test_when_the_link_is_back_each_half_hour_is_charged_by_its_own_tariff_and_nothing_twice():
    bench = cut_off(balance=5_000_000, litres=1_000)
    prices = (7_370,) * 4 + (30_000,) * 12
    dear = EnergyTariff(prices, (0,) * 48 + (0,) * 4 + (1,) * 44, (UNUSED_BLOCK,) * 3, 29_110, 39_500)
    account(bench).set_tariff(dear, START, START)
    assert keyed(bench) is HandVerdict.ACCEPTED
    bench.half_hours(2, litres=1_000)
    assert keyed(bench) is HandVerdict.ACCEPTED, "a second reading takes the first one's place"
    bench.up = True
    bench.half_hours(1)
    cheap, late = bench.exact_cost(2_000, 0), bench.exact_cost(4_000, 0) * 30_000 / 7_370
    assert 5_000_000 - account(bench).balance == pytest.approx(cheap + late, abs=2)
    assert account(bench).provisional == 0
    assert account(bench).consumed == 5_000_000 - account(bench).balance


def test_a_credit_homes_reading_is_told_and_it_has_no_code():
    bench = cut_off(prepay=False)
    assert keyed(bench) is HandVerdict.ACCEPTED
    assert noted(bench, HubEvent.MANUAL_READING) == [400]
    assert code(bench)[0] is HandVerdict.NO_ACCOUNT


# the code


def shut() -> HomeBench:
    """Credit used up off line and the delay over: the valve is closed, and the button does nothing any more."""
    bench = cut_off(balance=100_000, half_hours=8, litres=500, delay=6)
    assert bench.gas.valve is ValveState.CLOSED
    assert not bench.press()
    return bench


@pytest.mark.requirement("S0-139")
def test_the_hubs_code_opens_the_meter_by_hand_for_what_was_bought_and_counts_once():
    bench = shut()
    assert code(bench)[0] is HandVerdict.NO_READING
    assert keyed(bench) is HandVerdict.ACCEPTED
    assert code(bench)[0] is HandVerdict.NO_CREDIT
    bench.key_in(token(1_000_000))
    verdict, digits = code(bench)
    assert verdict is HandVerdict.ACCEPTED
    assert code(bench)[1] == digits, "asked again it is the same code: no credit is granted twice"
    left = (account(bench).balance * 10**6 // bench.exact_cost(10**6, 0)) // 1_000
    assert noted(bench, HubEvent.REOPEN_CODE)[-1] == int(digits[:2]) == left
    volume = bench.gas.volume_l
    assert bench.gas.key_in(digits, bench.now) is CodeVerdict.ACCEPTED
    assert bench.gas.valve is ValveState.OPEN
    assert bench.gas.key_in(digits, bench.now) is CodeVerdict.OPEN
    assert bench.half_hours(4, litres=20_000) == left * 1_000, "the grant, and then the valve closes again"
    assert bench.gas.valve is ValveState.CLOSED
    assert bench.gas.key_in(digits, bench.now) is CodeVerdict.WRONG, "of another reading"
    bench.up = True
    bench.half_hours(1)
    assert account(bench).charged == volume + left * 1_000
    assert -1 <= account(bench).balance < bench.exact_cost(1_000, 0), "all that was granted had been paid for"


@pytest.mark.requirement("S0-139")
def test_a_code_used_is_used_even_where_no_gas_flowed_after_it():
    bench = shut()
    keyed(bench)
    bench.key_in(token(1_000_000))
    _, digits = code(bench)
    assert bench.gas.key_in(digits, bench.now) is CodeVerdict.ACCEPTED
    bench.gas._supply.close_by_order()
    assert bench.gas.key_in(digits, bench.now) is CodeVerdict.USED
    again = GasMeter(bench.gas.settings, bench.now, json.loads(json.dumps(bench.gas.state())))
    assert again.key_in(digits, bench.now) is CodeVerdict.USED, "nor after a loss of power"


@pytest.mark.requirement("S0-139")
def test_random_codes_and_those_of_another_meter_reading_or_grant_are_rejected_and_lock_the_keypad():
    bench = shut()
    keyed(bench)
    bench.key_in(token(1_000_000))
    _, digits = code(bench)
    volume = bench.gas.volume_l
    other = reopen_code(GAS_KEY, GasAddress("MTH", 20_000_002, 1, 3), volume, 9)
    for wrong in (other, reopen_code(GAS_KEY, RADIO_METER, volume + 1, 9), "99" + digits[2:], "", "0" * 10):
        assert bench.gas.key_in(wrong, bench.now) is CodeVerdict.WRONG
    assert bench.gas.key_in(digits, bench.now) is CodeVerdict.LOCKED
    assert bench.gas.valve is ValveState.CLOSED
    assert bench.gas.key_in(digits, Instant(bench.now + HOUR)) is CodeVerdict.ACCEPTED


@given(st.text(max_size=12), st.integers(0, 99_999_999))
def test_no_text_is_a_code_unless_it_is_one(text, register):
    granted = code_grant(GAS_KEY, RADIO_METER, register, text)
    assert granted == 0 or text == reopen_code(GAS_KEY, RADIO_METER, register, granted)


def test_a_code_for_nothing_or_for_too_much_cannot_be_made():
    for grant in (0, 100, -1):
        with pytest.raises(UsageError):
            reopen_code(GAS_KEY, RADIO_METER, 5, grant)
    with pytest.raises(UsageError):
        check_digits(GAS_KEY, RADIO_METER, -1)


def test_while_the_link_works_or_the_gas_is_on_a_code_changes_nothing():
    bench = HomeBench(balance=100_000)
    digits = reopen_code(GAS_KEY, RADIO_METER, 0, 9)
    assert bench.gas.key_in(digits, bench.now) is CodeVerdict.OPEN
    bench.half_hours(3, litres=900)
    assert bench.gas.valve is ValveState.CLOSED
    digits = reopen_code(GAS_KEY, RADIO_METER, bench.gas.volume_l, 9)
    assert bench.gas.key_in(digits, bench.now) is CodeVerdict.LINK_WORKS
    assert bench.gas.valve is ValveState.CLOSED
    assert HomeBench(prepay=False).gas.key_in(digits, START) is CodeVerdict.NO_VALVE


def test_a_code_gives_no_second_helping_of_the_delay():
    """With the delay spent, a code's gas ends where its grant does, however long the link stays down."""
    bench = shut()
    keyed(bench)
    bench.key_in(token(500_000))
    _, digits = code(bench)
    assert bench.gas.key_in(digits, bench.now) is CodeVerdict.ACCEPTED
    assert bench.gas.countdown == 0
    flowed = bench.half_hours(200, litres=300)
    assert flowed == int(digits[:2]) * 1_000


# the displays


def page(bench, fuel):
    return next(one for one in display_of(bench.hub, bench.now) if one.fuel is fuel)


@pytest.mark.requirement("S0-123")
def test_the_hub_shows_every_parameter_of_both_fuels_with_every_network_down():
    bench = HomeBench(balance=500_000)
    bench.electricity.use(1_234, bench.now)
    account(bench).limits = CreditLimits(500_000, 600_000, 700_000)
    account(bench).friendly = [(1 << 48) - 1] * 7
    account(bench).debt_note = 1_200_000
    bench.half_hours(2, litres=150)
    bench.line.cut()
    gas, electricity = page(bench, Fuel.GAS), page(bench, Fuel.ELECTRICITY)
    assert {line.name: line.value for line in gas.lines} == {
        "balance": "4.75192",
        "price of this half hour": "0.0737 a kWh",
        "standing charge": "0.2911 a day",
        "calorific value": "39.500 MJ/m³",
        "debt at supplier": "12.00",
        "low credit": "yes",
        "emergency credit": "on offer: 5.00",
        "friendly credit": "now: the gas stays on",
        "register": "0.300 m³",
        "gas left": "27.000 m³",
        "valve": "open",
        "link to meter": "working",
        "meter's battery": gas.value("meter's battery"),
        "line to supplier": "down",
    }
    assert electricity.value("register") == "1.234 kWh"
    assert electricity.value("supply") == "on"
    assert electricity.value("link to meter").startswith("working, read 2026-11-21T")
    assert electricity.value("line to supplier") == "down"
    assert bench.hub.select_emergency(bench.now)
    assert page(bench, Fuel.GAS).value("emergency credit") == "in use, 5.00 of 5.00 left"
    bench.key_in(token(20_000_000))
    assert page(bench, Fuel.GAS).value("low credit") == "no"


@pytest.mark.requirement("S0-123")
def test_a_closed_valve_shows_whether_a_hand_may_open_it_and_a_plain_home_how_it_pays():
    bench = HomeBench(balance=50_000)
    assert page(bench, Fuel.GAS).value("valve") == "-"
    bench.half_hours(3, litres=900)
    assert page(bench, Fuel.GAS).value("valve") == "closed"
    bench.hub.slot.enter(token(2_000_000), bench.now, by_hand=False)
    assert page(bench, Fuel.GAS).value("valve") == "armed: press the gas meter's button"
    plain = HomeBench(prepay=False)
    plain.half_hours(2, litres=10)
    assert page(plain, Fuel.GAS).value("paid") == "by bill"
    assert page(plain, Fuel.GAS).value("balance") == ""
    assert [one.fuel for one in display_of(HomeBench(gas=False).hub, START)] == [Fuel.ELECTRICITY]


@pytest.mark.requirement("S0-127")
def test_the_first_missed_report_is_a_warning_on_the_homes_display_within_half_an_hour_and_it_goes_when_heard():
    """The hub's display is the home's wired in-home display (S0-142)."""
    bench = HomeBench(balance=500_000)
    bench.half_hours(2)
    bench.up = False
    missed = Instant(bench.now + HALF_HOUR - MINUTE)
    while not any("not heard" in said for said in page(bench, Fuel.GAS).warnings):
        bench.run(bench.now + MINUTE)
        assert bench.now <= missed + HALF_HOUR
    assert bench.hub.mirror.misses == 1
    assert page(bench, Fuel.GAS).value("link to meter").endswith("2 d 23 h 30 min")
    bench.up = True
    bench.half_hours(1)
    assert not any("not heard" in said for said in page(bench, Fuel.GAS).warnings)


@pytest.mark.requirement("S3-108")
def test_the_balance_stands_at_the_hub_and_what_it_buys_at_the_gas_meter_itself_with_nothing_else_on():
    """C-04: the gas meter knows no money; its display has the volume that is left, the valve and the link."""
    bench = HomeBench(balance=500_000)
    bench.half_hours(2, litres=100)
    bench.line.cut()
    balance = page(bench, Fuel.GAS).value("balance")
    assert balance == f"{(500_000 - bench.exact_cost(200, 0)) / 100_000:.5f}"
    shown = bench.gas.display
    assert (shown.volume_l, shown.valve, shown.link_ok, shown.countdown) == (200, ValveState.OPEN, True, 144)
    assert page(bench, Fuel.GAS).value("gas left") == f"{shown.remaining_l / 1_000:.3f} m³"
    names = {field.name for field in (*fields(MeterDisplay), *fields(GasReport))}
    assert not {name for name in names if any(word in name for word in ("balance", "price", "money", "tariff"))}
    fresh = GasMeter(bench.gas.settings, START)
    assert fresh.display.remaining_l is None
