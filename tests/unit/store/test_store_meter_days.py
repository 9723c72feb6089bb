from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counter_street import NOW, meter_of
from meterhouse.model import DAY, HALF_HOUR, DayProfile, Fuel, HalfHour, Instant, Quality, UsageError, day_start
from meterhouse.store import Conflict, Database, SqlIntervals, flush_days, partitions, read_partition

DAY0 = day_start(NOW)


@pytest.fixture
def database():
    with Database("sqlite://") as opened:
        yield opened


def half_hour(slot, register, day=DAY0, quality=Quality.MEASURED):
    return HalfHour(Instant(day + (slot + 1) * HALF_HOUR), register, quality)


def profile(slots=range(48), day=DAY0, meter=0, opening=1000, fuel=Fuel.GAS):
    rows = tuple(half_hour(slot, 1000 + 10 * (slot + 1), day) for slot in slots)
    return DayProfile(meter_of(meter), fuel, day, opening, rows)


def put(database, one):
    return database.run(lambda tx: SqlIntervals(tx).put_day(one, NOW))


def get(database, day=DAY0, meter=0):
    return database.read(lambda tx: SqlIntervals(tx).get_day(meter_of(meter), day))


def test_a_day_comes_back_as_it_was_put(database):
    odd = replace(profile(range(3)), rows=(half_hour(1, 5, quality=Quality.POWER_DOWN), half_hour(40, 99_999_999_999)))
    assert put(database, odd).added == 2
    assert get(database) == odd
    assert get(database, Instant(DAY0 + DAY)) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sets(st.integers(0, 47)), min_size=1, max_size=5))
def test_parts_of_a_day_add_up_in_any_order_and_repeats_add_nothing(parts):
    with Database("sqlite://") as database:
        added = sum(put(database, profile(sorted(part))).added for part in parts)
        whole = sorted(set().union(*parts))
        assert added == len(whole)
        assert get(database) == profile(whole)


def test_another_value_for_a_stored_half_hour_is_refused_and_kept_aside(database):
    put(database, profile(range(10)))
    other = replace(profile(range(12)), opening=7, rows=(half_hour(3, 5), half_hour(11, 2000)))
    for _ in range(2):
        landing = put(database, other)
        assert landing.conflicts == (Conflict(-1, 1000, 7), Conflict(3, 1040, 5))
    kept = get(database)
    assert kept.opening == 1000
    assert kept.rows == (*profile(range(10)).rows, half_hour(11, 2000))
    assert database.read(lambda tx: SqlIntervals(tx).conflicts(meter_of(0), DAY0)) == landing.conflicts


@pytest.mark.parametrize("row", [HalfHour(DAY0, 5), HalfHour(Instant(DAY0 + 1), 5), half_hour(48, 5), half_hour(0, -5)])
def test_a_half_hour_off_its_day_or_below_zero_is_refused(database, row):
    with pytest.raises(UsageError):
        put(database, replace(profile(), rows=(row,)))
    assert get(database) is None


def test_a_meter_does_not_change_its_fuel(database):
    put(database, profile(range(3)))
    with pytest.raises(UsageError, match="measures gas"):
        put(database, profile(fuel=Fuel.ELECTRICITY))


def test_an_opening_that_was_not_told_is_the_last_register_of_the_day_before(database):
    put(database, profile())
    following = profile(day=Instant(DAY0 + DAY), opening=None)
    put(database, following)
    assert get(database, following.day).opening == 1480


def test_days_missing_are_those_without_all_their_half_hours(database):
    put(database, profile())
    put(database, profile(range(47), Instant(DAY0 + DAY)))
    missing = database.read(lambda tx: SqlIntervals(tx).days_missing(meter_of(0), DAY0, Instant(DAY0 + 3 * DAY)))
    assert missing == (DAY0 + DAY, DAY0 + 2 * DAY)
    assert database.read(lambda tx: SqlIntervals(tx).last_half_hour(meter_of(0))) == DAY0 + DAY + 47 * HALF_HOUR
    assert database.read(lambda tx: SqlIntervals(tx).last_half_hour(meter_of(1))) is None


def test_a_flush_gives_back_every_meter_day_and_again_changes_nothing(database, tmp_path):
    days = [
        profile(meter=1),
        profile(range(0, 48, 5), opening=None),
        profile(meter=2, fuel=Fuel.ELECTRICITY),
        profile(day=Instant(DAY0 + DAY)),
    ]
    for one in days:
        put(database, one)
    written = [flush_days(database, tmp_path, DAY0, Instant(DAY0 + 2 * DAY)) for _ in range(2)]
    assert written[0] == written[1]
    assert written[0][0] == tmp_path / "date=2026-11-21" / "fuel=electricity" / "part.parquet"
    found = [one for day, fuel in partitions(tmp_path) for one in read_partition(tmp_path, day, fuel)]
    assert sorted(found, key=repr) == sorted(days, key=repr)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["part.parquet"] * 3


def test_a_flush_after_more_has_landed_takes_it_along(database, tmp_path):
    put(database, profile(range(10)))
    flush_days(database, tmp_path, DAY0, Instant(DAY0 + DAY))
    put(database, profile())
    flush_days(database, tmp_path, DAY0, Instant(DAY0 + DAY))
    assert list(read_partition(tmp_path, DAY0, Fuel.GAS)) == [profile()]
    assert list(read_partition(tmp_path, DAY0, Fuel.ELECTRICITY)) == []
