"""One prepay home for `meterhouse up`, and the command line as a process beside it."""

from __future__ import annotations

import subprocess

from fakes.street_process import MAIN

ONE_HOME = """
[street]
name = "One home"
start = 2026-01-05T00:00:00Z

[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500

[[home]]
id = "01"
gas = { mode = "prepay", opening_balance = "7.00" }
"""


def say(*words: object) -> subprocess.CompletedProcess[str]:
    """Run one verb."""
    command = [*MAIN, *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
