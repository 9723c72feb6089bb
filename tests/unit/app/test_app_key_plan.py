"""Where a street's vending keys are: one clear error for each wrong value; the PIN never stands in the file."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

from meterhouse.app.key_plan import PIN_VARIABLE, KeyPlan, key_plan_of, open_key_store
from meterhouse.app.street import parse_street
from meterhouse.cli import app
from meterhouse.model import ConfigurationError, UsageError
from meterhouse.store import FileKeyStore

STREET = """
[street]
start = 2026-01-05T00:00:00Z
[[home]]
id = "01"
gas = {{ mode = "prepay", price = "0.07", cv = 39_500 }}
{keys}
"""


def plan(keys: str) -> KeyPlan:
    return parse_street(STREET.format(keys=keys)).keys


def test_without_a_table_the_keys_are_in_the_folder(tmp_path):
    assert plan("") == plan('[keys]\nstore = "file"') == KeyPlan()
    assert isinstance(open_key_store(KeyPlan(), tmp_path, None), FileKeyStore)
    assert plan("[keys]\napart = true") == KeyPlan(apart=True)


def test_a_module_is_named_by_its_library_and_its_label():
    keys = '[keys]\nstore = "pkcs11"\nmodule = "/usr/lib/x.so"\ntoken = "vending"\npin_file = "/etc/pin"\napart = true'
    assert plan(keys) == KeyPlan("/usr/lib/x.so", "vending", "/etc/pin", apart=True)


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ('keys = "x"', "unknown field"),
        ('[keys]\nstore = "paper"', "store is 'paper'"),
        ('[keys]\nstore = "pkcs11"\ntoken = "t"', "no module"),
        ('[keys]\nstore = "pkcs11"\nmodule = "m"', "no token"),
        ('[keys]\nstore = "pkcs11"\nmodule = 3\ntoken = "t"', "module is 3"),
        ('[keys]\ntoken = "t"', "token goes with"),
        ('[keys]\napart = "yes"', "apart is 'yes'"),
        ('[keys]\npin = "1234"', "unknown field 'pin'"),
    ],
)
def test_each_wrong_value_is_one_sentence_that_names_it(keys, names):
    with pytest.raises(UsageError, match=r"keys|home") as wrong:
        plan(keys)
    assert names in wrong.value.what
    assert "1234" not in wrong.value.sentence()


def test_a_table_that_is_none_is_said_so():
    with pytest.raises(UsageError, match="not a table"):
        key_plan_of(["x"], "street.toml")


def test_without_a_pin_nothing_is_opened_and_a_pin_that_others_can_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv(PIN_VARIABLE, raising=False)
    with pytest.raises(ConfigurationError, match="no PIN"):
        open_key_store(KeyPlan("m.so", "t"), tmp_path, None)
    pin = tmp_path / "pin"
    for text, mode, why in (("1234", 0o644, "by others"), ("\n", 0o600, "empty")):
        pin.write_text(text)
        pin.chmod(mode)
        with pytest.raises(ConfigurationError, match=why) as wrong:
            open_key_store(KeyPlan("m.so", "t", str(pin)), tmp_path, None)
        assert "1234" not in wrong.value.sentence()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_key_store(KeyPlan("m.so", "t", str(tmp_path / "absent")), tmp_path, None)


def test_a_library_that_is_none_stops_the_start_with_one_sentence(tmp_path):
    pytest.importorskip("pkcs11", reason="the extra 'pkcs11' is not installed: PKCS#11 at the start NOT proved")
    street = tmp_path / "street.toml"
    street.write_text(STREET.format(keys=f'[keys]\nstore = "pkcs11"\nmodule = "{os.devnull}"\ntoken = "t"'))
    said = CliRunner(env={PIN_VARIABLE: "1234"}).invoke(
        app, ["up", str(street), "--data", str(tmp_path / "data"), "--port", "0"]
    )
    assert said.exit_code == 1
    assert said.stderr.count("Error:") == 1
    assert "cannot be loaded" in said.stderr
    assert "1234" not in said.output
