"""No text or status of ours presents the supply switch or the valve as a safety isolation device (the rule of S0-50)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tools import house

SAYS_SAFE = re.compile(
    r"\b(isolat(ed|ion|or)|de-?energi[sz]ed|made safe|safe to (work|touch|open)|supply is safe|dead and safe)\b",
    re.IGNORECASE,
)


def texts(path: Path) -> list[str]:
    """Every string of a module that is not a docstring, the parts of f-strings among them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


def test_no_text_or_status_says_that_a_switch_isolates_or_that_anything_is_safe():
    found = {path.name: text for path in house.sources() for text in texts(path) if SAYS_SAFE.search(text)}
    assert found == {}


@pytest.mark.parametrize("text", ["supply isolated", "The meter is de-energised", "safe to work on", "Made safe"])
def test_the_search_would_find_it(text: str, tmp_path):
    path = tmp_path / "label.py"
    path.write_text(f'"""isolated"""\nSTATUS = "{text}"\n', encoding="utf-8")
    assert [one for one in texts(path) if SAYS_SAFE.search(one)] == [text]
