"""What the pages say, without any page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.street_desk import START, StreetDesk, street
from meterhouse.app.desk import HomeDetail, KeyIn, MeterView, Receipt, Stage, StageName, Supply
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.console import views
from meterhouse.console.views import words
from meterhouse.console.views.supply_badge import supply_badge
from meterhouse.model import DAY, HALF_HOUR, HOUR, MINUTE, Event, Fuel, Instant, Money, parse_instant
from meterhouse.supplier.office import NO_ISOLATION

LONDON = ZoneInfo("Europe/London")


def _gas(home: str) -> MeterView:
    return next(meter for meter in street()[home].meters if meter.fuel is Fuel.GAS)


def _facts(meter: MeterView) -> dict[str, views.Fact]:
    return {fact.name: fact for fact in views.meter_panel(meter, START, LONDON).facts}


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (0, "0 s"),
        (59_999, "59 s"),
        (MINUTE, "1 min"),
        (HOUR, "1 h"),
        (2 * HOUR + 10 * MINUTE, "2 h 10 min"),
        (47 * HOUR, "47 h"),
        (4 * DAY, "4 days"),
    ],
)
def test_span_has_at_most_two_units(span: int, text: str) -> None:
    assert words.span_text(span) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("16", "£16.00"),
        ("0.00999", "£0.00"),
        ("-0.001", "−£0.01"),
        ("-0.41", "−£0.41"),
        ("1234567.89", "£1\u202f234\u202f567.89"),
    ],
)
def test_money_is_shown_to_the_cent(amount: str, text: str) -> None:
    assert words.money_text(Money.parse(amount)) == text


@given(st.integers(-(10**12), 10**12))
def test_shown_money_is_never_more_than_there_is(amount: int) -> None:
    text = words.money_text(Money(amount)).replace("£", "").replace("−", "-").replace("\u202f", "")
    assert Money.parse(text).amount <= amount < Money.parse(text).amount + 1000


def test_sums_keep_currencies_apart() -> None:
    assert words.sum_text([Money.parse("1"), Money.parse("2", "ZAR"), Money.parse("3")]) == "£4.00 + 2.00 ZAR"


@given(st.integers(0, 10**9))
def test_quantity_keeps_every_digit(amount: int) -> None:
    number, unit = words.quantity_text(Fuel.GAS, amount).replace("\u202f", "").split(" ")
    assert unit == "m³"
    assert int(number.replace(".", "")) == amount


def test_local_time_follows_summer_time() -> None:
    assert words.clock_text(parse_instant("2026-07-01T11:00:00Z"), LONDON) == "Wed 1 Jul 12:00 BST"
    assert words.clock_text(parse_instant("2026-11-21T11:00:00Z"), LONDON) == "Sat 21 Nov 11:00 GMT"


def test_token_is_read_in_fours() -> None:
    assert words.token_text("12345678901234567890") == "1234 5678 9012 3456 7890"


def test_street_counts_each_home_once_by_its_worst_supply() -> None:
    summary = views.street_summary(tuple(street().values()), START, 300, UTC)
    assert (summary.on, summary.armed, summary.off, summary.unknown) == (7, 2, 2, 1)
    assert summary.clock == "Sat 21 Nov 17:42 UTC"
    assert summary.credit == "£89.16"


def test_every_supply_state_has_its_own_word_and_icon() -> None:
    badges = [supply_badge(replace(_gas("01"), supply=state)) for state in Supply] + [supply_badge(None)]
    assert len({badge.word for badge in badges}) == len(badges)
    assert len({badge.icon for badge in badges}) == len(badges)


def test_line_tells_why_late_and_low() -> None:
    homes = street()
    weak = views.home_line(homes["09"], START, LONDON)
    assert weak.contact_late
    assert weak.contact == "2 h 12 min ago"
    assert "out of reach" in weak.why
    assert views.home_line(homes["06"], START, LONDON).low_credit
    assert not views.home_line(homes["01"], START, LONDON).contact_late
    assert views.home_line(homes["01"], START, LONDON).balance == "Pays by bill"
    assert views.home_line(homes["12"], START, LONDON).contact == "never"


@pytest.mark.parametrize(
    ("supply", "link_ok", "fuel", "offered"),
    [
        (Supply.ARMED, True, Fuel.GAS, True),
        (Supply.ARMED, False, Fuel.ELECTRICITY, True),
        (Supply.OFF, False, Fuel.GAS, True),
        (Supply.OFF, True, Fuel.GAS, False),
        (Supply.OFF, False, Fuel.ELECTRICITY, False),
        (Supply.ON, False, Fuel.GAS, False),
        (Supply.UNKNOWN, False, Fuel.GAS, False),
    ],
)
def test_restore_is_offered_only_where_a_press_may_help(
    *, supply: Supply, link_ok: bool, fuel: Fuel, offered: bool
) -> None:
    offer = views.restore_offer(replace(_gas("01"), supply=supply, link_ok=link_ok, fuel=fuel))
    assert (offer is not None) is offered
    if offer is not None:
        assert offer.checks
        assert offer.reason


def test_no_text_calls_a_switched_supply_safe_or_isolated() -> None:
    """S0-50: a meter's switch is never presented as an isolation device."""
    said: list[str] = []
    for home in street().values():
        for meter in home.meters:
            for state in Supply:
                changed = replace(meter, supply=state, why="")
                said.append(repr(views.meter_panel(changed, START, LONDON)) + repr(views.restore_offer(changed)))
    denial = NO_ISOLATION.lower()
    assert denial in " ".join(said).lower()
    text = " ".join(said).lower().replace(denial, "")
    assert "restore" in text
    assert "safe" not in text
    assert "isolat" not in text


