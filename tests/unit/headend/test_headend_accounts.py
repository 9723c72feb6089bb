"""The head end and an account of either fuel: asked where it stands, by its own objects, and no other's work waits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from home_bench import HUB_ID, METER_ID, HomeBench, electricity_setup, electricity_token, head_end_client, token
from meterhouse.companion.account_objects import ACCOUNT_OBJECTS
from meterhouse.model import MINUTE, Eui64, Fuel, Instant
from meterhouse.protocols import dlms
from meterhouse.supplier.headend import (
    GAS_ACCOUNT,
    AccountAddress,
    ArmSupply,
    CheckDebt,
    CollectDays,
    DeliverToken,
    HubEntry,
    MeterEntry,
    SetCalendar,
    SetCreditLimits,
    SetReadingBasis,
    SetTariff,
    SetTariffMatrix,
)
from meterhouse.supplier.headend.hub_queue import HubQueue

GAS_ID = Eui64(b"\x02GAS\x00\x00\x00\x01")
ENTRY = HubEntry(HUB_ID, (MeterEntry(METER_ID, Fuel.ELECTRICITY), MeterEntry(GAS_ID, Fuel.GAS)))
IN_METER = AccountAddress(Fuel.ELECTRICITY, METER_ID)
IN_HUB = AccountAddress(Fuel.ELECTRICITY)
PLACES = pytest.mark.parametrize("account", [IN_METER, IN_HUB], ids=["meter", "hub"])


class Book:
    def __init__(self):
        self.told = []

    def stage(self, order, stage, now, why=""):
        self.told.append((order, stage, why))

    def debt_shown(self, hub, fuel, shown, now):
        self.told.append((hub, fuel, shown))

    @property
    def stages(self):
        return [stage for _, stage, _ in self.told]


class Clients:
    """A client for each device, as the bench has keyed it; `asked` are the devices, `reached` the objects."""

    def __init__(self):
        self.asked = []

    def client(self, device):
        self.asked.append(device)
        return dlms.Client(head_end_client(device).settings)


def bench_of(account: AccountAddress) -> HomeBench:
    setup = electricity_setup()
    bench = HomeBench(in_meter=setup) if account is IN_METER else HomeBench(in_hub=setup)
    bench.half_hours(2, litres=30)
    bench.line.call()
    return bench


def held(bench: HomeBench):
    return bench.electricity.prepaid or bench.hub.electricity_account


def run(job, bench: HomeBench) -> list[bytes | None]:
    """The job against the real devices; to which of them each APDU went."""
    clients, ways = Clients(), []
    talk = job.talk(ENTRY, clients, bench.now)
    try:
        route, apdu = next(talk)
        while True:
            ways.append(route.device)
            answer = bench.line.exchange(apdu) if route.device is None else bench.line.exchange_meter(apdu)
            route, apdu = talk.send(answer)
    except StopIteration:
        return ways


@PLACES
def test_a_token_and_the_debt_go_where_the_account_stands_and_the_gas_sees_nothing(account):
    bench, book = bench_of(account), Book()
    gas = bench.hub.account.state()
    ways = run(DeliverToken("1", electricity_token(1_000_000), 1_234, book, account=account), bench)
    assert set(ways) == {account.route.device}
    assert book.stages == ["carried", "hub", "accepted"]
    assert (held(bench).account.tokens, held(bench).account.debt_note) == (1, 1_234)
    assert bench.hub.account.state() == gas


@PLACES
def test_a_token_of_gas_at_the_account_of_electricity_is_refused_and_the_other_way_round(account):
    bench, book = bench_of(account), Book()
    run(DeliverToken("1", token(1_000_000), 0, book, account=account), bench)
    run(DeliverToken("2", electricity_token(1_000_000), 0, book), bench)
    assert [stage for stage in book.stages if stage in ("accepted", "refused")] == ["refused", "refused"]
    assert (held(bench).account.tokens, bench.hub.account.tokens) == (0, 0)


@PLACES
def test_a_home_without_that_account_refuses_its_token_for_good(account):
    bench, book = HomeBench(), Book()
    bench.line.call()
    run(DeliverToken("1", electricity_token(1_000_000), 0, book, account=account), bench)
    assert book.stages == ["carried", "refused"]
    run(CheckDebt(book, account=account), bench)
    assert book.stages == ["carried", "refused"]


@PLACES
def test_the_debt_shown_is_told_with_its_fuel(account):
    bench, book = bench_of(account), Book()
    held(bench).account.debt_note = 77
    bench.hub.account.debt_note = 55
    run(CheckDebt(book, account=account), bench)
    run(CheckDebt(book), bench)
    assert book.told == [(HUB_ID, Fuel.ELECTRICITY, 77), (HUB_ID, Fuel.GAS, 55)]


@PLACES
def test_what_energy_costs_is_set_at_the_account_that_is_meant(account):
    bench, book = bench_of(account), Book()
    gas = bench.hub.account.tariff
    of = held(bench).account
    run(SetTariff("flat", 12_345, 678, 0, book, account=account), bench)
    assert (of.tariff.price, of.tariff.standing_charge, of.tariff.cv) == (12_345, 678, 0)
    thresholds = (1_000, 2_000, 3_000)
    run(SetTariffMatrix("full", tuple(range(16)), (0,) * 96, thresholds, 9, 0, book, account=account), bench)
    assert (of.tariff.prices, of.tariff.thresholds_wh) == (tuple(range(16)), thresholds)
    run(SetCreditLimits("limits", 3, 2, 1, book, account=account), bench)
    assert (of.limits.emergency, of.limits.emergency_threshold, of.limits.low) == (3, 2, 1)
    run(SetCalendar("calendar", (1, 2, 3, 4, 5, 6, 7), book, account=account), bench)
    assert list(of.friendly) == [1, 2, 3, 4, 5, 6, 7]
    assert book.stages == ["accepted"] * 4
    assert bench.hub.account.tariff == gas
    assert SetTariff("", 0, 0, 0, book, account=account).label == "set electricity tariff"


@PLACES
def test_what_makes_no_sense_is_refused_in_words(account):
    bench, book = bench_of(account), Book()
    run(SetTariff("gas's", 12_345, 0, 39_500, book, account=account), bench)
    run(SetReadingBasis("basis", 90_000_000_000, book, account=account), bench)
    assert book.stages == ["refused", "refused"]
    assert all(why for _, _, why in book.told)


def test_the_reading_basis_takes_every_register_of_electricity():
    ((_, value),) = SetReadingBasis("basis", 90_000_000_000, Book(), account=IN_HUB).writes()
    assert value.whole() == 90_000_000_000
    ((obis, value),) = SetReadingBasis("basis", 7, Book()).writes()
    assert (obis, value) == (ACCOUNT_OBJECTS[Fuel.GAS].reading_basis, dlms.double_long_unsigned(7))


# the queue of a hub -------------------------------------------------------------------------------------------------

NOW = Instant(1_000 * MINUTE)
PAUSES = (2 * MINUTE, 120 * MINUTE)


def deliver(order: str, account: AccountAddress = GAS_ACCOUNT) -> DeliverToken:
    return DeliverToken(order, "", 0, Book(), account=account)


def queue_of(*jobs) -> HubQueue:
    queue = HubQueue(ENTRY)
    for job in jobs:
        queue.add(job)
    return queue


def test_a_token_for_the_meter_that_failed_lets_those_of_the_hub_pass():
    meter, gas = deliver("1", IN_METER), deliver("2")
    queue = queue_of(meter, gas)
    assert queue.next_job(NOW) is meter
    assert queue.failed(meter, NOW, *PAUSES) == (1, 2 * MINUTE)
    assert queue.next_due() <= NOW
    assert queue.next_job(NOW) is gas
    queue.drop(gas)
    queue.collection = CollectDays(None, NOW, NOW)
    assert queue.next_job(NOW) is queue.collection
    assert queue.waiting() == (meter,)
    later = Instant(NOW + 2 * MINUTE)
    assert queue.next_job(later) is meter
    queue.drop(meter)
    assert queue.waiting() == ()


def test_its_pauses_grow_by_themselves_up_to_the_longest():
    meter = deliver("1", IN_METER)
    queue = queue_of(meter)
    found, at = [], NOW
    for _ in range(10):
        _, pause = queue.failed(meter, at, *PAUSES)
        found.append(pause)
        at = Instant(at + pause)
        assert queue.next_due() == at
    assert found[-1] == PAUSES[1]
    assert all(later == min(2 * earlier, PAUSES[1]) for earlier, later in pairwise(found))
    assert (queue.failures, queue.due) == (0, 0)


def test_one_token_that_reached_the_meter_is_word_enough_for_those_that_wait():
    first, second = deliver("1", IN_METER), deliver("2", IN_METER)
    queue = queue_of(first, second)
    for _ in range(8):
        queue.failed(first, NOW, *PAUSES)
    queue.succeeded(deliver("3"), NOW)
    assert queue.next_job(NOW) is second
    queue.succeeded(second, NOW)
    queue.drop(second)
    assert (queue.next_due(), queue.next_job(NOW)) == (NOW, first)


def test_a_token_that_was_set_aside_is_a_payment_again_when_its_time_has_come():
    token, setting = deliver("1", IN_METER), SetTariff("2", 1, 1, 0, Book(), account=IN_METER)
    queue = queue_of(setting, token)
    assert queue.urgent
    for job in (setting, token):
        queue.failed(job, NOW, *PAUSES)
    assert queue.urgent
    assert queue.next_job(queue.next_due()) is token, "at the same time the token goes first"
    queue.failed(token, NOW, *PAUSES)
    assert not queue.urgent, "next is a setting: it may not have a session that is kept for payments"
    assert queue.next_job(queue.next_due()) is setting


def test_what_fails_at_the_hub_itself_waits_for_all_as_before():
    first, second = deliver("1"), deliver("2", IN_HUB)
    queue = queue_of(first, second)
    queue.failed(first, NOW, *PAUSES)
    assert queue.next_due() == NOW + 2 * MINUTE
    assert queue.next_job(queue.due) is first


def test_a_meter_that_leaves_takes_its_own_accounts_work_with_it():
    mine, aside, gas, arm = (
        deliver("1", IN_METER),
        deliver("2", IN_METER),
        deliver("3"),
        ArmSupply("4", METER_ID, Book()),
    )
    queue = queue_of(mine, aside, gas, arm)
    queue.failed(aside, NOW, *PAUSES)
    assert set(map(id, queue.release(METER_ID))) == {id(mine), id(aside)}
    queue = queue_of(mine, gas, arm)
    assert queue.release(GAS_ID) == (gas, arm)
    assert queue.release(METER_ID) == (mine, gas, arm)
    assert queue.release(METER_ID) == ()
