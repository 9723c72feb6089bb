"""Published GBCS messages (Smart DCC's RTDS 4.5.0): parsed, written again to the same bytes, signatures and MACs checked."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from meterhouse.app.use_cases import own_catalogue
from meterhouse.companion.sealed import (
    Agreement,
    ContentKind,
    Kind,
    SealedError,
    decode_components,
    decode_envelope,
    decode_steps,
    decode_zcl,
    encode_components,
    explain,
)
from meterhouse.crypto import P256, PublicPoint, verify
from meterhouse.model import AuthenticationError
from reference_data import reference

CATALOGUE = own_catalogue()
SUPPLIER = PublicPoint(
    P256,
    bytes.fromhex(
        "30c2ab5a0d131726ffbda80e79294cc37534432a3e424405b97a3aba0ffc79dc"
        "e729b2517563cb7d95827e4c50b48cba3d87d5893c51b96d87c345e3717f8c1e"
    ),
)
"""Of the published certificate 90b3d51f30010000-ds."""
BROKER_AND_GAS = Agreement(bytes.fromhex("5b88e998667e52db03247ce3508da4639ab2b3217b516a48db6918bfa9f80e9f"))
BROKER_AND_ELECTRICITY = Agreement(bytes.fromhex("ed342441df01551a6beaff3b54adc981f4c6a7e71dff4c3e1cc80b3c9f4e5ac0"))
"""Agreed secrets of the published test keys 90b3d51f30000002-ka with 00db1234567890a1-ka and ...a0-ka."""

ECS43 = "DD00000000000081891100000000DF090100000000000003E80890B3D51F300100000800DB1234567890A00002005015D9200003E8000103000900000A006AFF0101120034402605A734ACD68627CD2643C3D61A8A68A55F5977CC757CA3B03300B0F132664117852C26938ABFB2D84F52676FFA55E5D996DAEA406B872814B6C9616891D0F10464FA532943506B74884447"
ECS44 = "DD00000000000081891100000000DF090100000000000003E80890B3D51F300100000800DB1234567890A00002005115D9200003E8000103000900000A006AFF010112003640227B58CB5976A79C7D73C3B9F3846D4AB296D8B36584F4A98C446BC4D752F9AED56036FB6A26EF66F5BBD98C6C3E9C460A6E26CCFF906825C72DAED1A8FBFF33E0888272910F1991A488CEF0"
ECS45 = "DD000000000000471100000000DF090100000000000003E80890B3D51F300100000800DB1234567890A00002005213D9200003E80001010046000060030AFF0301000052E8965230E91EE41782CE42"
ECS44_RESPONSE = "DF090200000000000003E80800DB1234567890A00890B3D51F30010000000200510CDA200003E8000001000103004014286F151F325FF2D07213AD684B1D40BB0F9B0B48673F7B7EBF36ECA3C837CA4C180457F9B710AEA3ADB19E97A743158EDBA7320E4FB75C0B24A4EC30E56567"
GCS39_RESPONSE = "DF090200000000000003E80800DB1234567890A10890B3D51F300100000002008518010901010702001009000C00000000804A371C000000000140046DCC2EA35A7723F32779E190B9B0D3866D59F219DDFC703826C92A06C2C9B68B9736A1065BB51354277DE7C80BF46C400F6092DE7FBF9DDA66A737871F216C"


def published() -> list[bytes]:
    text = reference("reference/vectors/local-networks.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| [\w.]+\.HEX \| [^|]* \| `([0-9A-F]+)` \|", text)
    assert len(rows) >= 8
    return [bytes.fromhex(row) for row in rows]


def zigbee_frames() -> list[bytes]:
    text = reference("reference/vectors/local-networks.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| 0x07\d\d \| `([0-9a-f]+)` \|", text)
    assert len(rows) >= 8
    return [bytes.fromhex(row) for row in rows]


def test_published_gas_commands_are_written_again_to_the_same_bytes_and_pass_the_catalogue():
    for octets in published():
        envelope = decode_envelope(octets)
        assert envelope.encode() == octets
        assert envelope.kind is Kind.COMMAND
        assert encode_components(decode_components(envelope.content)) == envelope.content
        use_case = CATALOGUE[envelope.code]
        assert use_case.content is ContentKind.GBZ
        use_case.check(envelope.content)
        assert use_case.critical == bool(envelope.signature)
        assert any(use_case.name in line for line in explain(octets, CATALOGUE))


def test_every_published_gas_macs_and_signatures_verify_and_no_other_does():
    signed = 0
    for octets in published():
        envelope = decode_envelope(octets)
        BROKER_AND_GAS.verify(envelope)
        assert BROKER_AND_GAS.mac_of(envelope) == envelope.mac
        with pytest.raises(AuthenticationError):
            BROKER_AND_ELECTRICITY.verify(envelope)
        with pytest.raises(AuthenticationError):
            BROKER_AND_GAS.verify(replace(envelope, counter=envelope.counter + 1))
        if envelope.signature:
            signed += 1
            verify(SUPPLIER, envelope.to_be_signed(), envelope.signature)
            with pytest.raises(AuthenticationError):
                verify(SUPPLIER, replace(envelope, code=envelope.code ^ 1).to_be_signed(), envelope.signature)
    assert signed >= 6


@pytest.mark.parametrize("hexadecimal", [ECS43, ECS44, ECS45])
def test_published_electricity_commands_parse_verify_and_pass_the_catalogue(hexadecimal):
    octets = bytes.fromhex(hexadecimal)
    envelope = decode_envelope(octets)
    assert envelope.encode() == octets
    BROKER_AND_ELECTRICITY.verify(envelope)
    use_case = CATALOGUE[envelope.code]
    use_case.check(envelope.content)
    assert len(decode_steps(envelope.content)) == 1
    if envelope.signature:
        verify(SUPPLIER, envelope.to_be_signed(), envelope.signature)


def test_an_open_script_under_the_arm_code_is_outside_its_limits():
    opening = decode_envelope(bytes.fromhex(ECS43)).content
    with pytest.raises(SealedError, match="script"):
        CATALOGUE[0x0051].check(opening)


@pytest.mark.parametrize("hexadecimal", [ECS44_RESPONSE, GCS39_RESPONSE])
def test_published_responses_are_written_again_to_the_same_bytes(hexadecimal):
    octets = bytes.fromhex(hexadecimal)
    envelope = decode_envelope(octets)
    assert (envelope.kind, envelope.counter, envelope.mac) == (Kind.RESPONSE, 1000, b"")
    assert envelope.encode() == octets


def test_published_zigbee_frames_are_written_again_to_the_same_bytes():
    for octets in zigbee_frames():
        assert decode_zcl(octets).encode() == octets
