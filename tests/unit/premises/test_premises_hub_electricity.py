"""The account of electricity in the hub: half hours come by wire, a cut-off goes back, and no price or balance ever."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from home_bench import (
    ELECTRICITY_TARIFF,
    METER_ID,
    HomeBench,
    electricity_setup,
    electricity_token,
    head_end_client,
    make_hub,
    make_meter,
)
from m_wire import requests, written
from meterhouse.companion import objects
from meterhouse.companion.account_objects import ACCOUNT_OBJECTS, ELECTRICITY_CUTOFF
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import DAY, HALF_HOUR, HOUR, MINUTE, SECOND, ConfigurationError, Fuel, Instant, MeterhouseError
from meterhouse.premises.hub import ElectricitySetup, MirroredCredit
from meterhouse.premises.hub.meter_credit import CreditMirror
from meterhouse.premises.prepay import CreditLimits
from meterhouse.protocols import dlms
from meterhouse.rules import NO_LIMIT_WH
from sealed_bench import SealedHome

AT = ACCOUNT_OBJECTS[Fuel.ELECTRICITY]
PRICE, STANDING = ELECTRICITY_TARIFF.price, ELECTRICITY_TARIFF.standing_charge


def home(balance: int = 1_000_000, *, terms: dict[str, Any] | None = None, **hub: Any) -> HomeBench:
    """A home whose hub holds the account of electricity; without gas unless said."""
    return HomeBench(in_hub=electricity_setup(balance, **(terms or {})), **({"gas": False, "prepay": False} | hub))


def account(bench: HomeBench) -> Any:
    held = bench.hub.electricity_account
    assert held is not None
    return held.account


def cost(watt_hours: int, days: int = 0) -> int:
    """By the published formula, rounded down once."""
    return watt_hours * PRICE // 1_000 + days * STANDING


def end_of(money5: int) -> int:
    """The register at which it is used up, from 0."""
    return -(-money5 * 1_000 // PRICE)


def press(bench: HomeBench) -> bool:
    closed = bench.electricity.press_button(bench.now)
    bench.settle()
    return closed


def type_in(bench: HomeBench, money5: int, tid: int = 6_000_000) -> Any:
    """At the hub's keypad."""
    return bench.key_in(electricity_token(money5, tid))


# the account and the wire ---------------------------------------------------------------------------------------------


def test_every_half_hour_is_charged_once_by_the_rows_of_the_meter() -> None:
    bench = home(balance=2_000_000)
    bench.half_hours(100, watt_hours=317)
    held = account(bench)
    assert held.charged == bench.electricity.register_wh == 31_700
    assert held.balance == 2_000_000 - cost(31_700, days=2)


def test_the_meter_is_told_a_cutoff_in_the_same_talk_as_its_half_hours_and_opens_there_by_itself() -> None:
    bench = home(balance=100_000)
    bench.half_hours(1)
    meter = bench.electricity
    assert meter.credit is not None
    assert meter.credit.cutoff_wh == end_of(100_000) == 3_529
    bench.half_hours(8, watt_hours=500)
    assert meter.register_wh == 3_529
    assert not meter.switch.closed
    assert -cost(1) <= account(bench).balance <= 0
    assert not press(bench), "nothing is left to spend"


def test_a_token_typed_at_the_hub_arms_the_meter_at_once_and_a_hand_closes_it() -> None:
    bench = home(balance=10_000)
    bench.half_hours(3, watt_hours=500)
    assert not bench.electricity.switch.closed
    at = bench.now
    amount = type_in(bench, 500_000).amount
    bench.run(at + SECOND)
    assert not bench.electricity.switch.closed, "nothing but a hand closes it"
    assert press(bench)
    assert bench.electricity.credit.cutoff_wh == end_of(10_000 + amount)


