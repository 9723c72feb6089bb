"""A household uses what a British home plausibly uses, the same every time it is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import DAY, HALF_HOUR, Instant, UsageError, parse_instant
from meterhouse.premises.household import MeasuredHousehold, SyntheticHousehold, Use, divide

START = parse_instant("2026-01-01")
YEAR = 365 * 48


def ends(first=START, count=YEAR):
    return [Instant(first + step * HALF_HOUR) for step in range(1, count + 1)]


@pytest.mark.parametrize("seed", [*range(8), -1, 2**70])
def test_a_dual_fuel_home_uses_what_a_british_home_uses_in_a_year(seed):
    year = [SyntheticHousehold(seed).use(end) for end in ends()]
    assert 2_500_000 <= sum(use.electricity_wh for use in year) <= 3_500_000
    assert 900_000 <= sum(use.gas_l for use in year) <= 1_300_000
    assert min(use.electricity_wh for use in year) > 0
    assert max(use.electricity_wh for use in year) < 3_000
    assert 0 == min(use.gas_l for use in year) < max(use.gas_l for use in year) < 1_500


@pytest.mark.parametrize("seed", range(4))
def test_a_home_without_gas_uses_more_electricity_and_no_gas(seed):
    year = [SyntheticHousehold(seed, gas=False).use(end) for end in ends()]
    assert 5_000_000 <= sum(use.electricity_wh for use in year) <= 9_000_000
    assert {use.gas_l for use in year} == {0}


def test_gas_is_burnt_in_winter_and_hardly_in_summer():
    home = SyntheticHousehold(7)
    january, july = (
        sum(home.use(end).gas_l for end in ends(parse_instant(day), 28 * 48)) for day in ("2026-01-01", "2026-07-01")
    )
    assert january > 5 * july > 0


def test_evenings_use_more_than_nights():
    home = SyntheticHousehold(7)
    evening = sum(home.use(Instant(START + day * DAY + 36 * HALF_HOUR)).electricity_wh for day in range(60))
    night = sum(home.use(Instant(START + day * DAY + 6 * HALF_HOUR)).electricity_wh for day in range(60))
    assert evening > 2 * night


@given(st.integers(), st.integers(0, 10**6))
def test_the_same_seed_and_half_hour_give_the_same_use_in_any_order(seed, index):
    end = Instant(index * HALF_HOUR)
    home = SyntheticHousehold(seed)
    home.use(Instant(end + HALF_HOUR))
    assert home.use(end) == SyntheticHousehold(seed).use(end)


def test_a_known_day_never_changes_so_old_worlds_replay():
    uses = [SyntheticHousehold(1).use(Instant(START + slot * HALF_HOUR)) for slot in (14, 30, 38)]
    assert uses == [Use(204, 415), Use(104, 112), Use(363, 319)]


def test_other_seeds_are_other_homes():
    series = {tuple(SyntheticHousehold(seed).use(end) for end in ends(count=48)) for seed in range(50)}
    assert len(series) == 50


@given(st.integers(0, 10**6), st.integers(1, 2000))
def test_parts_sum_exactly_and_differ_by_at_most_one(total, count):
    parts = divide(total, count)
    assert len(parts) == count
    assert sum(parts) == total
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize("count", [1, 7, 30, 1800])
def test_the_steps_of_a_half_hour_sum_to_it_exactly(count):
    for home in (SyntheticHousehold(3), MeasuredHousehold(START, (501,), (333,))):
        end = Instant(START + 14 * HALF_HOUR)
        steps = home.steps(end, count)
        assert len(steps) == count
        whole = home.use(end)
        assert sum(step.electricity_wh for step in steps) == whole.electricity_wh
        assert sum(step.gas_l for step in steps) == whole.gas_l


def test_a_measured_home_repeats_and_may_begin_elsewhere():
    home = MeasuredHousehold(Instant(START), (1, 2, 3), (10, 20), offset=1)
    uses = [home.use(Instant(START + step * HALF_HOUR)) for step in range(-1, 4)]
    assert uses == [Use(1, 10), Use(2, 20), Use(3, 10), Use(1, 20), Use(2, 10)]


def test_what_cannot_be_used_is_refused():
    for make in (
        lambda: MeasuredHousehold(START, ()),
        lambda: MeasuredHousehold(START, (1, -1)),
        lambda: MeasuredHousehold(START, (1,), (-1,)),
        lambda: MeasuredHousehold(Instant(START + 1), (1,)),
        lambda: SyntheticHousehold(1).use(Instant(START + 1)),
        lambda: SyntheticHousehold(1).steps(START, 0),
    ):
        with pytest.raises(UsageError):
            make()
