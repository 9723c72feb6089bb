"""The rooms, their steps and their sentences are the ones that ARCHITECTURE.md tells."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib

import grimp
import pytest

from tools import house

ROW = re.compile(r"^\| `(?P<room>\w+)/` \| (?P<step>\d) \| (?P<sentence>.+?) \|$", re.MULTILINE)
TOLD = {found["room"]: found for found in ROW.finditer((house.ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))}

OUTSIDE = {"crypto": {"cryptography"}}
"""What a quiet room may import from outside, beyond PLAIN; every name here has argued its way in."""

PLAIN = {
    "__future__",
    "abc",
    "array",
    "base64",
    "binascii",
    "bisect",
    "calendar",
    "collections",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "hmac",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "string",
    "struct",
    "tomllib",
    "types",
    "typing",
    "zlib",
    "zoneinfo",
}
"""The part of the standard library that computes and does nothing else."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("meterhouse", include_external_packages=True, cache_dir=None)


def test_every_room_is_told_and_every_room_that_is_told_exists():
    assert sorted(TOLD) == house.rooms()


@pytest.mark.parametrize("room", house.rooms())
def test_the_sentence_of_a_room_is_the_one_in_architecture(room: str):
    assert ast.get_docstring(house.tree(house.SOURCE / room / "__init__.py")) == TOLD[room]["sentence"]


def test_the_steps_are_the_ones_that_import_linter_holds():
    settings = tomllib.loads((house.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract.get("containers") == ["meterhouse"])
    steps = {name: step for step, layer in enumerate(reversed(layers)) for name in re.findall(r"\w+", layer)}
    assert {room: int(told["step"]) for room, told in TOLD.items()} == {room: steps[room] for room in house.rooms()}


@pytest.mark.parametrize("room", house.QUIET)
def test_a_quiet_room_imports_only_what_computes(room: str, graph: grimp.ImportGraph):
    allowed = PLAIN | OUTSIDE.get(room, set())
    top = f"meterhouse.{room}"
    imported = {
        f"{importer} imports {name}"
        for importer in {top, *graph.find_descendants(top)}
        for name in graph.find_modules_directly_imported_by(importer)
        if name.split(".")[0] not in allowed | {"meterhouse"}
    }
    assert not imported


def test_the_import_contracts_are_kept():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    ended = subprocess.run([*command, "--no-cache"], cwd=house.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", ended.stdout)