def test_emergency_credit_selected_at_the_hub_is_written_at_once() -> None:
    bench = home(balance=10_000, terms={"limits": CreditLimits(500_000, 200_000, 100_000)})
    bench.half_hours(3, watt_hours=500)
    assert not bench.electricity.switch.closed
    assert "emergency.offered" in bench.kinds("hub")
    assert bench.hub.electricity_account.select_emergency(bench.now)
    bench.run(bench.now + SECOND)
    assert press(bench)
    last = written(bench)[-1]
    assert last.items(3)[1] == dlms.null, "emergency credit refills no countdown (C-07)"


def test_the_countdown_is_refilled_while_the_balance_is_above_zero_and_left_alone_from_there_down() -> None:
    bench = home(balance=20_000)
    bench.half_hours(1)
    assert written(bench)[-1].items(3)[1] == dlms.long_unsigned(144)
    bench.half_hours(4, watt_hours=500)
    assert account(bench).balance <= 0
    assert written(bench)[-1].items(3)[1] == dlms.null


def test_the_hub_asks_and_writes_nothing_else_than_a_cutoff_needs() -> None:
    bench = home(balance=60_000)
    bench.half_hours(10, watt_hours=400)
    type_in(bench, 500_000)
    bench.half_hours(60, watt_hours=400)
    assert {name for request in requests(bench) for name in request.names} == {
        str(objects.ELECTRICITY_IMPORT),
        str(objects.ELECTRICITY_DISCONNECT),
        str(objects.ELECTRICITY_PROFILE),
        str(ELECTRICITY_CUTOFF),
    }


def test_a_home_on_credit_hears_the_same_two_questions_as_ever() -> None:
    bench = HomeBench(gas=False, prepay=False)
    bench.half_hours(5, watt_hours=400)
    asked = [(request.kind, request.names) for request in requests(bench)]
    two = str(objects.ELECTRICITY_IMPORT), str(objects.ELECTRICITY_DISCONNECT)
    assert asked == [("get-request", two)] * 6


# the wire fails -------------------------------------------------------------------------------------------------------


def test_a_long_silence_is_made_up_for_in_portions_and_charged_by_each_half_hours_own_tariff() -> None:
    dear = (0,) * 96, tuple([1] * 20 + [0] * 28 + [2] * 48)
    prices = tuple(price for price in (20_000, 30_000, 40_000, 50_000) for _ in range(4))
    tariff = replace(ELECTRICITY_TARIFF, prices=prices, rates=dear[1])
    silent, heard = (home(9_000_000, terms={"tariff": tariff}) for _ in range(2))
    silent.wire.unplug()
    before = len(silent.wire.to_meter)
    for bench in (silent, heard):
        bench.half_hours(14 * 48, watt_hours=123)
    silent.wire.plug()
    for bench in (silent, heard):
        bench.half_hours(1)
    assert account(silent).state() == account(heard).state()
    assert account(silent).charged == 14 * 48 * 123
    asked = requests(silent)
    assert sum(str(objects.ELECTRICITY_PROFILE) in request.names for request in asked) >= 4
    assert max(map(len, silent.wire.to_meter[before:])) < 1_000
    assert "m_link.up" in silent.kinds("hub")


def test_nothing_is_written_before_the_newest_portion_is_charged() -> None:
    bench = home(balance=2_000_000)
    bench.half_hours(1)
    bench.wire.unplug()
    bench.half_hours(9 * 48, watt_hours=200)
    count = len(written(bench))
    bench.wire.plug()
    bench.half_hours(1)
    told = written(bench)[count]
    cutoff, refill, arm = told.items(3)
    assert account(bench).balance < 0
    assert (cutoff.whole(), refill, arm) == (account(bench).charged, dlms.null, dlms.boolean(False))


