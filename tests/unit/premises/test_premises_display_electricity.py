"""The hub's page of electricity that is paid for in advance, the account in the hub or in the meter behind it."""

from __future__ import annotations

import pytest

from home_bench import (
    ELECTRICITY_TARIFF,
    HUB_ID,
    HUB_KEYS,
    METER_ID,
    METER_KEYS,
    HomeBench,
    electricity_setup,
    electricity_token,
    head_end_client,
    token,
)
from meterhouse.companion import objects
from meterhouse.companion.account_objects import ELECTRICITY_SHOWN
from meterhouse.model import HALF_HOUR, MINUTE, SECOND, Fuel
from meterhouse.premises.hub import display_of
from meterhouse.premises.hub.meter_credit import CreditMirror, MirroredCredit, MirroredTerms
from meterhouse.premises.prepay import CreditLimits, EnergyTariff
from meterhouse.protocols import dlms
from meterhouse.rules import BLOCKS

LIMITS = CreditLimits(500_000, 600_000, 700_000)
ALWAYS = (((1 << 48) - 1),) * 7
PRESS = "armed: press the button on the electricity meter"
BOTH = pytest.mark.parametrize("place", ["in_hub", "in_meter"])


def home(place, balance=500_000, **terms):
    return HomeBench(**{place: electricity_setup(balance, **terms)}, gas=False, prepay=False)


def account(bench):
    return (bench.hub.electricity_account or bench.electricity.prepaid).account


def page(bench, fuel=Fuel.ELECTRICITY):
    return next(one for one in display_of(bench.hub, bench.now) if one.fuel is fuel)


def credited(bench, place, digits):
    """A token at the keypad of the place where the account stands, and the hub's next look at the meter."""
    typed = bench.key_in if place == "in_hub" else lambda one: bench.electricity.key_in_token(one, bench.now)
    entry = typed(digits)
    assert entry.amount
    bench.settle()
    bench.half_hours(1)


@pytest.mark.requirement("S0-123")
@BOTH
def test_the_page_shows_every_parameter_of_prepaid_electricity_with_every_network_down(place):
    bench = home(place, balance=640_000, limits=LIMITS, friendly=ALWAYS)
    account(bench).debt_note = 1_200_000
    bench.half_hours(3, watt_hours=500)
    bench.line.cut()
    shown = page(bench)
    left = account(bench).cutoff() - 1_500
    assert {line.name: line.value for line in shown.lines} == {
        "balance": "5.9749",
        "price of this half hour": "0.2834 a kWh",
        "standing charge": "0.5335 a day",
        "debt at supplier": "12.00",
        "low credit": "yes",
        "emergency credit": "on offer: 5.00",
        "friendly credit": "now: the electricity stays on",
        "register": "1.500 kWh",
        "supply left": f"{left // 1_000}.{left % 1_000:03d} kWh",
        "supply": "on",
        "link to meter": shown.value("link to meter"),
        "line to supplier": "down",
    }
    assert shown.value("link to meter").startswith("working, read 2026-11-21T")
    assert any(line.startswith("low credit") for line in shown.warnings)


@pytest.mark.requirement("S0-123")
@BOTH
def test_it_shows_that_credit_has_ended_then_that_a_hand_may_close_it_then_that_it_is_on(place):
    bench = home(place, balance=20_000)
    bench.half_hours(4, watt_hours=500)
    assert page(bench).value("supply") == "off: for want of credit"
    assert page(bench).value("supply left") == "0.000 kWh"
    assert any(line.startswith("balance") for line in page(bench).warnings)
    credited(bench, place, electricity_token(1_000_000))
    assert page(bench).value("supply") == PRESS
    assert page(bench).value("supply left") != "0.000 kWh"
    assert bench.electricity.press_button(bench.now)
    bench.half_hours(1)
    assert page(bench).value("supply") == "on"
    assert page(bench).value("low credit") == "no"


@pytest.mark.requirement("S0-123")
def test_a_token_keyed_at_the_hub_shows_as_armed_within_a_second_and_not_half_an_hour_later():
    bench = home("in_hub", balance=20_000)
    bench.half_hours(4, watt_hours=500)
    bench.run(bench.now + 7 * MINUTE)
    bench.key_in(electricity_token(1_000_000))
    bench.run(bench.now + SECOND)
    assert page(bench).value("supply") == PRESS


@pytest.mark.requirement("S0-123")
@BOTH
def test_a_switch_that_an_order_has_opened_shows_so_whatever_the_balance(place):
    for balance in (500_000, 20_000):
        bench = home(place, balance=balance)
        bench.half_hours(4, watt_hours=500)
        bench.electricity.open_by_order(bench.now)
        bench.half_hours(1)
        assert page(bench).value("supply") == "off: by order"
        assert any(line.startswith("supply: off") for line in page(bench).warnings)


@BOTH
def test_a_switch_that_an_order_has_armed_says_that_the_button_does_nothing_while_credit_has_ended(place):
    bench = home(place, balance=20_000)
    bench.half_hours(4, watt_hours=500)
    bench.electricity.open_by_order(bench.now)
    bench.electricity.arm(bench.now)
    bench.half_hours(1)
    assert page(bench).value("supply") == "armed, but credit has ended"
    assert not bench.electricity.press_button(bench.now)


@pytest.mark.requirement("S0-123")
@BOTH
def test_emergency_credit_is_shown_on_offer_in_use_and_used_up(place):
    bench = home(place, balance=40_000, limits=CreditLimits(50_000, 30_000, 35_000))
    assert page(bench).value("emergency credit").startswith("0.50 once")
    bench.half_hours(2, watt_hours=500)
    assert page(bench).value("emergency credit") == "on offer: 0.50"
    if place == "in_meter":
        assert bench.electricity.select_emergency(bench.now)
    else:
        assert bench.hub.select_emergency(bench.now, Fuel.ELECTRICITY)
    bench.run(bench.now + SECOND)
    bench.half_hours(1, watt_hours=1_000)
    assert page(bench).value("emergency credit").startswith("in use, 0.")
    bench.half_hours(8, watt_hours=1_000)
    assert page(bench).value("emergency credit").startswith("in use, 0.00")
    assert page(bench).value("supply") == "off: for want of credit"


