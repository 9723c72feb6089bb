"""What a head end learns of gas links: rung at once, told by log and countdown, and a ticket for the one that is bad."""

from __future__ import annotations

import json

import pytest
from test_headend import Book, Carrier, Clients, Store

from home_bench import HUB_ID, METER_ID, START, HomeBench
from meterhouse.companion.hub_log import HubEvent, HubLogRow
from meterhouse.companion.relay import Frame, Kind
from meterhouse.model import DAY, HALF_HOUR, HOUR, MINUTE, DayProfile, Eui64, Fuel, Instant, MalformedError
from meterhouse.premises.prepay import CreditLimits
from meterhouse.protocols import dlms
from meterhouse.supplier.headend import (
    GasLinkReading,
    HeadEnd,
    HeadEndSettings,
    HubEntry,
    LinkWatch,
    MeterEntry,
    ReadHubLog,
    SetCreditLimits,
    SetGasDelay,
    SetReadingBasis,
)

GAS_ID = Eui64(b"\x02GAS\x00\x00\x00\x01")
HES_ID = Eui64(b"\x02HES\x00\x00\x00\x01")


class Whole(Store):
    """No day is ever missing: what is asked of a hub then is its log alone."""

    def missing(self, meter, first, last):
        return []

    def keep(self, profile: DayProfile, now):
        raise AssertionError("nothing was asked for")


