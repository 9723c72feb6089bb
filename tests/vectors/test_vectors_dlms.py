"""Published DLMS bytes: security suite 0, HLS-5 GMAC, and real AAREs and GETs."""

from __future__ import annotations

import json

import pytest

from meterhouse.crypto import GcmKey
from meterhouse.model import AuthenticationError
from meterhouse.protocols.dlms import Channel, Counter, Keys, Manner, Obis, Policy, SeenCounter
from meterhouse.protocols.dlms.acse import Aare, decode_aare, decode_aarq, encode_aare, encode_aarq
from meterhouse.protocols.dlms.initiate import (
    InitiateRequest,
    decode_initiate_request,
    decode_initiate_response,
    encode_initiate_request,
    encode_initiate_response,
)
from meterhouse.protocols.dlms.requests import Access, GetRequest, Target, decode_request, encode_request
from meterhouse.protocols.dlms.responses import ConfirmedServiceError, decode_response
from reference_data import reference

CIPHERED = [
    "GB T40 glo-get-request auth only",
    "GB T40 glo-get-request enc only",
    "GB T40 glo-get-request auth+enc",
    "GB glo-initiateRequest (dedicated key inside)",
    "GB glo-initiateResponse (as in RLRE 6328800100BE2304 21 28..)",
]
OTHER_TITLE = bytes.fromhex("4d4d4d0000000001")


@pytest.fixture(scope="module")
def vectors() -> dict[str, dict[str, str]]:
    return {vector["name"]: vector for vector in json.loads(reference("reference/vectors/dlms.json").read_text())}


def channel(vector: dict[str, str], title: bytes, other: bytes, count: int = 0) -> Channel:
    keys = Keys(bytes.fromhex(vector["ek"]), bytes.fromhex(vector["ak"]))
    return Channel(keys, title, other, Counter(count), SeenCounter())


def nonce(vector: dict[str, str]) -> tuple[bytes, int]:
    iv = bytes.fromhex(vector["iv"])
    return iv[:8], int.from_bytes(iv[8:], "big")


@pytest.mark.parametrize("name", CIPHERED)
def test_suite_0_seals_to_the_published_bytes(vectors, name):
    vector = vectors[name]
    expected = bytes.fromhex(vector["expected"])
    title, count = nonce(vector)
    sealed = channel(vector, title, OTHER_TITLE, count).seal(bytes.fromhex(vector["plain"]), expected[2])
    assert sealed == expected


@pytest.mark.parametrize("name", CIPHERED)
def test_suite_0_opens_the_published_bytes(vectors, name):
    vector = vectors[name]
    expected = bytes.fromhex(vector["expected"])
    title, count = nonce(vector)
    receiver = channel(vector, OTHER_TITLE, title)
    opened = receiver.open(expected, expected[2])
    assert (opened.apdu, opened.counter, opened.manner) == (bytes.fromhex(vector["plain"]), count, Manner.SERVICE)
    assert receiver.seen.value == (-1 if name.endswith("enc only") else count)


def test_a_general_glo_message_holds_the_same_published_body(vectors):
    vector = vectors["GB T40 glo-get-request auth+enc"]
    expected = bytes.fromhex(vector["expected"])
    title, count = nonce(vector)
    sealed = channel(vector, title, OTHER_TITLE, count).seal(
        bytes.fromhex(vector["plain"]), Policy.BOTH, Manner.GENERAL
    )
    assert sealed == b"\xdb\x08" + title + expected[1:]


def test_a_real_meters_rejection_opens_to_its_service_error(vectors):
    vector = vectors["gosem AARE KFM IC=0x109 rejected"]
    body = bytes.fromhex(vector["ciphered"])
    receiver = channel(vector, OTHER_TITLE, bytes.fromhex(vector["system_title"]))
    opened = receiver.open(b"\x2e" + bytes((len(body),)) + body)
    assert opened.apdu == bytes.fromhex(vector["plain"])
    assert decode_response(opened.apdu) == ConfirmedServiceError(1, 0, 6)


