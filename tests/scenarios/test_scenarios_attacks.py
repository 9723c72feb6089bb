"""The catalogue of attacks, a hundredth of its tries: none does harm, all end with something genuine that succeeds."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from meterhouse.cli import app
from meterhouse.simulation.attacks import ATTACKS, Terms, run_attack
from meterhouse.simulation.attacks.case import Tally, attack


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_an_attack_does_no_harm(name):
    outcome = run_attack(name, Terms(seed=7, permille=10))
    assert outcome.bad == 0, outcome.examples
    assert outcome.n > 0


def test_the_verb_prints_a_line_of_json_for_each_and_fails_when_harm_was_done(monkeypatch):
    def works(_terms: Terms) -> Tally:
        tally = Tally()
        tally.tried(False, "a")
        tally.tried(True, "it worked")
        return tally

    monkeypatch.setattr("meterhouse.simulation.attacks.case.ATTACKS", {})
    attack("T99", "a door that stands open")(works)
    found = dict(run_attack("T99", Terms()).document())
    assert {name: found[name] for name in ("id", "seed", "n", "bad", "figure", "examples")} == {
        "id": "T99",
        "seed": 1,
        "n": 2,
        "bad": 1,
        "figure": {},
        "examples": ["it worked"],
    }
    said = CliRunner().invoke(app, ["attack", "T99", "--json"])
    assert said.exit_code == 1
    assert json.loads(said.stdout)["bad"] == 1


def test_one_line_of_json_an_attack():
    said = CliRunner().invoke(app, ["attack", "T05", "t07", "--share", "5", "--json"])
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert [line["id"] for line in lines] == ["T05", "T07"]
    assert said.exit_code == 0


def test_an_attack_that_is_not_in_the_catalogue_is_one_sentence():
    said = CliRunner().invoke(app, ["attack", "T00"])
    assert said.exit_code == 3
    assert "no attack 'T00'" in said.stderr