def test_a_wire_that_breaks_between_two_portions_goes_on_from_there() -> None:
    bench = home(balance=9_000_000)
    bench.half_hours(1)
    bench.wire.unplug()
    bench.half_hours(15 * 48, watt_hours=100)
    bench.wire.plug()
    carry, answers = bench.wire.take, 0

    def breaks(data: bytes) -> None:
        nonlocal answers
        answers += 1
        if answers == 7:
            bench.electricity.receive("m_bus/1", b"", bench.now)
            bench.hub.receive("m_bus", b"", bench.now)
            return
        carry(data)

    bench.wire.take = breaks  # type: ignore[method-assign]
    bench.run(bench.now + MINUTE)
    so_far = account(bench).charged
    assert 0 < so_far < 72_000, "some portions are charged"
    bench.run(bench.now + 5 * MINUTE)
    assert account(bench).charged == 72_000
    assert account(bench).balance == 9_000_000 - cost(72_000, days=15)


def test_a_token_accepted_while_the_wire_is_down_is_written_when_it_returns() -> None:
    bench = home(balance=10_000)
    bench.half_hours(3, watt_hours=500)
    bench.wire.unplug()
    amount = type_in(bench, 500_000).amount
    bench.run(bench.now + 10 * MINUTE)
    assert bench.electricity.credit.cutoff_wh < 1_000
    bench.wire.plug()
    bench.run(bench.now + 2 * MINUTE)
    assert bench.electricity.credit.cutoff_wh == end_of(10_000 + amount)
    assert press(bench)


def test_half_hours_that_the_meter_has_no_more_are_charged_by_the_register_behind_them() -> None:
    bench = home(balance=9_000_000)
    bench.half_hours(1)
    bench.electricity.log._capacity = 48
    bench.wire.unplug()
    bench.half_hours(10 * 48, watt_hours=200)
    assert bench.electricity.log.count() < 60
    bench.wire.plug()
    bench.half_hours(1)
    assert account(bench).balance == 9_000_000 - cost(96_000, days=10)
    assert not account(bench).disbelieved


def test_a_meter_goes_on_without_its_hub_for_its_half_hours_and_no_longer_and_all_of_it_is_charged_at_last() -> None:
    bench = home(balance=100_000, meter_delay=6)
    bench.half_hours(1)
    bench.wire.unplug()
    bench.half_hours(7, watt_hours=1_000)
    used = bench.electricity.register_wh
    assert 6_000 <= used <= 7_000
    assert not bench.electricity.switch.closed
    bench.half_hours(3, watt_hours=1_000)
    bench.wire.plug()
    bench.half_hours(1)
    assert account(bench).balance == 100_000 - cost(used)
    assert bench.electricity.credit.countdown == 0, "nothing is refilled while nothing is paid"
    assert not press(bench)
    assert type_in(bench, 500_000).amount >= 500_000
    bench.run(bench.now + SECOND)
    assert bench.electricity.credit.countdown == 6
    assert press(bench)


# the hub restarts -----------------------------------------------------------------------------------------------------


def test_a_hub_that_restarts_between_charge_and_write_comes_right() -> None:
    bench = home(balance=300_000)
    bench.half_hours(2, watt_hours=500)
    carry = bench.wire.take
    kept: list[dict[str, Any]] = []

    def dies(data: bytes) -> None:
        if account(bench).charged == 1_500 and not kept:
            kept.append(bench.hub.state())  # charged, and the write is on its way
        if not kept:
            carry(data)

    bench.wire.take = dies  # type: ignore[method-assign]
    bench.half_hours(1, watt_hours=500)
    assert kept
    cutoff = bench.electricity.credit.cutoff_wh
    bench.wire.take = carry  # type: ignore[method-assign]
    bench.electricity.receive("m_bus/1", b"", bench.now)
    bench.restart_hub(kept[0])
    bench.run(bench.now + MINUTE)
    assert account(bench).balance == 300_000 - cost(1_500)
    assert bench.electricity.credit.cutoff_wh == cutoff, "the same money at the same price ends at the same register"
    assert bench.electricity.credit.comms_ok


