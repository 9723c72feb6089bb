"""Scenes in a street on virtual time: every byte between the machines is real."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest

from meterhouse.companion.gas import ValveState
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import DAY, HALF_HOUR, MINUTE, SECOND, Fuel, Instant
from meterhouse.simulation.topology import Bearer, topology
from street_worlds import START, Scene

PREPAY = 'gas = { mode = "prepay", opening_balance = "6.00" }'
CREDIT = 'gas = { mode = "credit" }'
NO_GAS = ""
LITRE = Fraction(1, 1000) * Fraction(102264, 100000) * Fraction(395, 10) / Fraction(36, 10) * 7_370
"""What a litre costs, by the published formula, in 10⁻⁵ of the unit."""


@pytest.mark.requirement("S0-22")
def test_the_running_street_is_joined_as_figure_2_says():
    """Head end by WAN to the hub; hub by wire to the electricity meter, by 868 MHz to the gas meter; nothing else."""
    scene = Scene(PREPAY, CREDIT, NO_GAS)
    found = topology(scene.world, scene.street)
    for home in ("01", "02", "03"):
        hub = f"home/{home}/hub"
        gas = {} if home == "03" else {scene.site(home).gas.name: Bearer.RADIO_868}
        assert found.of(hub) == {"carrier": Bearer.WAN, f"home/{home}/electricity": Bearer.WIRED_M, **gas}
        assert found.of(f"home/{home}/electricity") == {hub: Bearer.WIRED_M}
        for name in gas:
            assert found.of(name) == {hub: Bearer.RADIO_868}
    assert found.of("head_end") == {"carrier": Bearer.BACK_LINE}
    assert sorted(found.nodes.values()).count("hub") == 3
    assert len(found.links) == 3 * 2 + 2 + 1


@pytest.mark.requirement("S0-23")
def test_with_every_radio_jammed_the_electricity_still_flows_to_the_store():
    scene = Scene(PREPAY, CREDIT)
    for name, wire in scene.wires.items():
        if name.startswith("gas_radio/"):
            scene.world.cut(wire)
    scene.days(2.1)
    for home in ("01", "02"):
        site = scene.site(home)
        stored = scene.street.books.day(site.names.electricity, Instant(START + DAY))
        assert stored.rows == tuple(site.electricity.log.between(Instant(START + DAY + 1), Instant(START + 2 * DAY)))
        assert len(stored.rows) == 48
        assert (
            scene.street.books.day(site.names.gas, START) is None
            or not scene.street.books.day(site.names.gas, START).rows
        )


@pytest.mark.requirement("S0-107")
@pytest.mark.requirement("S0-108")
def test_after_every_contact_the_meters_cutoff_is_that_of_an_independent_reckoning():
    scene = Scene(PREPAY, litres=35)
    gas, account = scene.site().gas, scene.site().hub.account
    for _ in range(60):
        scene.half_hours(1)
        scene.world.run(Instant(scene.world.now + MINUTE))
        rows = gas.backlog.log.between(Instant(0), scene.world.now)
        days = rows[-1].end // DAY - rows[0].end // DAY
        spent = (rows[-1].register - rows[0].register) * LITRE
        left = 600_000 - days * 29_110 - spent
        expected = rows[-1].register + max(0, ceil(left / LITRE))
        assert abs(gas.cutoff_l - expected) <= 1
        assert gas.cutoff_l == account.cutoff() == scene.site().hub.mirror.report.cutoff_l


@pytest.mark.requirement("S0-106")
def test_forty_eight_reports_a_day_and_a_missing_one_is_noticed_within_half_an_hour():
    scene = Scene(PREPAY)
    scene.days(1)
    scene.world.run(Instant(scene.world.now + MINUTE))
    first_day = [event for event in scene.events if event.kind == "report.sent" and event.at <= START + DAY + MINUTE]
    assert len(first_day) in (48, 49)  # the meter may tell the half hour that ended as it was switched on
    scene.world.cut(scene.wires["gas_radio/01"])
    cut_at = scene.world.now
    scene.half_hours(3)
    failed = [event for event in scene.events if event.kind == "gas_link.failed"]
    assert len(failed) == 1
    missed_report_due = START + DAY + HALF_HOUR
    assert 0 < failed[0].at - missed_report_due <= HALF_HOUR
    assert failed[0].at > cut_at


@pytest.mark.requirement("S0-109")
def test_the_valve_closes_at_the_first_register_step_that_reaches_the_cutoff():
    scene = Scene('gas = { mode = "prepay", opening_balance = "0.50" }', litres=100)
    scene.days(1)
    closed = [event for event in scene.events if event.kind == "valve.closed"]
    assert len(closed) == 1
    assert closed[0].fields["volume_l"] == closed[0].fields["cutoff_l"]
    assert scene.site().gas.volume_l == closed[0].fields["volume_l"]
    assert "valve.opened" not in scene.kinds()


@pytest.mark.requirement("S0-110")
def test_low_credit_is_told_once():
    scene = Scene('gas = { mode = "prepay", opening_balance = "3.00", low_credit_l = 2_000 }', litres=60)
    told_at = None
    for _ in range(70):
        scene.half_hours(1)
        report = scene.site().hub.mirror.report
        if told_at is None and report is not None and report.low_credit:
            told_at = scene.world.now
    assert scene.kinds().count("low_credit") == 1
    assert told_at is not None
    [event] = [event for event in scene.events if event.kind == "low_credit"]
    assert told_at - event.at <= 2 * HALF_HOUR


@pytest.mark.requirement("S0-111")
def test_a_topup_with_the_valve_closed_opens_at_the_next_wake_after_a_hand_and_once():
    scene = Scene('gas = { mode = "prepay", opening_balance = "0.50" }')
    scene.days(1)
    gas = scene.site().gas
    assert gas.valve is ValveState.CLOSED
    scene.pay()
    scene.half_hours(4)
    assert gas.valve is ValveState.CLOSED
    scene.street.press_gas("01")
    scene.world.run(Instant(scene.world.now + 10 * SECOND))
    assert gas.valve is ValveState.OPEN
    scene.half_hours(6)
    assert scene.kinds().count("valve.opened") == 1 + 1  # the meter's and its hub's word of it
    assert scene.world.violations == ()


@pytest.mark.requirement("S0-112")
def test_with_the_link_down_the_valve_stays_open_past_the_cutoff_until_the_delay_has_ended():
    scene = Scene('gas = { mode = "prepay", opening_balance = "1.00", no_comms_half_hours = 144 }', litres=50)
    scene.half_hours(2)
    scene.world.run(Instant(scene.world.now + MINUTE))
    gas = scene.site().gas
    cut_at = scene.world.now
    scene.world.cut(scene.wires["gas_radio/01"])
    scene.days(1)
    assert gas.volume_l > gas.cutoff_l
    assert gas.valve is ValveState.OPEN
    scene.world.run(Instant(cut_at + 3 * DAY - HALF_HOUR))
    assert gas.valve is ValveState.OPEN
    scene.world.run(Instant(cut_at + 3 * DAY + HALF_HOUR))
    assert gas.valve is ValveState.CLOSED
    assert {violation.number for violation in scene.world.violations} <= {6}  # its half hours are late, no more


@pytest.mark.requirement("S0-119")
@pytest.mark.requirement("S0-140")
@pytest.mark.requirement("S3-23")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_token_by_network_and_keypad_counts_once_and_every_book_agrees(seed):
    scene = Scene(PREPAY, PREPAY, seed=seed, litres=30 + 10 * seed)
    scene.days(0.3)
    digits = scene.pay().token
    first = scene.street.key_in("01", digits)
    assert first.accepted
    scene.half_hours(2)  # by now the network has brought it, too
    assert not scene.street.key_in("01", digits).accepted
    assert not scene.street.key_in("02", digits).accepted
    scene.days(1)
    account = scene.site().hub.account
    assert account.tokens == 1
    assert account.credited == first.amount.amount
    [(_, stages)] = scene.street.books.vends(5, "01")
    assert stages[-1].name == "accepted"
    assert scene.world.violations == ()


@pytest.mark.requirement("S0-124")
def test_a_week_without_a_network_a_keyed_token_counts_at_once_and_its_order_ends_when_it_is_back():
    scene = Scene(PREPAY, litres=20)
    scene.days(0.2)
    scene.world.cut(scene.wires["wan/01"])
    scene.days(0.1)
    digits = scene.pay().token
    before = scene.site().hub.account.balance
    keyed = scene.street.key_in("01", digits)
    assert keyed.accepted
    assert scene.site().hub.account.balance == before + keyed.amount.amount
    scene.days(6.5)
    [(_, stages)] = scene.street.books.vends(5, "01")
    assert stages[-1].name == "made"
    scene.wires["wan/01"].mend()
    scene.days(0.3)
    [(_, stages)] = scene.street.books.vends(5, "01")
    assert stages[-1].name == "accepted"
    assert scene.site().hub.account.tokens == 1
    scene.days(1)
    for meter, fuel in scene.site().fuels:
        for day in range(6):
            assert scene.street.books.day(meter, Instant(START + day * DAY)).complete, (fuel, day)


@pytest.mark.requirement("S0-34")
def test_a_credit_home_has_no_prepay_machinery_and_its_meter_is_never_ordered_anything():
    scene = Scene(CREDIT, litres=500)
    scene.days(2)
    assert {"cutoff.written", "order.refused", "valve.closed"}.isdisjoint(scene.kinds())
    assert scene.kinds().count("report.acknowledged") >= 95
    assert scene.site().hub.account is None
    assert scene.site().hub.slot is None


def test_a_keyed_refusal_is_told_with_its_reason():
    scene = Scene(PREPAY)
    scene.days(0.1)
    refused = scene.street.key_in("01", "0" * 20)
    assert not refused.accepted
    assert refused.why == TokenVerdict.WRONG.sentence


def test_the_fuels_of_a_home_are_told_apart():
    scene = Scene(PREPAY, NO_GAS)
    assert [fuel for _, fuel in scene.site("01").fuels] == [Fuel.ELECTRICITY, Fuel.GAS]
    assert [fuel for _, fuel in scene.site("02").fuels] == [Fuel.ELECTRICITY]