@pytest.mark.parametrize("name", ["GB T43 f(StoC) client", "GB T43 f(CtoS) server"])
def test_hls_gmac_proofs_are_the_published_ones(vectors, name):
    vector = vectors[name]
    iv, challenge, expected = (bytes.fromhex(vector[key]) for key in ("iv", "challenge", "expected"))
    prover = channel(vector, iv[:8], b"\x00" * 8, int.from_bytes(iv[8:], "big"))
    assert prover.proof(challenge) == expected
    checker = channel(vector, b"\x00" * 8, iv[:8])
    checker.check_proof(expected, challenge)
    with pytest.raises(AuthenticationError):
        checker.check_proof(expected, challenge[::-1])


def test_every_flipped_bit_of_a_published_message_fails_its_tag(vectors):
    vector = vectors["GB T40 glo-get-request auth+enc"]
    sealed = bytes.fromhex(vector["expected"])[7:]
    key, iv = GcmKey(bytes.fromhex(vector["ek"])), bytes.fromhex(vector["iv"])
    associated = b"\x30" + bytes.fromhex(vector["ak"])
    assert key.open(iv, sealed, associated) == bytes.fromhex(vector["plain"])
    for bit in range(len(sealed) * 8):
        flipped = (int.from_bytes(sealed, "big") ^ (1 << bit)).to_bytes(len(sealed), "big")
        with pytest.raises(AuthenticationError):
            key.open(iv, flipped, associated)


def hdlc_apdu(frame: str) -> bytes:
    """What the I-frame carries behind its LLC header."""
    octets = bytes.fromhex(frame)
    start = max(octets.find(b"\xe6\xe6\x00"), octets.find(b"\xe6\xe7\x00"))
    return octets[start + 3 : -3]


def test_a_published_aarq_decodes_and_encodes_to_the_same_bytes(vectors):
    apdu = hdlc_apdu(vectors["HDLC I-frame AARQ (u9n)"]["frame"])
    request = decode_aarq(apdu)
    assert (request.context, request.mechanism, request.title, request.secret) == (1, 0, b"", b"")
    assert decode_initiate_request(request.user_information) == InitiateRequest(0x001E1D, 0xFFFF)
    assert encode_aarq(request) == apdu


@pytest.mark.parametrize(
    ("name", "conformance", "pdu"),
    [
        ("HDLC I-frame AARE (u9n)", 0x001E1D, 1224),
        ("HDLC I-frame AARE (wb-mqtt-serial PR 887)", 0x00101D, 100),
    ],
)
def test_published_aares_decode_and_encode_to_the_same_bytes(vectors, name, conformance, pdu):
    apdu = hdlc_apdu(vectors[name]["frame"])
    response = decode_aare(apdu)
    assert response == Aare(1, 0, 1, 0, user_information=response.user_information)
    agreed = decode_initiate_response(response.user_information)
    assert (agreed.conformance, agreed.max_pdu) == (conformance, pdu)
    assert encode_initiate_response(agreed) == response.user_information
    assert encode_aare(response) == apdu


def test_a_get_of_a_real_link_decodes_and_encodes_to_the_same_bytes(vectors):
    apdu = hdlc_apdu(vectors["HDLC I-frame GET (wb-mqtt-serial PR 887)"]["frame"])
    request = decode_request(apdu)
    assert request == GetRequest(0x81, Access(Target(3, Obis.parse("0-0:96.9.0.255"), 3)))
    assert encode_request(request) == apdu


def test_the_published_initiate_request_carries_its_dedicated_key(vectors):
    plain = bytes.fromhex(vectors["GB glo-initiateRequest (dedicated key inside)"]["plain"])
    request = decode_initiate_request(plain)
    assert request.dedicated_key == bytes.fromhex("00112233445566778899aabbccddeeff")
    assert encode_initiate_request(request) == plain
