"""A cut ordered from the command line: the daemon that signs is another process, and so is whoever checks the books."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from sqlalchemy import text
from tests.counter_street import build, meter_of
from typer.testing import CliRunner

from meterhouse.cli import app
from meterhouse.store import Database

ROOT_PHRASE = "a root passphrase that is long"
MAIN = (sys.executable, "-c", "from meterhouse.cli import main; main()")
METER = str(meter_of(0))


class Shell:
    """The command line, as one person after another uses it."""

    def __init__(self, folder) -> None:
        self.trust, self.data = folder / "trust", folder / "data"

    def say(self, *words: str, who: str = "", code: int = 0, root: str = "", apart: bool = False) -> dict | list:
        """One verb, in this process, or in one apart."""
        environment = {"METERHOUSE_PASSPHRASE": f"{who} says so", "METERHOUSE_ROOT_PASSPHRASE": root}
        if apart:
            call = [*MAIN, *words, "--json"]
            ended = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
            got, out, talk = ended.returncode, ended.stdout, ended.stderr
        else:
            result = CliRunner().invoke(app, [*words, "--json"], env=environment)
            got, out, talk = result.exit_code, result.stdout, result.stderr
        assert got == code, talk
        assert "Traceback" not in talk
        return json.loads(out) if out else {"said": talk}

    def order(self, *words: str, who: str = "", code: int = 0) -> dict:
        told = self.say("order", *words, "--data", str(self.data), "--trust", str(self.trust), who=who, code=code)
        assert isinstance(told, dict)
        return told


@pytest.fixture
def shell(tmp_path):
    made = Shell(tmp_path)
    made.data.mkdir()
    with Database(f"sqlite:///{made.data / 'meterhouse.db'}") as database:
        database.run(build)
    made.say("trust", "init", str(made.trust), "--officers", "Uma,Vic,Wim", "--fleet", "100", root=ROOT_PHRASE)
    for name, duty in (("Ann", "operator"), ("Bob", "approver")):
        made.say("trust", "person", name, "--duty", duty, "--trust", str(made.trust), who=name)
    daemon = subprocess.Popen(
        [*MAIN, "trust", "sign-daemon", str(made.trust)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert daemon.stderr is not None
    try:
        assert "Signing on" in daemon.stderr.readline()
        yield made
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0
        daemon.stderr.close()


@pytest.mark.slow
def test_a_cut_is_raised_approved_cancelled_and_audited_by_separate_processes(shell):
    words = ("--reason", "unpaid for 90 days", "--evidence", "case 4711/26")
    made = shell.order("raise", "00", METER, "cut", "--as", "Ann", *words, who="Ann")
    assert (made["state"], made["signed_by"]) == ("raised", ["Ann"])
    number = made["number"]
    refused = shell.order("approve", number, "--as", "Ann", who="Ann", code=4)
    assert "may not approve" in refused["said"]
    shell.order("approve", number, "--as", "Bob", who="Ann", code=4)
    approved = shell.order("approve", number, "--as", "Bob", who="Bob")
    assert (approved["state"], approved["signed_by"]) == ("approved", ["Ann", "Bob"])
    assert approved["not_before"] > made["raised_at"]
    cancelled = shell.order("cancel", number, "--as", "Ann", who="Ann")
    assert cancelled["state"] == "cancelled"
    shell.order("cancel", number, "--as", "Ann", who="Ann", code=1)
    shown = shell.order("show", number)
    assert [line["state"] for line in shown["history"]] == ["raised", "approved", "cancelled"]
    assert shell.order("show", "W999999", code=3)
    assert shell.order("raise", "01", METER, "cut", "--as", "Ann", *words, who="Ann", code=3)
    assert shell.order("raise", "00", METER, "cut", "--as", "Ann", who="Ann", code=4)
    brakes = shell.say("order", "brakes", "--data", str(shell.data), "--trust", str(shell.trust))
    assert [(brake["name"], brake["latched"], brake["hour"]) for brake in brakes] == [
        ("B1", False, [1, 3]),
        ("B2", False, [0, 3]),
    ]
    place = ("--data", str(shell.data), "--trust", str(shell.trust))
    assert shell.say("audit", "verify", *place, apart=True) == {"lines": 3, "breaches": []}
    with Database(f"sqlite:///{shell.data / 'meterhouse.db'}") as database:
        database.run(lambda tx: tx.connection.execute(text("UPDATE audit_lines SET who = 'Eve' WHERE number = 2")))
    found = shell.say("audit", "verify", *place, code=1, apart=True)
    assert [breach["line"] for breach in found["breaches"]] == [2]


def test_without_a_daemon_nothing_is_ordered(tmp_path):
    shell = Shell(tmp_path)
    shell.data.mkdir()
    with Database(f"sqlite:///{shell.data / 'meterhouse.db'}") as database:
        database.run(build)
    shell.say("trust", "init", str(shell.trust), root=ROOT_PHRASE)
    words = ("--reason", "unpaid for 90 days", "--evidence", "case 4711/26")
    told = shell.order("raise", "00", METER, "cut", "--as", "Ann", *words, who="Ann", code=5)
    assert "does not answer" in told["said"]
