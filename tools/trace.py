"""The thread from a requirement to the tests that prove it.

As a pytest plugin (loaded by `tests/conftest.py`): checks that each `@pytest.mark.requirement(...)` names rows that
exist, and with `--requirements FILE` writes what became of every marked test; works under xdist. As a command
(`python -m tools.trace FILE`): prints the table. A row counts as proved only if no test of it failed and one passed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TypedDict

import pytest

__all__ = ["Plugin", "Run", "index", "main", "proofs", "verdict"]

ROOT = Path(__file__).parent.parent
INDEX = ROOT / "docs" / "requirements-index.txt"
PROPERTY = "requirement"


class _Test(TypedDict):
    outcome: str
    rows: list[str]


class Run(TypedDict):
    """What one test run told: the commit that was tested, and each marked test's outcome and rows."""

    commit: str
    tests: dict[str, _Test]


def index() -> dict[str, str]:
    """Every known row: id to its words."""
    rows = {}
    for line in INDEX.read_text().splitlines():
        if line and not line.startswith("#"):
            name, _kind, words = line.split(maxsplit=2)
            rows[name] = words
    return rows


class Plugin:
    """Checks the marks of what was collected, and remembers how each marked test ended."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._rows: dict[str, list[str]] = {}
        self._outcomes: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        known = index()
        for item in items:
            for mark in item.iter_markers("requirement"):
                unknown = [row for row in mark.args if row not in known]
                if unknown or not mark.args:
                    words = f"names no known row: {', '.join(map(str, unknown)) or 'nothing at all'}"
                    raise pytest.UsageError(f"{item.nodeid}: its requirement mark {words} (see {INDEX.name})")
                item.user_properties.extend((PROPERTY, row) for row in mark.args)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        rows = [str(value) for name, value in report.user_properties if name == PROPERTY]
        if not rows:
            return
        self._rows[report.nodeid] = rows
        # A test passes in its call; a failure or skip in any of its three phases is the last word.
        if report.outcome != "passed" or (report.when == "call" and report.nodeid not in self._outcomes):
            self._outcomes[report.nodeid] = "xfailed" if hasattr(report, "wasxfail") else report.outcome

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._file is None or hasattr(session.config, "workerinput"):
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        tests = {
            name: {"outcome": self._outcomes.get(name, "unfinished"), "rows": rows}
            for name, rows in sorted(self._rows.items())
        }
        self._file.write_text(json.dumps({"commit": _commit(), "tests": tests}, indent=1) + "\n")


def _commit() -> str:
    """Which commit was tested; empty outside a git clone."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def proofs(run: Run) -> dict[str, dict[str, list[str]]]:
    """Row to outcome to tests, for each row that any test of `run["tests"]` names."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, test in run["tests"].items():
        for row in test["rows"]:
            found[row][test["outcome"]].append(name)
    return found


def verdict(outcomes: dict[str, list[str]]) -> str:
    """`proved`, `FAILED`, `not run`, or nothing where no test names the row."""
    if outcomes.get("failed"):
        return "FAILED"
    if outcomes.get("passed"):
        return "proved"
    return "not run" if outcomes else ""


def main() -> int:
    """Print the table: every row, or with `--marked` those that a test names; and the count by verdict."""
    parser = argparse.ArgumentParser(description="which rows of the requirements have a passing test")
    parser.add_argument("file", type=Path, help="what `pytest --requirements FILE` wrote")
    parser.add_argument("--marked", action="store_true", help="leave out the rows that no test names")
    parser.add_argument("--json", action="store_true", help="one object: row to verdict and tests")
    arguments = parser.parse_args()
    run: Run = json.loads(arguments.file.read_text())
    found = proofs(run)
    rows = index()
    verdicts = {row: verdict(found.get(row, {})) for row in rows}
    if arguments.json:
        print(json.dumps({row: {"verdict": verdicts[row], "tests": found.get(row, {})} for row in rows}, indent=1))
        return 0
    for row, words in rows.items():
        if verdicts[row] or not arguments.marked:
            print(f"{row:<7}{verdicts[row] or '-':<9}{words}")
            for outcome, tests in sorted(found.get(row, {}).items()):
                for test in tests:
                    print(f"{'':<16}{outcome}: {test}")
    count = list(verdicts.values()).count
    print(
        f"\n{count('proved')} of {len(rows)} rows proved, {count('FAILED')} failed, {count('not run')} not run, "
        f"{count('')} without a test; run of {run['commit'] or 'no commit'} (now {_commit()}). `make test` runs anew."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
