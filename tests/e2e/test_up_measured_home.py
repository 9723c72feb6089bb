"""A real home's half hours, from a measured file through meters, radio, hub, carrier and head end into the store."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from fakes.street_process import StreetProcess, running
from meterhouse.model import DAY, HALF_HOUR, Fuel, Instant, isoformat, parse_instant
from meterhouse.store import Database, SqlIntervals
from reference_data import reference

FILE = Path("data/dual_fuel/uk_home0_openeemeter_hourly.parquet")
STREET = """
[street]
name = "Measured Row"
start = 2026-01-04T23:00:00Z

[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500

[[home]]
id = "uk"
gas = { mode = "credit" }
"""
FIRST = parse_instant("2026-01-05T00:00:00Z")
"""The day of the file that is laid here: its second, because the street's first day has one hour only."""
FIRST_OF_FILE = np.datetime64("2020-04-02T00:00")
DAYS = 2
MICRO = 1_000_000
CV_SCALE = Fraction("3.6") / (Fraction("39.5") * Fraction("1.02264"))
"""m³ in a kWh."""


def half_hours(nano: np.ndarray) -> np.ndarray:
    """Whole units by half hour, from 10⁻⁹ kWh or m³ by hour: totals rounded, each hour split, the odd unit last."""
    totals = (np.cumsum(nano) + MICRO // 2) // MICRO
    hours = np.diff(totals, prepend=0)
    return np.column_stack([hours // 2, hours - hours // 2]).ravel()


def expected(path: Path) -> dict[Fuel, list[int]]:
    """What the file says of the two days, reckoned apart from the program."""
    table = pq.read_table(path)
    ends = table["ts_utc"].to_numpy().astype("datetime64[m]")
    assert (np.diff(ends) == np.timedelta64(60, "m")).all(), "the file has a gap"
    kwh, gas_kwh = (np.rint(table[name].to_numpy() * 1e9).astype(np.int64) for name in ("elec_kwh", "gas_kwh"))
    up, down = CV_SCALE.numerator, CV_SCALE.denominator
    cubic = np.array([(int(nano) * up + down // 2) // down for nano in gas_kwh], dtype=np.int64)
    first = 2 * int(np.searchsorted(ends, FIRST_OF_FILE, side="right"))
    chosen = slice(first, first + 48 * DAYS)
    return {
        Fuel.ELECTRICITY: half_hours(kwh)[chosen].tolist(),
        Fuel.GAS: half_hours(cubic)[chosen].tolist(),
    }


def exported(street: StreetProcess, fuel: Fuel) -> list[tuple[str, str]]:
    query = {"fuel": fuel.value, "since": isoformat(FIRST), "until": isoformat(Instant(FIRST + DAYS * DAY))}
    answer = street.api.get("/homes/uk/half-hours.csv", params=query)
    assert answer.status_code == 200, answer.text
    head, *lines = answer.text.splitlines()
    assert head == f"half_hour_end_utc,{'electricity_Wh' if fuel is Fuel.ELECTRICITY else 'gas_litres'}"
    return [(end, amount) for end, amount in (line.split(",") for line in lines)]


@pytest.mark.timeout(180)
def test_half_hours_of_a_real_home_are_stored_exactly(tmp_path: Path) -> None:
    path = reference(FILE)
    told = expected(path)
    assert min(map(sum, told.values())) > 0, "days without use would prove nothing"
    (tmp_path / "street.toml").write_text(STREET)
    words = ("street.toml", "--profile", str(path), "--gas-cv", "39.5", "--speed", "3600")
    with running(tmp_path, *words) as street:
        street.wait(
            "two days",
            lambda: all(len([a for _, a in exported(street, fuel) if a]) == 48 * DAYS for fuel in Fuel),
            seconds=120,
        )
        ends = [isoformat(Instant(FIRST + slot * HALF_HOUR)) for slot in range(1, 48 * DAYS + 1)]
        for fuel in Fuel:
            assert exported(street, fuel) == [(end, str(amount)) for end, amount in zip(ends, told[fuel], strict=True)]
        assert "column gas_kwh is gas" in street.talk()
        assert street.stop() == 0
    with Database(f"sqlite:///{tmp_path / 'data' / 'meterhouse.db'}") as database:
        for fuel in Fuel:
            days = database.read(
                lambda tx, fuel=fuel: list(SqlIntervals(tx).export(FIRST, Instant(FIRST + DAYS * DAY), fuel))
            )
            assert [amount for day in days for amount in day.intervals()] == told[fuel]
