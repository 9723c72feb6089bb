"""Twenty thousand mutated telegrams, from the same program that tries a million (docs/testing.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "fuzz" / "mutated_telegrams.py"
RUNS = 20_000


def test_no_mutated_telegram_is_obeyed_by_a_listening_meter_or_understood_by_its_hub():
    run = subprocess.run(
        [sys.executable, PROGRAM, "--runs", str(RUNS), "--seed", "7"],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    outcome = json.loads(run.stdout)
    assert outcome["obeyed"] == []
    assert run.returncode == 0
    assert outcome["runs"] == RUNS
    assert outcome["told"].keys() == {"telegram.refused", "telegram.dropped"}, "a right CRC with a wrong MAC, and worse"
    assert min(outcome["told"].values()) > RUNS // 20
