"""Real measured files, against sums made by pyarrow and numpy alone. Skips, loudly, where the data is not at hand."""

from __future__ import annotations

import csv
import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from meterhouse.store.profiles import Label, Problem, ProfileOptions, read_profile
from reference_data import reference


@pytest.fixture(scope="module")
def data() -> Path:
    return reference("data")


def numbers(file: Path, column: str) -> np.ndarray:
    return pq.read_table(file, columns=[column])[column].to_numpy()


def rises(file: Path, column: str) -> float:
    """Sum of a register's rises over single hours, empty cells standing still."""
    values, times = numbers(file, column).astype(float), numbers(file, "ts_utc")
    for place in np.flatnonzero(np.isnan(values)):
        values[place] = values[place - 1] if place else np.nan
    one_hour = np.diff(times) == np.timedelta64(1, "h")
    return float(np.nansum(np.diff(values)[one_hour]))


def totals(report):
    homes = report.profile.homes.values()
    return [(sum(home.electricity_wh.values()), sum(home.gas_l.values())) for home in homes]


def test_three_london_homes_to_the_watt_hour(data):
    file = data / "electricity" / "lcl_3homes_halfhourly.parquet"
    report = read_profile(file)
    names = numbers(file, "home_id")
    for home, profile in report.profile.homes.items():
        assert abs(sum(profile.electricity_wh.values()) - numbers(file, "kwh")[names == home].sum() * 1000) <= 1
    assert len(report.profile.homes) == 3
    assert report.findings == ()


def test_one_of_thirty_australian_homes_exactly(data):
    file = data / "electricity" / "sgsc_30homes_halfhourly.parquet"
    home = "SGSC-10006414"
    report = read_profile(file, ProfileOptions(zone="+10:00", homes=(home,)))
    table = pq.read_table(file, filters=[("home_id", "=", home)])
    assert totals(report) == [(int(np.sum(table["wh"].to_numpy())), 0)]
    assert len(report.profile.homes[home].electricity_wh) == table.num_rows


def test_a_dutch_home_of_registers_by_tariff_with_gas(data):
    file = data / "dual_fuel" / "nl_home_zonneplan_registers_hourly.parquet"
    report = read_profile(file)
    ((electricity, gas),) = totals(report)
    assert abs(electricity - rises(file, "imp_kwh") * 1000) <= 1
    assert abs(gas - rises(file, "gas_m3") * 1000) <= 1
    assert report.counts == {Problem.GAP: 1}


def test_a_dutch_home_with_two_tariff_registers(data):
    file = data / "dual_fuel" / "nl_home_engie_registers_hourly.parquet"
    report = read_profile(file)
    ((_, gas),) = totals(report)
    assert abs(gas - rises(file, "gas_m3") * 1000) <= 1
    assert report.counts[Problem.EMPTY] == 6767 + 5856
    assert sum("holds readings of a register" in line for line in report.assumptions) == 3


def test_a_dutch_home_of_hourly_intervals(data):
    file = data / "dual_fuel" / "nl_home_dsmrreader_intervals_hourly.parquet"
    ((electricity, gas),) = totals(read_profile(file, ProfileOptions(label=Label.START)))
    used = numbers(file, "imp_low_kwh").sum() + numbers(file, "imp_normal_kwh").sum()
    assert abs(electricity - used * 1000) <= 1
    assert abs(gas - numbers(file, "gas_m3").sum() * 1000) <= 1


def test_real_glitches_of_a_register_are_found(data):
    report = read_profile(data / "dual_fuel" / "nl_home_p1mon_registers_hourly.parquet")
    assert report.counts[Problem.GAP] == 11
    assert report.counts[Problem.BACKWARDS] == 2
    assert report.counts[Problem.ABSURD] == 4


def test_a_british_home_with_gas_in_kilowatt_hours(data):
    file = data / "dual_fuel" / "uk_home0_openeemeter_hourly.parquet"
    ((electricity, gas),) = totals(read_profile(file, ProfileOptions(gas_cv=Decimal("39.5"))))
    assert abs(electricity - numbers(file, "elec_kwh").sum() * 1000) <= 1
    assert abs(gas - numbers(file, "gas_kwh").sum() * 3.6 / (39.5 * 1.02264) * 1000) <= 1


def test_a_british_home_in_local_time_reports_its_clock_changes(data):
    file = data / "dual_fuel" / "uk_home_wriggy_hourly.parquet"
    report = read_profile(file, ProfileOptions(zone="Europe/London"))
    ((electricity, gas),) = totals(report)
    assert abs(electricity - numbers(file, "elec_import_kwh").sum() * 1000) <= 1
    assert abs(gas - np.nansum(numbers(file, "gas_m3").astype(float)) * 1000) <= 1
    assert report.counts == {Problem.LOCAL_TIME_TWICE: 2, Problem.GAP: 2, Problem.EMPTY: 9723}


def test_a_solar_home_in_sydney_reports_its_clock_changes(data):
    file = data / "pv" / "ausgrid_customer12_halfhourly_2011_12.parquet"
    report = read_profile(file, ProfileOptions(zone="Australia/Sydney"))
    assert report.counts[Problem.LOCAL_TIME_NEVER] == 2
    assert report.counts[Problem.LOCAL_TIME_TWICE] == 2


def test_every_nem12_example_is_summed_exactly_or_refused(data):
    files = sorted((data / "interchange" / "nem12").iterdir())
    read = 0
    for file in files:
        text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
        expected, scale, minutes = Decimal(0), None, 30
        for record in csv.reader(text.splitlines()):
            if record and record[0] == "200":
                used = record[4].startswith("E")
                scale = {"kwh": 1000, "wh": 1}[record[7].lower()] if used else None
                minutes = int(record[8])
            elif record and record[0] == "300" and scale:
                expected += sum(Decimal(cell) for cell in record[2 : 2 + 1440 // minutes]) * scale
        report = read_profile(file, ProfileOptions(absurd_wh=10**7))
        assert abs(sum(electricity for electricity, _ in totals(report)) - expected) <= 1, file.name
        read += 1
    assert read == len(files) > 10
