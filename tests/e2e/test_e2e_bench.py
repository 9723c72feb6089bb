"""Every bench still does the work that it measures. How fast is for `make bench` to say: no time is asserted here."""

from __future__ import annotations

import json
import math
import sys

import pytest

from bench import __main__ as command
from bench import carrier, counter, premises, rounds, stopwatch, worlds
from bench.registry import BENCHES


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_gives_figures_that_a_program_can_read(name, monkeypatch, capsys):
    monkeypatch.setattr(command, "look_seldom", lambda: None)
    for clock in (stopwatch, rounds):
        monkeypatch.setattr(clock, "ROUNDS", 1)
        monkeypatch.setattr(clock, "ROUND_SECONDS", 0.001)
    monkeypatch.setattr(counter, "SECONDS", 0.05)
    monkeypatch.setattr(counter, "HOMES", 100)
    monkeypatch.setattr(premises, "HOMES", 1_000)
    monkeypatch.setattr(carrier, "HUBS", 30)
    monkeypatch.setattr(carrier, "AT_ONCE", 15)
    monkeypatch.setattr(carrier, "PASSES", 50)
    monkeypatch.setattr(worlds, "DAYS", 1)
    monkeypatch.setattr(worlds, "FLOOR_DAYS", 1)
    monkeypatch.setattr(sys, "argv", ["bench", name, "--json"])
    assert command.main() == 0
    figures = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert figures
    for figure in figures:
        assert list(figure) == ["figure", "unit", "ours", "peer", "peer_name", "limit", "note", "ratio"]
        assert math.isfinite(figure["ours"])
        assert figure["ours"] > 0
        assert (figure["ratio"] is None) == (figure["peer"] is None)


def test_a_bench_that_does_not_exist_is_refused_with_the_names_of_those_that_do(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", "teleport"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert "dlms_day" in capsys.readouterr().err
