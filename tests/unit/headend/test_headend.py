"""The head end behind a carrier that does what the test says; the devices that answer are a real hub and a real meter."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_bench import HUB_ID, METER_ID, START, HomeBench, head_end_client, token
from meterhouse.companion.account_objects import GAS_ACCOUNT_OBJECTS
from meterhouse.companion.relay import Frame, FrameReader, Kind, Refusal
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    MINUTE,
    SECOND,
    DayProfile,
    Eui64,
    Fuel,
    Instant,
    Machine,
    NotFoundError,
    StorageError,
    day_start,
)
from meterhouse.premises.electricity_meter import ControlState
from meterhouse.protocols import dlms
from meterhouse.supplier.headend import (
    ArmSupply,
    DeliverToken,
    HeadEnd,
    HeadEndSettings,
    HubEntry,
    MeterEntry,
)

GAS_ID = Eui64(b"\x02GAS\x00\x00\x00\x01")
HES_ID = Eui64(b"\x02HES\x00\x00\x00\x01")
MORNING = Instant(START + DAY + 10 * MINUTE)


class Clients:
    def __init__(self):
        self.settings = {}
        self.broken = False

    def client(self, device):
        if self.broken:
            raise StorageError("no counter could be reserved")
        if device not in self.settings:
            self.settings[device] = head_end_client(device).settings
        return dlms.Client(self.settings[device])


class Store:
    """Days by meter; no day before `START` was ever measured."""

    def __init__(self):
        self.days: dict[tuple[Eui64, Instant], DayProfile] = {}
        self.kept = 0

    def missing(self, meter, first, last):
        days = [Instant(day) for day in range(max(first, day_start(START)), last + 1, DAY)]
        return [day for day in days if (meter, day) not in self.days or not self.days[meter, day].complete]

    def keep(self, profile, now):
        del now
        self.kept += 1
        self.days[profile.meter, profile.day] = profile


class Book:
    def __init__(self):
        self.stages: list[tuple[str, str, str]] = []

    def stage(self, order, stage, now, why=""):
        del now
        self.stages.append((order, stage, why))

    def of(self, order):
        return [stage for one, stage, _ in self.stages if one == order]


class Carrier:
    """The other end of the head end's line: passes frames to one home's hub, unless told otherwise."""

    def __init__(self, head_end: HeadEnd, bench: HomeBench | None, now: Instant):
        self.head_end, self.bench, self.now = head_end, bench, now
        self.up = True
        self.mute = False
        self.deaf_hub = False
        self.refuse: Refusal | None = None
        self.calls: list[tuple[Instant, Eui64]] = []
        self.dialled: list[Instant] = []
        self.frames: list[Frame] = []
        self.tamper = lambda frame: [frame]
        self.heard = []
        self._reader = FrameReader()
        self._down: list[Frame] = []

    def settle(self):
        while out := list(self.head_end.outgoing()):
            for port, data in out:
                assert port == "carrier"
                if not self.up:
                    self._reader = FrameReader()
                    self.head_end.receive("carrier", b"", self.now)
                elif not data:
                    self._reader = FrameReader()
                    if self.bench is not None:
                        self.bench.line.cut()
                        self.bench.line.mend()
                else:
                    for frame in self._reader.feed(data):
                        self._take(frame)
        self.heard += self.head_end.events()

    def _take(self, frame: Frame):
        self.frames.append(frame)
        if frame.kind is Kind.HELLO:
            self.dialled.append(self.now)
        if self.mute:
            return
        if frame.kind is Kind.HELLO:
            self.say(Frame(Kind.WELCOME))
        elif frame.kind is Kind.PING:
            self.say(Frame(Kind.PONG))
        elif frame.kind is Kind.CALL:
            self.calls.append((self.now, Eui64(frame.payload[:8])))
            if self.refuse is not None:
                self.say(Frame(Kind.REFUSED, frame.session, bytes([self.refuse])))
            elif not self.deaf_hub and self.bench is not None:
                self._to_hub(frame)
        elif not self.deaf_hub and self.bench is not None:
            self._to_hub(frame)

    def _to_hub(self, frame: Frame):
        bench = self.bench
        seen = len(bench.line.frames)
        bench.now = max(bench.now, self.now)
        bench.line.session = 0
        bench.line.send(frame)
        for answer in bench.line.frames[seen:]:
            if answer.kind in (Kind.ANSWERED, Kind.REFUSED, Kind.DATA, Kind.HANG_UP):
                for one in self.tamper(answer):
                    self.say(one)

    def say(self, frame: Frame):
        self.head_end.receive("carrier", frame.encode(), self.now)

    def cut(self):
        self.up = False
        self._reader = FrameReader()
        if self.bench is not None:
            self.bench.line.cut()
            self.bench.line.mend()
            self.bench.run(self.bench.now + 15 * SECOND)
        self.head_end.receive("carrier", b"", self.now)
        self.settle()

    def run(self, until):
        self.settle()
        while (due := self.head_end.deadline()) is not None and due <= until:
            self.now = Instant(max(due, self.now))
            self.head_end.elapse(self.now)
            self.settle()
        self.now = Instant(max(self.now, until))

    def kinds(self):
        return [event.kind for event in self.heard]


METERS = (MeterEntry(METER_ID, Fuel.ELECTRICITY), MeterEntry(GAS_ID, Fuel.GAS))


def day_of_use() -> HomeBench:
    bench = HomeBench(balance=40_000_000)
    for _ in range(49):
        bench.electricity.use(200, bench.now)
        bench.half_hours(1, litres=30)
    return bench


def street(bench: HomeBench | None, *, hubs: int = 0, now: Instant = MORNING, **changes):
    entries = [HubEntry(HUB_ID, METERS)]
    entries += [HubEntry(Eui64(number.to_bytes(8, "big")), METERS) for number in range(1, hubs)]
    store, book, clients = Store(), Book(), Clients()
    head_end = HeadEnd(replace(HeadEndSettings("head_end", HES_ID), **changes), entries, clients, store, book)
    carrier = Carrier(head_end, bench, now)
    return carrier, store, book, clients


def deliver(
    book: Book, digits: str = "", order: str = "1", expires: Instant | None = None, debt: int = 5
) -> DeliverToken:
    return DeliverToken(order, digits or token(1_000_000), debt, book, expires)


def test_it_is_a_machine():
    carrier, *_ = street(None)
    assert isinstance(carrier.head_end, Machine)


# collecting


@pytest.mark.requirement("S0-23")
def test_yesterday_of_both_fuels_is_collected_exactly():
    bench = day_of_use()
    carrier, store, *_ = street(bench)
    carrier.run(MORNING + 5 * MINUTE)
    electricity, gas = store.days[METER_ID, START], store.days[GAS_ID, START]
    assert electricity.complete
    assert electricity.rows == tuple(bench.electricity.log.between(Instant(START + 1), Instant(START + DAY)))
    assert [row.register for row in gas.rows] == [30 * number for number in range(1, 49)]
    assert gas.rows == tuple(bench.gas.backlog.log.between(Instant(START + 1), Instant(START + DAY)))
    assert carrier.kinds().count("job.done") == 1


def test_a_day_that_is_not_whole_is_asked_for_again_until_it_is():
    bench = HomeBench(balance=40_000_000)
    bench.half_hours(40, litres=10)
    bench.up = False  # the last hours of gas wait in the meter
    bench.half_hours(9, litres=10)
    carrier, store, *_ = street(bench)
    carrier.run(MORNING + 10 * MINUTE)
    assert len(store.days[GAS_ID, START].rows) == 40
    bench.up = True
    bench.half_hours(1)
    carrier.run(MORNING + 44 * MINUTE)
    assert not store.days[GAS_ID, START].complete
    carrier.run(MORNING + 50 * MINUTE)
    assert store.days[GAS_ID, START].complete
    done = carrier.kinds().count("job.done")
    carrier.run(MORNING + 12 * 60 * MINUTE)
    assert carrier.kinds().count("job.done") == done  # and then no more


def test_pauses_grow_while_the_newest_day_stays_incomplete():
    bench = HomeBench()
    bench.half_hours(2)
    carrier, *_ = street(bench)
    carrier.run(MORNING + 8 * 60 * MINUTE)
    calls = [at for at, _ in carrier.calls]
    pauses = [later - earlier for earlier, later in itertools.pairwise(calls)]
    assert pauses == [45 * MINUTE, 90 * MINUTE, 180 * MINUTE]


def test_days_missed_while_the_line_was_down_are_collected_when_it_is_back():
    bench = day_of_use()
    carrier, store, *_ = street(bench)
    carrier.up = False
    carrier.run(MORNING + 2 * DAY)
    assert store.kept == 0
    bench.half_hours(2 * 48, litres=5)
    carrier.up = True
    carrier.run(MORNING + 2 * DAY + 60 * MINUTE)
    assert sorted(day for meter, day in store.days if meter == GAS_ID) == [START, START + DAY, START + 2 * DAY]


def test_the_first_tries_of_a_thousand_hubs_are_spread():
    carrier, *_ = street(None, hubs=1_000)
    carrier.refuse = Refusal.NOT_CONNECTED
    carrier.run(MORNING + 20 * MINUTE)
    first = {hub: at for at, hub in reversed(carrier.calls)}
    assert len(first) == 1_000
    in_a_second: dict[int, int] = {}
    for at in first.values():
        in_a_second[at // SECOND] = in_a_second.get(at // SECOND, 0) + 1
    assert max(in_a_second.values()) <= 3
    assert max(first.values()) - min(first.values()) > 18 * MINUTE


def test_never_more_sessions_than_allowed_and_everyone_has_a_turn():
    carrier, *_ = street(None, hubs=100, sessions=7, collect_over=0)
    carrier.deaf_hub = True
    carrier.run(MORNING)
    carrier.head_end.elapse(MORNING)
    carrier.settle()
    assert len(carrier.calls) == 7
    carrier.run(MORNING + 16 * MINUTE)
    assert len({hub for _, hub in carrier.calls}) == 100


# failing and trying again


def test_a_refused_call_is_tried_again_with_growing_pauses_up_to_the_longest():
    carrier, *_ = street(None)
    carrier.refuse = Refusal.NOT_CONNECTED
    carrier.run(MORNING + 20 * 60 * MINUTE)
    calls = [at for at, _ in carrier.calls]
    pauses = [(later - earlier) // MINUTE for earlier, later in itertools.pairwise(calls)]
    assert pauses == [2, 4, 8, 16, 32, 64, *[120] * (len(pauses) - 6)]
    assert len(pauses) > 12
    failed = [event for event in carrier.heard if event.kind == "job.failed"]
    assert "not connected" in str(failed[0].fields["why"])


def test_a_success_starts_the_pauses_anew():
    bench = day_of_use()
    carrier, _, book, _ = street(bench)
    carrier.refuse = Refusal.BUSY
    carrier.run(MORNING + 10 * MINUTE)
    carrier.refuse = None
    carrier.run(MORNING + 60 * MINUTE)
    carrier.refuse = Refusal.BUSY
    carrier.head_end.submit(HUB_ID, deliver(book), carrier.now)
    carrier.run(carrier.now + 6 * MINUTE + SECOND)
    calls = [at for at, _ in carrier.calls][-3:]
    assert [later - earlier for earlier, later in itertools.pairwise(calls)] == [2 * MINUTE, 4 * MINUTE]


def test_a_refusal_code_that_nobody_knows_is_still_a_refusal():
    carrier, *_ = street(None)
    carrier.deaf_hub = True
    carrier.run(MORNING)
    carrier.say(Frame(Kind.REFUSED, carrier.frames[-1].session, b"\xee"))
    carrier.settle()
    carrier.say(Frame(Kind.REFUSED, 999_999))
    carrier.settle()
    assert carrier.kinds().count("job.failed") == 1


def test_a_silent_device_times_out_is_hung_up_and_tried_again():
    carrier, *_ = street(day_of_use())
    carrier.deaf_hub = True
    carrier.run(MORNING + 60 * SECOND - 1)
    assert Kind.HANG_UP not in [frame.kind for frame in carrier.frames]
    carrier.run(MORNING + 60 * SECOND)
    assert Kind.HANG_UP in [frame.kind for frame in carrier.frames]
    carrier.deaf_hub = False
    carrier.run(MORNING + 10 * MINUTE)
    assert "job.done" in carrier.kinds()
    assert len(carrier.dialled) == 1  # the carrier answered the ping: the line was good


def test_each_answer_gives_the_device_its_full_time_again():
    bench = day_of_use()
    carrier, store, *_ = street(bench)
    held: list[Frame] = []
    carrier.tamper = lambda frame: held.append(frame) or []
    carrier.run(MORNING)
    while held:
        carrier.run(carrier.now + 59 * SECOND)
        carrier.say(held.pop(0))
        carrier.settle()
    assert store.days[METER_ID, START].complete
    assert carrier.now - MORNING > 5 * MINUTE


def test_a_hang_up_by_the_other_side_is_tried_again():
    carrier, store, *_ = street(day_of_use())
    once = iter([True])
    carrier.tamper = lambda frame: [Frame(Kind.HANG_UP, frame.session)] if next(once, False) else [frame]
    carrier.run(MORNING + SECOND)
    assert carrier.kinds().count("job.failed") == 1
    carrier.run(MORNING + 60 * MINUTE)
    assert store.days[GAS_ID, START].complete


def test_an_answer_of_another_device_than_was_asked_is_refused():
    def from_the_hub_itself(frame: Frame) -> list[Frame]:
        inner = dlms.wrapper.Decoder().feed(frame.payload)[0] if frame.kind is Kind.DATA else None
        prefixed = None if inner is None else dlms.gateway.unwrap(inner.apdu)
        if inner is None or prefixed is None:
            return [frame]
        return [Frame(Kind.DATA, frame.session, dlms.wrapper.encode(inner.source, inner.destination, prefixed.apdu))]

    def from_another_meter(frame: Frame) -> list[Frame]:
        return [Frame(frame.kind, frame.session, frame.payload.replace(b"\xe7\x00\x01\x01", b"\xe7\x00\x01\x02", 1))]

    for tamper in (from_the_hub_itself, from_another_meter):
        carrier, store, *_ = street(day_of_use())
        carrier.tamper = tamper
        carrier.run(MORNING + 90 * SECOND)
        assert store.kept == 0
        failed = [event for event in carrier.heard if event.kind == "job.failed"]
        assert "another device" in str(failed[0].fields["why"])


def test_answered_twice_is_asked_once():
    carrier, *_ = street(day_of_use())
    carrier.tamper = lambda frame: [frame] * (2 if frame.kind is Kind.ANSWERED else 1)
    carrier.run(MORNING + 5 * MINUTE)
    assert carrier.kinds().count("job.failed") == 0


def test_a_store_that_cannot_keep_fails_the_try_and_not_the_head_end():
    carrier, store, _, clients = street(day_of_use())
    clients.broken = True
    carrier.run(MORNING + 60 * SECOND)
    assert carrier.kinds().count("job.failed") == 1
    clients.broken = False
    carrier.run(MORNING + 5 * MINUTE)
    assert store.days[GAS_ID, START].complete


# the line


def test_a_line_that_is_lost_is_dialled_again_and_the_work_goes_on():
    carrier, store, *_ = street(day_of_use())
    carrier.deaf_hub = True
    carrier.run(MORNING + SECOND)
    carrier.cut()
    assert carrier.kinds().count("job.failed") == 1
    carrier.run(MORNING + 5 * MINUTE)
    dialled = [later - earlier for earlier, later in itertools.pairwise(carrier.dialled)]
    assert dialled == []
    carrier.up, carrier.deaf_hub = True, False
    carrier.run(MORNING + 10 * MINUTE)
    assert store.days[GAS_ID, START].complete


def test_a_carrier_that_takes_the_line_and_says_nothing_is_dialled_anew():
    carrier, *_ = street(None)
    carrier.mute = True
    carrier.run(MORNING + 10 * MINUTE)
    assert len(carrier.dialled) > 3
    assert carrier.calls == []
    assert "carrier.silent" in carrier.kinds()


def test_a_line_that_died_without_a_word_is_found_out_and_dialled_anew():
    carrier, _, book, _ = street(day_of_use())
    carrier.run(MORNING + MINUTE)
    carrier.mute = True
    carrier.head_end.submit(HUB_ID, deliver(book), carrier.now)
    carrier.run(MORNING + 5 * MINUTE)
    assert len(carrier.dialled) >= 2
    assert book.stages == []
    carrier.mute = False
    carrier.run(MORNING + 15 * MINUTE)
    assert book.of("1")[-1] == "accepted"


@settings(max_examples=60)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6))
def test_bytes_of_any_kind_from_the_carrier_never_raise(chunks):
    carrier, store, book, _ = street(None)
    carrier.deaf_hub = True
    carrier.run(MORNING)
    for data in chunks:
        carrier.head_end.receive("carrier", data, carrier.now)
        carrier.settle()
    assert store.kept == 0
    assert book.stages == []


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 3), st.binary(max_size=40)), max_size=8))
def test_frames_of_any_kind_from_the_carrier_never_raise_and_store_nothing(frames):
    carrier, store, book, _ = street(None)
    carrier.deaf_hub = True
    carrier.run(MORNING)
    for kind, session, payload in frames:
        carrier.say(Frame(kind, session, payload))
        carrier.settle()
    assert store.kept == 0
    assert book.stages == []


# orders


@pytest.mark.requirement("S3-107")
def test_a_token_and_the_debt_are_all_that_is_carried_and_the_verdict_comes_back():
    bench = day_of_use()
    carrier, _, book, _ = street(bench)
    carrier.run(MORNING + 5 * MINUTE)
    carrier.head_end.submit(HUB_ID, deliver(book, debt=1_234), carrier.now)
    carrier.settle()
    assert book.of("1") == ["carried", "hub", "accepted"]
    assert bench.hub.account.debt_note == 1_234
    assert bench.hub.account.tokens == 1


def test_a_job_asks_only_for_note_token_and_verdict():
    """The procedure by itself, against the real hub: three requests between association and release, no balance."""
    bench = day_of_use()
    bench.line.call()
    sent: list[tuple[str, object]] = []

    class Watching(dlms.Client):
        def set(self, interface, obis, attribute, data):
            sent.append(("set", obis))
            return super().set(interface, obis, attribute, data)

        def act(self, interface, obis, method, data=None):
            sent.append(("act", obis))
            return super().act(interface, obis, method, data)

        def get(self, interface, obis, attribute, selection=None):
            sent.append(("get", obis))
            return super().get(interface, obis, attribute, selection)

    class Watched:
        def client(self, device):
            return Watching(head_end_client(device).settings)

    talk = deliver(Book()).talk(HubEntry(HUB_ID, METERS), Watched(), bench.now)
    _, apdu = next(talk)
    with contextlib.suppress(StopIteration):
        while True:
            _, apdu = talk.send(bench.line.exchange(apdu))
    assert sent == [
        ("set", GAS_ACCOUNT_OBJECTS.debt_note),
        ("act", GAS_ACCOUNT_OBJECTS.token_gateway),
        ("get", GAS_ACCOUNT_OBJECTS.token_gateway),
    ]


def test_orders_go_before_collections_and_the_oldest_first():
    bench = day_of_use()
    carrier, _, book, _ = street(bench)
    carrier.refuse = Refusal.NOT_CONNECTED
    carrier.run(MORNING + SECOND)
    for number in range(3):
        digits = token(1_000_000, tid=6_000_000 + 10 * number)
        carrier.head_end.submit(HUB_ID, deliver(book, digits, str(number)), carrier.now)
        carrier.settle()
    carrier.refuse = None
    carrier.run(carrier.now + 60 * MINUTE)
    ended = [event.fields["order"] for event in carrier.heard if event.kind == "job.done"]
    assert ended == ["0", "1", "2", ""]


def test_an_order_given_during_a_collection_that_stays_incomplete_is_not_put_off_with_it():
    bench = HomeBench()
    bench.half_hours(3)
    carrier, _, book, _ = street(bench)
    given_at: list[Instant] = []

    def give(frame: Frame) -> list[Frame]:
        if not given_at and frame.kind is Kind.DATA:
            given_at.append(carrier.now)
            carrier.head_end.submit(HUB_ID, deliver(book), carrier.now)
        return [frame]

    carrier.tamper = give
    carrier.run(MORNING + 5 * MINUTE)
    assert given_at
    assert book.of("1")[-1] == "accepted"


def test_an_order_ends_its_hubs_pause():
    bench = day_of_use()
    carrier, _, book, _ = street(bench)
    carrier.refuse = Refusal.NOT_CONNECTED
    carrier.run(MORNING + 300 * MINUTE)
    carrier.refuse = None
    carrier.head_end.submit(HUB_ID, deliver(book), carrier.now)
    carrier.settle()
    assert book.of("1")[-1] == "accepted"


@pytest.mark.parametrize("line_up", [True, False])
def test_an_order_that_cannot_be_carried_in_time_expires_on_time_whatever_is_down(line_up):
    carrier, _, book, _ = street(None)
    carrier.refuse = Refusal.NOT_CONNECTED
    carrier.run(MORNING + SECOND)
    expires = Instant(carrier.now + 5 * 60 * MINUTE)
    carrier.head_end.submit(HUB_ID, deliver(book, expires=expires), carrier.now)
    if not line_up:
        carrier.cut()
    carrier.run(expires - 1)
    assert book.stages == []
    carrier.run(expires + SECOND)
    assert book.of("1") == ["expired"]
    assert carrier.kinds().count("order.expired") == 1


def test_an_order_that_is_expired_when_given_is_never_carried():
    bench = day_of_use()
    carrier, _, book, _ = street(bench)
    carrier.run(MORNING + 5 * MINUTE)
    calls = len(carrier.calls)
    carrier.head_end.submit(HUB_ID, deliver(book, expires=carrier.now), carrier.now)
    carrier.settle()
    assert book.of("1") == ["expired"]
    assert len(carrier.calls) == calls


def test_an_order_for_a_hub_that_nobody_knows_is_said_so():
    carrier, _, book, _ = street(None)
    with pytest.raises(NotFoundError):
        carrier.head_end.submit(Eui64(bytes(8)), deliver(book), MORNING)


def test_nothing_is_carried_while_the_hub_is_not_reached():
    carrier, _, book, _ = street(None)
    carrier.refuse = Refusal.NOT_CONNECTED
    carrier.run(MORNING)
    carrier.head_end.submit(HUB_ID, deliver(book), carrier.now)
    carrier.run(MORNING + 60 * MINUTE)
    assert book.stages == []


def test_a_used_token_counts_as_accepted_and_a_wrong_one_as_refused_with_its_reason():
    bench = day_of_use()
    carrier, _, book, _ = street(bench)
    carrier.run(MORNING + 5 * MINUTE)
    for order, digits in (("1", token(1_000_000)), ("2", token(1_000_000)), ("3", "0" * 20)):
        carrier.head_end.submit(HUB_ID, deliver(book, digits, order), carrier.now)
        carrier.settle()
    assert [book.of(order)[-1] for order in "123"] == ["accepted", "accepted", "refused"]
    assert "digit is wrong" in book.stages[-1][2]
    assert bench.hub.account.tokens == 1


def test_a_payment_that_went_all_to_debt_carries_the_note_only():
    bench = day_of_use()
    carrier, _, book, _ = street(bench)
    carrier.run(MORNING + 5 * MINUTE)
    carrier.head_end.submit(HUB_ID, DeliverToken("1", "", 777, book), carrier.now)
    carrier.settle()
    assert book.of("1") == ["carried", "accepted"]
    assert (bench.hub.account.debt_note, bench.hub.account.tokens) == (777, 0)


def test_a_debt_beyond_what_the_note_can_say_does_not_stop_the_token():
    bench = day_of_use()
    carrier, _, book, _ = street(bench)
    carrier.run(MORNING + 5 * MINUTE)
    carrier.head_end.submit(HUB_ID, deliver(book, debt=1 << 40), carrier.now)
    carrier.settle()
    assert book.of("1")[-1] == "accepted"
    assert bench.hub.account.debt_note == 0xFFFF_FFFF


def test_a_token_for_a_home_without_an_account_is_refused_at_once_and_not_tried_for_ever():
    bench = HomeBench(prepay=False)
    bench.half_hours(49)
    carrier, _, book, _ = street(bench)
    carrier.run(MORNING + 5 * MINUTE)
    carrier.head_end.submit(HUB_ID, deliver(book), carrier.now)
    carrier.settle()
    assert book.of("1") == ["carried", "refused"]


def test_an_armed_supply_waits_for_a_hand():
    bench = day_of_use()
    carrier, _, book, _ = street(bench)
    carrier.run(MORNING + 5 * MINUTE)
    bench.electricity.disconnect(bench.now)
    carrier.head_end.submit(HUB_ID, ArmSupply("1", METER_ID, book), carrier.now)
    carrier.settle()
    assert book.of("1") == ["accepted"]
    assert bench.electricity.switch.state is ControlState.READY


def test_a_day_with_rows_outside_it_or_out_of_order_is_not_kept():
    from meterhouse.supplier.headend.jobs import _read_day

    class Lying:
        def __init__(self, rows):
            self.rows = rows

        def profile(self, _obis, _range):
            yield b""
            return self.rows

    meter = METERS[0]
    late = [(Instant(START + DAY + HALF_HOUR), 0, 1)]
    swapped = [(Instant(START + 2 * HALF_HOUR), 0, 1), (Instant(START + HALF_HOUR), 0, 1)]
    twice = [(Instant(START + HALF_HOUR), 0, 1)] * 2
    for rows in (late, swapped, twice):
        procedure = _read_day(Lying(rows), meter, START)
        next(procedure)
        with pytest.raises(Exception, match="outside the day"):
            procedure.send(b"")
    procedure = _read_day(Lying([(START, 0, 5), (Instant(START + DAY), 0, 9)]), meter, START)
    next(procedure)
    with pytest.raises(StopIteration) as end:
        procedure.send(b"")
    assert (end.value.value.opening, len(end.value.value.rows)) == (5, 1)
