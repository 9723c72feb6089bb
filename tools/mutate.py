"""Change the rules one at a time and see whether a test notices: `python -m tools.mutate [words of a file's name]`.

`tools/mutants.toml` names the files, the tests that guard each, and the changes that were argued to change nothing. A
change is one of: a comparison turned round or moved by one, `and` for `or`, a condition inverted, a number one greater,
plus for minus, a truth inverted, a statement left out. Each is made in a copy of the sources; a test that fails or
hangs has noticed. The exit code is 1 where a change survived that nobody has argued for.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["Mutant", "main", "mutants"]

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = ROOT / "src"
_PATIENCE_S: Final = 120

_TURNED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where (function and line), in words, and the whole file with it made."""

    place: str
    line: int
    change: str
    source: str

    @property
    def name(self) -> str:
        """What `mutants.toml` calls it; lines may move, so they are not part of it."""
        return f"{self.place}: {self.change}"


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of a module's functions, in the order of the file."""
    tree = ast.parse(source)
    for node, place in _inside(tree):
        for field, value in ast.iter_fields(node):
            for other in _instead(node, field, value):
                yield _mutant(tree, node, field, other, place)
        if isinstance(node, ast.Assign | ast.AugAssign) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        ):
            yield _mutant(tree, node, "", ast.Pass(), place)


def _inside(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """The nodes of the bodies of functions, with the function's name."""

    def walk(node: ast.AST, place: str) -> Iterator[tuple[ast.AST, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                name = f"{place}.{child.name}" if place else child.name
                for part in child.body:
                    yield part, name
                    yield from walk(part, name)
            elif isinstance(child, ast.ClassDef):
                yield from walk(child, child.name)
            elif place and not isinstance(node, ast.ClassDef):
                yield child, place
                yield from walk(child, place)

    yield from walk(tree, "")


def _instead(node: ast.AST, field: str, value: Any) -> Iterator[Any]:
    """What may stand in the place of a node's field."""
    match node, field:
        case ast.Compare(), "ops" if len(value) == 1:
            yield from ([turned()] for turned in _TURNED[type(value[0])])
        case ast.BoolOp(), "op":
            yield ast.Or() if isinstance(value, ast.And) else ast.And()
        case ast.UnaryOp(op=ast.Not()), "op":
            yield ast.UAdd()
        case ((ast.If() | ast.While() | ast.IfExp()), "test") if not isinstance(value, ast.Compare | ast.UnaryOp):
            yield ast.UnaryOp(ast.Not(), value)
        case ((ast.BinOp() | ast.AugAssign()), "op") if type(value) in _ARITHMETIC:
            yield _ARITHMETIC[type(value)]()
        case ast.Constant(), "value" if isinstance(value, bool):
            yield not value
        case ast.Constant(), "value" if isinstance(value, int):
            yield value + 1
        case _:
            return


def _around(tree: ast.Module, node: ast.AST) -> ast.AST:
    """What a person is shown of a change: the node itself, and of a bare number what it stands in."""
    if not isinstance(node, ast.Constant):
        return node
    return next(parent for parent in ast.walk(tree) if node in ast.iter_child_nodes(parent))


def _mutant(tree: ast.Module, node: ast.AST, field: str, other: Any, place: str) -> Mutant:
    """The module with one field changed, or one statement left out where no field is named."""
    number = next(index for index, one in enumerate(ast.walk(tree)) if one is node)
    changed = deepcopy(tree)
    twin = next(one for index, one in enumerate(ast.walk(changed)) if index == number)
    shown = _around(changed, twin)
    before = ast.unparse(shown)
    if field:
        setattr(twin, field, other)
        after = ast.unparse(ast.fix_missing_locations(shown)).splitlines()[0]
    else:
        for parent in ast.walk(changed):
            for name in ("body", "orelse", "finalbody"):
                body = getattr(parent, name, None)
                if isinstance(body, list) and twin in body:
                    body[body.index(twin)] = other
        after = "left out"
    change = f"{before.splitlines()[0]}  ->  {after}"
    return Mutant(place, getattr(node, "lineno", 0), change, ast.unparse(ast.fix_missing_locations(changed)))


def _noticed(sandbox: Path, tests: list[str]) -> bool:
    """Whether a test fails with the sandbox's sources; run in a child, so that each sees them fresh."""
    child = os.fork()
    if not child:
        try:
            os._exit(_judged(sandbox, tests))
        finally:  # a child must not go on as its parent, whatever pytest raises
            os._exit(1)
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _judged(sandbox: Path, tests: list[str]) -> int:
    os.setpgrp()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.path.insert(0, str(sandbox))
    os.environ["PYTHONPATH"] = str(sandbox)
    sys.dont_write_bytecode = True
    import pytest  # noqa: PLC0415 -- imported by the parent already

    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]))


def main(words: list[str]) -> int:
    """Try the files whose names have one of `words` in them, or all. Tells survivors, then prints the counts."""
    import pytest  # noqa: F401, PLC0415 -- so that no child has to

    plan = tomllib.loads((ROOT / "tools" / "mutants.toml").read_text(encoding="utf-8"))
    argued = {(one["file"], one["mutant"]) for one in plan.get("equivalent", [])}
    counts: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Path(folder) / "src"
        shutil.copytree(SOURCES, sandbox, ignore=shutil.ignore_patterns("__pycache__"))
        for target in plan["target"]:
            name = target["file"]
            if words and not any(word in name for word in words):
                continue
            counts[name] = _try(sandbox, name, target["tests"], argued)
    sys.stdout.write(json.dumps(counts, indent=2) + "\n")
    return int(any(count["survived"] for count in counts.values()))


def _try(sandbox: Path, name: str, tests: list[str], argued: set[tuple[str, str]]) -> dict[str, int]:
    """Every change of one file; the file is as it was afterwards."""
    place = sandbox / "meterhouse" / name
    source = place.read_text(encoding="utf-8")
    count = {"mutants": 0, "noticed": 0, "equivalent": 0, "survived": 0}
    if _noticed(sandbox, tests):
        sys.stderr.write(f"{name}: its tests fail as it stands\n")
        return {**count, "survived": 1}
    try:
        for mutant in mutants(source):
            count["mutants"] += 1
            if (name, mutant.name) in argued:
                count["equivalent"] += 1
                continue
            place.write_text(mutant.source, encoding="utf-8")
            if _noticed(sandbox, tests):
                count["noticed"] += 1
            else:
                count["survived"] += 1
                sys.stderr.write(f"survived: {name}:{mutant.line} {mutant.name}\n")
                sys.stderr.flush()
    finally:
        place.write_text(source, encoding="utf-8")
    return count


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
