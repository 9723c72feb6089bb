"""Absurd values and misplaced commands, in one table: each is refused, the head end learns why, and no supply changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from test_headend_links import Supplier

from home_bench import GAS_KEY, HUB_ID, RADIO_HUB, RADIO_METER, START, HomeBench, token
from meterhouse.companion.gas import (
    CloseValve,
    GasAddress,
    GasReport,
    HubEnd,
    MeterEnd,
    OpenValve,
    ValveState,
    WriteCutoff,
)
from meterhouse.companion.hub_log import RowRefusal
from meterhouse.model import DAY, HALF_HOUR, MINUTE, HalfHour, Instant
from meterhouse.premises.prepay import UNUSED_BLOCK
from meterhouse.protocols.wmbus import Ci, Coding, Control, MasterKey, Record, RecordHeader, Session, Telegram
from meterhouse.supplier.headend import (
    DeliverToken,
    SetCalendar,
    SetCreditLimits,
    SetGasDelay,
    SetReadingBasis,
    SetTariff,
    SetTariffMatrix,
)

FLAT = ((7_370,) * 16, (0,) * 96, (UNUSED_BLOCK,) * 3, 29_110, 39_500)
U32 = 0xFFFF_FFFF


def matrix(**changes):
    names = ("prices", "rates", "thresholds_wh", "standing_charge", "cv")
    fields = dict(zip(names, FLAT, strict=True)) | changes
    return lambda book: SetTariffMatrix("o", **fields, book=book)


def flat(price=7_370, day=29_110, cv=39_500):
    return lambda book: SetTariff("o", price, day, cv, book)


SETTINGS: dict[str, tuple[Any, str]] = {
    "a calorific value of nothing": (flat(cv=0), "calorific value"),
    "a calorific value below natural gas": (flat(cv=29_999), "calorific value"),
    "a calorific value above it": (flat(cv=50_001), "calorific value"),
    "a calorific value in J, not kJ": (flat(cv=39_500_000), "calorific value"),
    "a price in the wrong unit": (flat(price=7_370_000), "price"),
    "the largest price that the wire can say": (flat(price=U32), "price"),
    "a standing charge above any": (flat(day=2_000_001), "standing charge"),
    "one price of sixteen absurd": (matrix(prices=(7_370,) * 15 + (500_001,)), "price"),
    "a fifth rate": (matrix(rates=(0,) * 95 + (4,)), "rate"),
    "a block that begins at nothing": (matrix(thresholds_wh=(0, 10, 20)), "thresholds"),
    "blocks that fall": (matrix(thresholds_wh=(20, 10, 30)), "thresholds"),
    "an activation in the past": (matrix(begins=Instant(START - DAY)), "activation"),
    "an activation in ten years": (matrix(begins=Instant(START + 3_650 * DAY)), "activation"),
    "an activation off the half hour": (matrix(begins=Instant(START + DAY + MINUTE)), "activation"),
    "a delay of nothing": (lambda book: SetGasDelay("o", 0, book), "delay"),
    "a delay below a day": (lambda book: SetGasDelay("o", 47, book), "delay"),
    "a delay above a fortnight": (lambda book: SetGasDelay("o", 673, book), "delay"),
    "the largest delay that the wire can say": (lambda book: SetGasDelay("o", U32, book), "delay"),
    "emergency credit above any": (lambda book: SetCreditLimits("o", 10_000_001, 0, 0, book), "limits"),
    "the largest limits that the wire can say": (lambda book: SetCreditLimits("o", U32, U32, U32, book), "limits"),
    "a day of forty-nine half hours": (lambda book: SetCalendar("o", (1 << 48,) + (0,) * 6, book), "half hours"),
    "a reading to begin from without need": (lambda book: SetReadingBasis("o", 5, book), "register"),
    "a reading that no register shows": (lambda book: SetReadingBasis("o", U32, book), "register"),
}


@dataclass(frozen=True)
class Supply:
    """All that lets gas flow or stops it, and all that it costs."""

    valve: ValveState
    cutoff_l: int
    countdown: int
    full: int
    account: dict[str, Any]


def supply(bench: HomeBench) -> Supply:
    account = bench.hub.account
    assert account is not None
    assert bench.hub.mirror is not None
    state = {name: value for name, value in account.state().items() if name != "disbelieved"}
    return Supply(bench.gas.valve, bench.gas.cutoff_l, bench.gas.countdown, bench.hub.mirror.full_countdown, state)


def home() -> tuple[HomeBench, Supplier]:
    bench = HomeBench(balance=5_000_000)
    bench.half_hours(3, litres=100)
    return bench, Supplier(bench)


@pytest.mark.requirement("S0-71")
@pytest.mark.parametrize("what", SETTINGS)
def test_an_absurd_setting_is_refused_in_the_hubs_own_words_and_changes_nothing(what):
    make, word = SETTINGS[what]
    bench, supplier = home()
    before = supply(bench)
    order, stage, why = supplier.order(make(supplier.book))[-1]
    assert (order, stage) == ("o", "refused")
    assert word in why.lower(), why
    assert "the hub says" in why
    assert supply(bench) == before
    bench.half_hours(1)
    assert supply(bench).cutoff_l == pytest.approx(before.cutoff_l, abs=1)
    assert (supply(bench).valve, supply(bench).countdown) == (before.valve, before.countdown)


TOKENS = {
    "of another meter": "0000 0000 0000 0000 0000",
    "too short": "12345",
    "no digits": "a token, please",
}


@pytest.mark.parametrize("what", TOKENS)
def test_an_absurd_token_is_refused_with_the_hubs_verdict_and_changes_nothing(what):
    bench, supplier = home()
    before = supply(bench)
    _, stage, why = supplier.order(DeliverToken("o", TOKENS[what].replace(" ", ""), 0, supplier.book))[-1]
    assert stage == "refused"
    assert why
    after = supply(bench)
    assert replace(after, account={**after.account, "debt_note": before.account["debt_note"]}) == before


def test_a_token_used_before_counts_once():
    bench, supplier = home()
    digits = token(1_000_000)
    supplier.order(DeliverToken("one", digits, 0, supplier.book))
    before = supply(bench)
    assert supplier.order(DeliverToken("two", digits, 0, supplier.book))[-1][1:] == (
        "accepted",
        "This token was already used: its value was credited before.",
    )
    assert supply(bench) == before


# what comes by radio


def as_order(records, number):
    """Records sealed with the hub's key that are none of the six orders."""

    def make(bench: HomeBench) -> bytes:
        session = Session(MasterKey(GAS_KEY), RADIO_METER, sent=bench.hub._gas_end.sent + 5)
        return session.seal(
            Telegram(
                Control.SND_UD,
                RADIO_HUB,
                Ci.COMMAND_LONG,
                application=RADIO_METER,
                access_number=number(bench),
                records=records,
            )
        )

    return make


