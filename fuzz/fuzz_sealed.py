"""Sealed messages: the envelope, which has one encoding, all that may be inside of it, and what carries it."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols", "meterhouse.companion"]):
    from meterhouse.app.use_cases import own_catalogue
    from meterhouse.companion.receipt import read_receipt
    from meterhouse.companion.relay import Call, Hello, Note, Noted, Sealed
    from meterhouse.companion.sealed import (
        ConfirmAnswer,
        ConfirmQuery,
        OrderReply,
        OrderResult,
        SupplierChange,
        decode_alert_content,
        decode_alert_head,
        decode_cancel,
        decode_components,
        decode_envelope,
        decode_mandate,
        decode_steps,
        decode_zcl,
        encode_components,
        explain,
    )
    from meterhouse.crypto import P256, KeyPair
    from meterhouse.model import AuthenticationError, MalformedError

from harness import run

KEY = KeyPair(P256, bytes(31) + b"\1").public
CATALOGUE = own_catalogue()


def envelope(octets: bytes) -> None:
    if decode_envelope(octets).encode() != octets:
        raise AssertionError(f"{octets.hex()} is not the one encoding")


def components(octets: bytes) -> None:
    if encode_components(decode_components(octets)) != octets:
        raise AssertionError(f"{octets.hex()} is not the one encoding")


DECODERS = (
    envelope,
    components,
    lambda octets: explain(octets, CATALOGUE),
    decode_steps,
    decode_zcl,
    decode_alert_content,
    decode_alert_head,
    decode_cancel,
    decode_mandate,
    ConfirmQuery.decode,
    ConfirmAnswer.decode,
    OrderResult.decode,
    OrderReply.decode,
    SupplierChange.decode,
    Hello.parse,
    Call.parse,
    Note.parse,
    Noted.parse,
    Sealed.parse,
    lambda octets: read_receipt(octets, KEY),
)


def decode(octets: bytes) -> None:
    if octets:
        DECODERS[octets[0] % len(DECODERS)](octets[1:])


run(decode, (MalformedError, AuthenticationError))