def test_balance_says_as_of_when_and_gas_left_is_the_rest_to_the_cutoff() -> None:
    meter = _gas("07")
    facts = _facts(meter)
    assert facts["Balance"].hint == "as of 17:30"
    assert meter.cutoff_l is not None
    assert facts["Gas left"].value == words.quantity_text(Fuel.GAS, meter.cutoff_l - meter.register)
    assert facts["Debt"].value == "£50.00"
    assert _facts(replace(meter, register=meter.cutoff_l + 7))["Gas left"].value == "0.000 m³"
    assert _facts(replace(meter, cutoff_l=None))["Cut-off"].value == "No limit now"
    assert "Balance" not in _facts(_gas("01"))


@pytest.mark.parametrize(("left", "text"), [(43, "21 h 30 min"), (1, "30 min"), (0, "used up"), (-1, "used up")])
def test_countdown_is_in_words(left: int, text: str) -> None:
    assert words.countdown_text(left) == text


@pytest.mark.parametrize(
    ("typed", "digits", "hint"),
    [
        ("", "", "0 of 20 digits"),
        ("1234 5", "12345", "5 of 20 digits"),
        ("1234 5678 9012 3456 7890", "12345678901234567890", ""),
        ("1234 5678 9012 3456 7890 1", "123456789012345678901", "1 digit too many"),
        ("١٢٣٤", "", "0 of 20 digits"),
    ],
)
def test_token_field_counts_digits(typed: str, digits: str, hint: str) -> None:
    assert views.token_progress(typed) == (digits, hint)


def test_keypad_outcome_says_why_and_what_to_do() -> None:
    refused = views.key_in_outcome(KeyIn(False, None, None, "It has been used.", "Buy a new one."))
    assert (refused.said, refused.next_step) == ("Refused. It has been used.", "Buy a new one.")
    taken = views.key_in_outcome(KeyIn(True, Money.parse("16"), Money.parse("18.20")))
    assert (taken.said, taken.next_step) == ("Accepted. £16.00 added.", "Balance £18.20.")


