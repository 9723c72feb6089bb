"""A visit by the command line: in order, in one folder, with the reason for each refusal."""

from __future__ import annotations

import json

import pytest
from tests.counter_street import NOW, build
from typer.testing import CliRunner

from meterhouse.cli import app
from meterhouse.model import isoformat
from meterhouse.store import Database, DataFolder

AT = isoformat(NOW)
STATED = ("--place", "cut-out in the hall", "--secured", "fuse in my bag", "--tester", "tester 0417")
PROVED = ("--tester-proved", "--proved-dead")


@pytest.fixture
def data(tmp_path):
    with DataFolder(tmp_path / "data") as folder, Database(folder.url) as database:
        database.run(build)
    return tmp_path / "data"


def say(data, *words, code=0):
    said = CliRunner().invoke(app, ["visit", *words, "--data", str(data)])
    assert said.exit_code == code, said.output
    return said


def document(data, *words):
    return json.loads(say(data, *words, "--json").stdout)


def by(data, act, who="Ben", *words):
    return document(data, act, "V000001", "--as", who, "--at", AT, *words)["state"]


@pytest.mark.requirement("S0-50")
def test_a_visit_goes_its_way_and_no_switch_shortens_it(data):
    planned = document(data, "plan", "00", "electricity", "--purpose", "change the meter", "--as", "Ann", "--at", AT)
    assert (planned["number"], planned["state"], planned["worker"]) == ("V000001", "planned", None)
    assert by(data, "arrive") == "arrived"
    early = say(data, "work", "V000001", "--as", "Ben", code=1)
    assert "physical means" in early.stderr
    switch = say(data, "isolate", "V000001", "--as", "Ben", "--means", "meter-switch", *STATED, *PROVED, code=4)
    assert "no isolation" in switch.stderr
    for lacking in (PROVED[:1], PROVED[1:]):
        say(data, "isolate", "V000001", "--as", "Ben", "--means", "cut-out-fuse", *STATED, *lacking, code=4)
    assert by(data, "isolate", "Ben", "--means", "cut-out-fuse", *STATED, *PROVED) == "physically isolated"
    assert [by(data, act) for act in ("work", "restore", "close")] == ["working", "restored", "closed"]
    shown = document(data, "show", "V000001")
    assert shown["isolation"]["means"] == "cut-out-fuse"
    assert len(shown["history"]) == 6
    assert document(data, "list", "--live") == []
    assert "closed" in say(data, "list").stdout


def test_what_is_not_there_is_told_so(data):
    say(data, "show", "V000001", code=3)
    say(data, "plan", "nowhere", "gas", "--purpose", "change the meter", "--as", "Ann", code=3)
    assert "no visits" in say(data, "list").stderr
