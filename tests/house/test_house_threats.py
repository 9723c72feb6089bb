"""Every interface that ARCHITECTURE.md names has threats, a defence for each, and tests that are there (`docs/threats.toml`)."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from tools import house

TABLE = tomllib.loads((house.ROOT / "docs" / "threats.toml").read_text(encoding="utf-8"))["interface"]
SECTION = re.compile(r"^## Interfaces\n(.*?)^## ", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (?P<name>[^|*]+?) \| [^|]+ \| [^|]+ \| (?P<opened>[^|]+?) \|$", re.MULTILINE)
OPENS = re.compile(
    r"\b(?:create_server|start_server|create_unix_server|start_unix_server|create_datagram_endpoint|O_NOCTTY)\b"
    r"|\bpump\.listen\("
)
"""What opens an interface of this program to others: a listening socket, or a port of the machine."""


def interfaces(text: str) -> dict[str, set[str]]:
    """Name to the source files that open it, of the section *Interfaces* of ARCHITECTURE.md."""
    section = SECTION.search(text)
    assert section is not None
    rows = [row for row in ROW.finditer(section[1]) if row["name"] not in {"interface", "---"}]
    return {row["name"]: set(re.findall(r"`([\w/]+\.py)`", row["opened"])) for row in rows}


ARCHITECTURE = interfaces((house.ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))


@cache
def functions_in(file: str) -> frozenset[str]:
    path = house.ROOT / "tests" / file
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.walk(house.tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def lapses(table: Iterable[dict[str, Any]], named: Iterable[str]) -> list[str]:
    """What is missing or wrong, a line each."""
    table = list(table)
    told = [each["name"] for each in table]
    found = [f"no threats: {name}" for name in named if name not in told]
    found += [f"not in ARCHITECTURE.md, or twice: {name}" for name in told if told.count(name) > 1 or name not in named]
    for each in table:
        threats = each.get("threat", [])
        if not threats:
            found.append(f"no threats: {each['name']}")
        for threat in threats:
            where = f"{each['name']}, {threat.get('does') or 'a threat without words'}"
            if not threat.get("does") or not threat.get("defence"):
                found.append(f"words are missing: {where}")
            if not threat.get("tests"):
                found.append(f"no test: {where}")
            for node in threat.get("tests", []):
                file, _, test = node.partition("::")
                if test not in functions_in(file):
                    found.append(f"no such test: {node}")
    return found


@pytest.mark.requirement("S0-70")
def test_every_interface_has_threats_with_a_defence_and_tests_that_are_there() -> None:
    assert len(ARCHITECTURE) > 10
    assert lapses(TABLE, ARCHITECTURE) == []


@pytest.mark.requirement("S0-70")
def test_nothing_opens_a_port_that_is_no_interface_of_the_list() -> None:
    opened = {
        str(path.relative_to(house.SOURCE))
        for path in house.sources()
        if OPENS.search(path.read_text(encoding="utf-8"))
    }
    assert opened
    assert opened == {file for files in ARCHITECTURE.values() for file in files}


GOOD = {"does": "harm", "defence": "a wall", "tests": ["house/test_house_threats.py::test_a_gap_of_each_kind_is_seen"]}


@pytest.mark.requirement("S0-70")
@pytest.mark.parametrize(
    "table",
    [
        [],
        [{"name": "door"}],
        [{"name": "door", "threat": [{**GOOD, "does": ""}]}],
        [{"name": "door", "threat": [{**GOOD, "defence": ""}]}],
        [{"name": "door", "threat": [{**GOOD, "tests": []}]}],
        [{"name": "door", "threat": [{**GOOD, "tests": ["house/test_house_threats.py::test_of_nothing"]}]}],
        [{"name": "door", "threat": [{**GOOD, "tests": ["house/test_house_nowhere.py::test_of_nothing"]}]}],
        [{"name": "door", "threat": [GOOD]}, {"name": "window", "threat": [GOOD]}],
        [{"name": "door", "threat": [GOOD]}, {"name": "door", "threat": [GOOD]}],
    ],
    ids=["none", "no threat", "no words", "no defence", "no test", "other test", "other file", "unknown", "twice"],
)
def test_a_gap_of_each_kind_is_seen(table: list[dict[str, Any]]) -> None:
    assert lapses([{"name": "door", "threat": [GOOD]}], ["door"]) == []
    assert lapses(table, ["door"])
