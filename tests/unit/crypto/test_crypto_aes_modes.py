from __future__ import annotations

import pytest

from meterhouse.crypto import CbcKey, CmacKey, cmac
from meterhouse.model import UsageError

KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
TEXT = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
RFC_4493 = [
    (0, "bb1d6929e95937287fa37d129b756746"),
    (16, "070a16b46b4d4144f79bdd9dd04a287c"),
    (40, "dfa66747de9ae63030ca32611497c827"),
    (64, "51f0bebf7e3b9d92fc49741779363cfe"),
]
SP_800_38A_CBC = (
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
)
VECTOR = bytes(range(16))


@pytest.mark.parametrize(("length", "tag"), RFC_4493)
def test_cmac_gives_the_tags_of_rfc_4493(length, tag):
    assert cmac(KEY, TEXT[:length]).hex() == tag
    assert CmacKey(KEY).tag(TEXT[:length]).hex() == tag


def test_a_kept_cmac_key_gives_the_same_tag_again():
    key = CmacKey(KEY)
    key.tag(b"something else")
    assert key.tag(TEXT[:40]).hex() == RFC_4493[2][1]


def test_a_tag_verifies_whole_or_shortened_but_not_empty_or_changed():
    key = CmacKey(KEY)
    tag = key.tag(TEXT)
    assert key.verifies(TEXT, tag)
    assert key.verifies(TEXT, tag[:8])
    assert not key.verifies(TEXT, b"")
    assert not key.verifies(TEXT, tag + b"\0")
    assert not key.verifies(TEXT, bytes((tag[0] ^ 1,)) + tag[1:])
    assert not key.verifies(TEXT[:-1], tag)


def test_cbc_gives_the_text_of_sp_800_38a():
    key = CbcKey(KEY)
    assert key.encrypt(VECTOR, TEXT).hex() == SP_800_38A_CBC
    assert key.decrypt(VECTOR, bytes.fromhex(SP_800_38A_CBC)) == TEXT


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CbcKey(b"short"),
        lambda: CmacKey(b"short"),
        lambda: cmac(b"short", b""),
        lambda: CbcKey(KEY).encrypt(VECTOR, b"x" * 15),
        lambda: CbcKey(KEY).decrypt(b"", b"x" * 16),
    ],
)
def test_a_wrong_length_is_the_callers_fault(wrong):
    with pytest.raises(UsageError):
        wrong()
