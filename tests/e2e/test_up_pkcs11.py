"""A street whose vending keys are in a security module sells, and no key is in its folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from e2e_street import ONE_HOME, say
from fakes.street_process import running

pytest.importorskip("pkcs11", reason="the extra 'pkcs11' is not installed: a street on PKCS#11 NOT proved")

PIN = "287364"
PLACES = ("softhsm", "x86_64-linux-gnu/softhsm", "aarch64-linux-gnu/softhsm", "pkcs11")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    found = [path for place in PLACES if (path := Path("/usr/lib") / place / "libsofthsm2.so").exists()]
    if not found or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM2 is not installed (tools/setup debian): a street on PKCS#11 NOT proved")
    (tmp_path / "tokens").mkdir()
    settings = tmp_path / "softhsm2.conf"
    settings.write_text(
        f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
    monkeypatch.setenv("METERHOUSE_PKCS11_PIN", PIN)
    command = ["softhsm2-util", "--init-token", "--free", "--label", "vending", "--so-pin", "12345678", "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    return str(found[0])


@pytest.mark.requirement("S3-60")
@pytest.mark.parametrize("apart", ["true", "false"])
def test_a_street_sells_with_keys_that_never_leave_the_module(tmp_path: Path, module: str, apart: str) -> None:
    keys = f'[keys]\nstore = "pkcs11"\nmodule = "{module}"\ntoken = "vending"\napart = {apart}\n'
    (tmp_path / "street.toml").write_text(keys + ONE_HOME)
    with running(tmp_path, str(tmp_path / "street.toml"), "--speed", "3600") as street:
        account = street.get("/homes/01")["account"]
        order = {"account": account, "amount": "20.00", "currency": "GBP", "network": "shop"}
        sold = street.post("/payments", order, "p1")
        assert sold.status_code == 201, sold.text
        assert len(sold.json()["token"]) == 20
        assert street.post("/payments", order, "p1").json()["token"] == sold.json()["token"]

        def accepted() -> bool:
            return "accepted" in [stage["name"] for stage in street.get("/payments/p1")["stages"]]

        street.wait("the home takes the token", accepted)
    assert not (tmp_path / "data" / "keys" / "vending.keys").exists()
    at_the_till = say("vend", account, "5.00", "--data", tmp_path / "data", "--json")
    assert at_the_till.returncode == 0, at_the_till.stderr
    assert json.loads(at_the_till.stdout)["token"]
    assert say("ledger", "verify", "--data", tmp_path / "data").returncode == 0


def test_a_wrong_pin_stops_the_start_with_one_sentence_that_does_not_show_it(
    tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = f'[keys]\nstore = "pkcs11"\nmodule = "{module}"\ntoken = "vending"\n'
    (tmp_path / "street.toml").write_text(keys + ONE_HOME)
    monkeypatch.setenv("METERHOUSE_PKCS11_PIN", "999111")
    said = say("up", tmp_path / "street.toml", "--data", tmp_path / "data", "--port", "0")
    assert said.returncode != 0
    assert said.stderr.count("Error:") == 1
    assert "999111" not in said.stderr
    assert "Traceback" not in said.stderr
