"""Both ways in which people ask a program for its version."""

from __future__ import annotations

from typer.testing import CliRunner

from meterhouse import __version__
from meterhouse.cli import app


def test_the_option_and_the_verb_say_the_same_version():
    answers = [CliRunner().invoke(app, [word]) for word in ("--version", "version")]
    assert [(each.exit_code, each.output.strip()) for each in answers] == [(0, f"meterhouse {__version__}")] * 2
