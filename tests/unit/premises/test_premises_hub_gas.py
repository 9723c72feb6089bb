"""The hub's gas account and gas link, with a real gas meter on the other end of the air."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_bench import START, TARIFF, HomeBench, token
from meterhouse.companion.gas import NO_LIMIT_LITRES, Refusal, ValveState
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import DAY, HALF_HOUR, MINUTE, SECOND, HalfHour, Instant, ProtocolError
from meterhouse.premises.gas_meter import GasMeter
from meterhouse.premises.prepay import EnergyTariff, PrepayAccount

ACKNOWLEDGED = 0x00
RESPONSE = 0x08


def account(bench: HomeBench) -> PrepayAccount:
    assert bench.hub.account is not None
    return bench.hub.account


def expected_balance(bench: HomeBench, opening: int) -> int:
    """From the meter's own log, by the published formula."""
    until = account(bench).charged_until
    assert until is not None
    rows = bench.gas.backlog.log.between(Instant(0), until)
    days = until // DAY - rows[0].end // DAY
    return opening + account(bench).credited - bench.exact_cost(rows[-1].register - rows[0].register, days)


@pytest.mark.requirement("S0-119")
def test_every_half_hour_is_charged_once():
    bench = HomeBench()
    bench.half_hours(100, litres=37)
    assert account(bench).charged == 3_700
    assert account(bench).balance == expected_balance(bench, 500_000)


@pytest.mark.requirement("S0-119")
@settings(max_examples=15)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 400)), min_size=2, max_size=70))
def test_whatever_telegrams_are_lost_the_balance_equals_the_reference_at_the_next_contact(weather):
    bench = HomeBench(balance=40_000_000)
    bench.half_hours(1)
    for up, down, litres in weather:
        bench.up, bench.down = up, down
        bench.half_hours(1, litres=litres)
    bench.up = bench.down = True
    bench.half_hours(1)
    assert account(bench).charged == bench.gas.volume_l
    assert account(bench).balance == expected_balance(bench, 40_000_000)


@pytest.mark.requirement("S0-119")
def test_the_first_half_hour_is_charged_like_any_other():
    bench = HomeBench()
    bench.half_hours(1, litres=150)
    assert account(bench).charged == 150
    assert account(bench).balance == 500_000 - bench.exact_cost(150, 0)
    assert [row.register for row in bench.hub.mirror.log.between(START, bench.now)] == [0, 150]


def test_a_press_told_with_the_first_of_several_reports_opens_the_valve_once_all_are_charged():
    """A long outage comes back in more reports than one; only the first of them says that a hand pressed."""
    bench = HomeBench(balance=1_000, delay=6)
    bench.half_hours(2, litres=300)
    assert bench.gas.valve is ValveState.CLOSED
    bench.up = bench.down = False
    bench.half_hours(18)
    bench.press()  # the countdown has ended, so it opens nothing by itself
    assert bench.gas.valve is ValveState.CLOSED
    account(bench).credit(300_000)
    bench.up = bench.down = True
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.OPEN


def test_a_backlog_of_more_than_one_report_is_charged_whole_before_any_order():
    bench = HomeBench(balance=200_000)
    bench.half_hours(2)
    bench.up = False
    bench.half_hours(40, litres=1_000)
    bench.up = True
    before = len(bench.telegrams_down)
    bench.half_hours(1)
    assert account(bench).charged == bench.gas.volume_l
    *acknowledged, last = bench.orders[before:]
    assert acknowledged == [ACKNOWLEDGED] * len(acknowledged)
    assert len(acknowledged) >= 2
    assert last != ACKNOWLEDGED
    assert bench.gas.cutoff_l == account(bench).cutoff()


def test_a_tariff_is_that_of_the_half_hour_and_not_of_its_report():
    """Gas burnt before a change of price, but reported after it, costs the old price."""
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(2)
    bench.up = False
    bench.half_hours(4, litres=500)
    account(bench).set_tariff(EnergyTariff.flat(10 * TARIFF.price, TARIFF.standing_charge, TARIFF.cv), bench.now)
    bench.half_hours(3, litres=100)
    bench.up = True
    bench.half_hours(1)
    assert account(bench).charged_until < START + DAY
    # the half hour under way at the change still has the old price
    assert 5_000_000 - account(bench).balance == bench.exact_cost(2_000 + 100 + 10 * 200, 0)


