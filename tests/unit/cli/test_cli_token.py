"""`meterhouse token`: made, opened and checked; without a key store nothing is made."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from meterhouse.cli import app
from meterhouse.companion.utrn import UtrnKey, UtrnValue, make_utrn
from meterhouse.model import UNIT, Eui64
from meterhouse.store import Database, DataFolder, FileKeyStore, audit_breach

PAN = "600727000000000009"


@pytest.fixture
def keys(tmp_path):
    FileKeyStore(tmp_path / "keys").add("123457", 1, bytes(range(20)))
    return tmp_path / "keys"


def run(*words):
    return CliRunner().invoke(app, ["token", *map(str, words)])


def of(keys, *words):
    return ("--pan", PAN, "--group", "123457", "--key-file", keys, *words)


@pytest.mark.parametrize("family", ["ea11", "ea07"])
def test_a_token_that_was_made_is_opened_by_the_same_key(keys, family):
    options = of(keys, "--family", family, "--json")
    made = run("make", "20.00", *options, "--at", "2026-11-21T10:00:00Z")
    assert made.exit_code == 0, made.output
    document = json.loads(made.stdout)
    opened = run("decode", document["grouped"], *options)
    assert opened.exit_code == 0, opened.output
    told = json.loads(opened.stdout)
    assert (told["kind"], told["tid"], told["minute"]) == ("GAS_CURRENCY", document["tid"], "2026-11-21T10:00:00Z")
    assert 0 <= told["money5"] - 20 * UNIT < 1000


def test_the_key_file_may_be_named_itself(keys):
    assert run("make", "0", *of(keys / "vending.keys")).exit_code == 0


def test_without_a_key_store_nothing_is_made_or_opened_and_no_folder_appears(tmp_path):
    for words in (("make", "20.00"), ("decode", "5" * 20)):
        refused = run(*words, *of(tmp_path / "none"))
        assert refused.exit_code == 1
        assert "key store" in refused.stderr
    assert not (tmp_path / "none").exists()


def test_another_meter_s_token_is_refused(keys):
    assert run("decode", "12345678901234567890", *of(keys)).exit_code == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--revision", 2), 1),
        (("--base-date", 1999), 2),
        (("--family", "ea09"), 3),
        (("--base-date", 2035, "--at", "2026-01-01T00:00:00Z"), 4),
    ],
)
def test_what_does_not_fit_has_its_exit_code(keys, words, code):
    assert run("make", "20", *of(keys, *words)).exit_code == code


def test_check_needs_no_key_and_tells_the_scheme():
    code = make_utrn(UtrnKey(bytes(32), Eui64(bytes(8)), Eui64(bytes(8))), 1, UtrnValue.of(5 * UNIT)).digits
    told = run("check", code, "--json")
    assert (told.exit_code, json.loads(told.stdout)["money5"]) == (0, 5 * UNIT)
    mistyped = run("check", code[:-1] + str((int(code[-1]) + 1) % 10), "--json")
    assert (mistyped.exit_code, json.loads(mistyped.stdout)["valid"]) == (1, False)
    told = run("check", "00000000000150997584", "--json")
    assert (told.exit_code, json.loads(told.stdout)["kind"]) == (0, "test or display")
    assert run("check", "123").exit_code == 2


def test_a_token_that_was_made_counts_for_the_cap_of_its_key(keys):
    key = ("--group", "123457", "--key-file", keys, "--json")
    assert json.loads(run("cap", *key, "--tokens", "2").stdout)["most_tokens"] == 2
    assert [run("make", "20.00", *of(keys)).exit_code for _ in range(3)] == [0, 0, 4]
    told = json.loads(run("cap", *key).stdout)
    assert (told["most_tokens"], told["tokens"]) == (2, 2)
    assert told["money5"] >= 40 * UNIT
    assert audit_breach(keys) is None


def test_no_token_is_made_with_the_keys_of_a_folder_that_is_in_use(tmp_path):
    with DataFolder(tmp_path / "data") as folder:
        FileKeyStore(folder.keys).add("123457", 1, bytes(range(20)))
        with Database(folder.url):
            refused = run("make", "20.00", *of(folder.keys))
    assert (refused.exit_code, "in use" in refused.output) == (1, True)
    assert run("make", "20.00", *of(tmp_path / "data" / "keys")).exit_code == 0
