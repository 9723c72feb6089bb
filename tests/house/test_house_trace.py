"""The requirement trace itself: it must catch a wrong mark and tell the truth about outcomes, with and without xdist."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools import trace

ROOT = Path(__file__).parents[2]


def run_pytest(folder: Path, source: str, *words: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "pytest.ini").write_text(
        f"[pytest]\nmarkers =\n    requirement(id): a row\nxfail_strict = true\npythonpath = {ROOT}\n"
    )
    (folder / "test_planted.py").write_text("import pytest\nrow = pytest.mark.requirement\n" + source)
    report = folder / "trace.json"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--requirements",
        str(report),
        *words,
        str(folder),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False), report


def test_the_index_knows_every_row_of_both_documents():
    rows = list(trace.index())
    assert rows == [f"S0-{n:02}" for n in range(1, 144)] + [f"S3-{n:02}" for n in range(1, 122)]


@pytest.mark.parametrize("mark", ['row("S0-144")', "row()", 'row("S0-22", "s0-23")'])
def test_a_mark_that_names_no_known_row_stops_the_run(tmp_path, mark):
    ended, _ = run_pytest(tmp_path, f"@{mark}\ndef test_it():\n    pass\n")
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "names no known row" in ended.stderr + ended.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_row_is_proved_only_by_a_test_that_passed_in_all_its_phases(tmp_path, workers):
    source = """
@pytest.fixture
def breaks_afterwards():
    yield
    raise RuntimeError

@row("S0-22", "S0-23")
def test_passes(): pass

@row("S0-23")
def test_fails(): assert False

@row("S0-24")
def test_breaks(breaks_afterwards): pass

@row("S0-25")
@pytest.mark.skip(reason="planted")
def test_skips(): pass

@row("S0-26")
@pytest.mark.xfail
def test_is_known_to_fail(): assert False

def test_unmarked(): pass
"""
    _, report = run_pytest(tmp_path, source, "-n", workers)
    found = trace.proofs(json.loads(report.read_text()))
    outcomes = {row: sorted(by_outcome) for row, by_outcome in found.items()}
    assert outcomes == {
        "S0-22": ["passed"],
        "S0-23": ["failed", "passed"],
        "S0-24": ["failed"],
        "S0-25": ["skipped"],
        "S0-26": ["xfailed"],
    }
    assert trace.verdict(found["S0-22"]) == "proved"
    assert trace.verdict(found["S0-23"]) == "FAILED"
    assert trace.verdict(found["S0-26"]) == "not run"
