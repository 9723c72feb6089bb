"""Measured files are read exactly, and everything odd in them is told by row; nothing is guessed."""

from __future__ import annotations

import gzip
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import HALF_HOUR, HOUR, Fuel, UsageError, parse_instant
from meterhouse.store.profiles import (
    Label,
    Problem,
    ProfileOptions,
    SeriesKind,
    profile_of_nem12,
    profile_of_table,
    read_profile,
    table_of_csv,
)
from meterhouse.store.profiles.amounts import halves_with_carry


def read(text: str, **options):
    chosen = ProfileOptions(**options)
    return profile_of_table(table_of_csv(text, "try.csv", chosen), chosen)


def only(report):
    return next(iter(report.profile.homes.values()))


def csv_of(times_and_cells, header="ts_utc,kwh"):
    return "\n".join([header, *times_and_cells])


def half_hours(cells, start="2026-01-01T00:30", header="ts_utc,kwh"):
    at = parse_instant(start + "Z")
    rows = [f"{stamp(at + place * HALF_HOUR)},{cell}" for place, cell in enumerate(cells)]
    return csv_of(rows, header)


def stamp(at):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M")


def the_finding(report, problem):
    found = [finding for finding in report.findings if finding.problem is problem]
    assert len(found) == 1, report.findings
    return found[0]


def test_half_hours_are_kept_by_their_end_in_watt_hours_and_litres():
    report = read(half_hours(["0.5,0.25", "1.0,0"], header="ts_utc,kwh,gas_m3"))
    home = only(report)
    first = parse_instant("2026-01-01T00:30Z")
    assert dict(home.electricity_wh) == {first: 500, first + HALF_HOUR: 1000}
    assert dict(home.gas_l) == {first: 250, first + HALF_HOUR: 0}
    assert home.series(Fuel.GAS) == (first, (250, 0))
    assert report.findings == ()
    assert "a time names the end of its interval" in report.assumptions


def test_start_labels_are_moved_to_the_end_when_asked():
    home = only(read(half_hours(["1", "2"], start="2026-01-01T00:00"), label=Label.START))
    assert min(home.electricity_wh) == parse_instant("2026-01-01T00:30Z")


def test_an_hour_becomes_two_halves_the_first_rounded_down():
    home = only(read(csv_of(["2026-01-01T01:00,0.101", "2026-01-01T02:00,0.1"])))
    assert list(home.electricity_wh.values()) == [50, 51, 50, 50]
    assert min(home.electricity_wh) == parse_instant("2026-01-01T00:30Z")


def test_fractions_of_a_watt_hour_are_carried_not_lost():
    home = only(read(half_hours(["0.0004"] * 10)))
    assert sum(home.electricity_wh.values()) == 4
    assert max(home.electricity_wh.values()) == 1


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60), st.sampled_from([HALF_HOUR, HOUR]))
def test_any_run_of_roundings_sums_to_the_true_total_within_one_unit(amounts, interval):
    told = halves_with_carry({(place + 1) * interval: nano for place, nano in enumerate(amounts)}, interval)
    assert abs(sum(told.values()) * 10**6 - sum(amounts)) <= 10**6
    assert min(told.values()) >= 0
    assert len(told) == len(amounts) * interval // HALF_HOUR


def test_five_minutes_are_summed_and_an_incomplete_half_hour_is_left_out_and_told():
    rows = [f"2026-01-01T00:{minute:02d},0.01" for minute in range(5, 60, 5)]
    report = read(csv_of(rows))
    assert list(only(report).electricity_wh.values()) == [60]
    finding = the_finding(report, Problem.INCOMPLETE)
    assert (finding.row, finding.value) == (8, "5 of 6 parts")


def test_a_missing_column_is_refused_with_its_name_and_a_remedy():
    with pytest.raises(UsageError, match="no column is recognised") as refusal:
        read("ts_utc,colour\n2026-01-01T00:00,red")
    assert "--kwh" in refusal.value.remedy
    with pytest.raises(UsageError, match="surely the time"):
        read("kwh\n1")
    with pytest.raises(UsageError, match="no column 'used'"):
        read(half_hours(["1", "2"]), electricity=("used",))
    with pytest.raises(UsageError, match="is empty"):
        read("")


def test_two_columns_that_could_be_the_use_are_a_doubt_that_is_refused_until_named():
    text = half_hours(["1,2", "3,4"], header="ts_utc,house_kwh,shed_kwh")
    with pytest.raises(UsageError, match="house_kwh, shed_kwh"):
        read(text)
    assert list(only(read(text, electricity=("shed_kwh",))).electricity_wh.values()) == [2000, 4000]


def test_tariff_registers_of_one_import_are_summed():
    home = only(read(half_hours(["1,2", "3,4"], header="ts_utc,imp_low_kwh,imp_normal_kwh")))
    assert list(home.electricity_wh.values()) == [3000, 7000]


