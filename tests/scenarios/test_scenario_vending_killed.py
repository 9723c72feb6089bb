"""The vending process is killed at random moments under load; after each restart the money is there to the unit.

A thousand deaths: `python -m tools.killed --kills 1000 --database sqlite`; see docs/testing.md.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from sqlalchemy import update

from meterhouse.store.schema import accounts, vends
from tools import killed, postgres

KILLS = 10


@pytest.mark.timeout(600)
@pytest.mark.slow
@pytest.mark.requirement("S3-87")
@pytest.mark.parametrize("apart", [(), ("--apart",)], ids=["together", "apart"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_process_killed_at_any_moment_loses_no_payment_and_makes_no_token_twice(kind, apart):
    if kind == "postgresql" and (reason := postgres.missing()):
        pytest.skip(reason)
    command = [sys.executable, "-m", "tools.killed", "--kills", str(KILLS), "--database", kind, "--seed", "3", *apart]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2_000:]
    told = json.loads(run.stdout)
    assert told["kills"] == KILLS
    assert told["payments"] > KILLS
    assert told["in_doubt"] > 0, "every victim died idle: nothing was proved"


def losing(till, told):
    """A payment that was answered is gone."""
    till.database.run(lambda tx: tx.execute(vends.delete().where(vends.c.request == next(iter(told), ""))))


def swapping(till, told):
    """A payment that was answered has another token now."""
    wanted = update(vends).where(vends.c.request == next(iter(told), "")).values(token="1" * 20)
    till.database.run(lambda tx: tx.execute(wanted))


def forgiving(till, _told):
    """An account owes one unit less than its vends leave."""
    till.database.run(lambda tx: tx.execute(update(accounts).values(debt=accounts.c.debt - 1)))


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [losing, swapping, forgiving])
def test_the_check_after_a_death_convicts_a_database_that_lost_something(wrong, tmp_path, monkeypatch):
    real = killed._mend

    def mend(till, now, asked, told, outcome):
        wrong(till, told)
        real(till, now, asked, told, outcome)

    monkeypatch.setattr(killed, "_mend", mend)
    with pytest.raises(AssertionError):
        killed.killed(f"sqlite:///{tmp_path / 'house.db'}", 20, 1)
