"""Ninety days of measured gas: the bill at the period's average calorific value, and what the home had reckoned by then."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_bench import HomeBench, head_end_client
from meterhouse.companion import objects
from meterhouse.model import DAY, HALF_HOUR, HalfHour, Instant, UsageError, instant_of, parse_instant
from meterhouse.premises.prepay import EnergyTariff, PrepayAccount
from meterhouse.protocols import dlms
from meterhouse.supplier.office import GasDay, gas_bill
from reference_data import reference

BEGIN = parse_instant("2022-12-01T00:00:00Z")
DAYS = 90
PRICE = 7_370


def measured() -> dict[Instant, int]:
    """Litres by UTC hour, of a home of the dual-fuel data."""
    table = pq.read_table(reference("data/dual_fuel/uk_home_wriggy_hourly.parquet"))
    litres: dict[Instant, int] = {}
    for row in table.to_pylist():
        if row["gas_m3"] is not None:
            litres[instant_of(row["ts_local"].replace(tzinfo=UTC))] = round(row["gas_m3"] * 1_000)
    return litres


def monthly() -> dict[str, int]:
    """The calorific value that its supplier used in each month, kJ/m³."""
    lines = reference("data/cv/uk_implied_monthly_cv_wriggy.csv").read_text().split()[1:]
    return {line.split(",")[0]: round(float(line.split(",")[4]) * 1_000) for line in lines}


def month_of(day: int) -> str:
    return datetime.fromtimestamp(day / 1_000, UTC).strftime("%Y-%m")


def days_of(litres, cv) -> list[GasDay]:
    total: defaultdict[int, int] = defaultdict(int)
    for end, amount in litres.items():
        total[(end - 1) // DAY * DAY] += amount
    return [GasDay(Instant(day), total[day], cv(day)) for day in range(BEGIN, BEGIN + DAYS * DAY, DAY)]


def lived(litres, changes) -> PrepayAccount:
    """The home's own account, half hour by half hour, each calorific value set at the head of its month."""
    account = PrepayAccount.open(0, EnergyTariff.flat(PRICE, 0, changes[0][1]))
    account.begin(0, BEGIN)
    for at, cv in changes[1:]:
        assert account.set_cv(cv, BEGIN, Instant(at)) == at
    register = 0
    for half in range(DAYS * 48):
        end = Instant(BEGIN + (half + 1) * HALF_HOUR)
        hour = Instant(BEGIN + (half // 2 + 1) * DAY // 24)
        register += (litres.get(hour, 0) + half % 2) // 2
        account.charge([HalfHour(end, register)])
    return account


@pytest.mark.requirement("S3-48")
@pytest.mark.requirement("S3-113")
def test_a_bill_of_ninety_measured_days_and_the_home_with_its_monthly_values_reconcile():
    litres, values = measured(), monthly()
    days = days_of(litres, lambda day: values[month_of(day)])
    assert sum(one.litres for one in days) > 400_000
    firsts = [one.day for one in days if one.day == BEGIN or month_of(one.day) != month_of(one.day - DAY)]
    account = lived(litres, [(day, values[month_of(day)]) for day in firsts])
    bill = gas_bill(days, account.used_wh)
    average = sum(one.cv for one in days) / DAYS
    assert bill.cv == int(average / 100) * 100, "truncated to 0.1"
    assert bill.billed_wh == int(Fraction(bill.litres * 102_264 * bill.cv, 360_000_000))
    # the cut to 0.1 is worth up to 0.26 %, the months' own values the rest
    assert 0 < bill.difference_ppm < 3_000
    assert bill.difference_wh == bill.premises_wh - bill.billed_wh
    paid, owed = -account.balance, bill.billed_wh * PRICE // 1_000
    assert abs(paid - owed) / owed < 0.003


@pytest.mark.requirement("S3-48")
def test_the_bill_tells_the_error_of_each_policy_on_measured_gas_with_values_of_the_network():
    litres = measured()
    lines = reference("data/cv/be_fluvius_gas_cv_by_gasday_2023-10_2023-12.csv").read_text().split()[1:]
    series = [round(float(line.split(",")[4]) * 1_000) for line in lines]
    days = days_of(litres, lambda day: series[(day - BEGIN) // DAY % len(series)])
    daily = sum(one.litres * 102_264 * one.cv // 360_000_000 for one in days)
    fixed = sum(one.litres * 102_264 * 40_000 // 360_000_000 for one in days)
    assert abs(gas_bill(days, daily).difference_ppm) < 3_000
    assert gas_bill(days, fixed).difference_ppm < -10_000, "a fixed 40 reckons this gas short"


@pytest.mark.requirement("S3-113")
def test_a_monthly_value_set_ahead_holds_from_the_first_half_hour_of_its_month_and_the_block_goes_on():
    new_year = parse_instant("2027-01-01T00:00:00Z")
    bench = HomeBench(balance=5_000_000, start=Instant(new_year - 4 * HALF_HOUR))
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    begins = dlms.octet_string(dlms.encode_date_time(new_year))
    value = dlms.structure(begins, dlms.double_long_unsigned(42_000))
    bench.ask(client.set(dlms.DATA, objects.GAS_CV, 2, value))
    assert bench.ask(client.get(dlms.DATA, objects.GAS_CV, 2)) == value
    bench.restart_hub(json.loads(json.dumps(bench.hub.state())))
    account = bench.hub.account
    used = []
    for _ in range(8):
        before = account.used_wh
        bench.half_hours(1, litres=1_000)
        used.append(account.used_wh - before)
    old, new = 1_000 * 102_264 * 39_500 // 360_000_000, 1_000 * 102_264 * 42_000 // 360_000_000
    assert used == [old] * 4 + [new] * 4
    assert account.used_wh == sum(used), "no block begins anew for a calorific value"
    cutoff = bench.gas.cutoff_l - bench.gas.volume_l
    assert cutoff == pytest.approx(account.balance * 15_000_000_000 / (4_261 * 42_000 * 7_370), abs=1)


@pytest.mark.parametrize("cv", [0, 29_999, 50_001, 0xFFFF_FFFF])
def test_an_absurd_value_is_refused_and_changes_nothing(cv):
    bench = HomeBench(balance=5_000_000)
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    with pytest.raises(dlms.AccessRefusedError):
        bench.ask(client.set(dlms.DATA, objects.GAS_CV, 2, dlms.structure(dlms.null, dlms.double_long_unsigned(cv))))
    assert (bench.hub.account.cv, bench.hub.account.coming_cv) == (39_500, [])


@given(st.lists(st.tuples(st.integers(0, 50_000), st.integers(37_500, 43_000)), min_size=1, max_size=90))
def test_a_bill_lies_between_the_least_and_the_largest_value_of_its_days(rows):
    days = [GasDay(Instant(BEGIN + at * DAY), litres, cv) for at, (litres, cv) in enumerate(rows)]
    bill = gas_bill(days, 0)
    assert min(cv for _, cv in rows) - 100 < bill.cv <= max(cv for _, cv in rows)
    assert bill.cv % 100 == 0
    assert bill.difference_wh == -bill.billed_wh
    if len(set(rows)) == 1:
        flat = gas_bill(days, bill.litres * 102_264 * rows[0][1] // 360_000_000)
        assert 0 <= flat.difference_ppm < 2_700, "the cut to 0.1 is all that is between them"


def test_what_cannot_be_billed_is_one_sentence():
    whole = GasDay(BEGIN, 5, 39_500)
    for days in (
        [],
        [whole, whole],
        [whole, GasDay(Instant(BEGIN + 2 * DAY), 5, 39_500)],
        [GasDay(BEGIN, -1, 39_500)],
        [GasDay(BEGIN, 5, 37_400)],
        [GasDay(BEGIN, 5, 43_001)],
    ):
        with pytest.raises(UsageError):
            gas_bill(days, 0)
    assert gas_bill([GasDay(BEGIN, 0, 39_500)], 0).difference_ppm == 0
