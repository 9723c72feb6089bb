"""`meterhouse decode` tells what a sealed order says, beside its bytes."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from meterhouse.cli import app
from sealed_parties import DEVICE, SUPPLIER, order


def test_a_sealed_order_is_told_by_its_use_case_its_window_and_its_parties():
    sealed = order(5)
    said = CliRunner().invoke(app, ["decode", sealed.encode().hex(), "--json"])
    assert said.exit_code == 0
    first, *rest = json.loads(said.stdout)["parts"]
    assert (first["name"], first["value"]) == ("sealed message", "sealed command, code 0x0085: GCS39 Arm valve in GSME")
    lines = [line["name"] for line in first["parts"]]
    assert lines[0] == f"from {SUPPLIER} to {DEVICE}, counter 5"
    assert f"identity {sealed.identity.hex()}" in lines
    assert lines[-1] == "nothing of this was verified"
    assert rest[0]["name"] == "general-ciphering"
