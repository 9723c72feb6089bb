"""The supplier's key in a PKCS#11 token: signing daemon and certificates work with it, and nobody can read it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from tests.trust_office import Office

from meterhouse.companion.sealed import is_low
from meterhouse.crypto import P256, sign, verify
from meterhouse.model import ConfigurationError, LinkError, StateError

pkcs11 = pytest.importorskip("pkcs11", reason="the extra 'pkcs11' is not installed: signing in a token NOT proved")

from meterhouse.store.pkcs11_signing import make_token_key, token_pair  # noqa: E402 -- after the skip

PIN, TOKEN = "287364", "mh signing"


@pytest.fixture(scope="module")
def module(tmp_path_factory) -> str:
    places = ("softhsm", "x86_64-linux-gnu/softhsm", "aarch64-linux-gnu/softhsm", "pkcs11")
    found = [path for place in places if (path := Path("/usr/lib") / place / "libsofthsm2.so").exists()]
    if not found or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM2 is not installed (tools/setup debian): signing in a PKCS#11 token NOT proved")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--so-pin", "12345678", "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    pkcs11.lib(str(found[0])).reinitialize()
    return str(found[0])


def test_a_key_in_a_token_signs_orders_and_stays_there(module):
    pair = make_token_key(module, TOKEN, PIN, "supplier")
    verify(pair.public, b"words", sign(pair, b"words"))
    assert token_pair(module, TOKEN, PIN, "supplier").public == pair.public
    with pytest.raises(UnsupportedAlgorithm):
        pair.private  # noqa: B018
    with pytest.raises(StateError):
        make_token_key(module, TOKEN, PIN, "supplier")
    office = Office()
    object.__setattr__(office.signing, "pair", pair)
    order = office.approved()
    envelope = office.signing.sign(order, order.not_before)
    assert is_low(envelope.signature)
    verify(pair.public, envelope.to_be_signed(), envelope.signature)
    assert pair.curve is P256


def test_a_token_that_is_away_or_has_no_such_key_is_told(module):
    with pytest.raises(ConfigurationError, match="no key"):
        token_pair(module, TOKEN, PIN, "nobody")
    with pytest.raises(LinkError):
        token_pair(module, "no such token", PIN, "supplier")
