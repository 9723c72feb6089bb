"""The compiled rule-book and the plain one are the same to the last bit, and a population is the same in any pieces."""

from __future__ import annotations

import numpy as np
import pytest

from meterhouse.model import UsageError
from meterhouse.rules import gas_half_hour
from meterhouse.simulation.compiled_rules import compiled
from meterhouse.simulation.population import GAS_HOME, PopulationPlan, _day_kernel, new_population, run_day

pytest.importorskip("numba", reason="populations need numba: pip install 'meterhouse[population]'")


class Plain:
    """The fields of one record as plain Python integers."""

    def __init__(self, record):
        for name in GAS_HOME.names:
            value = record[name]
            setattr(self, name, [int(item) for item in value] if value.shape else int(value))

    def equals(self, record):
        return all(
            getattr(self, name) == ([int(item) for item in record[name]] if record[name].shape else int(record[name]))
            for name in GAS_HOME.names
        )


def test_compiled_and_plain_rules_agree_on_every_field_of_random_homes():
    dice = np.random.default_rng(20260105)
    homes = new_population(PopulationPlan(homes=60, seed=1))
    homes["balance"] = dice.integers(-300_000, 3_000_000, 60)
    homes["emergency_limit"] = dice.integers(0, 2, 60) * 500_000
    homes["emergency_threshold"] = 200_000
    homes["prices"] = dice.integers(0, 50_000, (60, 16))
    homes["rates"] = dice.integers(0, 4, (60, 96))
    homes["thresholds_wh"] = np.sort(dice.integers(0, 3_000_000, (60, 3)), axis=1)
    homes["friendly"] = dice.integers(0, 2**48, (60, 7))
    homes["full_countdown"] = homes["countdown"] = 6
    step = compiled(gas_half_hour)
    plain = [Plain(record) for record in homes]
    codes = set()
    for at in range(240):
        for place in range(60):
            wanted, contact, hand = int(dice.integers(0, 900)), bool(dice.random() < 0.7), bool(dice.random() < 0.2)
            if dice.random() < 0.02:
                paid = int(dice.integers(0, 400_000))
                homes[place]["balance"] += paid
                plain[place].balance += paid
            arguments = (wanted, at % 48, at // 48 % 7, contact, hand)
            code = step(homes[place], *arguments)
            assert code == gas_half_hour(plain[place], *arguments)
            codes.add(code)
    assert all(mine.equals(record) for mine, record in zip(plain, homes, strict=True))
    assert codes == {0, 1, 2, 4, 5, 6}, "every outcome was met"


_WORD = 2**64 - 1


def mixed(value):
    """SplitMix64's finaliser, written anew."""
    value = value + 0x9E3779B97F4A7C15 & _WORD
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _WORD
    return value ^ value >> 31


def test_a_days_population_is_the_plain_rule_book_bit_for_bit_where_a_float_would_round():
    """Dear gas in large amounts: products beyond 2⁵³, which a float of the compiler's would not hold."""
    plan = PopulationPlan(
        homes=150, seed=11, price=499_999, cv=49_999, opening_balance=90_000_000, full_countdown=48, lost_permille=400,
        hand_permille=300, mean_l=9_001,
    )  # fmt: skip
    homes = new_population(plan)
    homes["friendly"][::3] = 0xFF00FF
    homes["rates"][::2, 20:60] = 3
    plain = [Plain(record) for record in homes]
    for day in (20_457, 20_458):
        told = run_day(homes, plan, day)
        counted = [0, 0, 0, 0]
        for place, home in enumerate(plain):
            own = mixed(plan.seed ^ mixed(place))
            before = home.volume_l
            for slot in range(48):
                drawn = mixed(own ^ (day * 48 + slot))
                parts = [drawn >> shift & 0xFFFFF for shift in (0, 20, 40)]
                wanted = parts[0] * (2 * plan.mean_l + 1) >> 20
                contact = parts[1] * 1000 >> 20 >= plan.lost_permille
                hand = parts[2] * 1000 >> 20 < plan.hand_permille
                code = gas_half_hour(home, wanted, slot, (day + 3) % 7, contact, hand)
                for bit in range(3):
                    counted[bit] += code >> bit & 1
            counted[3] += home.volume_l - before
        assert counted == [told.closed, told.opened, told.missed, told.litres]
        assert min(counted) > 0
    assert all(mine.equals(record) for mine, record in zip(plain, homes, strict=True))


def test_there_is_no_float_in_the_machine_code_of_a_day():
    run_day(new_population(PopulationPlan(homes=1, seed=1)), PopulationPlan(homes=1, seed=1), 20_000)
    (code,) = _day_kernel().inspect_llvm().values()
    assert not [word for word in ("fdiv", "fmul", "fadd", "sitofp", "uitofp", "fptosi") if word in code]


def test_a_population_is_the_same_whole_or_in_pieces_and_by_seed():
    plan = PopulationPlan(homes=1_000, seed=3, opening_balance=20_000)
    whole, pieces, other = new_population(plan), new_population(plan), new_population(plan)
    days = [run_day(whole, plan, 20_000 + day) for day in range(3)]
    for day in range(3):
        run_day(pieces[:400], plan, 20_000 + day)
        run_day(pieces[400:], plan, 20_000 + day, first_home=400)
        run_day(other, PopulationPlan(homes=1_000, seed=4, opening_balance=20_000), 20_000 + day)
    assert (whole == pieces).all()
    assert not (whole == other).all()
    assert sum(day.litres for day in days) == int(whole["volume_l"].sum())
    assert sum(day.closed for day in days) > 0


def test_no_home_is_one_clear_error():
    with pytest.raises(UsageError, match="population of 0 homes"):
        new_population(PopulationPlan(homes=0, seed=1))
