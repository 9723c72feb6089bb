"""What a reader can hold in the head: functions of at most 70 lines, files of at most 400."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import house

LONGEST_FUNCTION = 70
LONGEST_FILE = 400
FILES = [*house.sources(), *sorted((house.ROOT / "bench").glob("*.py")), *sorted((house.ROOT / "tools").glob("*.py"))]


def functions(tree: ast.Module) -> dict[str, int]:
    """Name and line of each function, to its length without its docstring."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                length -= node.body[0].end_lineno - node.body[0].lineno + 1
            found[f"{node.name} (line {node.lineno})"] = length
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(house.ROOT)))
def test_a_file_and_its_functions_are_short(path: Path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{lines} lines: what second noun is in it?"
    long = {name: length for name, length in functions(house.tree(path)).items() if length > LONGEST_FUNCTION}
    assert not long


def test_a_docstring_does_not_count_and_a_nested_function_counts_twice():
    tree = ast.parse('def outer():\n    """One\n    two."""\n    def inner():\n        return 1\n    return inner\n')
    assert functions(tree) == {"outer (line 1)": 4, "inner (line 4)": 2}