def _receipt(*stages: Stage, token: str = "1" * 20) -> Receipt:
    return Receipt(
        request="r",
        account="1007",
        fuel=Fuel.GAS,
        home="07",
        paid=Money.parse("20"),
        to_debt=Money.parse("4.00001"),
        in_token=Money.parse("15.99999"),
        debt_left=Money.parse("45.99999"),
        token=token,
        made_at=START,
        stages=stages,
    )


MADE = Stage(StageName.MADE, START)


def test_receipt_never_rounds() -> None:
    view = views.payment_view(_receipt(MADE), LONDON)
    assert (view.paid, view.to_debt, view.in_token) == ("£20.00", "4.00001 GBP", "15.99999 GBP")


def test_life_line_waits_for_what_has_not_happened() -> None:
    view = views.payment_view(_receipt(MADE, Stage(StageName.CARRIED, START)), LONDON)
    assert [(step.word, step.when) for step in view.steps] == [
        ("Token made", "17:42"),
        ("Carried", "17:42"),
        ("At the hub", "waiting"),
        ("Accepted", "waiting"),
    ]
    assert not view.settled


def test_refused_life_line_ends_there_with_reason_and_next_step() -> None:
    view = views.payment_view(_receipt(MADE, Stage(StageName.REFUSED, START, "Wrong key.")), LONDON)
    assert [step.word for step in view.steps] == ["Token made", "Refused"]
    assert (view.why, view.settled, view.state.word) == ("Wrong key.", True, "Refused")
    assert view.next_step


def test_a_token_that_counted_before_is_not_to_be_typed_once_more() -> None:
    used = TokenVerdict.USED.sentence
    view = views.payment_view(_receipt(MADE, Stage(StageName.REFUSED, START, used)), LONDON)
    assert (view.why, view.next_step) == (used, "")


def test_payment_that_all_went_to_debt_has_no_life_line() -> None:
    view = views.payment_view(_receipt(token=""), LONDON)
    assert (view.steps, view.settled, view.token) == ((), True, "")


async def _detail(home: str) -> HomeDetail:
    return await StreetDesk(clock=lambda: START).home(home)


@pytest.mark.asyncio
async def test_export_equals_chart() -> None:
    detail = await _detail("09")
    for span in views.day_spans(detail, LONDON):
        for fuel in detail.half_hours:
            series = views.half_hour_series(detail, fuel, span.since, span.until)
            lines = views.series_csv(series).splitlines()[1:]
            assert len(lines) == len(series.labels(LONDON, with_day=True))
            assert sum(int(value) for line in lines if (value := line.split(",")[1])) == series.total


@pytest.mark.asyncio
async def test_days_are_local_and_cover_every_half_hour_once() -> None:
    detail = await _detail("01")
    spans = views.day_spans(detail, LONDON)
    assert spans[0].label == "Last 3 days"
    days = [views.half_hour_series(detail, Fuel.GAS, span.since, span.until).rows for span in spans[1:]]
    together = sorted(row for rows in days for row in rows)
    assert together == sorted(detail.half_hours[Fuel.GAS])


@pytest.mark.parametrize(("day", "half_hours"), [("2026-03-29", 46), ("2026-10-25", 50), ("2026-06-01", 48)])
def test_local_day_has_as_many_half_hours_as_the_clock_gives_it(day: str, half_hours: int) -> None:
    first = parse_instant(f"{day}T12:00:00Z") - 2 * DAY
    rows = tuple((Instant(first + slot * HALF_HOUR), 1) for slot in range(1, 200))
    detail = HomeDetail(street()["01"], {Fuel.GAS: rows}, (), ())
    spans = {span.label: span for span in views.day_spans(detail, LONDON)}
    label = words.day_text(parse_instant(f"{day}T12:00:00Z"), LONDON)
    series = views.half_hour_series(detail, Fuel.GAS, spans[label].since, spans[label].until)
    assert len(series.rows) == half_hours