@BOTH
def test_a_free_price_shows_no_limit_and_each_half_hour_its_own_price(place):
    bench = home(place, tariff=EnergyTariff.flat(0, 10_000))
    bench.half_hours(2, watt_hours=500)
    assert page(bench).value("supply left") == "no limit"
    rates = ((0,) * 4 + (1,) * 44) * 2
    prices = (28_340,) * BLOCKS + (14_170,) * BLOCKS * 3
    rated = EnergyTariff(prices, rates, EnergyTariff.flat(0, 0).thresholds_wh, 10_000)
    bench = home(place, tariff=rated)
    assert page(bench).value("price of this half hour") == "0.2834 a kWh"
    bench.half_hours(5)
    assert page(bench).value("price of this half hour") == "0.1417 a kWh"


@BOTH
def test_the_page_says_nothing_that_it_does_not_know_before_the_meter_was_ever_read(place):
    bench = home(place)
    bench.hub._m_link.reading = None
    if place == "in_meter":
        bench.hub._m_link.credit = CreditMirror()
        assert page(bench).value("balance") == page(bench).value("low credit") == "-"
    assert page(bench).value("supply") == page(bench).value("register") == page(bench).value("supply left") == "-"


@pytest.mark.requirement("S0-123")
def test_with_the_wire_down_a_keyed_token_shows_that_the_meter_has_not_heard_of_it():
    bench = home("in_hub", balance=20_000)
    bench.half_hours(4, watt_hours=500)
    bench.wire.unplug()
    bench.key_in(electricity_token(1_000_000))
    bench.run(bench.now + HALF_HOUR)
    assert page(bench).value("supply") == "off: the meter is yet to hear of the credit"
    assert any(line.startswith("link to meter: down") for line in page(bench).warnings)
    assert page(bench).value("balance") != page(bench).value("supply left")


@pytest.mark.requirement("S0-123")
@pytest.mark.parametrize("place", ["in_hub", "in_meter"])
def test_both_pages_of_a_home_that_pays_for_both_in_advance_have_the_same_parameters(place):
    bench = HomeBench(**{place: electricity_setup(800_000)})
    bench.half_hours(2, litres=100, watt_hours=400)
    gas, electricity = page(bench, Fuel.GAS), page(bench)
    named = {"gas left": "supply left", "valve": "supply"}
    of_gas = {named.get(line.name, line.name) for line in gas.lines}
    assert of_gas - {"calorific value", "meter's battery"} == {line.name for line in electricity.lines}
    before = gas.value("balance")
    credited(bench, place, electricity_token(1_000_000))
    bench.key_in(token(1_000_000))
    assert float(page(bench).value("balance")) > 8
    assert float(page(bench, Fuel.GAS).value("balance")) > float(before)


def test_a_home_on_credit_shows_what_it_showed_and_no_money():
    bench = HomeBench(gas=False, prepay=False)
    bench.half_hours(1)
    assert [line.name for line in page(bench).lines] == [
        "paid", "register", "supply", "link to meter", "line to supplier",
    ]  # fmt: skip
    bench.electricity.open_by_order(bench.now)
    bench.half_hours(1)
    assert page(bench).value("supply") == "off"


# the meter's word


def refusal():
    return dlms.AccessRefusedError(dlms.DataAccessResult.OBJECT_UNDEFINED, "no such object")


def test_a_meter_of_another_maker_that_says_its_credit_alone_is_shown_so_far():
    mirror, credit = CreditMirror(), [dlms.double_long(-5), dlms.double_long(7), dlms.enum(3)]
    absurd = [dlms.structure(), dlms.null, dlms.structure(*(dlms.octet_string(b"x"),) * 7), dlms.long_unsigned(3)]
    for terms in (refusal(), *absurd):
        mirror.take([*credit, terms])
        assert (mirror.shown, mirror.terms) == (MirroredCredit(-5, 7, 3), None)
        assert mirror.attributes, "it is asked again"
    mirror.take([refusal()] * 4)
    assert (mirror.shown, mirror.terms, list(mirror.attributes)) == (None, None, [])


@pytest.mark.parametrize("sap", [objects.HUB_SAP, objects.HEAD_END_SAP])
def test_what_the_meter_shows_is_read_and_never_written(sap):
    bench = home("in_meter")
    bench.line.call()
    keys = HUB_KEYS if sap == objects.HUB_SAP else METER_KEYS
    title = HUB_ID.octets if sap == objects.HUB_SAP else b"\x02HES\x00\x00\x00\x01"
    client = head_end_client(METER_ID, keys, client_sap=sap, system_title=title)

    def exchange(apdu):
        bench.electricity.receive("m_bus/9", dlms.wrapper.encode(sap, objects.MANAGEMENT_DEVICE, apdu), bench.now)
        return next(dlms.wrapper.Decoder().feed(data) for _, data in bench.electricity.outgoing())[0].apdu

    dlms.converse(client.associate(), exchange)
    told = dlms.converse(client.get(dlms.DATA, ELECTRICITY_SHOWN, 2), exchange)
    assert MirroredTerms.of(told).price == ELECTRICITY_TARIFF.price
    with pytest.raises(dlms.AccessRefusedError):
        dlms.converse(client.set(dlms.DATA, ELECTRICITY_SHOWN, 2, told), exchange)
