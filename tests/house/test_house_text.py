"""What must not stand in the repository: this machine, where packages came from, and a float on the way to a bill."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tools import house

# One letter of each is in brackets, so that this file does not hold what it forbids.
MACHINE = re.compile(r"/wor[k]/|/roo[t]/|bash_job[s]|/opt/pyp[i]")
HOST = re.compile(r"pyp[i]\.org|pythonhoste[d]|registry\.npmj[s]|deb\.debia[n]|--(extra-)?index-ur[l] |find-link[s]")

EXACT = ("model", "rules", "companion", "premises", "supplier")
"""The rooms on the way from meter to bill, and money's own."""


def texts() -> list[tuple[str, str]]:
    found = []
    for path in house.tracked():
        data = path.read_bytes()
        if b"\0" not in data:
            found.append((str(path.relative_to(house.ROOT)), data.decode("utf-8")))
    return found


@pytest.mark.parametrize("forbidden", [MACHINE, HOST], ids=["machine paths", "registry hosts"])
def test_no_tracked_file_tells_where_it_was_made(forbidden: re.Pattern[str]):
    told = [f"{name}: {found[0]}" for name, text in texts() for found in forbidden.finditer(text)]
    assert not told


def test_every_link_between_our_pages_leads_somewhere():
    pages = [path for path in house.tracked() if path.suffix == ".md"]
    dead = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert len(pages) > 1
    assert not dead


def test_the_lock_pins_every_package_by_hash():
    text = (house.ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")
    packages = re.split(r"\n(?=\S)", text.strip())
    assert len(packages) > 1
    assert not [package for package in packages if "==" not in package or "--hash=sha256:" not in package]


def inexact(tree: ast.Module) -> list[str]:
    """Where a float is written, asked for, made by `/`, or named as a type."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"line {node.lineno}: {node.value}")
        elif isinstance(node, ast.Name) and node.id == "float":
            found.append(f"line {node.lineno}: float")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div) and not of_decimal(node):
            found.append(f"line {node.lineno}: true division")
    return found


def of_decimal(node: ast.BinOp | ast.AugAssign) -> bool:
    """`Decimal(x) / y` is a decimal, not a float."""
    left = node.left if isinstance(node, ast.BinOp) else None
    return isinstance(left, ast.Call) and isinstance(left.func, ast.Name) and left.func.id == "Decimal"


@pytest.mark.parametrize(
    "path",
    [path for path in house.sources() if path.relative_to(house.SOURCE).parts[0] in EXACT],
    ids=house.module_name,
)
def test_no_float_stands_on_the_way_from_meter_to_bill(path: Path):
    assert not inexact(house.tree(path))


@pytest.mark.parametrize("code", ["x = 1.5", "def f(x: float): ...", "y = a / b", "y /= 2", "z = float(n)"])
def test_each_kind_of_float_would_be_seen(code: str):
    assert inexact(ast.parse(code))