def test_export_and_generation_are_never_taken_for_use():
    home = only(read(half_hours(["1,9,9", "1,9,9"], header="ts_utc,kwh,export_kwh,pv_kwh")))
    assert list(home.electricity_wh.values()) == [1000, 1000]


def test_gas_in_kwh_needs_a_calorific_value():
    text = half_hours(["11.2206667", "0"], header="ts_utc,gas_kwh")
    with pytest.raises(UsageError, match="gas in kWh") as refusal:
        read(text)
    assert "--gas-cv" in refusal.value.remedy
    assert list(only(read(text, gas_cv=Decimal("39.5"))).gas_l.values()) == [1000, 0]


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("-0.1", Problem.NEGATIVE),
        ("100.001", Problem.ABSURD),
        ("lots", Problem.NOT_A_NUMBER),
        ("nan", Problem.NOT_A_NUMBER),
        ("sNaN", Problem.NOT_A_NUMBER),
        ("1e999999", Problem.NOT_A_NUMBER),
        ("", Problem.EMPTY),
    ],
)
def test_a_bad_value_is_left_out_and_told_by_row(cell, problem):
    report = read(half_hours(["1", cell, "2"]))
    assert list(only(report).electricity_wh.values()) == [1000, 2000]
    assert the_finding(report, problem).row == 3


def test_a_limit_may_be_raised_but_not_silently():
    assert 101_000 in only(read(half_hours(["1", "101"]), absurd_wh=200_000)).electricity_wh.values()


def test_a_gap_is_told_and_nothing_put_in_its_place():
    report = read(csv_of(["2026-01-01T00:30,1", "2026-01-01T01:00,1", "2026-01-01T02:30,1"]))
    finding = the_finding(report, Problem.GAP)
    assert (finding.row, finding.value) == (4, "2 missing before")
    assert only(report).series(Fuel.ELECTRICITY)[1] == (1000, 1000, None, None, 1000)


def test_a_time_told_twice_counts_once():
    report = read(csv_of(["2026-01-01T00:30,1", "2026-01-01T01:00,1", "2026-01-01T01:00,7", "2026-01-01T01:30,1"]))
    assert sum(only(report).electricity_wh.values()) == 3000
    assert the_finding(report, Problem.DUPLICATE).row == 4


def test_rows_out_of_order_are_put_in_order_and_told():
    report = read(csv_of(["2026-01-01T01:00,2", "2026-01-01T00:30,1", "2026-01-01T01:30,3"]))
    assert list(only(report).electricity_wh.values()) == [1000, 2000, 3000]
    assert the_finding(report, Problem.OUT_OF_ORDER).row == 3


@pytest.mark.parametrize("time", ["yesterday", "", "0001-01-01T00:00+14:00", "1950-01-01T00:00"])
def test_a_row_without_a_time_is_left_out_and_told(time):
    report = read(csv_of(["2026-01-01T00:30,1", f"{time},1", "2026-01-01T01:00,1"]))
    assert the_finding(report, Problem.NOT_A_TIME).row == 3


def test_a_time_off_the_interval_is_left_out_and_told():
    report = read(
        csv_of(
            [
                "2026-01-01T00:30,1",
                "2026-01-01T01:00,1",
                "2026-01-01T01:07,9",
                "2026-01-01T01:30,1",
                "2026-01-01T02:00,1",
            ]
        )
    )
    assert sum(only(report).electricity_wh.values()) == 4000
    assert the_finding(report, Problem.OFF_GRID).row == 4


def test_a_register_gives_its_rises_and_running_backwards_is_told():
    report = read(
        half_hours(["10", "10.5", "9", "10.6", "11"]),
        kind=SeriesKind.REGISTER,
    )
    assert list(only(report).electricity_wh.values()) == [500, 400]
    assert the_finding(report, Problem.BACKWARDS).row == 4
    assert the_finding(report, Problem.AFTER_BACKWARDS).row == 5


def test_a_register_is_recognised_by_its_rising_and_said_to_be_one():
    report = read(half_hours([f"{place / 10:.1f}" for place in range(150)]))
    assert "column kwh holds readings of a register" in report.assumptions
    assert set(only(report).electricity_wh.values()) == {100}


def test_times_without_a_zone_are_refused_until_it_is_named():
    text = half_hours(["1", "2"], header="ts,kwh")
    with pytest.raises(UsageError, match="name no zone") as refusal:
        read(text)
    assert "--zone" in refusal.value.remedy
    assert min(only(read(text, zone="+10:00")).electricity_wh) == parse_instant("2025-12-31T14:30Z")
    with pytest.raises(UsageError, match="not a time zone"):
        read(text, zone="Atlantis/Capital")


def test_times_with_their_own_offset_need_no_zone():
    home = only(read(csv_of(["2026-01-01T01:00+01:00,1", "2026-01-01T01:30+01:00,1"], header="ts,kwh")))
    assert min(home.electricity_wh) == parse_instant("2026-01-01T00:00Z")


