"""What a street file says of gas: tariffs of rates and blocks, emergency and friendly credit; and what the desk shows of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.app.street import parse_street
from meterhouse.app.street_desk import StreetDesk
from meterhouse.app.week import friendly_week, rate_rows
from meterhouse.model import PolicyError, UsageError
from meterhouse.premises.prepay import UNUSED_BLOCK, CreditLimits
from street_worlds import Scene

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "rates-and-blocks.toml"
HEAD = '[street]\nstart = 2026-01-05T00:00:00Z\n[gas]\nprice = "0.07"\ncv = 39_500\n[[home]]\nid = "01"\ngas = { '


def slots(*hours: tuple[float, float]) -> int:
    """A day's mask of hours."""
    return sum(1 << slot for begin, end in hours for slot in range(int(begin * 2), int(end * 2)))


# times of the week


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins():
    week = friendly_week(["Mon 18:00-08:00", "Sun 23:30-00:30"], "here")
    assert week == (slots((0, 0.5), (18, 24)), slots((0, 8)), 0, 0, 0, 0, slots((23.5, 24)))


def test_days_are_single_a_range_over_the_weekend_too_or_daily():
    assert friendly_week(["Sat-Mon 01:00-02:00"], "here") == (slots((1, 2)), 0, 0, 0, 0, slots((1, 2)), slots((1, 2)))
    assert friendly_week(["daily 00:00-24:00"], "here") == (slots((0, 24)),) * 7
    assert friendly_week([], "here") == (0,) * 7


def test_rates_are_of_working_days_and_weekends_and_the_later_line_holds():
    rows = rate_rows(["daily 00:00-07:00 = 1", "Sat-Sun 00:00-24:00 = 2", "Mon-Fri 06:30-07:00=3"], "here")
    assert rows[:48] == (1,) * 13 + (3,) + (0,) * 34
    assert rows[48:] == (2,) * 48


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Mon",
        "Mon 18:00",
        "Mon 18:15-19:00",
        "Mon 25:00-26:00",
        "Mon 08:00-08:00",
        "Mon-Fri",
        "daily-Fri 01:00-02:00",
        "mon 18:00-19:00",
        "Mon 24:00-01:00",
        "Funday 01:00-02:00",
    ],
)
def test_what_is_no_time_of_the_week_is_one_sentence_that_shows_it(line):
    with pytest.raises(UsageError, match="here"):
        friendly_week([line], "here")


@pytest.mark.parametrize("line", ["daily 00:00-07:00", "daily 00:00-07:00 = 4", "Mon-Thu 00:00-07:00 = 1", "= 1"])
def test_what_names_no_rate_or_days_that_a_tariff_cannot_tell_apart_is_refused(line):
    with pytest.raises(UsageError, match="here"):
        rate_rows([line], "here")


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader_of_weeks(text):
    for read in (friendly_week, rate_rows):
        with suppress(UsageError):
            assert len(read([text], "here")) in (7, 96)


# the file


def test_the_example_has_every_term_as_it_says():
    homes = {home.home: home.gas for home in parse_street(EXAMPLE.read_text(encoding="utf-8")).homes}
    rates, blocks, kind = homes["rates"].tariff, homes["blocks"].tariff, homes["kind"]
    assert rates.prices == (9_000,) * 4 + (4_500,) * 12
    assert (rates.rates[0], rates.rates[1], rates.rates[8], rates.rates[9], sum(rates.rates[48:])) == (0, 1, 1, 0, 48)
    assert blocks.prices == (9_000, 7_000, 6_000, 6_000) * 4
    assert blocks.thresholds_wh == (100_000, 400_000, UNUSED_BLOCK)
    assert kind.limits == CreditLimits(500_000, 100_000, 200_000)
    assert kind.friendly[4] == slots((0, 8), (18, 24))
    assert kind.mains
    assert homes["plain"].tariff.price == 7_370
    assert homes["rates"].price == 9_000


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ('rates = ["daily 00:00-07:00 = 1"]', "without prices"),
        ("blocks_kwh = [5]", "without prices"),
        ("prices = []", "prices"),
        ('prices = "0.07"', "prices"),
        ('prices = [["0.07"], []]', "prices"),
        ("prices = [[7]]", "prices"),
        ('prices = [["5.01"]]', "prices"),
        ('prices = [["-0.01"]]', "prices"),
        ('prices = [["0.07"]], blocks_kwh = [5]', "blocks_kwh"),
        ('prices = [["0.07", "0.06"]]', "blocks_kwh"),
        ('prices = [["0.07", "0.06", "0.05"]], blocks_kwh = [9, 5]', "blocks_kwh"),
        ('prices = [["0.07", "0.06"]], blocks_kwh = [0]', "blocks_kwh"),
        ('prices = [["0.07", "0.06"]], blocks_kwh = [true]', "blocks_kwh"),
        ('prices = [["0.07"]], rates = ["daily 00:00-07:00 = 1"]', "rate 1"),
        ('prices = [["0.07"]], rates = "daily"', "rates"),
        ('emergency_credit = "100.01"', "emergency_credit"),
        ('emergency_credit = "-1.00"', "emergency_credit"),
        ('emergency_below = "100.01"', "emergency_below"),
        ("low_credit = 2", "low_credit"),
        ('friendly = ["sometimes"]', "friendly"),
        ('friendly = "daily 00:00-24:00"', "friendly"),
        ('mains = "yes"', "mains"),
    ],
)
def test_what_the_file_cannot_mean_is_one_sentence_that_names_the_place(fields, named):
    with pytest.raises(UsageError, match="gas") as refused:
        parse_street(HEAD + fields + " }\n")
    assert named in str(refused.value)


# the home, and the desk