def test_a_hub_that_goes_on_from_an_older_snapshot_charges_the_same_again() -> None:
    bench = home(balance=900_000)
    bench.half_hours(5, watt_hours=300)
    old = bench.hub.state()
    bench.half_hours(60, watt_hours=300)
    balance = account(bench).balance
    bench.restart_hub(old)
    bench.run(bench.now + 2 * MINUTE)
    assert account(bench).balance == balance


def test_a_restart_keeps_balance_used_tokens_and_emergency_credit() -> None:
    bench = home(balance=10_000, terms={"limits": CreditLimits(500_000, 200_000, 100_000)})
    type_in(bench, 10_000)
    bench.half_hours(3, watt_hours=500)
    assert bench.hub.electricity_account.select_emergency(bench.now)
    state = account(bench).state()
    bench.restart_hub()
    assert account(bench).state() == state
    assert type_in(bench, 10_000).verdict is TokenVerdict.USED


def test_a_snapshot_from_before_the_home_paid_in_advance_is_taken() -> None:
    old = HomeBench(gas=False, prepay=False)
    old.half_hours(3, watt_hours=100)
    bench = home()
    bench.restart_hub(old.hub.state())
    assert account(bench).balance == 1_000_000


# what cannot be believed ----------------------------------------------------------------------------------------------


def swap_meter(bench: HomeBench, register_wh: int) -> None:
    bench.electricity = make_meter(now=bench.now, hub_account_delay=144)
    bench.electricity.register_wh = register_wh
    bench.hub.receive("m_bus", b"", bench.now)
    bench.settle()


def test_a_new_meter_that_begins_at_zero_is_not_believed_told_once_and_its_supply_stays_on() -> None:
    bench = home(balance=20_000_000)
    bench.half_hours(20, watt_hours=20_000)
    balance = account(bench).balance
    swap_meter(bench, 0)
    bench.half_hours(60, watt_hours=700)
    assert account(bench).disbelieved
    assert account(bench).balance == balance
    assert bench.kinds("hub").count("electricity_rows.refused") == 1
    assert bench.electricity.switch.closed
    assert written(bench)[-1].items(3)[1] == dlms.null, "nothing is refilled for a use that is not known"


def test_half_hours_that_were_refused_are_not_fetched_again_with_every_reading() -> None:
    bench = home(balance=20_000_000)
    bench.half_hours(20, watt_hours=20_000)
    swap_meter(bench, 0)
    bench.half_hours(15 * 48, watt_hours=100)
    before = len(bench.wire.to_meter)
    bench.half_hours(1)
    assert len(bench.wire.to_meter) - before == 4, "registers, newest half hours, cut-off, how the supply stands now"


def test_a_fallen_register_is_charged_from_where_the_head_end_says_once_it_was_looked_into() -> None:
    bench = home()
    bench.half_hours(20, watt_hours=1_000)
    swap_meter(bench, 0)
    bench.half_hours(5, watt_hours=700)
    balance = account(bench).balance
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    bench.ask(client.set(dlms.DATA, AT.reading_basis, 2, dlms.long64_unsigned(0)))
    bench.half_hours(3, watt_hours=700)
    assert account(bench).charged == bench.electricity.register_wh == 5_600
    assert account(bench).balance == balance - cost(5_600)
    assert not account(bench).disbelieved


def test_a_register_far_ahead_of_all_belief_opens_no_switch() -> None:
    bench = home(balance=100_000)
    bench.half_hours(3, watt_hours=100)
    swap_meter(bench, 8_000_000)
    bench.half_hours(3, watt_hours=100)
    assert account(bench).disbelieved
    assert bench.electricity.credit.cutoff_wh == NO_LIMIT_WH
    assert bench.electricity.switch.closed