def last(bench: HomeBench) -> int:
    return bench.gas._radio._access_number


VOLUME = RecordHeader(Coding.BCD8, b"\x13", subunit=1)
DELAY = RecordHeader(Coding.INT16, b"\xfd\x3a")
VALVE = RecordHeader(Coding.INT8, b"\xfd\x1f")
PRICE = RecordHeader(Coding.INT32, b"\xfd\x0b")


def by(key=GAS_KEY, meter=RADIO_METER, hub=RADIO_HUB, order=CloseValve(), sent=1 << 31):  # noqa: B008 -- a value
    return lambda bench: HubEnd(key, meter, hub, sent=sent).order(order, last(bench))


ORDERS: dict[str, Any] = {
    "a delay beyond a fortnight": as_order((Record(VOLUME, 50), Record(DELAY, 673)), last),
    "a delay below nothing": as_order((Record(VOLUME, 50), Record(DELAY, -1)), last),
    "a valve position that is none": as_order((Record(VALVE, 3),), last),
    "a seventh order": as_order((Record(PRICE, 7_370),), last),
    "two orders in one": as_order((Record(VALVE, 0), Record(VOLUME, 50)), last),
    "another's key": by(key=bytes(16)),
    "another hub": by(hub=GasAddress("MTH", 19_999_999, 1, 0x31)),
    "another meter's id": by(meter=GasAddress("MTH", 29_999_999, 1, 3)),
    "an old counter": by(sent=0),
    "an old counter, opening": by(sent=0, order=OpenValve()),
    "an answer to another report": lambda bench: HubEnd(GAS_KEY, RADIO_METER, RADIO_HUB, sent=1 << 31).order(
        WriteCutoff(0, 0), last(bench) ^ 1
    ),
}