class Supplier:
    """A head end whose line leads to one home; rings come through."""

    def __init__(self, bench: HomeBench, store=None, **watch):
        self.bench, self.book = bench, Book()
        self.links = LinkWatch(**watch)
        meters = (MeterEntry(METER_ID, Fuel.ELECTRICITY), MeterEntry(GAS_ID, Fuel.GAS))
        head_end = HeadEnd(
            HeadEndSettings("head_end", HES_ID),
            [HubEntry(HUB_ID, meters)],
            Clients(),
            store or Whole(),
            self.book,
            self.links,
        )
        self.carrier = Carrier(head_end, bench, bench.now)
        self.rung = 0
        self.carrier.run(bench.now)

    def run(self, half_hours=1, *, litres=0):
        """Time passes at both ends, and the carrier hands rings on."""
        for _ in range(half_hours * 6):
            if litres:
                self.bench.gas.pass_gas(litres // 6, self.bench.now)
            self.bench.run(self.bench.now + 5 * MINUTE)
            rings = [frame for frame in self.bench.line.frames if frame.kind is Kind.RING]
            self.carrier.now = self.bench.now
            for _ in rings[self.rung :]:
                self.rung += 1
                self.carrier.say(Frame(Kind.RING, 0, HUB_ID.octets))
            self.carrier.run(self.bench.now)

    def read(self):
        """The head end calls and reads, at the bench's time."""
        self.carrier.now = self.bench.now
        self.carrier.head_end.submit(HUB_ID, ReadHubLog(self.links), self.bench.now)
        self.carrier.settle()
        return self.links.view(HUB_ID)

    def order(self, job):
        self.carrier.head_end.submit(HUB_ID, job, self.carrier.now)
        self.carrier.settle()
        return self.book.stages

    def told(self, *kinds):
        return [event for event in self.carrier.heard if event.kind in kinds]


@pytest.mark.requirement("S0-128")
@pytest.mark.requirement("S3-112")
def test_both_ends_of_an_outage_reach_the_head_end_and_the_first_within_ten_minutes_of_the_missed_report():
    bench = HomeBench(balance=5_000_000)
    supplier = Supplier(bench)
    supplier.run(4)
    bench.up = False
    cut_at = bench.now
    supplier.run(5)
    [failed] = supplier.told("home.gas_link.failed")
    missed = Instant(cut_at - cut_at % HALF_HOUR + HALF_HOUR)  # the report of this half hour was the first to be lost
    heard_by = next(at for at, _ in supplier.carrier.calls if at >= failed.at)
    assert heard_by - missed <= 10 * MINUTE
    assert failed.fields["hub"] == str(HUB_ID)
    assert bench.hub.mirror.link_failed
    # a sleeping meter is not acknowledged before its next wake, and takes that for no worse than it is
    assert bench.gas.countdown == 144 - 5
    bench.up = True
    supplier.run(2)
    [restored] = supplier.told("home.gas_link.restored")
    assert restored.fields["missed_half_hours"] == 5
    assert not bench.hub.mirror.link_failed
    assert len(supplier.told("home.gas_link.failed")) == 1


@pytest.mark.requirement("S3-112")
def test_with_the_head_end_away_the_hub_rings_again_until_it_was_read_and_then_no_more():
    bench = HomeBench(balance=5_000_000)
    supplier = Supplier(bench)
    supplier.run(2)
    bench.up = False
    for _ in range(20):
        bench.run(bench.now + HALF_HOUR)
    rings = [frame for frame in bench.line.frames if frame.kind is Kind.RING]
    assert 4 <= len(rings) <= 8, "with growing pauses"
    supplier.run(2)
    assert supplier.told("home.gas_link.failed")
    quiet = supplier.rung
    bench.run(bench.now + DAY)
    assert len([frame for frame in bench.line.frames if frame.kind is Kind.RING]) == quiet


def test_a_hub_off_line_rings_when_it_is_back():
    bench = HomeBench(balance=5_000_000)
    supplier = Supplier(bench)
    supplier.run(2)
    bench.line.cut()
    bench.up = False
    bench.run(bench.now + 3 * HALF_HOUR)
    assert not [frame for frame in bench.line.frames if frame.kind is Kind.RING]
    bench.line.mend()
    supplier.run(2)
    assert len(supplier.told("home.gas_link.failed")) == 1


@pytest.mark.requirement("S0-129")
@pytest.mark.parametrize("half_hours", [1, 7, 50, 144, 160])
def test_the_countdown_read_from_the_hub_says_how_long_the_link_has_been_down(half_hours):
    bench = HomeBench(balance=5_000_000)
    supplier = Supplier(bench, Store())
    supplier.run(1)
    supplier.read()
    bench.up = False
    bench.run(bench.now + half_hours * HALF_HOUR + 4 * MINUTE)
    view = supplier.read()
    assert view.failed
    assert view.down_for == min(half_hours, 144) * HALF_HOUR
    assert view.misses_week == half_hours


@pytest.mark.requirement("S0-129")
def test_the_daily_collection_reads_countdown_and_log_without_any_ring():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(47)
    bench.up = False
    bench.half_hours(1)
    bench.run(bench.now + 10 * MINUTE)
    supplier = Supplier(bench, Store())
    supplier.carrier.now = Instant(START + DAY + 20 * MINUTE)
    supplier.carrier.run(supplier.carrier.now)
    assert supplier.links.view(HUB_ID).down_for == HALF_HOUR
    assert supplier.told("home.gas_link.failed")


@pytest.mark.requirement("S0-133")
def test_an_intermittent_link_gets_a_ticket_at_so_many_misses_a_week_and_loses_it_when_a_week_was_better():
    bench = HomeBench(balance=40_000_000)
    supplier = Supplier(bench, misses_for_ticket=10)
    supplier.run(2)
    supplier.read()
    for outage in range(5):
        assert not supplier.told("link_ticket.opened"), f"after {outage} outages of two half hours"
        bench.up = False
        supplier.run(2)
        bench.up = True
        supplier.run(20)
    [opened] = supplier.told("link_ticket.opened")
    assert opened.fields == {"hub": str(HUB_ID), "misses_week": 10}
    view = supplier.links.view(HUB_ID)
    assert view.ticket
    assert view.misses_week == 10
    passed = (view.read_at - START) // HALF_HOUR - 2
    assert abs(view.availability_permille - (passed - 10) * 1000 // passed) <= 2
    for _ in range(9):
        bench.run(bench.now + DAY)
        supplier.read()
    assert supplier.told("link_ticket.closed")
    assert supplier.links.view(HUB_ID).availability_permille == 1_000
    assert len(supplier.told("link_ticket.opened")) == 1


def test_a_home_without_outages_is_wholly_available():
    supplier = Supplier(HomeBench(balance=5_000_000))
    supplier.run(4)
    view = supplier.read()
    assert (view.failed, view.down_for, view.availability_permille, view.ticket) == (False, 0, 1_000, False)
    assert LinkWatch().view(HUB_ID) is None


def test_rings_in_a_hubs_name_bring_one_call_an_hour_and_no_more():
    supplier = Supplier(HomeBench(balance=5_000_000))
    supplier.run(1)
    before = len(supplier.carrier.calls)
    for _ in range(200):
        supplier.carrier.now = Instant(supplier.carrier.now + 6_000)
        supplier.carrier.say(Frame(Kind.RING, 0, HUB_ID.octets))
        supplier.carrier.say(Frame(Kind.RING, 0, b"\x00" * 8))
        supplier.carrier.say(Frame(Kind.RING, 7, b"short"))
        supplier.carrier.run(supplier.carrier.now)
    assert len(supplier.carrier.calls) - before <= 1 + 1


def test_a_restarted_head_end_tells_no_row_twice_and_misses_none():
    bench = HomeBench(balance=5_000_000)
    supplier = Supplier(bench)
    supplier.run(2)
    bench.up = False
    supplier.run(2)
    kept = json.loads(json.dumps(supplier.links.state()))
    bench.up = True
    bench.half_hours(2)
    again = Supplier(bench)
    again.links.restore(kept)
    again.carrier.say(Frame(Kind.RING, 0, HUB_ID.octets))
    again.carrier.run(again.carrier.now)
    kinds = [event.kind for event in again.carrier.heard if event.kind.startswith("home.")]
    assert kinds == ["home.gas_link.restored"]


def rows(*numbered):
    return [HubLogRow(Instant(at), number, HubEvent.GAS_LINK_FAILED, 3) for at, number in numbered]


def test_rows_that_were_lost_are_told_and_a_new_hubs_log_begins_again():
    watch, reading = LinkWatch(), GasLinkReading(144, 144, False, 0)
    watch.take(HUB_ID, reading, rows((HOUR, 1)), Instant(2 * HOUR))
    watch.take(HUB_ID, reading, rows((HOUR, 1), (3 * HOUR, 9)), Instant(4 * HOUR))
    watch.take(HUB_ID, reading, rows((5 * HOUR, 1)), Instant(6 * HOUR))
    assert [event.fields.get("rows_lost") for event in watch.events()] == [None, 7, None]


def test_a_code_of_a_later_version_is_told_as_its_number_and_a_row_without_number_is_none():
    watch = LinkWatch()
    watch.take(HUB_ID, GasLinkReading(144, 9, True, 135), [HubLogRow.of(Instant(1), 200, (1 << 32) + 5)], Instant(2))
    [event] = watch.events()
    assert event.kind == "home.hub.noted"
    assert event.fields["code"] == 200
    with pytest.raises(MalformedError):
        HubLogRow.of(Instant(1), 1, 77)


# the delay, and a new basis


@pytest.mark.requirement("S0-113")
def test_the_head_end_sets_the_delay_reads_it_back_and_the_meter_counts_from_it():
    from home_bench import head_end_client
    from meterhouse.companion import objects

    bench = HomeBench(balance=5_000_000, delay=96)
    bench.half_hours(1)
    supplier = Supplier(bench)
    assert supplier.order(SetGasDelay("d", 144, supplier.book))[-1][:2] == ("d", "accepted")
    bench.half_hours(1)
    assert bench.gas.countdown == 144
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    assert bench.ask(client.get(dlms.DATA, objects.GAS_DELAY, 2)).whole() == 144
    bench.up = False
    bench.half_hours(3)
    bench.run(bench.now + 3 * MINUTE)
    assert (bench.gas.countdown, bench.hub.mirror.countdown) == (141, 141)


@pytest.mark.requirement("S0-113")
@pytest.mark.parametrize("half_hours", [0, 47, 673, 0xFFFF, 0xFFFF_FFFF])
def test_a_delay_outside_one_day_to_fourteen_is_refused_with_its_reason(half_hours):
    bench = HomeBench(balance=5_000_000, delay=96)
    bench.half_hours(1)
    supplier = Supplier(bench)
    _, stage, why = supplier.order(SetGasDelay("d", half_hours, supplier.book))[-1]
    assert stage == "refused"
    assert why
    bench.half_hours(1)
    assert (bench.gas.countdown, bench.hub.mirror.full_countdown) == (96, 96)


def test_the_supplier_sets_a_new_basis_only_for_a_register_that_is_not_believed():
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(3, litres=1_000)
    supplier = Supplier(bench)
    assert supplier.order(SetReadingBasis("b", 0, supplier.book))[-1][:2] == ("b", "refused")
    bench.gas._supply.volume_l = 40
    supplier.run(3, litres=60)
    [told] = supplier.told("home.gas_rows.refused")
    assert "register" in told.fields["why"]
    balance = bench.hub.account.balance
    assert supplier.order(SetReadingBasis("b2", bench.gas.volume_l, supplier.book))[-1][:2] == ("b2", "accepted")
    bench.half_hours(1)
    bench.half_hours(3, litres=100)
    assert balance - bench.hub.account.balance == pytest.approx(bench.exact_cost(300, 0), abs=1)
    assert not bench.hub.account.disbelieved
    assert supplier.order(SetCreditLimits("l", 1, 2, 3, supplier.book))[-1][1] == "accepted"
    assert bench.hub.account.limits == CreditLimits(1, 2, 3)


@pytest.mark.requirement("S0-138")
def test_a_reading_keyed_in_by_hand_reaches_the_head_end_as_a_manual_one():
    bench = HomeBench(balance=5_000_000)
    supplier = Supplier(bench)
    supplier.run(2)
    bench.up = False
    supplier.run(3, litres=120)
    shown = bench.gas.display
    bench.hub.by_hand.read_in(shown.volume_l + 1, shown.check_digits, bench.now)
    supplier.run(1)
    assert not supplier.told("home.gas.manual_reading")
    bench.hub.by_hand.read_in(shown.volume_l, shown.check_digits, bench.now)
    supplier.run(1)
    [told] = supplier.told("home.gas.manual_reading")
    assert told.fields == {"hub": str(HUB_ID), "register_l": 360}
