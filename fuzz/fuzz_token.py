"""An STS token: 66 bits, and as typed, under an EA07 key."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.model import UsageError
    from meterhouse.protocols.sts import BaseDate, Token, TokenError
    from meterhouse.protocols.sts.cipher import EncryptionAlgorithm
    from meterhouse.protocols.sts.decoder import decode_token
    from meterhouse.protocols.sts.identity import KeyType
    from meterhouse.protocols.sts.keys import DecoderKey

from harness import run

KEY = DecoderKey(bytes(range(8)), EncryptionAlgorithm.EA07, KeyType.DUTK, 1, 7, "123456", BaseDate.B2014)


def decode(octets: bytes) -> None:
    bits = int.from_bytes(octets[:9], "big") % 73786976294838206464
    decode_token(KEY, Token.of(bits))
    Token.parse(octets.decode("utf-8", "replace"))


run(decode, (TokenError, UsageError))
