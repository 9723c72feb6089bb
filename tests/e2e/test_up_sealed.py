"""A supply cut and armed through the whole house: two people, the signing daemon, mutual TLS, the device that asks back."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fakes.street_process import MAIN, StreetProcess, running

STREET = """
[street]
name = "Two homes"
start = 2026-01-05T08:55:00Z

[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500

[[home]]
id = "01"
gas = { mode = "prepay", opening_balance = "7.00" }

[[home]]
id = "02"
gas = { mode = "credit" }
"""
METER = "02-4D-48-02-00-00-00-01"
PEOPLE = {"Operator": "operator", "Approver": "approver"}


def say(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*MAIN, *(str(word) for word in words)]
    told = {**os.environ, **environment, "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=told)


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    folder = tmp_path / "trust"
    made = say("trust", "init", folder, "--fleet", 2, METERHOUSE_ROOT_PASSPHRASE="the root's own words")
    assert made.returncode == 0, made.stderr
    for name, duty in PEOPLE.items():
        made = say("trust", "person", name, "--duty", duty, "--trust", folder, METERHOUSE_PASSPHRASE=f"{name}'s words")
        assert made.returncode == 0, made.stderr
    return folder


class Office:
    """What people do at the command line, beside a street that runs."""

    def __init__(self, data: Path, trust: Path) -> None:
        self.at = ("--data", data, "--trust", trust, "--json")

    def order(self, person: str, *words: object) -> Any:
        said = say("order", *words, "--as", person, *self.at, METERHOUSE_PASSPHRASE=f"{person}'s words")
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    def show(self, number: str) -> Any:
        return json.loads(say("order", "show", number, *self.at).stdout)

    def ended(self, street: StreetProcess, number: str) -> Any:
        def look() -> Any:
            shown = self.show(number)
            return shown if shown["state"] in {"done", "refused", "expired", "cancelled"} else None

        return street.wait(f"end of {number}", look)


def supply(street: StreetProcess) -> str:
    meters = street.get("/homes/01")["meters"]
    return str(next(meter["supply"] for meter in meters if meter["fuel"] == "electricity"))


@pytest.mark.requirement("S0-73")
def test_two_people_cut_a_supply_and_arm_it_and_only_a_hand_brings_it_back(tmp_path: Path, trust: Path) -> None:
    (tmp_path / "street.toml").write_text(STREET)
    office = Office(tmp_path / "data", trust)
    with running(tmp_path, str(tmp_path / "street.toml"), "--speed", "900", "--trust", str(trust)) as street:
        why = ("--reason", "unpaid for ninety days", "--evidence", "case 4711 of 2026")
        raised = office.order("Operator", "raise", "01", METER, "cut", *why)
        number = raised["number"]
        alone = say(
            "order", "approve", number, "--as", "Operator", *office.at, METERHOUSE_PASSPHRASE="Operator's words"
        )
        assert alone.returncode == 4, "nobody approves their own order"
        assert office.order("Approver", "approve", number)["state"] == "approved"
        cut = office.ended(street, number)
        assert (cut["state"], cut["why"]) == ("done", "opened")
        assert [line["state"] for line in cut["history"]][:3] == ["raised", "approved", "signed"]
        assert supply(street) == "off"
        button = street.post("/homes/01/button", {"fuel": "electricity"}).json()
        assert button["supply"] == "off", "a button closes nothing that nobody has armed"

        armed = office.order("Operator", "raise", "01", METER, "arm", *why)
        assert office.ended(street, armed["number"])["state"] == "done"
        assert supply(street) == "armed"
        assert street.post("/homes/01/button", {"fuel": "electricity"}).json()["supply"] == "on"
        street.wait("look back", lambda: office.show(number)["read_back"] == "matches")

        def billed() -> list[dict[str, Any]]:
            """What the carrier's bill says of the home, once both orders are on it: it is kept once an hour of the street."""
            rows = json.loads(say("usage", "2026-01-05", "2026-01-07", "--data", tmp_path / "data", "--json").stdout)
            at_home = [row for row in rows if row["home"] == "01"]
            return at_home if sum(row["orders"] for row in at_home) >= 2 else []

        assert sum(row["bytes_down"] for row in street.wait("both orders on the bill", billed)) > 0
        assert street.stop() == 0
    with running(tmp_path, "--speed", "900") as street:  # it trusts that folder from now on
        assert street.get("/homes/01")
        assert json.loads(say("order", "list", *office.at).stdout)[0]["state"] == "done"
        assert street.stop() == 0
