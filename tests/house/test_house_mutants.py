"""The list of rules turned round is about the rules as they stand."""

from __future__ import annotations

import tomllib

import pytest

from tools.mutate import ROOT, SOURCES, mutants

PLAN = tomllib.loads((ROOT / "tools" / "mutants.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("target", PLAN["target"], ids=lambda target: target["file"])
def test_a_target_has_changes_and_tests_that_exist(target):
    assert next(mutants((SOURCES / "meterhouse" / target["file"]).read_text(encoding="utf-8")), None)
    assert target["tests"]
    assert all((ROOT / test).exists() for test in target["tests"])


@pytest.mark.parametrize("argued", PLAN["equivalent"], ids=lambda argued: argued["mutant"])
def test_what_is_argued_to_change_nothing_is_exactly_one_change(argued):
    source = (SOURCES / "meterhouse" / argued["file"]).read_text(encoding="utf-8")
    assert [mutant.name for mutant in mutants(source)].count(argued["mutant"]) == 1
    assert argued["why"]


def test_every_manner_of_change_is_made_and_nothing_outside_of_functions():
    source = """
LIMIT = 3

def rule(open_, volume, friendly, log):
    if friendly:
        return False
    log.append(volume)
    volume = volume + LIMIT
    return open_ and not friendly and volume >= 7
"""
    assert [mutant.name for mutant in mutants(source)] == [
        "rule: if friendly:  ->  if not friendly:",
        "rule: return False  ->  return True",
        "rule: log.append(volume)  ->  left out",
        "rule: volume = volume + LIMIT  ->  left out",
        "rule: volume + LIMIT  ->  volume - LIMIT",
        "rule: open_ and (not friendly) and (volume >= 7)  ->  open_ or not friendly or volume >= 7",
        "rule: not friendly  ->  +friendly",
        "rule: volume >= 7  ->  volume > 7",
        "rule: volume >= 7  ->  volume < 7",
        "rule: volume >= 7  ->  volume >= 8",
    ]
    assert all(mutant.source.startswith("LIMIT = 3") for mutant in mutants(source))
