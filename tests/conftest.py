"""Every test run knows which requirement each test proves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import trace


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--requirements", type=Path, metavar="FILE", help="write which requirement rows were proved, as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(trace.Plugin(config.getoption("--requirements")), "requirement-trace")