def test_half_hours_of_a_meter_whose_clock_is_ahead_wait_until_it_is_that_time() -> None:
    bench = home()
    bench.half_hours(4, watt_hours=300)
    bench.electricity.set_clock(Instant(bench.now + 400 * DAY), bench.now)
    bench.half_hours(10, watt_hours=300)
    assert account(bench).consumed == cost(1_200), "no standing charge of days to come"
    assert bench.kinds("hub").count("electricity_rows.overdue") == 1
    assert written(bench)[-1].items(3)[1] == dlms.null
    bench.electricity.set_clock(bench.now, bench.now)
    bench.half_hours(40, watt_hours=300)
    assert account(bench).charged == 54 * 300
    assert account(bench).consumed == cost(54 * 300, days=1)


@pytest.mark.parametrize("step", [-3 * HOUR, 3 * HOUR, -30 * HOUR, 30 * HOUR], ids=lambda step: f"{step // HOUR} h")
def test_a_clock_that_was_off_for_a_while_costs_nothing_and_saves_nothing(step: int) -> None:
    bench = home(balance=5_000_000)
    bench.half_hours(10, watt_hours=300)
    bench.electricity.set_clock(Instant(bench.now + step), bench.now)
    bench.half_hours(10, watt_hours=300)
    bench.electricity.set_clock(bench.now, bench.now)
    bench.half_hours(100, watt_hours=300)
    assert account(bench).charged == 36_000
    assert account(bench).consumed == cost(36_000, days=2)


def test_a_half_hour_that_comes_a_little_late_is_fetched_a_little_later() -> None:
    bench = home()
    bench.electricity.set_clock(Instant(bench.now - 3 * MINUTE), bench.now)
    bench.half_hours(1, watt_hours=300)
    boundary = bench.now - bench.now % HALF_HOUR
    bench.run(boundary + 2 * MINUTE)
    assert account(bench).charged_until < boundary
    bench.run(boundary + 5 * MINUTE)
    assert account(bench).charged_until == boundary
    count = len(bench.wire.to_meter)
    bench.run(boundary + 25 * MINUTE)
    assert len(bench.wire.to_meter) == count, "and then no more"


def test_a_meter_whose_clock_is_far_off_is_not_asked_every_minute() -> None:
    bench = home()
    bench.half_hours(2, watt_hours=300)
    bench.electricity.set_clock(Instant(bench.now - 20 * HOUR), bench.now)
    count = len(bench.wire.to_meter)
    bench.half_hours(30)
    assert len(bench.wire.to_meter) - count < 200


# refusals -------------------------------------------------------------------------------------------------------------


def test_a_meter_that_takes_no_cutoff_is_told_of_once_and_never_asked_in_haste() -> None:
    bench = home()
    bench.electricity = make_meter(now=bench.now)  # of a home on credit
    bench.hub.receive("m_bus", b"", bench.now)
    bench.half_hours(10, watt_hours=300)
    refused = [event for event in bench.heard if event.kind == "electricity_cutoff.refused"]
    assert len(refused) == 1
    assert refused[0].fields["fuel"] == "electricity"
    assert account(bench).charged == 3_000, "it is charged all the same"
    assert len(written(bench)) < 15


def test_what_the_hub_could_not_do_stands_in_the_log_that_its_head_end_reads() -> None:
    bench = home()
    swap_meter(bench, 0)
    bench.half_hours(3, watt_hours=300)
    bench.electricity = make_meter(now=bench.now)
    bench.hub.receive("m_bus", b"", bench.now)
    bench.half_hours(3, watt_hours=300)
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    rows = bench.ask(client.get(dlms.PROFILE_GENERIC, objects.HUB_EVENT_LOG, 2)).items()
    assert {row.items(3)[1].whole() for row in rows} >= {9, 10}


# the head end ---------------------------------------------------------------------------------------------------------


