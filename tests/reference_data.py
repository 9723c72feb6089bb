"""Where the tests find real data and reference tables: a folder `shared/` beside the working copy, never inside it."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["reference"]


def reference(path: str) -> Path:
    """A file of `shared/`, looked for beside the working copy and above; the test skips, and says so, where it is absent."""
    for folder in Path(__file__).resolve().parents:
        found = folder / "shared" / path
        if found.exists():
            return found
    pytest.skip(f"NOT TESTED: shared/{path} is not on this machine: measured or licensed data never enter the project")