def test_home_without_half_hours_offers_no_day() -> None:
    detail = HomeDetail(street()["01"], {Fuel.GAS: ()}, (), ())
    assert views.day_spans(detail, LONDON) == []
    assert views.half_hour_series(detail, Fuel.ELECTRICITY).caption().startswith("No half hours")


def test_only_prepay_homes_have_an_account_at_the_counter() -> None:
    choices = views.account_choices(tuple(street().values()))
    assert choices["1007"] == "1007 · home 07"
    assert len(choices) == 9


def test_every_event_for_people_is_a_plain_sentence() -> None:
    told = [
        ("token.accepted", {"way": "keypad", "amount_money5": 1_600_024, "balance_money5": -49}),
        ("token.refused", {"way": "network", "why": "This token was already used."}),
        ("valve.closed", {"reason": "cutoff", "volume_l": 968, "cutoff_l": 968}),
        ("gas_link.failed", {"countdown_half_hours": 43}),
        ("gas_rows.refused", {"why": "the gas meter's clock is more than a day off"}),
        ("gas.manual_reading", {"register_l": 1_234}),
        ("gas.reopen_code", {"granted_m3": 5}),
        ("emergency.offered", {"balance_money5": 5}),
        ("emergency.selected", {"limit_money5": 5}),
        ("delay.set", {"half_hours": 144}),
        ("link_ticket.opened", {"misses_week": 30}),
        ("link_ticket.closed", {"misses_week": 3}),
        ("clock.set", {"step_ms": -2_000}),
        ("button.pressed", {"opened": 0, "valve": 0}),
    ]
    events = [Event(START, "home/01/hub", kind, fields) for kind, fields in told]
    assert [line.said for line in views.happenings(events, LONDON, "GBP")] == [
        "A token typed on the keypad added £16.00. Balance −£0.01.",
        "A token from the network was refused. This token was already used.",
        "The gas valve closed at 0.968 m³, where the credit ended.",
        "The gas meter was not heard. Without its link, gas goes on for 21 h 30 min.",
        "Half hours of gas were not believed, and cost nothing: the gas meter's clock is more than a day off.",
        "The gas meter's reading was typed on the hub: 1.234 m³.",
        "The hub showed a code that opens the gas meter by hand.",
        "Emergency credit is on offer.",
        "Emergency credit was selected on the hub.",
        "Without its link, gas may now go on for 3 days.",
        "The gas link failed too often this week: somebody should look at it.",
        "The gas link has been good for a week: nobody needs to look at it.",
        "The electricity meter's clock was set back by 2000 ms.",
        "The button on the gas meter was pressed.",
    ]


def test_events_for_engineers_and_events_without_their_fields_leak_nothing() -> None:
    strange = ["report.sent", "line.hello", "valve.opened"]
    assert views.happenings([Event(START, "x", kind, {}) for kind in strange], LONDON, "GBP") == []
    for kind in ("token.accepted", "token.refused", "valve.closed", "low_credit", "clock.set", "order.refused"):
        (line,) = views.happenings([Event(START, "x", kind, {})], LONDON, "GBP")
        assert "None" not in line.said


def test_terms_and_link_of_the_week_are_plain_facts() -> None:
    facts = _facts(_gas("06"))
    assert facts["Price now"].value.endswith("0.06 a kWh")
    assert facts["Price now"].hint.startswith("2 rates and 3 blocks; ")
    assert facts["Emergency credit"].value.endswith("5.00 on offer")
    assert facts["Friendly credit"].value == "Not now"
    assert facts["Link this week"].value == "91.7 % heard"
    assert "needs a look" in facts["Link this week"].hint
    assert {"Price now", "Link this week"}.isdisjoint(_facts(_gas("07")))
    terms = _gas("06").terms
    assert terms is not None
    used = replace(_gas("06"), terms=replace(terms, emergency="in use", friendly_now=True, rates=1, blocks=1))
    assert _facts(used)["Emergency credit"].value.endswith("left")
    assert _facts(used)["Friendly credit"].value == "Now"
    assert _facts(used)["Price now"].hint.startswith("one price")
