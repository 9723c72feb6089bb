"""Every test run knows which requirement each test proves, and watches that the quiet rooms are quiet."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tools import house, trace

WATCH = house.Watch()

# How fast this machine is just now proves nothing: no test may fail because it is busy.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--requirements", type=Path, metavar="FILE", help="write which rows were proved, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(trace.Plugin(config.getoption("--requirements")), "requirement-trace")
    WATCH.install()
    gc.set_threshold(
        50_000, 20, 20
    )  # thousands of tests stay in memory: looking at them again was a third of collecting them


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    """A quiet room that was caught fails the test even where the code swallowed the refusal."""
    WATCH.caught.clear()
    outcome = yield
    if WATCH.caught:
        pytest.fail(f"{item.nodeid}: a quiet room was not: {'; '.join(WATCH.caught)}")
    return outcome