def test_the_head_end_reaches_the_account_on_the_hubs_own_association() -> None:
    bench = home(balance=400_000)
    bench.half_hours(2, watt_hours=500)
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    assert bench.ask(client.get(dlms.CREDIT, AT.credit, 2)).whole() == 400_000 - cost(1_000)
    digits = electricity_token(500_000).encode()
    bench.ask(client.act(dlms.TOKEN_GATEWAY, AT.token_gateway, 1, dlms.octet_string(digits)))
    bench.run(bench.now + SECOND)
    credited = account(bench).credited
    assert credited >= 500_000
    assert bench.electricity.credit.cutoff_wh == end_of(400_000 + credited)
    double = dlms.structure(*map(dlms.double_long_unsigned, (2 * PRICE, 0, 0)))
    bench.ask(client.set(dlms.DATA, AT.tariff, 2, double))
    bench.half_hours(2, watt_hours=500)
    assert account(bench).balance == 400_000 + credited - cost(1_500) - cost(500) * 2


def test_a_calendar_that_the_head_end_sets_reaches_the_meter_at_once() -> None:
    bench = home(balance=100_000)
    bench.half_hours(2, watt_hours=500)
    near = bench.electricity.credit.cutoff_wh
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    always = dlms.array([dlms.long64_unsigned((1 << 48) - 1)] * 7)
    bench.ask(client.set(dlms.DATA, AT.calendar, 2, always))
    bench.run(bench.now + SECOND)
    assert bench.electricity.credit.cutoff_wh >= near + 40_000


def test_a_home_whose_power_returns_within_a_friendly_window_stays_on() -> None:
    bench = home(balance=200_000, terms={"friendly": (0b1111 << 44,) * 7})
    bench.half_hours(28, watt_hours=200)
    meter, hub = bench.electricity.state(), bench.hub.state()
    bench.now = Instant(bench.now - bench.now % DAY + 22 * HOUR + 10 * MINUTE)
    bench.electricity = make_meter(now=bench.now, hub_account_delay=144)
    bench.electricity.restore(meter)
    bench.restart_hub(hub)
    bench.run(bench.now + MINUTE)
    assert bench.electricity.use(5_000, bench.now) == 5_000
    bench.half_hours(1)
    assert bench.electricity.switch.closed


def test_the_meters_own_side_has_no_account_where_that_stands_in_the_hub() -> None:
    bench = home()
    bench.line.call()
    client = head_end_client(METER_ID)
    bench.ask(client.associate(), meter=True)
    with pytest.raises(dlms.AccessRefusedError):
        bench.ask(client.get(dlms.CREDIT, AT.credit, 2), meter=True)
    cutoff, left, opened = bench.ask(client.get(dlms.DATA, ELECTRICITY_CUTOFF, 2), meter=True).items(3)
    assert (cutoff.whole(), left.whole(), opened) == (35_286, 144, dlms.boolean(False))


def test_electricity_needs_neither_gas_nor_a_line_to_the_supplier() -> None:
    bench = home(balance=100_000)
    bench.line.cut()
    bench.half_hours(8, watt_hours=500)
    assert not bench.electricity.switch.closed
    type_in(bench, 500_000)
    bench.run(bench.now + SECOND)
    assert press(bench)


def test_tokens_and_prices_of_electricity_leave_the_gas_of_the_same_home_alone() -> None:
    bench = home(gas=True, prepay=True)
    bench.half_hours(2, watt_hours=500, litres=100)
    assert bench.hub.account is not None
    gas = bench.hub.account.state()
    amount = type_in(bench, 500_000).amount
    assert amount >= 500_000
    assert bench.hub.account.state() == gas
    assert account(bench).balance == 1_000_000 + amount - cost(1_000)


# the account in the meter ---------------------------------------------------------------------------------------------


