"""World fuzzing: good worlds pass, the same seeds give the same hash, and a planted breach is found, shrunk, replayed."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from meterhouse.cli import app
from meterhouse.links import Dice
from meterhouse.model import UsageError
from meterhouse.premises.prepay import PrepayAccount
from meterhouse.simulation.faults import FaultKind, draw_faults, fault_kinds
from meterhouse.simulation.fuzz import FuzzSettings, faults_of_seed, fuzz, play
from meterhouse.simulation.fuzz_street import street_of_seed
from meterhouse.simulation.shrinking import fewer_days, fewer_faults


def street_with_perfect_air(seed, prepaid):
    """Only a drawn fault can lose a report."""
    plan = street_of_seed(seed, prepaid)
    homes = (
        home if home.gas is None else replace(home, gas=replace(home.gas, loss_permille=0, drift_ppm=0))
        for home in plan.homes
    )
    return replace(plan, homes=tuple(homes))


ALL = FuzzSettings(first=39, seeds=3, days=4, kinds=tuple(FaultKind))


@pytest.mark.slow
def test_worlds_in_bad_weather_keep_every_promise_and_the_same_seeds_give_the_same_hash():
    first, second = fuzz(ALL), fuzz(replace(ALL, jobs=2))
    assert first.findings == ()
    assert first.unequal == ()
    assert first.run_twice == 1
    assert first.hash == second.hash
    assert first.faults > 0
    assert first.next_seed == 42


def greedy(monkeypatch):
    """The smallest step too much after an outage; the very first report brings two rows."""
    charge = PrepayAccount.charge

    def wrong(self, half_hours):
        rows = list(half_hours)
        self.balance -= len(rows) > 2
        return charge(self, rows)

    monkeypatch.setattr(PrepayAccount, "charge", wrong)
    monkeypatch.setattr("meterhouse.simulation.fuzz.FINE_DAYS", 1)
    monkeypatch.setattr("meterhouse.simulation.fuzz.street_of_seed", street_with_perfect_air)


def test_a_planted_breach_is_found_and_shrunk_and_its_printed_command_breaks_the_same_promise(monkeypatch):
    greedy(monkeypatch)
    settings = FuzzSettings(first=41, seeds=1, days=6, kinds=(FaultKind.GAS_LINK, FaultKind.BUTTON))
    (finding,) = fuzz(settings).findings
    drawn = faults_of_seed(41, settings)
    assert finding.number == 6
    assert len(drawn) > 1
    assert len(finding.keep) == 1
    assert drawn[finding.keep[0]].kind is FaultKind.GAS_LINK
    assert finding.until <= drawn[finding.keep[0]].at_min // 1440 + 1
    assert not play(41, finding.until, []).violations
    program, *words = shlex.split(finding.command())
    assert program == "meterhouse"
    told = CliRunner().invoke(app, [word for word in words if not word.endswith("trace.txt") and word != "--trace"])
    assert told.exit_code == 1
    assert "balances equal the reference ledger" in told.stderr
    monkeypatch.undo()
    healed = CliRunner().invoke(app, [word for word in words if not word.endswith("trace.txt") and word != "--trace"])
    assert healed.exit_code == 0


def test_shrinking_finds_the_one_pair_of_faults_and_the_day_that_matter():
    played = []

    def breaks(kept, days):
        played.append((tuple(kept), days))
        return {3, 17} <= set(kept) and days >= 11

    kept = fewer_faults(40, 30, breaks)
    assert kept == (3, 17)
    assert fewer_days(kept, 30, breaks) == 11
    assert len(played) < 80


def test_shrinking_ends_where_everything_breaks_and_where_nothing_does_again():
    assert fewer_faults(25, 9, lambda _kept, _days: True) == ()
    assert fewer_days((), 9, lambda _kept, _days: True) == 1
    assert fewer_faults(5, 9, lambda _kept, _days: False) == (0, 1, 2, 3, 4)
    assert fewer_days((0,), 9, lambda _kept, _days: False) == 9
    assert fewer_faults(0, 9, lambda _kept, _days: False) == ()


def workers_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _hear_ctrl_c():
    """A job that was begun in the background ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="looks at its children in /proc"
)
def test_ctrl_c_reports_what_was_done_and_where_to_go_on():
    words = [
        sys.executable,
        "-c",
        "from meterhouse.cli import app; app()",
        "world",
        "fuzz",
        "--seeds",
        "5000",
        "--days",
        "1",
        "--jobs",
        "2",
    ]
    ran = subprocess.Popen(
        [*words, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_ctrl_c,  # noqa: PLW1509 -- it only sets a signal
    )
    try:
        until = time.monotonic() + 60
        while not workers_of(ran.pid) and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(2)
        os.killpg(ran.pid, signal.SIGINT)
        said, told = ran.communicate(timeout=30)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(ran.pid, signal.SIGKILL)
    assert ran.returncode == 130, told
    assert '"interrupted": true' in said
    assert "go on with --first-seed " in told
    assert "Traceback" not in told


def test_faults_are_the_seeds_own_and_end_with_the_bad_weather():
    homes = ["01", "02"]
    one, two = (draw_faults(Dice(5), tuple(FaultKind), homes, 10) for _ in range(2))
    assert one == two
    assert one != draw_faults(Dice(6), tuple(FaultKind), homes, 10)
    assert all(fault.at_min + fault.lasts_min <= 10 * 24 * 60 for fault in one)


def test_streets_of_all_kinds_are_drawn_and_each_seeds_is_its_own():
    plans = [street_of_seed(seed) for seed in range(200)]
    homes = [home for plan in plans for home in plan.homes]
    assert {len(plan.homes) for plan in plans} == {1, 2, 3}
    assert {home.gas is None for home in homes} == {True, False}
    assert {(home.gas.mode, home.gas.mains) for home in homes if home.gas} >= {("prepay", False), ("prepay", True)}
    assert {home.gas.mode for home in homes if home.gas} == {"prepay", "credit"}
    assert any(home.gas.loss_permille for home in homes if home.gas)
    assert any(home.gas.drift_ppm < 0 for home in homes if home.gas)
    assert street_of_seed(7) == street_of_seed(7)


def test_an_unknown_kind_of_fault_is_named():
    assert fault_kinds("jam,wan") == (FaultKind.JAM, FaultKind.WAN)
    with pytest.raises(UsageError, match="'rain' is no kind of fault"):
        fault_kinds("jam,rain")