def test_a_new_price_is_in_the_cutoff_from_the_contact_at_which_it_begins():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(3, litres=10)
    dear = EnergyTariff.flat(10 * TARIFF.price, TARIFF.standing_charge, TARIFF.cv)
    account(bench).set_tariff(dear, bench.now)
    before = bench.gas.cutoff_l - bench.gas.volume_l
    bench.half_hours(1)
    assert account(bench).tariff == dear
    assert bench.gas.cutoff_l - bench.gas.volume_l == pytest.approx(before / 10, abs=2)


@pytest.mark.requirement("S0-33")
def test_a_change_of_tariff_sends_nothing_but_a_new_cutoff():
    bench = HomeBench()
    bench.half_hours(3, litres=10)
    wakes, telegrams, before = len(bench.telegrams_up), len(bench.telegrams_down), bench.gas.cutoff_l
    account(bench).set_tariff(EnergyTariff.flat(2 * TARIFF.price, TARIFF.standing_charge, TARIFF.cv), bench.now)
    bench.settle()
    assert (len(bench.telegrams_up), len(bench.telegrams_down)) == (wakes, telegrams)
    bench.half_hours(2, litres=10)
    assert bench.kinds("gas_meter").count("cutoff.written") == len(bench.orders)
    left = bench.gas.cutoff_l - bench.gas.volume_l
    assert left == pytest.approx((before - 30) // 2, rel=0.02)


@pytest.mark.requirement("S0-34")
def test_in_a_credit_home_the_hub_only_ever_acknowledges():
    bench = HomeBench(prepay=False)
    bench.half_hours(100, litres=500)
    bench.up = False
    bench.half_hours(20, litres=500)
    bench.up = True
    bench.half_hours(5)
    bench.press()
    assert set(bench.orders) == {ACKNOWLEDGED}
    assert len(bench.orders) > 100
    assert bench.gas.cutoff_l == NO_LIMIT_LITRES


@pytest.mark.requirement("S0-108")
def test_each_contact_leaves_the_meter_with_the_newest_cutoff():
    bench = HomeBench(balance=900_000)
    for litres in (0, 10, 0, 700, 33, 1):
        bench.half_hours(1, litres=litres)
        assert bench.gas.cutoff_l == account(bench).cutoff()
        assert bench.hub.mirror.report.cutoff_l == bench.gas.cutoff_l


def test_an_order_whose_answer_is_lost_is_sent_again_and_given_up_within_the_window():
    bench = HomeBench()
    bench.half_hours(1)
    bench.down = False
    before = len(bench.orders)
    bench.half_hours(1)
    sent = bench.orders[before:]
    assert len(sent) == 3
    assert len(set(sent)) == 1  # the same frame count bit: a repetition, not a new order
    assert bench.hub.deadline() > bench.now


def test_at_reconnection_the_hub_takes_the_smaller_countdown_and_refills_only_above_zero():
    bench = HomeBench(balance=500_000, delay=144)
    bench.half_hours(1)
    bench.up = False
    bench.half_hours(10, litres=10)
    bench.run(bench.now + 2 * MINUTE)
    mirror = bench.hub.mirror
    assert mirror.link_failed
    assert mirror.countdown == bench.gas.countdown == 134
    bench.up = True
    bench.half_hours(1)
    assert not mirror.link_failed
    assert mirror.countdown == bench.gas.countdown == 144
    told = [kind for kind in bench.kinds("hub") if kind.startswith("gas_link.")]
    assert told == ["gas_link.failed", "gas_link.restored"]


def test_the_hub_adopts_the_meters_countdown_when_it_is_smaller():
    """Acknowledgements are lost, reports are not: only the meter counts down; the hub believes the meter."""
    bench = HomeBench(balance=20_000)
    bench.half_hours(1)
    bench.down = False
    bench.half_hours(6, litres=100)
    assert account(bench).balance < 0
    assert bench.gas.countdown == 138
    assert bench.hub.mirror.countdown == bench.hub.mirror.report.countdown < 144
    bench.down = True
    bench.half_hours(2)
    assert bench.gas.countdown == bench.hub.mirror.countdown == 138


@pytest.mark.parametrize(("balance_after", "refilled"), [(-1, False), (0, False), (1, True)])
def test_the_countdown_refills_only_if_credit_is_left_after_all_recovered_gas(balance_after, refilled):
    bench = HomeBench(balance=3_000_000)
    bench.half_hours(1)
    bench.up = False
    bench.half_hours(20, litres=100)
    account(bench).balance = bench.exact_cost(2_000, 0) + balance_after
    bench.up = True
    bench.half_hours(1)
    assert account(bench).balance == balance_after
    expected = 144 if refilled else 124
    assert (bench.gas.countdown, bench.hub.mirror.countdown) == (expected, expected)


# the valve, and the hand on the spot


def spent(litres: int = 3_000) -> HomeBench:
    """A home whose gas has closed for want of credit."""
    bench = HomeBench(balance=50_000)
    bench.half_hours(2, litres=litres)
    bench.half_hours(2, litres=100)
    assert bench.gas.valve is ValveState.CLOSED
    return bench


@pytest.mark.requirement("S0-109")
@pytest.mark.requirement("S0-107")
def test_the_valve_closes_at_the_first_step_that_reaches_the_cutoff():
    bench = HomeBench(balance=50_000)
    bench.half_hours(2)
    cutoff = bench.gas.cutoff_l
    assert bench.gas.pass_gas(cutoff - 1, bench.now) == cutoff - 1
    assert bench.gas.valve is ValveState.OPEN
    assert bench.gas.pass_gas(5, bench.now) == 1
    assert bench.gas.valve is ValveState.CLOSED
    assert bench.exact_cost(cutoff - 1, 0) < 50_000 <= bench.exact_cost(cutoff, 0) + 1


@pytest.mark.requirement("S0-111")
def test_a_topup_from_the_network_arms_and_only_a_hand_opens_once():
    bench = spent()
    bench.hub.slot.enter(token(2_000_000), bench.now, by_hand=False)
    bench.half_hours(3)
    assert bench.gas.valve is ValveState.CLOSED
    assert "valve.open_ordered" not in bench.kinds("hub")
    bench.press()
    bench.run(bench.now + 10 * SECOND)  # the press wakes the radio
    assert bench.gas.valve is ValveState.OPEN
    bench.half_hours(4, litres=10)
    assert bench.kinds("hub").count("valve.open_ordered") == 1
    assert bench.kinds("hub").count("valve.opened") == 1
    assert bench.kinds("gas_meter").count("valve.opened") == 1


@pytest.mark.requirement("S0-111")
def test_a_token_typed_at_a_closed_valve_opens_it_at_the_next_wake_once():
    bench = spent()
    assert bench.key_in(token(2_000_000)).verdict is TokenVerdict.ACCEPTED
    assert bench.gas.valve is ValveState.CLOSED
    bench.half_hours(3, litres=5)
    assert bench.gas.valve is ValveState.OPEN
    assert bench.kinds("gas_meter").count("valve.opened") == 1


def test_a_token_typed_while_the_gas_was_on_is_no_hand_after_the_valve_closed():
    """The hand must come after the closing: who typed at ten does not know that the hob went out at half past."""
    bench = HomeBench(balance=50_000)
    bench.half_hours(2)
    bench.key_in(token(2_000_000))
    bench.gas.pass_gas(bench.gas.cutoff_l, bench.now)  # the meter still has the old cut-off
    assert bench.gas.valve is ValveState.CLOSED
    bench.half_hours(4)
    assert bench.gas.valve is ValveState.CLOSED
    bench.press()
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.OPEN


def test_a_button_pressed_while_the_gas_was_on_is_no_hand_after_the_valve_closed():
    bench = HomeBench(balance=50_000)
    bench.half_hours(2)
    bench.press()
    bench.gas.pass_gas(bench.gas.cutoff_l, bench.now)
    bench.hub.slot.enter(token(2_000_000), bench.now, by_hand=False)
    bench.half_hours(4)
    assert bench.gas.valve is ValveState.CLOSED


def test_a_hand_is_forgotten_when_the_credit_ran_out_again_before_it_was_used():
    bench = spent()
    bench.key_in(token(100_000))
    bench.up = False
    bench.half_hours(2)
    account(bench).balance = 0  # a standing charge, a re-rating
    bench.up = True
    bench.half_hours(2)
    bench.hub.slot.enter(token(2_000_000, tid=6_000_100), bench.now, by_hand=False)
    bench.half_hours(4)
    assert bench.gas.valve is ValveState.CLOSED
    assert {"valve.opened", "valve.open_ordered"}.isdisjoint(bench.kinds())


def lose_answers_of_an_open_valve(bench: HomeBench) -> None:
    """Until the bench's own end is put back: whether the valve has opened, the hub hears from no answer."""
    understand = bench.hub._gas_end.understand

    def deaf_to_answers(telegram: bytes) -> object:
        if telegram[1] == RESPONSE and bench.gas.valve is ValveState.OPEN:
            raise ProtocolError("lost on the air")
        return understand(telegram)

    bench.hub._gas._end = SimpleNamespace(
        understand=deaf_to_answers, order=bench.hub._gas_end.order, acknowledge=bench.hub._gas_end.acknowledge
    )


def test_a_valve_that_opened_though_its_answer_was_lost_is_not_ordered_open_again():
    bench = spent()
    bench.key_in(token(2_000_000))
    lose_answers_of_an_open_valve(bench)
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.OPEN
    bench.hub._gas._end = bench.hub._gas_end
    bench.half_hours(3)
    assert bench.kinds("hub").count("valve.open_ordered") == 1


@pytest.mark.requirement("S0-111")
def test_a_hand_opens_at_most_once_even_where_nobody_heard_that_it_did():
    """The answer is lost, and the gas goes off again before the next report: who pressed before did not see that."""
    bench = spent()
    bench.key_in(token(2_000_000))
    lose_answers_of_an_open_valve(bench)
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.OPEN
    bench.gas.pass_gas(bench.gas.cutoff_l, bench.now)
    assert bench.gas.valve is ValveState.CLOSED
    bench.hub._gas._end = bench.hub._gas_end
    bench.hub.slot.enter(token(2_000_000, tid=6_000_100), bench.now, by_hand=False)
    bench.half_hours(3)
    assert bench.gas.valve is ValveState.CLOSED
    assert bench.kinds("gas_meter").count("valve.opened") == 1
    bench.press()
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.OPEN


def test_with_a_balance_of_nothing_at_all_a_hand_does_not_count_and_one_that_did_is_forgotten():
    bench = spent()
    account(bench).balance = 0
    bench.hub._gas.take_hand(bench.now)
    assert bench.hub._gas.hand.at is None
    account(bench).balance = 1
    bench.hub._gas.take_hand(bench.now)
    assert bench.hub._gas.hand.at == bench.now
    account(bench).balance = 0
    bench.half_hours(1)
    assert bench.hub._gas.hand.at is None
    assert "valve.open_ordered" not in bench.kinds()


def test_the_first_contact_of_all_charges_from_the_first_row_it_tells():
    bench = HomeBench(balance=500_000)
    bench.up = False
    bench.half_hours(3, litres=100)
    bench.up = True
    bench.half_hours(1)
    assert account(bench).balance == expected_balance(bench, 500_000) < 500_000


def test_an_order_that_the_meter_refuses_is_told_by_its_reason():
    bench = HomeBench()
    bench.gas = GasMeter(replace(bench.gas.settings, has_valve=False), bench.now)
    bench.half_hours(2)
    refused = [event for event in bench.heard if event.kind == "order.refused" and event.source == "hub"]
    assert refused
    assert {event.fields["why"] for event in refused} == {Refusal.NO_VALVE.name.lower()}
    assert {event.fields["order"] for event in refused} == {"WriteCutoff"}


def test_a_hand_counts_only_for_a_while():
    """Nobody who typed a token three days ago is known to be there when the link comes back."""
    bench = spent()
    bench.up = False
    bench.key_in(token(5_000_000))
    bench.half_hours(3 * 48)
    bench.up = True
    bench.half_hours(4)
    assert bench.gas.valve is ValveState.CLOSED
    bench.press()
    bench.half_hours(1)
    assert bench.gas.valve is ValveState.OPEN


def test_a_hand_without_credit_opens_nothing_later():
    bench = spent()
    bench.press()
    bench.half_hours(2)
    bench.hub.slot.enter(token(2_000_000), bench.now, by_hand=False)
    bench.half_hours(4)
    assert bench.gas.valve is ValveState.CLOSED


# the link's own life


@pytest.mark.requirement("S0-106")
def test_a_missing_report_is_noticed_within_half_an_hour():
    bench = HomeBench()
    bench.half_hours(3)
    bench.up = False
    lost_at = bench.now
    bench.run(lost_at + HALF_HOUR + 3 * MINUTE)
    failed = [event for event in bench.heard if event.kind == "gas_link.failed"]
    assert len(failed) == 1
    assert failed[0].at - (lost_at + HALF_HOUR) <= HALF_HOUR


def test_a_gas_meter_that_is_never_heard_at_all_is_noticed_too():
    bench = HomeBench()
    bench.up = False
    bench.half_hours(4)
    assert bench.hub.mirror.link_failed
    assert bench.hub.mirror.countdown < 144


def test_telegrams_that_are_doubled_late_or_in_the_wrong_order_change_nothing():
    bench = HomeBench()
    bench.half_hours(8, litres=50)
    before = json.dumps(bench.hub.account.state())
    for telegram in reversed(bench.telegrams_up):
        bench.hub.receive("gas_radio", telegram, bench.now)
    assert json.dumps(bench.hub.account.state()) == before
    assert not list(bench.hub.outgoing())
    assert {event.kind for event in bench.hub.events()} == {"gas_link.refused"}


def test_the_charge_goes_on_over_the_registers_roll_over():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(1)
    bench.gas._supply.volume_l = account(bench).charged = 99_999_900
    bench.gas._supply.cutoff_l = NO_LIMIT_LITRES
    for _ in range(4):
        bench.half_hours(1, litres=60)
    assert bench.gas.volume_l == 140
    assert account(bench).balance == 5_000_000 - bench.exact_cost(240, 0)
    assert bench.gas.valve is ValveState.OPEN
    assert bench.gas.cutoff_l == account(bench).cutoff() > 140


def test_a_hub_that_restarts_in_the_middle_goes_on_and_charges_nothing_twice():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(5, litres=40)
    assert bench.key_in(token(1_000_000)).verdict is TokenVerdict.ACCEPTED
    state = json.loads(json.dumps(bench.hub.state()))
    bench.half_hours(3, litres=40)  # all this the hub forgets
    bench.restart_hub(state)
    bench.half_hours(5, litres=40)
    assert account(bench).balance == expected_balance(bench, 5_000_000)
    assert bench.gas.cutoff_l == account(bench).cutoff()
    assert bench.key_in(token(1_000_000)).verdict is TokenVerdict.USED


def test_a_gap_that_no_telegram_fills_is_charged_by_the_registers_at_its_ends():
    money = PrepayAccount.open(1_000_000, TARIFF)
    money.begin(100, Instant(START + HALF_HOUR))
    money.charge([HalfHour(Instant(START + DAY + HALF_HOUR), 2_100)])
    assert money.balance == 1_000_000 - HomeBench().exact_cost(2_000, 1)
    assert money.charge([HalfHour(Instant(START + DAY), 1_900)]) == 0
