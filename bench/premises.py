"""Populations: a day of a million gas prepayment homes by the compiled rule-book, and what one home weighs."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.registry import Figure, bench
from bench.worlds import street_world
from meterhouse.simulation.population import PopulationPlan, new_population, run_day

__all__: list[str] = []

HOMES = 1_000_000
FIRST_DAY = 20_454
"""2026-01-01."""
DAYS = 3
TICKS = 48


@bench
def premises() -> Iterator[Figure]:
    """A world's home-days, every byte of them; then the rule-book alone over a million homes; then memory."""
    yield from (figure for figure in street_world() if figure.figure == "world home-days")
    plan = PopulationPlan(homes=HOMES, seed=1)
    run_day(new_population(PopulationPlan(homes=10, seed=1)), plan, FIRST_DAY)  # compiles
    homes = new_population(plan)
    start = time.process_time()
    days = [run_day(homes, plan, FIRST_DAY + day) for day in range(DAYS)]
    seconds = (time.process_time() - start) / DAYS
    assert sum(day.litres for day in days) == int(homes["volume_l"].sum())
    note = f"{HOMES:,} homes, {DAYS} days, one core, demand and chance drawn in the same loop, compiling not counted"
    yield Figure("population half hours", "1/s", HOMES * TICKS / seconds, note=note)
    yield Figure("simulated days of a million homes", "1/s", 1 / seconds, limit=1.0, note=note)
    yield Figure(
        "homes a gigabyte",
        "1/GB",
        1e9 / homes.dtype.itemsize,
        note=f"{homes.dtype.itemsize} bytes a home, tariff included",
    )
