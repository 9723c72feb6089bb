"""`meterhouse decode`: what it says, what it never does, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from meterhouse.cli import app
from meterhouse.protocols.dlms import ApduError
from meterhouse.protocols.dlms.explain import ExplainKeys, explain

RUN = CliRunner()
CLEAR = "c8 1e 30 01234567 411312ff935a47566827c467bc 7d825c3be4a77c3fcc056b6b"
KEYS = ["--ek", "000102030405060708090a0b0c0d0e0f", "--ak", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"]
TITLE = ["--title", "4d4d4d0000bc614e"]


def leaves(part):
    parts = part.get("parts", [])
    return [leaf for each in parts for leaf in leaves(each)] if parts else [part]


def decoded(*words):
    outcome = RUN.invoke(app, ["decode", *words, "--json"])
    return outcome.exit_code, json.loads(outcome.stdout)


def test_the_published_ciphered_request_is_opened_and_explained():
    code, document = decoded(CLEAR, *KEYS, *TITLE)
    assert code == 0
    said = {leaf["name"]: leaf.get("value") for leaf in leaves(document["parts"][0])}
    assert said["class-id"] == "8 clock"
    assert said["attribute-id"] == "2 time"


def test_a_wrong_key_says_authentication_failed_and_shows_nothing_of_the_inside():
    keys = [*KEYS[:1], "00" * 16, *KEYS[2:]]
    _, document = decoded(CLEAR, *keys, *TITLE)
    ciphertext = next(leaf for leaf in leaves(document["parts"][0]) if leaf["name"] == "ciphertext")
    assert "authentication failed" in ciphertext["value"]
    assert "parts" not in ciphertext


def test_every_byte_of_a_frame_is_explained_once():
    apdu = "c401c1000203090c07ea01050100000000000000110106 00000007".replace(" ", "")
    frame = bytes.fromhex("000100010010" + f"{len(apdu) // 2:04x}" + apdu)
    _, document = decoded(frame.hex())
    parts = [leaf for part in document["parts"] for leaf in leaves(part)]
    assert b"".join(bytes.fromhex(leaf["hex"]) for leaf in parts) == frame
    places = [leaf["offset"] for leaf in parts]
    assert places == sorted(places)
    assert any("2026-01-05 00:00:00" in leaf.get("value", "") for leaf in parts)


def test_a_file_of_hex_and_a_file_of_bytes_say_the_same(tmp_path: Path):
    octets = bytes.fromhex("c001c100080000010000ff0200")
    (tmp_path / "hex").write_text(octets.hex(" "))
    (tmp_path / "raw").write_bytes(octets)
    assert decoded(str(tmp_path / "hex")) == decoded(str(tmp_path / "raw")) == decoded(octets.hex())


@pytest.mark.parametrize("words", [["zz"], [""], ["c001", "--ek", "xyz"], ["c001", "--ek", "00"]])
def test_what_cannot_be_used_is_a_usage_error_in_one_sentence(words):
    outcome = RUN.invoke(app, ["decode", *words])
    assert outcome.exit_code == 2
    assert "Traceback" not in outcome.output


def test_bytes_that_end_too_early_are_explained_up_to_there_and_the_verb_fails():
    code, document = decoded("c001c1000800")
    assert code == 1
    assert document["understood"] is False
    assert [part["name"] for part in document["parts"][0]["parts"]][-1] == "not understood"


@given(st.binary(min_size=1, max_size=80))
def test_any_bytes_have_an_explanation(octets):
    keys = ExplainKeys(bytes(16), bytes(16), b"MTHMETR1")
    assert explain(octets)
    assert explain(octets, keys)


def test_nothing_and_too_much_are_refused():
    for octets in (b"", bytes((1 << 20) + 1)):
        with pytest.raises(ApduError):
            explain(octets)
