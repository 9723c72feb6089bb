"""The page for a small supplier: every command on it runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from e2e_street import ONE_HOME
from fakes.street_process import running

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "small-supplier.md"
SAID = {
    "migrate": "opening credit",
    "vend": "Token",
    "verify": "every law of money holds",
    "audit": "to_debt",
    "statement": "debt 81.00 GBP",
}


@pytest.mark.requirement("S3-76")
def test_every_command_of_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "street.toml").write_text(ONE_HOME)
    with running(tmp_path, str(tmp_path / "street.toml"), "--speed", "3600") as street:
        assert street.get("/homes/01")["account"] == "600727990000000100"
    (tmp_path / "data").rename(tmp_path / "meterhouse-data")
    launcher = tmp_path / "bin" / "meterhouse"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from meterhouse.cli import main; main()" "$@"\n')
    launcher.chmod(0o755)
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    environment = {**os.environ, "PATH": f"{launcher.parent}:{os.environ['PATH']}", "COLUMNS": "200", "NO_COLOR": "1"}
    said = ""
    for block in blocks:
        ran = subprocess.run(
            ["sh", "-e", "-c", block],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, (block, ran.stderr)
        said += ran.stdout + ran.stderr
    assert [word for word, sentence in SAID.items() if sentence not in said] == []
    assert (tmp_path / "day-1").is_dir()