@pytest.mark.requirement("S0-115")
@pytest.mark.parametrize("what", ORDERS)
@pytest.mark.parametrize("listening", [True, False], ids=["in the window", "out of the window"])
def test_no_telegram_that_is_not_a_true_order_in_its_time_moves_the_valve_or_the_cutoff(what, listening):
    bench, supplier = home()
    before = supply(bench)
    if listening:
        bench.down = False  # the hub's own acknowledgement is lost, so the window stays open for the forger
        bench.run(bench.gas.deadline())
        assert bench.gas.deadline() <= bench.now + 200
    bench.gas.receive("gas_radio", ORDERS[what](bench), Instant(bench.now + 1))
    told = [event for event in bench.gas.events() if event.kind.endswith((".refused", ".dropped"))]
    answers = list(bench.gas.outgoing())
    assert (bench.gas.valve, bench.gas.cutoff_l) == (before.valve, before.cutoff_l)
    if not listening:
        assert (told, answers) == ([], []), "a sleeping radio hears nothing at all"
        return
    # what was the hub's own, and no order, it hears of; the rest it has in its log
    if what in list(ORDERS)[:5]:
        assert told
        assert bench.gas.refusals
        for _, answer in answers:
            bench.hub.receive("gas_radio", answer, Instant(bench.now + 20))
    bench.down = True
    supplier.run(3)
    assert bench.gas.valve is before.valve
    assert bench.gas.cutoff_l == pytest.approx(before.cutoff_l, abs=1)


def reported(volume=None, off=0, rows=None):
    """A report with a right MAC, from the meter's own end; what it says is absurd."""

    def make(bench: HomeBench) -> bytes:
        meter = MeterEnd(GAS_KEY, RADIO_METER, RADIO_HUB, sent=bench.gas._radio._end.sent + 50)
        end = Instant(bench.now // HALF_HOUR * HALF_HOUR + off)
        litres = bench.gas.volume_l if volume is None else volume
        row = HalfHour(Instant(end + HALF_HOUR), litres)
        clock = Instant(bench.now + off)
        report = GasReport(RADIO_METER, 77, clock, litres, bench.gas.cutoff_l, bench.gas.valve, 144, half_hours=(row,))
        return meter.report(report)

    return make


REPORTS = {
    "a clock of last year": (reported(off=-365 * DAY), RowRefusal.CLOCK),
    "a clock of the next decade": (reported(off=3_650 * DAY), RowRefusal.CLOCK),
    "a register of nothing": (reported(volume=0), RowRefusal.REGISTER),
    "a register at its end": (reported(volume=99_999_999), RowRefusal.REGISTER),
    "a register a litre back": (reported(volume=299), RowRefusal.REGISTER),
}


@pytest.mark.parametrize("what", REPORTS)
def test_an_absurd_report_costs_nothing_moves_nothing_and_the_head_end_is_told_why(what):
    make, refusal = REPORTS[what]
    bench, supplier = home()
    before = supply(bench)
    bench.hub.receive("gas_radio", make(bench), bench.now)
    assert supply(bench) == before
    bench.line.frames.clear()
    view = supplier.read()
    assert view is not None
    [told] = supplier.told("home.gas_rows.refused")
    assert told.fields == {"hub": str(HUB_ID), "why": refusal.sentence}
