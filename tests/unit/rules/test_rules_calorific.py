"""Calorific values: the published table, the legal average, and bill against premises on measured gas."""

from __future__ import annotations

import csv

import pytest

from meterhouse.rules import energy_wh
from meterhouse.rules.calorific import (
    CV_HIGHEST,
    CV_LOWEST,
    CvPolicy,
    average_cv,
    billed_wh,
    cv_at_premises,
    premises_wh,
)
from reference_data import reference


def hundredths(cv):
    """kWh/m³ to two decimals, as the source document prints them."""
    return round(energy_wh(1_000_000, cv) / 10_000)


@pytest.mark.requirement("S3-47")
def test_the_table_of_energy_by_calorific_value():
    assert hundredths(CV_LOWEST) == 1065  # the document's 10.65, printed beside 37.7: a misprint
    assert hundredths(37_700) == 1071
    assert hundredths(40_000) == 1136
    assert hundredths(CV_HIGHEST) == 1221  # printed as 12.22
    # the error of a fixed CV of 40 at both ends: -0.71 and +0.85 kWh/m³
    errors = [energy_wh(100_000, cv) - energy_wh(100_000, 40_000) for cv in (CV_LOWEST, CV_HIGHEST)]
    assert [round(error / 1_000) for error in errors] == [-71, 85]


def test_a_period_average_leaves_out_what_is_below_a_tenth():
    assert average_cv([39_400, 39_590]) == 39_400
    assert average_cv([39_500]) == 39_500
    assert average_cv([39_499, 39_500, 39_699]) == 39_500


def test_a_monthly_value_is_the_average_of_the_month_before_from_its_first_day_on():
    daily = [39_000] * 3 + [40_000] * 3 + [41_000] * 2
    months = [1] * 3 + [2] * 3 + [3] * 2
    in_force = [cv_at_premises(CvPolicy.MONTHLY, daily, months, day, 39_500) for day in range(8)]
    assert in_force == [39_500] * 3 + [39_000] * 3 + [40_000] * 2
    assert [cv_at_premises(CvPolicy.DAILY, daily, months, day, 1) for day in range(8)] == daily
    assert {cv_at_premises(CvPolicy.FIXED, daily, months, day, 40_000) for day in range(8)} == {40_000}


@pytest.mark.requirement("S3-21")
def test_a_bill_against_each_policy_at_the_premises_on_measured_gas():
    with reference("data/cv/be_fluvius_gas_cv_by_gasday_2023-10_2023-12.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    litres = [round(float(row["m3"]) * 1000) for row in rows]
    daily = [round(float(row["cv_mj_per_m3"]) * 1000) for row in rows]
    months = [int(row["gasday"][5:7]) for row in rows]
    assert len(rows) >= 60
    # the whole period billed once, and independently of the code under test
    average = sum(daily) / len(daily) // 100 * 100
    bill = billed_wh(litres, daily)
    assert bill == int(sum(litres) * 102264 * average / 360_000_000)
    wh = {policy: premises_wh(policy, litres, daily, months, 40_000) for policy in CvPolicy}
    error = {policy: (wh[policy] - bill) / bill for policy in CvPolicy}
    assert abs(error[CvPolicy.DAILY]) < 0.003, "the legal cut to 0.1 is all that is between them"
    assert abs(error[CvPolicy.MONTHLY]) < 0.01
    assert abs(error[CvPolicy.FIXED]) > abs(error[CvPolicy.DAILY])
    assert error[CvPolicy.FIXED] < -0.01, "a fixed 40 bills this winter's gas short"
