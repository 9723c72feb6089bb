"""Front doors tell the truth, and names say what is inside."""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from pathlib import Path

import pytest

from tools import house

SHAPELESS = {"base", "common", "core", "helper", "helpers", "manager", "misc", "shared", "util", "utils"}


REGISTERING = {
    "callback",
    "command",
    "delete",
    "exception_handler",
    "get",
    "middleware",
    "page",
    "patch",
    "post",
    "put",
}


def public_modules() -> list[Path]:
    return [path for path in house.sources() if not path.stem.startswith("_") or path.stem == "__init__"]


def registered(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Handed to a router or a command group (`@router.get(...)`): reached through that, not by its name."""
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in REGISTERING
        for decorator in node.decorator_list
    )


@pytest.mark.parametrize("path", public_modules(), ids=house.module_name)
def test_all_is_the_truth(path: Path):
    module = importlib.import_module(house.module_name(path))
    declared = getattr(module, "__all__", None)
    assert declared is not None, "no __all__"
    assert not [name for name, count in Counter(declared).items() if count > 1], "named twice"
    assert not [name for name in declared if not hasattr(module, name)], "in __all__ but not in the module"
    made = {
        node.name
        for node in house.tree(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not registered(node)
    }
    assert made <= set(declared), "public by its name, but not in __all__: name it there, or begin it with _"


def test_no_file_has_a_name_that_says_nothing():
    shapeless = [path for path in house.tracked() if path.suffix == ".py" and path.stem.strip("_") in SHAPELESS]
    assert not shapeless


def test_test_files_have_names_of_their_own():
    counts = Counter(path.name for path in (house.ROOT / "tests").rglob("test_*.py"))
    assert not [name for name, count in counts.items() if count > 1]