@pytest.mark.requirement("S0-65")
@pytest.mark.asyncio
async def test_a_home_lives_on_the_files_terms_and_its_desk_shows_them_with_nothing_but_the_hub_in_the_home():
    terms = 'emergency_credit = "1.00", emergency_below = "0.20", friendly = ["Tue 06:00-08:00"], mains = true'
    prices = (
        'prices = [["0.0737", "0.0500"], ["0.0300", "0.0200"]], rates = ["Mon-Fri 00:00-05:00 = 1"], blocks_kwh = [3]'
    )
    scene = Scene(f'gas = {{ mode = "prepay", opening_balance = "0.50", {terms}, {prices} }}', litres=100)
    desk = StreetDesk(scene.street, 1)

    async def gas():
        return (await desk.home("01")).view.meters[1]

    seen = await gas()
    assert (seen.mains, seen.valve, seen.link_week) == (True, True, None)
    assert (seen.terms.price.decimal(), seen.terms.rates, seen.terms.blocks) == ("0.0737", 2, 2)
    assert (seen.terms.emergency, seen.terms.emergency_limit.decimal()) == ("none", "1.00")
    assert not (await desk.select_emergency("01")).accepted
    scene.half_hours(2)
    assert (await gas()).terms.price.decimal() == "0.03"
    scene.half_hours(4)
    assert (await gas()).terms.price.decimal() == "0.02", "three kWh are used: the next block, at the night's rate"
    scene.half_hours(12)
    seen = await gas()
    assert seen.supply == "off"
    assert seen.terms.emergency == "offered"
    taken = await desk.select_emergency("01")
    assert taken.accepted
    assert (await desk.select_emergency("01")).why == "Emergency credit is in use already."
    scene.half_hours(1)
    seen = await gas()
    assert seen.supply == "on", "selected on the hub by hand: the valve opens, once"
    assert seen.terms.emergency == "in use"
    assert 0 < seen.terms.emergency_left.amount < 100_000
    scene.pay(amount="5.00")
    scene.half_hours(2)
    assert (await gas()).terms.emergency == "none", "the payment has repaid it"
    scene.world.run(scene.plan.start + 24 * 3_600_000 + 7 * 3_600_000)
    seen = await gas()
    assert seen.terms.friendly_now
    assert seen.terms.friendly_half_hours == 4
    assert seen.link_week.availability_permille == 1_000
    assert scene.broken() == set()


@pytest.mark.asyncio
async def test_the_desk_shows_a_link_that_fails_and_what_the_head_end_makes_of_it():
    scene = Scene('gas = { mode = "prepay", opening_balance = "50.00" }', litres=10)
    scene.half_hours(4)
    scene.world.cut(scene.wires["gas_radio/01"])
    scene.half_hours(30)
    desk = StreetDesk(scene.street, 1)
    week = (await desk.home("01")).view.meters[1].link_week
    assert week.down_half_hours >= 1
    scene.days(1)
    week = (await desk.home("01")).view.meters[1].link_week
    assert week.ticket
    assert week.misses >= 24
    assert "link_ticket.opened" in scene.kinds("head_end")
    assert "home.gas_link.failed" in scene.kinds("head_end")


@pytest.mark.asyncio
async def test_a_credit_home_has_no_terms_and_no_emergency_credit():
    scene = Scene('gas = { mode = "credit" }', litres=10)
    desk = StreetDesk(scene.street, 1)
    meter = (await desk.home("01")).view.meters[1]
    assert (meter.terms, meter.valve) == (None, False)
    refused = await desk.select_emergency("01")
    assert not refused.accepted
    assert "advance" in refused.why


@pytest.mark.requirement("S0-139")
@pytest.mark.asyncio
async def test_at_the_desk_a_person_carries_a_reading_to_the_hub_and_its_code_to_the_meter():
    scene = Scene('gas = { mode = "prepay", opening_balance = "1.00", no_comms_half_hours = 48 }', litres=200)
    desk = StreetDesk(scene.street, 1)
    scene.half_hours(4)
    assert not (await desk.reopen_code("01")).accepted
    scene.world.cut(scene.wires["gas_radio/01"])
    scene.half_hours(60)
    assert scene.street.gas_supply(scene.site()) == "off"
    scene.pay(amount="10.00")
    scene.half_hours(2)
    meter = {name: value for name, value, _ in (await desk.displays("01"))[-1].lines}
    assert meter["valve"] == "closed"
    register = int(meter["register"].removesuffix(" m³").replace(".", ""))
    assert not (await desk.read_in("01", register + 1, meter["check digits"])).accepted
    assert (await desk.read_in("01", register, meter["check digits"])).accepted
    answer = await desk.reopen_code("01")
    if not answer.accepted:
        scene.pay(amount="20.00", request="r2")
        scene.half_hours(2)
        answer = await desk.reopen_code("01")
    assert answer.code in answer.said
    assert not (await desk.key_in_meter("01", "1234567890")).accepted
    assert (await desk.key_in_meter("01", answer.code)).accepted
    assert scene.street.gas_supply(scene.site()) == "on"
    hub = [line for view in await desk.displays("01") for line in view.lines if "not heard" in line[1]]
    assert hub
    scene.wires["gas_radio/01"].mend()
    scene.days(1)
    assert scene.broken() == set()


@pytest.mark.asyncio
async def test_a_home_without_gas_has_one_display_and_nothing_to_carry():
    scene = Scene("")
    desk = StreetDesk(scene.street, 1)
    assert [view.title for view in await desk.displays("01")] == ["hub, electricity"]
    for asked in (desk.read_in("01", 5, "123456"), desk.reopen_code("01"), desk.key_in_meter("01", "5")):
        with pytest.raises(PolicyError):
            await asked