def test_the_hub_shows_the_credit_of_a_meter_that_holds_its_own_account() -> None:
    bench = HomeBench(in_meter=electricity_setup(500_000), gas=False, prepay=False)
    bench.half_hours(2, watt_hours=500)
    assert bench.electricity.prepaid is not None
    balance = bench.electricity.prepaid.account.balance
    assert balance == 500_000 - cost(1_000)
    assert bench.hub.electricity_credit == MirroredCredit(balance, 0, 0)
    assert bench.hub.electricity_account is None
    assert {request.kind for request in requests(bench)} == {"get-request"}


def test_a_meter_without_an_account_is_asked_for_its_credit_once() -> None:
    bench = HomeBench(gas=False, prepay=False, mirrors_credit=True)
    bench.half_hours(4, watt_hours=500)
    assert bench.hub.electricity_credit is None
    asked = [request for request in requests(bench) if str(AT.credit) in request.names]
    assert len(asked) == 1


def test_a_hub_does_not_hold_an_account_and_show_another() -> None:
    settings = make_hub(gas=False, prepay=False).settings
    with pytest.raises(ConfigurationError, match="shows another"):
        replace(settings, electricity=ElectricitySetup(144, electricity_setup()), mirrors_credit=True)


def test_what_is_no_credit_where_a_meter_should_have_it_takes_no_wire_down() -> None:
    mirror = CreditMirror()
    mirror.take([dlms.double_long(5), dlms.octet_string(b"much"), dlms.enum(0), dlms.null])
    assert mirror.shown is None
    assert not mirror.attributes, "not asked again"


# a sealed home --------------------------------------------------------------------------------------------------------


def test_the_credit_of_a_sealed_meter_stands_beside_its_mail() -> None:
    home = SealedHome(in_meter=electricity_setup(500_000))
    home.bench.half_hours(2, watt_hours=500)
    assert home.bench.hub.electricity_credit == MirroredCredit(500_000 - cost(1_000), 0, 0)


@pytest.mark.parametrize("with_gas", [True, False])
def test_a_dearer_price_of_electricity_runs_no_credit_out_for_a_day_and_then_it_does(*, with_gas: bool) -> None:
    home = SealedHome(in_hub=electricity_setup(1_000_000), gas=with_gas, prepay=with_gas)
    bench = home.bench
    bench.half_hours(2, watt_hours=100)
    assert bench.electricity.credit is not None
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    dear = dlms.structure(*map(dlms.double_long_unsigned, (490_000, STANDING, 0)))
    bench.ask(client.set(dlms.DATA, AT.tariff, 2, dear))
    bench.half_hours(1, watt_hours=3_000)
    bench.restart_hub(json.loads(json.dumps(bench.hub.state())))
    bench.half_hours(1, watt_hours=3_000)
    assert account(bench).balance < 0
    assert bench.electricity.credit.cutoff_wh > bench.electricity.register_wh + 40_000
    bench.half_hours(48)
    assert not bench.electricity.switch.closed


def test_a_token_of_electricity_is_no_vend_of_gas() -> None:
    home = SealedHome(in_hub=electricity_setup())
    home.bench.half_hours(1)
    works = home.bench.hub.orders.works
    assert works is not None
    before = works.orders_state()
    assert type_in(home.bench, 500_000).amount >= 500_000
    assert works.orders_state() == before


# no credit by setting -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("obis", [getattr(AT, name) for name in AT.__slots__], ids=AT.__slots__)
def test_no_setting_and_no_action_of_the_head_end_gives_credit(obis: dlms.Obis) -> None:
    bench = home()
    bench.half_hours(1)
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    much = 90_000_000
    values = [dlms.double_long(much), dlms.double_long_unsigned(much), dlms.octet_string(b"1" * 20)]
    for interface in (dlms.DATA, dlms.CREDIT, dlms.TOKEN_GATEWAY):
        for attribute in range(1, 11):
            for value in values:
                for act in (client.set, client.act):
                    with suppress(MeterhouseError):
                        bench.ask(act(interface, obis, attribute, value))
    assert (account(bench).credited, account(bench).tokens, account(bench).balance) == (0, 0, 1_000_000)