def test_the_hour_that_comes_twice_is_told_and_both_passes_are_kept():
    clock = ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]
    report = read(csv_of([f"2025-10-26T{time},1" for time in clock], header="ts,kwh"), zone="Europe/London")
    assert len(only(report).electricity_wh) == 6
    assert report.counts == {Problem.LOCAL_TIME_TWICE: 4}
    passes = [finding.done.split(" of ")[0] for finding in report.findings]
    assert passes == ["taken as the first"] * 2 + ["taken as the second"] * 2


def test_the_hour_that_never_comes_is_left_out_and_told():
    clock = ["00:30", "01:00", "01:30", "02:00", "02:30"]
    report = read(csv_of([f"2026-03-29T{time},1" for time in clock], header="ts,kwh"), zone="Europe/London")
    assert report.counts[Problem.LOCAL_TIME_NEVER] == 2
    assert len(only(report).electricity_wh) == 3


def test_daily_data_is_refused():
    with pytest.raises(UsageError, match="every 1440 minutes"):
        read(csv_of(["2026-01-01T00:00,1", "2026-01-02T00:00,1"]))


def test_homes_are_told_apart_and_may_be_chosen():
    rows = ["a,2026-01-01T00:30,1", "b,2026-01-01T00:30,2", "a,2026-01-01T01:00,1", "b,2026-01-01T01:00,2"]
    text = csv_of(rows, header="home_id,ts_utc,kwh")
    assert list(read(text).profile.homes) == ["a", "b"]
    assert list(read(text, homes=("b",)).profile.homes) == ["b"]


def nem12(day_values="1.0," * 48, quality="A", suffix="E1", extra="", unit="kWh"):
    return f"100,NEM12,202601010000,X,Y\n200,NMI1,E1,,{suffix},,M,{unit},30,\n300,20260101,{day_values}{quality},,,,\n{extra}900"


def test_nem12_days_are_market_time_ending_their_intervals():
    home = only(profile_of_nem12(nem12(), "try", ProfileOptions()))
    assert min(home.electricity_wh) == parse_instant("2025-12-31T14:30Z")
    assert sum(home.electricity_wh.values()) == 48_000


def test_nem12_null_parts_are_left_out_and_estimates_told():
    report = profile_of_nem12(nem12(quality="V", extra="400,1,8,N,,\n400,9,48,E52,,\n"), "try", ProfileOptions())
    assert len(only(report).electricity_wh) == 40
    assert [finding.done for finding in report.findings if finding.problem is Problem.SUBSTITUTED] == [
        "left out",
        "taken as they stand",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (nem12() + "\n300,20269999," + "1," * 48 + "A", Problem.BAD_RECORD),
        (nem12() + "\n300,20260102,1,2,A", Problem.BAD_RECORD),
        (nem12() + "\n400,9,1,E", Problem.BAD_RECORD),
        (nem12() + "\n777,what", Problem.BAD_RECORD),
        (nem12() + "\n200,NMI1,E1,,E2,,M,furlong,30,", Problem.BAD_RECORD),
        (nem12("x," + "1.0," * 47), Problem.NOT_A_NUMBER),
    ],
)
def test_a_bad_nem12_record_is_left_out_and_told(text, problem):
    report = profile_of_nem12(text, "try", ProfileOptions())
    assert report.counts[problem] == 1
    assert only(report).electricity_wh


def test_nem12_quality_never_reaches_back_past_a_bad_day():
    text = nem12() + "\n300,20260102,1,2,A\n400,1,48,N,,"
    assert len(only(profile_of_nem12(text, "try", ProfileOptions())).electricity_wh) == 48


def test_nem12_without_energy_used_is_refused():
    with pytest.raises(UsageError, match="no channel of energy used"):
        profile_of_nem12(nem12(suffix="B1"), "try", ProfileOptions())


def test_files_are_opened_by_kind_and_bad_ones_refused(tmp_path):
    plain = tmp_path / "a.csv"
    plain.write_text("\ufeff" + half_hours(["1", "2"]), encoding="utf-8")
    assert sum(only(read_profile(plain)).electricity_wh.values()) == 3000
    packed = tmp_path / "n.csv.gz"
    packed.write_bytes(gzip.compress(nem12().encode()))
    assert sum(only(read_profile(packed)).electricity_wh.values()) == 48_000
    for name, octets in (("x.parquet", b"PAR1"), ("x.csv", b"\xff\xfe\x00"), ("x.csv.gz", b"no"), ("y.csv", b"")):
        (tmp_path / name).write_bytes(octets)
        with pytest.raises(UsageError):
            read_profile(tmp_path / name)
    with pytest.raises(UsageError, match="cannot be read"):
        read_profile(tmp_path / "absent.csv")
    huge = tmp_path / "huge.csv"
    huge.write_text(half_hours(["1", '"' + "9" * 200_000 + '"']))
    with pytest.raises(UsageError, match="is not CSV"):
        read_profile(huge)
