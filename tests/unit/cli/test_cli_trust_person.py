"""`meterhouse trust person`: a key is made where there is an office, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from meterhouse.cli import app


def test_a_person_is_not_entered_where_there_is_no_office_and_nothing_is_made(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("METERHOUSE_PASSPHRASE", "a passphrase of Ann's")
    folder = tmp_path / "office"
    said = CliRunner().invoke(app, ["trust", "person", "Ann", "--duty", "operator", "--trust", str(folder)])
    assert said.exit_code == 2
    assert "is no trust folder" in said.output.replace("\n", " ")
    assert "trust init" in said.output
    assert "init --trust" not in said.output, "the folder is an argument there"
    assert not folder.exists()
