"""Whatever a measured file holds, it is read, or refused with one class of error."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from meterhouse.model import UsageError
from meterhouse.store.profiles import ProfileOptions, profile_of_nem12, profile_of_table, table_of_csv

CELL = st.one_of(
    st.sampled_from(
        ["", "0", "1.5", "-2", "1e9", "nan", "inf", "1e99999999", "٣", "2026-01-01", "20260101", "E1", "kWh"]
    ),
    st.sampled_from(["2026-01-01T00:30", "2026-01-01T01:00Z", "2025-10-26T01:30", "9999-12-31T23:59-14:00", "30", "5"]),
    st.text(st.characters(exclude_characters='",\r\n', exclude_categories=("Cs",)), max_size=6),
)
OPTIONS = st.builds(ProfileOptions, zone=st.sampled_from(["", "UTC", "+10:00", "Europe/London"]))


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=12), OPTIONS)
def test_any_csv_is_read_or_refused(rows, options):
    text = "\n".join(["ts,kwh,gas_m3", *map(",".join, rows)])
    try:
        report = profile_of_table(table_of_csv(text, "fuzz.csv", options), options)
    except UsageError:
        return
    for home in report.profile.homes.values():
        assert min((*home.electricity_wh.values(), *home.gas_l.values())) >= 0


@given(
    st.lists(st.lists(st.one_of(CELL, st.sampled_from(["100", "200", "300", "400"])), max_size=60), max_size=12),
    OPTIONS,
)
@example(
    [["200", "N", "", "", "E1", "", "", "kWh", "30"], ["300", "20260101", *["1"] * 48, "A"], ["400", "1", "48", "N"]],
    ProfileOptions(),
)
def test_any_nem12_is_read_or_refused(records, options):
    text = "\n".join(",".join(record) for record in records)
    try:
        report = profile_of_nem12(text, "fuzz.csv", options)
    except UsageError:
        return
    for home in report.profile.homes.values():
        assert all(amount >= 0 for amount in home.electricity_wh.values())
