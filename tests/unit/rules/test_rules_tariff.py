"""Which of sixteen prices a half hour has: its rate by its place in the week, its block by what was used before it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from meterhouse.rules import price_in_force
from meterhouse.rules.tariff import BLOCKS, RATES, SLOTS, block_in_force, rate_in_force


@dataclass
class Tariff:
    used_wh: int = 0
    prices: list[int] = field(
        default_factory=lambda: [100 * rate + block for rate in range(RATES) for block in range(BLOCKS)]
    )
    rates: list[int] = field(default_factory=lambda: [slot * 7 % 4 for slot in range(2 * SLOTS)])
    thresholds_wh: list[int] = field(default_factory=lambda: [10, 20, 30])


@pytest.mark.parametrize(
    ("used", "block"), [(0, 0), (9, 0), (10, 1), (11, 1), (19, 1), (20, 2), (29, 2), (30, 3), (31, 3), (10**9, 3)]
)
def test_a_block_begins_where_its_threshold_is_reached(used, block):
    assert block_in_force(Tariff(used)) == block


def test_blocks_of_equal_thresholds_are_skipped_together():
    assert [block_in_force(Tariff(used, thresholds_wh=[10, 10, 30])) for used in (9, 10, 30)] == [0, 2, 3]


def test_a_working_day_has_the_first_forty_eight_rates_and_a_weekend_day_the_rest():
    tariff = Tariff(rates=list(range(2 * SLOTS)))
    assert [rate_in_force(tariff, slot, 0) for slot in (0, 1, 47)] == [0, 1, 47]
    assert [rate_in_force(tariff, slot, 1) for slot in (0, 1, 47)] == [48, 49, 95]


@pytest.mark.parametrize("weekend", [0, 1])
@pytest.mark.parametrize("used", [0, 10, 20, 30])
def test_the_price_is_that_of_rate_and_block_together(weekend, used):
    tariff = Tariff(used)
    for slot in range(SLOTS):
        rate = (weekend * 48 + slot) * 7 % 4
        assert price_in_force(tariff, slot, weekend) == 100 * rate + used // 10
