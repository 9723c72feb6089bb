"""Each file and test that `docs/standards.md` maps a clause to is there."""

from __future__ import annotations

import re

import pytest

from tools import house

PAGE = (house.ROOT / "docs" / "standards.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`((?:[\w-]+/)*[\w-]+\.(?:py|toml)|(?:[\w-]+/)+)`")
FOLDERS = re.compile(r"stand in `(src/[\w/]+/)`|are in `(src/[\w/]+/)` and `(src/[\w/]+/)`")


def rows(page: str) -> list[tuple[str, list[str]]]:
    """What each row of a table names, with the section's folder before it."""
    found = []
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        folders = [folder for match in FOLDERS.finditer(section) for folder in match.groups() if folder]
        found += [(name, folders) for line in section.splitlines() if line[:1] == "|" for name in NAMED.findall(line)]
    return found


def lost(page: str) -> list[str]:
    """What is named and is not there."""
    return [
        name
        for name, folders in rows(page)
        if not any((house.ROOT / folder / name).exists() for folder in (*folders, "tests", "src/meterhouse"))
    ]


def test_each_file_and_test_of_the_standards_page_is_there() -> None:
    assert lost(PAGE) == []


def test_the_page_names_many_in_each_section() -> None:
    assert len(rows(PAGE)) > 100
    assert {folder for _, folders in rows(PAGE) for folder in folders} == {
        "src/meterhouse/companion/sealed/",
        "src/meterhouse/crypto/",
        "src/meterhouse/protocols/dlms/",
        "src/meterhouse/protocols/sts/",
        "src/meterhouse/protocols/wmbus/",
    }


@pytest.mark.parametrize("name", ["no_file.py", "unit/dlms/test_nothing.py", "nowhere/"])
def test_a_name_of_nothing_is_seen(name: str) -> None:
    assert lost(f"## A\n\nFiles without a folder stand in `src/meterhouse/protocols/dlms/`.\n\n| x | `{name}` |\n") == [
        name
    ]
